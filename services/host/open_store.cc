#include "services/host/open_store.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include "common/auth/file.h"
#include "common/base/task.h"
#include "common/store/postgres/migration.h"
#include "common/store/postgres/postgres_store.h"
#include "common/store/sqlite/sqlite_store.h"
#include "sqm/schedule/v1/job_term.pb.h"

namespace sqm::host {
namespace {

constexpr size_t kMaxUrlBytes = 4096;
constexpr size_t kMaxStandbys = 16;

// One string.
absl::StatusOr<std::string> ReadUrl(const std::string& path) {
  ASSIGN_OR_RETURN(std::string url, auth::ReadSecretFile(path, kMaxUrlBytes));
  url = std::string(absl::StripAsciiWhitespace(url));
  if (!url.empty()) return url;
  // libpq would look for a server and a database of the user's name.
  return absl::FailedPreconditionError(
      absl::StrCat(path, " is empty: write the connection string into it"));
}

// One a line.
absl::StatusOr<std::vector<std::string>> ReadUrls(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, auth::ReadSecretFile(path, kMaxStandbys * kMaxUrlBytes));
  std::vector<std::string> urls;
  for (absl::string_view url : absl::StrSplit(text, '\n')) {
    url = absl::StripAsciiWhitespace(url);
    if (!url.empty()) urls.emplace_back(url);
  }
  if (!urls.empty() && urls.size() <= kMaxStandbys) return urls;
  return absl::FailedPreconditionError(absl::StrCat(
      path, " names ", urls.size(), " standbys; give 1 to ", kMaxStandbys, ", one a line"));
}

// One of them, as it is now.
absl::StatusOr<std::string> UrlAt(const std::string& path, size_t at) {
  ASSIGN_OR_RETURN(std::vector<std::string> urls, ReadUrls(path));
  if (at < urls.size()) return std::move(urls[at]);
  return absl::NotFoundError(absl::StrCat(path, " names fewer standbys than before"));
}

}  // namespace

std::vector<const google::protobuf::FileDescriptor*> Stored(
    std::vector<const google::protobuf::FileDescriptor*> contracts) {
  contracts.push_back(schedule::v1::JobTerm::descriptor()->file());
  return contracts;
}

absl::StatusOr<store::PgConnectionOptions> PostgresConnection(const Config& config,
                                                              const std::string& name) {
  store::PgConnectionOptions options;
  ASSIGN_OR_RETURN(options.conninfo, ReadUrl(config.postgres_url_file));
  options.conninfo_now = [path = config.postgres_url_file] { return ReadUrl(path); };
  options.schema = name;
  options.connect_timeout = config.postgres_connect_timeout;
  options.start_patience = config.postgres_start_patience;
  options.statement_timeout = config.postgres_statement_timeout;
  return options;
}

absl::StatusOr<std::vector<store::PgConnectionOptions>> StandbyConnections(
    const Config& config, const std::string& name) {
  std::vector<store::PgConnectionOptions> standbys;
  const std::string& path = config.postgres_standby_url_file;
  if (path.empty()) return standbys;
  ASSIGN_OR_RETURN(const std::vector<std::string> urls, ReadUrls(path));
  for (const std::string& url : urls) {
    store::PgConnectionOptions& options = standbys.emplace_back();
    options.conninfo = url;
    options.conninfo_now = [path, at = standbys.size() - 1] { return UrlAt(path, at); };
    options.schema = name;
    options.connect_timeout = config.postgres_standby_timeout;
    options.statement_timeout = config.postgres_standby_timeout;
  }
  return standbys;
}

absl::StatusOr<std::unique_ptr<store::Store>> OpenStore(const Config& config,
                                                        const std::string& name,
                                                        const contract::Registry& registry,
                                                        Executor& executor, const Clock& clock,
                                                        IdSource& ids) {
  if (config.store_backend == "sqlite") {
    store::SqliteOptions options;
    options.path = absl::StrCat(config.data_dir, "/", name, ".db");
    return store::SqliteStore::Open(registry, options, executor, clock, ids);
  }
  store::PostgresOptions options;
  ASSIGN_OR_RETURN(options.connection, PostgresConnection(config, name));
  ASSIGN_OR_RETURN(options.standbys, StandbyConnections(config, name));
  options.readers = static_cast<int>(config.postgres_readers);
  options.tail_period = config.postgres_tail_period;
  if (config.dev) {
    RETURN_IF_ERROR(
        store::MigratePostgres(registry, options.connection, ids.NewUlid(clock.Now()), false)
            .status());
  }
  return store::PostgresStore::Open(registry, options, executor, clock, ids);
}

}  // namespace sqm::host
