// Why a deadline stands as it does: the times that counted, and those that did not.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>

#include "cli/client/failure_text.h"
#include "cli/commands/cases.h"
#include "cli/commands/output.h"

namespace sqm::cli {
namespace {

Cell Why(const Context& context, const v1::DeadlineSpan& span) {
  if (span.counted()) return context.T(Text::kCounted);
  std::vector<std::string> reasons;
  if (span.waiting_customer()) reasons.push_back(context.T(Text::kWaitedCustomer));
  if (span.waiting_third_party()) reasons.push_back(context.T(Text::kWaitedThirdParty));
  if (reasons.empty()) return context.T(Text::kNotCounted);
  return {Listed(context.language(), reasons), Tone::kWarning};
}

void ShowExplanation(Context& context, const v1::ExplainDeadlineResponse& response) {
  absl::TimeZone zone;
  if (!context.Zone(zone)) return;
  const auto* kind = v1::DeadlineKind_descriptor()->FindValueByNumber(response.status().kind());
  Table whole({{context.T(Text::kDeadline), Align::kLeft, true},
               {kind == nullptr ? "" : EnumLabel(kind, context.language())}});
  for (const auto& [title, path] :
       {std::pair(Text::kState, "status.state"), std::pair(Text::kDue, "status.due_time"),
        std::pair(Text::kBreached, "status.breach_time"), std::pair(Text::kPolicy, "policy"),
        std::pair(Text::kCalendar, "calendar"), std::pair(Text::kDeadlineTarget, "target"),
        std::pair(Text::kMeasuredIn, "measure"), std::pair(Text::kElapsed, "elapsed"),
        std::pair(Text::kRemaining, "remaining"), std::pair(Text::kPaused, "paused")}) {
    const std::string value = context.Words(response, path);
    if (!value.empty()) whole.Add({context.T(title), value});
  }
  context.Print(whole);
  Table spans({{context.T(Text::kFrom), Align::kLeft, true},
               {context.T(Text::kTo), Align::kLeft, true},
               {context.T(Text::kAmount), Align::kRight},
               {context.T(Text::kRound), Align::kRight},
               {context.T(Text::kWhy)}});
  for (const v1::DeadlineSpan& span : response.spans()) {
    spans.Add({context.Words(span, "start_time"), context.Words(span, "end_time"),
               context.Words(span, "amount"), absl::StrCat(span.round()), Why(context, span)});
  }
  if (spans.rows() > 0) {
    context.Print("\n");
    context.Print(spans);
  }
  if (response.spans_cut()) context.Note(context.T(Text::kSpansCut));
  if (response.steps().empty()) return;
  Table steps({{context.T(Text::kTime), Align::kLeft, true},
               {context.T(Text::kAction)},
               {context.T(Text::kLevel), Align::kRight}});
  for (const v1::DeadlineStep& step : response.steps()) {
    steps.Add({context.Words(step, "time"), context.Words(step, "kind"),
               step.value() == 0 ? std::string() : absl::StrCat(step.value())});
  }
  context.Print("\n");
  context.Print(steps);
}

void Explain(Context& context, const CaseArguments& arguments) {
  v1::ExplainDeadlineRequest request;
  const auto kind =
      EnumValue(context, "--deadline", v1::DeadlineKind_descriptor(), arguments.deadline);
  if (!kind) return;
  request.set_kind(static_cast<v1::DeadlineKind>(*kind));
  request.set_name(CaseName(context, arguments.target));
  if (request.name().empty()) return;
  v1::ExplainDeadlineResponse response;
  if (!context.Call(ComplaintsPath("ExplainDeadline"), request, response)) return;
  if (context.options.output == "table") return ShowExplanation(context, response);
  const auto output = Output::Make(context, response.GetDescriptor(), true);
  if (output == nullptr) return;
  output->Add(response);
  output->Finish();
}

}  // namespace

void AddCaseDeadlineCommands(CLI::App& group, Context& context, const SharedCaseArguments& a) {
  CLI::App* c = OnCase(group, context, "explain", Text::kHelpCaseExplain,
                       "--deadline total-resolution", a, Explain);
  c->add_option("--deadline", a->deadline, context.T(Text::kHelpCaseDeadline))->required();
}

}  // namespace sqm::cli
