// sample contacts: a made-up day in the form of a real export.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <sstream>

#include "cli/commands/commands.h"
#include "cli/sample/contacts.h"
#include "cli/text/csv.h"

namespace sqm::cli {
namespace {

struct SampleArguments {
  SampleSpec spec;
  std::string date;
  std::string file;
};

void Run(Context& context, SampleArguments& arguments) {
  absl::TimeZone zone;
  if (!context.Zone(zone)) return;
  arguments.spec.last_day = absl::CivilDay(zone.At(absl::Now()).cs) - 1;
  if (!arguments.date.empty() && !absl::ParseCivilTime(arguments.date, &arguments.spec.last_day)) {
    context.UsageError(context.T(Text::kNotADate, arguments.date));
    return;
  }
  std::ostringstream out;
  CsvWriter writer(out, {.separator = ';'});
  writer.Write(SampleHeader());
  for (const std::vector<std::string>& row : SampleContacts(arguments.spec)) writer.Write(row);
  if (!context.WriteOutput(arguments.file, out.str())) return;
  if (!arguments.file.empty() && arguments.file != "-") {
    context.Note(context.T(Text::kSampleWritten, arguments.spec.count, arguments.file,
                           absl::FormatCivilTime(arguments.spec.last_day)));
  }
}

}  // namespace

void AddSampleCommand(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("sample", context.T(Text::kHelpSample));
  group->require_subcommand(1);
  auto a = std::make_shared<SampleArguments>();
  CLI::App* c = group->add_subcommand("contacts", context.T(Text::kHelpSampleContacts));
  c->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleSample));
  c->add_option("--count", a->spec.count, context.T(Text::kHelpCount))
      ->check(CLI::Range(int64_t{1}, int64_t{10'000'000}));
  c->add_option("--seed", a->spec.seed, context.T(Text::kHelpSeedNumber));
  c->add_option("--date", a->date, context.T(Text::kHelpSampleDate));
  c->add_option("--days", a->spec.days, context.T(Text::kHelpDays))->check(CLI::Range(1, 366));
  c->add_option("--agents", a->spec.agents, context.T(Text::kHelpAgents))
      ->check(CLI::Range(1, 200));
  c->add_option("-o,--file", a->file, context.T(Text::kHelpSampleFile));
  c->callback([&context, a] { Run(context, *a); });
}

}  // namespace sqm::cli
