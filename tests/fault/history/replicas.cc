#include "tests/fault/history/replicas.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include "common/base/task.h"

namespace sqm::testing::history {

std::string Replicas::Missing() {
  if (!PostgresServer::Available()) return "no PostgreSQL server is installed";
  if (!RedisServer::Available()) return "redis-server is absent";
  return "";
}

Replicas::Replicas() : postgres_(false), redis_({"--enable-debug-command", "yes"}) {
  MakeKeys(keys_.path(), absl::Hours(1000));
}

absl::Status Replicas::Start(const std::vector<Place>& places) {
  const std::string direct = postgres_.ConninfoFile();
  const Finished migrated =
      RunProgram({absl::StrCat(SQM_BIN_DIR, "/sqm-migrate"), "--store.backend=postgres",
                  absl::StrCat("--store.postgres.url_file=", direct)});
  if (migrated.exit_code != 0) return absl::InternalError(migrated.err);
  for (size_t i = 0; i < places.size(); ++i) {
    std::string file = direct;
    if (!places[i].database.empty()) {
      const std::vector<std::string> parts = absl::StrSplit(places[i].database, ':');
      file = keys_.File(absl::StrCat("conninfo-", i));
      WriteFile(file, absl::StrCat("host=", parts[0], " port=", parts[1],
                                   " user=sqm dbname=postgres sslmode=disable\n"));
      std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    }
    ServerOptions options;
    options.program = "sqm-monitoring";
    options.key_dir = keys_.path();
    options.host = places[i].host;
    options.launcher = places[i].launcher;
    options.environment = places[i].environment;
    options.flags = {"--store.backend=postgres", absl::StrCat("--store.postgres.url_file=", file),
                     absl::StrCat("--redis.socket=", redis_.socket())};
    if (standby_ != nullptr) {
      options.flags.push_back(
          absl::StrCat("--store.postgres.standby_url_file=", standby_->ConninfoFile()));
      options.flags.emplace_back("--store.postgres.standby_timeout=100ms");
      options.flags.emplace_back("--cache.bytes=1");
    }
    ASSIGN_OR_RETURN(auto replica, ServerProcess::Start(options));
    replicas_.push_back(std::move(replica));
  }
  return absl::OkStatus();
}

WorkloadOptions Replicas::Options() const {
  WorkloadOptions options;
  options.key_dir = keys_.path();
  for (const auto& replica : replicas_) options.addresses.push_back(replica->address());
  return options;
}

absl::Status Replicas::Restart() {
  for (auto& replica : replicas_) {
    if (!replica->Running()) RETURN_IF_ERROR(replica->Restart());
  }
  return absl::OkStatus();
}

}  // namespace sqm::testing::history
