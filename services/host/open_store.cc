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

}  // namespace

std::vector<const google::protobuf::FileDescriptor*> Stored(
    std::vector<const google::protobuf::FileDescriptor*> contracts) {
  contracts.push_back(schedule::v1::JobTerm::descriptor()->file());
  return contracts;
}

absl::StatusOr<store::PgConnectionOptions> PostgresConnection(const Config& config,
                                                              const std::string& name) {
  ASSIGN_OR_RETURN(std::string url, auth::ReadSecretFile(config.postgres_url_file, kMaxUrlBytes));
  store::PgConnectionOptions options;
  options.conninfo = std::string(absl::StripAsciiWhitespace(url));
  if (options.conninfo.empty()) {
    // libpq would look for a server and a database of the user's name.
    return absl::FailedPreconditionError(
        absl::StrCat(config.postgres_url_file, " is empty: write the connection string into it"));
  }
  options.schema = name;
  options.connect_timeout = config.postgres_connect_timeout;
  options.statement_timeout = config.postgres_statement_timeout;
  return options;
}

absl::StatusOr<std::vector<store::PgConnectionOptions>> StandbyConnections(
    const Config& config, const std::string& name) {
  std::vector<store::PgConnectionOptions> standbys;
  if (config.postgres_standby_url_file.empty()) return standbys;
  ASSIGN_OR_RETURN(std::string urls, auth::ReadSecretFile(config.postgres_standby_url_file,
                                                          kMaxStandbys * kMaxUrlBytes));
  for (absl::string_view url : absl::StrSplit(urls, '\n')) {
    url = absl::StripAsciiWhitespace(url);
    if (url.empty()) continue;
    store::PgConnectionOptions options;
    options.conninfo = std::string(url);
    options.schema = name;
    options.connect_timeout = config.postgres_standby_timeout;
    options.statement_timeout = config.postgres_standby_timeout;
    standbys.push_back(std::move(options));
  }
  if (standbys.empty() || standbys.size() > kMaxStandbys) {
    return absl::FailedPreconditionError(absl::StrCat(config.postgres_standby_url_file, " names ",
                                                      standbys.size(), " standbys; give 1 to ",
                                                      kMaxStandbys, ", one a line"));
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
