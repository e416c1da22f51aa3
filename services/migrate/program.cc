#include "services/migrate/program.h"

#include <absl/strings/string_view.h>

#include <cstdio>
#include <vector>

#include "services/migrate/migrate.h"

namespace sqm::migrate {

int Main(int argc, char** argv) {
  host::Config config;
  Request request;
  ConfigSpec spec("sqm-migrate", SQM_VERSION,
                  "Brings the PostgreSQL database to the schema of this version.");
  Describe(config, request, spec);
  // Spelled like --check-config, as people expect it.
  std::vector<const char*> args(argv, argv + argc);
  for (const char*& arg : args) {
    if (absl::string_view(arg) == "--dry-run") arg = "--dry_run";
  }
  if (std::optional<int> exit = spec.LoadMain(argc, args.data())) return *exit;
  absl::StatusOr<std::string> report = Migrate(config, request);
  if (!report.ok()) {
    std::fprintf(stderr, "%s: %s\n", argv[0], std::string(report.status().message()).c_str());
    return 1;
  }
  std::fputs(report->c_str(), stdout);
  return 0;
}

}  // namespace sqm::migrate
