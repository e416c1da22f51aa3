// seed: what ships, created under fixed ids; scorecards are published too. Running it again changes
// nothing; what was deleted stays so.
#include "cli/commands/seed.h"

#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::cli {
namespace {

using monitoring::v1::Scorecard;

// Creates or finds the template's scorecard: none where it was deleted. False after a complaint.
bool Ensure(Context& context, const monitoring::v1::ScorecardTemplate& shipped,
            Scorecard& scorecard, bool& made, bool& deleted) {
  monitoring::v1::CreateScorecardRequest create;
  *create.mutable_scorecard() = shipped.scorecard();
  create.mutable_scorecard()->set_template_id(shipped.id());
  create.set_scorecard_id(shipped.id());
  FillRequestId(create, context.ids());
  Failure failure =
      context.connection()->Call(absl::StrCat(kMonitoring, "CreateScorecard"), create, scorecard);
  made = failure.ok();
  if (made) return true;
  if (failure.code != grpc::StatusCode::ALREADY_EXISTS) {
    context.Fail(failure);
    return false;
  }
  monitoring::v1::GetScorecardRequest get;
  get.set_name(absl::StrCat("scorecards/", shipped.id()));
  failure = context.connection()->Call(absl::StrCat(kMonitoring, "GetScorecard"), get, scorecard);
  deleted = failure.code == grpc::StatusCode::NOT_FOUND;
  if (!failure.ok() && !deleted) context.Fail(failure);
  return failure.ok() || deleted;
}

Seeded SeedScorecards(Context& context, Table& table, Failure& failure) {
  monitoring::v1::ListScorecardTemplatesRequest request;
  monitoring::v1::ListScorecardTemplatesResponse templates;
  const Seeded asked = AskWhatShips(context, absl::StrCat(kMonitoring, "ListScorecardTemplates"),
                                    request, templates, failure);
  if (asked != Seeded::kDone) return asked;
  const bool chinese = context.data_language() == Language::kChinese;
  for (const auto& shipped : templates.templates()) {
    Scorecard scorecard;
    bool made = false;
    bool deleted = false;
    if (!Ensure(context, shipped, scorecard, made, deleted)) return Seeded::kFailed;
    const auto& title = (deleted ? shipped.scorecard() : scorecard).title();
    const std::string label = chinese && !title.zh().empty() ? title.zh() : title.en();
    if (deleted) {
      AddSeeded(context, absl::StrCat("scorecards/", shipped.id()), label, "", Text::kRemoved,
                table);
      continue;
    }
    int version = scorecard.latest_version();
    bool published = false;
    if (version == 0) {
      monitoring::v1::PublishScorecardRequest publish;
      publish.set_name(scorecard.name());
      monitoring::v1::ScorecardVersion answer;
      if (!context.Call(absl::StrCat(kMonitoring, "PublishScorecard"), publish, answer)) {
        return Seeded::kFailed;
      }
      version = answer.number();
      published = true;
    }
    AddSeeded(context, scorecard.name(), label, absl::StrCat(version),
              made        ? Text::kCreatedPublished
              : published ? Text::kPublished
                          : Text::kUnchanged,
              table);
  }
  return Seeded::kDone;
}

void Seed(Context& context) {
  if (!context.TableOrData() || context.connection() == nullptr) return;
  Table table({{context.T(Text::kResource), Align::kLeft, true},
               {context.T(Text::kTitle)},
               {context.T(Text::kVersion), Align::kRight},
               {context.T(Text::kOutcome)}});
  Failure failure;
  const Seeded scorecards = SeedScorecards(context, table, failure);
  // Who may not publish scorecards may all the same be who sets up complaints.
  const bool go_on = scorecards != Seeded::kFailed || context.exit_code == kRefused;
  const Seeded complaints = go_on ? SeedComplaints(context, table, failure) : Seeded::kFailed;
  if (scorecards == Seeded::kNotOffered && complaints == Seeded::kNotOffered) {
    context.Fail(failure);
  } else if (scorecards == Seeded::kNotOffered) {
    context.Note(context.T(Text::kSeedElsewhere, "monitoring"));
  } else if (complaints == Seeded::kNotOffered) {
    context.Note(context.T(Text::kSeedElsewhere, "complaints"));
  }
  // Also after a complaint: what was done before it stands.
  static constexpr const char* kKeys[] = {"name", "title", "version", "outcome"};
  if (table.rows() > 0) context.PrintRows(table, kKeys);
}

}  // namespace

Seeded AskWhatShips(Context& context, const std::string& method,
                    const google::protobuf::Message& request, google::protobuf::Message& shipped,
                    Failure& failure) {
  failure = context.connection()->Call(method, request, shipped);
  if (failure.ok()) return Seeded::kDone;
  if (failure.code == grpc::StatusCode::UNIMPLEMENTED) return Seeded::kNotOffered;
  context.Fail(failure);
  return Seeded::kFailed;
}

void AddSeeded(const Context& context, std::string name, std::string label, std::string version,
               Text outcome, Table& table) {
  table.Add(
      {std::move(name),
       std::move(label),
       std::move(version),
       {context.Word(outcome),
        outcome == Text::kUnchanged || outcome == Text::kRemoved ? Tone::kPlain : Tone::kGood}});
}

void AddSeedCommand(CLI::App& app, Context& context) {
  CLI::App* c = app.add_subcommand("seed", context.T(Text::kHelpSeed));
  c->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleSeed));
  c->callback([&context] { Seed(context); });
}

}  // namespace sqm::cli
