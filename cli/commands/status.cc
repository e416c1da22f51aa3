// status: whether the server answers, service by service.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/time/clock.h>

#include <CLI/CLI.hpp>
#include <set>
#include <string>

#include "cli/client/health.h"
#include "cli/commands/commands.h"
#include "cli/text/headings.h"

namespace sqm::cli {
namespace {

void ShowStatus(Context& context) {
  if (!context.TableOrData()) return;
  const Catalogue* catalogue = context.catalogue();
  Connection* connection = context.connection();
  if (catalogue == nullptr || connection == nullptr) return;
  const Language language = context.data_language();
  std::vector<std::string> services = {""};
  for (const auto* service : catalogue->services()) services.push_back(service->full_name());
  Table table({{context.T(Text::kService), Align::kLeft, true},
               {context.T(Text::kState)},
               {context.T(Text::kLatency), Align::kRight}});
  for (const std::string& service : services) {
    const absl::Time start = absl::Now();
    const HealthAnswer answer = CheckHealth(*connection, service);
    const double ms = absl::ToDoubleMilliseconds(absl::Now() - start);
    if (service.empty() && !answer.failure.ok()) {
      context.Fail(answer.failure);
      return;
    }
    const bool known = answer.failure.ok();
    const bool serving = known && answer.serving;
    table.Add({service.empty() ? connection->login().server : service,
               {context.Word(serving ? Text::kServing
                             : known ? Text::kNotServing
                                     : Text::kNotOffered),
                serving ? Tone::kGood
                : known ? Tone::kBad
                        : Tone::kWarning},
               absl::StrFormat("%.1f %s", ms, UnitWord(language, "ms"))});
    if (service.empty() && !serving) context.exit_code = kUnavailable;
    if (service.empty() && !answer.version.empty()) {
      context.Note(context.T(Text::kServerVersion, answer.version));
    }
  }
  context.Note(context.T(Text::kClientVersion, SQM_VERSION));
  static constexpr const char* kKeys[] = {"service", "state", "latency"};
  context.PrintRows(table, kKeys);
}

}  // namespace

void AddStatusCommand(CLI::App& app, Context& context) {
  CLI::App* c = app.add_subcommand("status", context.T(Text::kHelpStatus));
  c->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleStatus));
  c->callback([&context] { ShowStatus(context); });
}

}  // namespace sqm::cli
