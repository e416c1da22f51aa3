// sample contacts, sample cases: made-up data in the form of a real export.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <sstream>

#include "cli/commands/commands.h"
#include "cli/commands/parser.h"
#include "cli/sample/cases.h"
#include "cli/sample/contacts.h"
#include "cli/text/csv.h"

namespace sqm::cli {
namespace {

template <typename Spec>
struct SampleArguments {
  Spec spec;
  std::string date;
  std::string file;
};

// The day that was given; `day` stays where none was. False after a complaint.
bool ReadDate(Context& context, const std::string& date, absl::CivilDay& day) {
  if (date.empty() || absl::ParseCivilTime(date, &day)) return true;
  context.UsageError(context.T(Text::kNotADate, date));
  return false;
}

// `written`: what is said of it: how many, where, until when.
void Write(Context& context, const std::string& file, const std::vector<std::string>& header,
           const std::vector<std::vector<std::string>>& rows, Text written, absl::CivilDay day) {
  std::ostringstream out;
  CsvWriter writer(out, {.separator = ';'});
  writer.Write(header);
  for (const std::vector<std::string>& row : rows) writer.Write(row);
  if (!context.WriteOutput(file, out.str())) return;
  if (!file.empty() && file != "-") {
    context.Note(context.T(written, rows.size(), file, absl::FormatCivilTime(day)));
  }
}

void WriteContacts(Context& context, SampleArguments<SampleSpec>& arguments) {
  absl::TimeZone zone;
  if (!context.Zone(zone)) return;
  SampleSpec& spec = arguments.spec;
  spec.last_day = absl::CivilDay(zone.At(absl::Now()).cs) - 1;
  if (!ReadDate(context, arguments.date, spec.last_day)) return;
  spec.language = context.language();
  Write(context, arguments.file, SampleHeader(), SampleContacts(spec), Text::kSampleWritten,
        spec.last_day);
}

void WriteCases(Context& context, SampleArguments<CaseSampleSpec>& arguments) {
  absl::TimeZone zone;
  if (!context.Zone(zone)) return;
  CaseSampleSpec& spec = arguments.spec;
  const absl::CivilSecond now = zone.At(absl::Now()).cs;
  absl::CivilDay day(now);
  if (!ReadDate(context, arguments.date, day)) return;
  spec.until = std::min(now, absl::CivilSecond(day + 1) - 1);
  spec.language = context.language();
  Write(context, arguments.file, CaseSampleHeader(), SampleCases(spec), Text::kSampleCasesWritten,
        absl::CivilDay(spec.until));
}

template <typename Spec>
CLI::App* AddSample(CLI::App& group, Context& context, const char* name, Text help, Text example,
                    int64_t most, const std::shared_ptr<SampleArguments<Spec>>& a) {
  CLI::App* c = group.add_subcommand(name, context.T(help));
  c->footer(context.T(Text::kExamples) + "\n" + context.T(example));
  c->add_option("--count", a->spec.count, context.T(Text::kHelpCount))
      ->check(Between(context, int64_t{1}, most));
  c->add_option("--seed", a->spec.seed, context.T(Text::kHelpSeedNumber));
  c->add_option("--days", a->spec.days, context.T(Text::kHelpDays))
      ->check(Between(context, 1, 366));
  c->add_option("-o,--file", a->file, context.T(Text::kHelpSampleFile));
  return c;
}

}  // namespace

void AddSampleCommand(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("sample", context.T(Text::kHelpSample));
  group->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleSample));
  group->require_subcommand(1);
  auto contacts = std::make_shared<SampleArguments<SampleSpec>>();
  CLI::App* c = AddSample(*group, context, "contacts", Text::kHelpSampleContacts,
                          Text::kExampleSample, 10'000'000, contacts);
  c->add_option("--date", contacts->date, context.T(Text::kHelpSampleDate));
  c->add_option("--agents", contacts->spec.agents, context.T(Text::kHelpAgents))
      ->check(Between(context, 1, 200));
  c->callback([&context, contacts] { WriteContacts(context, *contacts); });

  auto cases = std::make_shared<SampleArguments<CaseSampleSpec>>();
  c = AddSample(*group, context, "cases", Text::kHelpSampleCases, Text::kExampleSampleCases,
                1'000'000, cases);
  c->add_option("--date", cases->date, context.T(Text::kHelpSampleCasesDate));
  c->callback([&context, cases] { WriteCases(context, *cases); });
}

}  // namespace sqm::cli
