#include "services/migrate/migrate.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/task.h"
#include "common/contract/registry.h"
#include "common/store/postgres/migration.h"
#include "services/complaints/contracts.h"
#include "services/host/open_store.h"
#include "services/monitoring/contracts.h"
#include "services/reporting/contracts.h"
#include "sqm/audit/v1/audit.pb.h"

namespace sqm::migrate {
namespace {

struct Service {
  const char* name;
  std::vector<const google::protobuf::FileDescriptor*> contracts;
};

// Every service that has a store; its name is that of its schema.
std::vector<Service> AllServices() {
  return {{"audit", {audit::v1::AuditEntry::descriptor()->file()}},
          {"monitoring", monitoring::Contracts()},
          {"complaints", complaints::Contracts()},
          {"reporting", reporting::Contracts()}};
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const Service& service : AllServices()) names.emplace_back(service.name);
  return names;
}

}  // namespace

void Describe(host::Config& config, Request& request, ConfigSpec& spec) {
  host::Describe(config, spec);
  // Each service has a section of its own for what it alone reads.
  spec.PassOver(Names());
  spec.Add("services", &request.services, "Whose schemas to migrate; empty = all.")
      .Choices(Names());
  spec.Add("dry_run", &request.dry_run, "Print the statements and change nothing.");
  spec.AddExample("sqm-migrate --config /etc/sqm/suite.toml --dry-run",
                  "shows what a new version needs, before it is rolled out");
  spec.AddCheck([&config]() -> std::string {
    if (config.store_backend == "postgres") return "";
    return "store.backend must be postgres: files of SQLite are migrated by their service";
  });
}

absl::StatusOr<std::string> Migrate(const host::Config& config, const Request& request) {
  RandomIds ids;
  std::string report;
  for (const Service& service : AllServices()) {
    const std::vector<std::string>& wanted = request.services;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), service.name) == wanted.end()) {
      continue;
    }
    ASSIGN_OR_RETURN(auto registry, contract::Registry::Build(host::Stored(service.contracts)));
    ASSIGN_OR_RETURN(store::PgConnectionOptions connection,
                     host::PostgresConnection(config, service.name));
    auto statements = store::MigratePostgres(
        *registry, connection, ids.NewUlid(SystemClock::Get().Now()), request.dry_run);
    if (!statements.ok()) {
      return absl::Status(statements.status().code(),
                          absl::StrCat(service.name, ": ", statements.status().message()));
    }
    if (statements->empty()) {
      absl::StrAppend(&report, "-- ", service.name, ": nothing to do\n");
      continue;
    }
    absl::StrAppend(&report, "-- ", service.name, "\nSET search_path TO ", service.name, ";\n");
    for (const std::string& statement : *statements) {
      absl::StrAppend(&report, statement, absl::StartsWith(statement, "--") ? "" : ";", "\n");
    }
  }
  return report;
}

}  // namespace sqm::migrate
