// complaints actions: what is done so that a cause does not bring the next case.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>

#include "cli/commands/cases.h"
#include "cli/commands/output.h"
#include "cli/schema/names.h"

namespace sqm::cli {
namespace {

struct ActionArguments {
  std::string target;  // action or case
  std::string filter, of_case, owner, kind = "corrective", text, cause, due, escalate_to, reason;
  bool late = false, open = false, without_effect = false;
  Pages pages;
};

// The end of a day, or a time; nothing where nothing was given. False after a complaint.
bool ReadDue(Context& context, const std::string& word, google::protobuf::Timestamp* due) {
  return word.empty() || ReadTime(context, "--due", word, DayMeans::kEnd, *due);
}

void Show(Context& context, const v1::CorrectiveAction& action) {
  const auto output = Output::Make(context, action.GetDescriptor(), true);
  if (output == nullptr) return;
  output->Add(action);
  output->Finish();
}

// A step on the action that the arguments name.
template <typename Request>
void Step(Context& context, const ActionArguments& arguments, absl::string_view method,
          Request request) {
  request.set_name(InCollection("correctiveActions", arguments.target));
  v1::CorrectiveAction action;
  if (context.Call(ComplaintsPath(method), request, action)) Show(context, action);
}

void List(Context& context, const ActionArguments& arguments) {
  std::vector<std::string> filters;
  if (!arguments.filter.empty()) filters.push_back(absl::StrCat("(", arguments.filter, ")"));
  if (!arguments.of_case.empty()) {
    const std::string name = CaseName(context, arguments.of_case);
    if (name.empty()) return;
    filters.push_back(absl::StrCat("case = \"", name, "\""));
  }
  if (!arguments.owner.empty()) {
    filters.push_back(absl::StrCat("owner = \"", InCollection("staff", arguments.owner), "\""));
  }
  if (arguments.open || arguments.late) {
    filters.emplace_back("state != DONE AND state != VERIFIED AND state != CANCELLED");
  }
  if (arguments.late) filters.emplace_back("escalate_time:*");
  v1::ListCorrectiveActionsRequest request;
  v1::ListCorrectiveActionsResponse response;
  request.set_filter(absl::StrJoin(filters, " AND "));
  request.set_order_by("due_time");
  context.TableColumns("name,kind,state,owner,due_time,escalate_time,description,case");
  ShowPages(context, ComplaintsPath("ListCorrectiveActions"), request, response,
            v1::CorrectiveAction::descriptor(), arguments.pages, Text::kMoreRows);
}

void Add(Context& context, const ActionArguments& arguments) {
  v1::CreateCorrectiveActionRequest request;
  v1::CorrectiveAction& action = *request.mutable_corrective_action();
  const auto kind =
      EnumValue(context, "--kind", v1::CorrectiveActionKind_descriptor(), arguments.kind);
  if (!kind || !ReadDue(context, arguments.due, action.mutable_due_time())) return;
  action.set_kind(static_cast<v1::CorrectiveActionKind>(*kind));
  action.set_description(arguments.text);
  action.set_cause(InCollection("causes", arguments.cause));
  action.set_owner(InCollection("staff", arguments.owner));
  action.set_escalate_to(arguments.escalate_to);
  action.set_case_(CaseName(context, arguments.target));
  if (action.case_().empty()) return;
  v1::CorrectiveAction made;
  if (context.Call(ComplaintsPath("CreateCorrectiveAction"), request, made)) Show(context, made);
}

void Start(Context& context, const ActionArguments& arguments) {
  v1::StartCorrectiveActionRequest request;
  request.set_comment(arguments.text);
  Step(context, arguments, "StartCorrectiveAction", request);
}

void Done(Context& context, const ActionArguments& arguments) {
  v1::CompleteCorrectiveActionRequest request;
  request.set_result(arguments.text);
  Step(context, arguments, "CompleteCorrectiveAction", request);
}

void Verify(Context& context, const ActionArguments& arguments) {
  v1::VerifyCorrectiveActionRequest request;
  request.set_effective(!arguments.without_effect);
  request.set_comment(arguments.text);
  if (!arguments.due.empty() && !ReadDue(context, arguments.due, request.mutable_due_time())) {
    return;
  }
  Step(context, arguments, "VerifyCorrectiveAction", request);
}

void Reschedule(Context& context, const ActionArguments& arguments) {
  v1::RescheduleCorrectiveActionRequest request;
  request.set_owner(InCollection("staff", arguments.owner));
  request.set_reason(arguments.reason);
  if (!arguments.due.empty() && !ReadDue(context, arguments.due, request.mutable_due_time())) {
    return;
  }
  Step(context, arguments, "RescheduleCorrectiveAction", request);
}

void Cancel(Context& context, const ActionArguments& arguments) {
  v1::CancelCorrectiveActionRequest request;
  request.set_reason(arguments.reason);
  Step(context, arguments, "CancelCorrectiveAction", request);
}

}  // namespace

void AddCorrectiveActionCommands(CLI::App& group, Context& context) {
  CLI::App* actions = group.add_subcommand("actions", context.T(Text::kHelpActions));
  actions->require_subcommand(1);
  auto a = std::make_shared<ActionArguments>();
  SetExample(*actions, context, "actions list --late");
  const auto command = [&](const char* name, Text help, const char* example,
                           void (*run)(Context&, const ActionArguments&)) {
    CLI::App* c = actions->add_subcommand(name, context.T(help));
    SetExample(*c, context, absl::StrCat("actions ", name, " ", example));
    c->callback([&context, a, run] { run(context, *a); });
    return c;
  };
  const auto on_action = [&](const char* name, Text help, const char* example,
                             void (*run)(Context&, const ActionArguments&)) {
    const std::string line =
        absl::StrCat("correctiveActions/new-form", *example == '\0' ? "" : " ", example);
    CLI::App* c = command(name, help, line.c_str(), run);
    c->add_option("ACTION", a->target, context.T(Text::kHelpActionName))->required();
    return c;
  };
  CLI::App* c = command("list", Text::kHelpActionList, "--case C-2026-000123 --open", List);
  c->add_option("--case", a->of_case, context.T(Text::kHelpCase));
  c->add_option("--owner", a->owner, context.T(Text::kHelpActionOwner));
  c->add_flag("--open", a->open, context.T(Text::kHelpActionOpen));
  c->add_flag("--late", a->late, context.T(Text::kHelpActionLate));
  c->add_option("--filter", a->filter, context.T(Text::kHelpFilter));
  AddPageOptions(*c, context, a->pages);

  c = command("add", Text::kHelpActionAdd,
              "C-2026-000123 --text \"…\" --owner ann --due 2030-12-01", Add);
  c->add_option("CASE", a->target, context.T(Text::kHelpCase))->required();
  c->add_option("--text", a->text, context.T(Text::kHelpActionText))->required();
  c->add_option("--owner", a->owner, context.T(Text::kHelpActionOwner))->required();
  c->add_option("--due", a->due, context.T(Text::kHelpActionDue))->required();
  c->add_option("--kind", a->kind, context.T(Text::kHelpActionKind));
  c->add_option("--cause", a->cause, context.T(Text::kHelpActionCause));
  c->add_option("--escalate-to", a->escalate_to, context.T(Text::kHelpActionEscalateTo));

  c = on_action("start", Text::kHelpActionStart, "", Start);
  c->add_option("--text", a->text, context.T(Text::kHelpCaseText));

  c = on_action("done", Text::kHelpActionDone, "--text \"…\"", Done);
  c->add_option("--text", a->text, context.T(Text::kHelpActionResult))->required();

  c = on_action("verify", Text::kHelpActionVerify, "--text \"…\"", Verify);
  c->add_option("--text", a->text, context.T(Text::kHelpActionEffect))->required();
  c->add_flag("--not-effective", a->without_effect, context.T(Text::kHelpActionNotEffective));
  c->add_option("--due", a->due, context.T(Text::kHelpActionDue));

  c = on_action("reschedule", Text::kHelpActionReschedule, "--due 2030-12-15 --reason \"…\"",
                Reschedule);
  c->add_option("--due", a->due, context.T(Text::kHelpActionDue));
  c->add_option("--owner", a->owner, context.T(Text::kHelpActionOwner));
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason))->required();

  c = on_action("cancel", Text::kHelpActionCancel, "--reason \"…\"", Cancel);
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason))->required();
}

}  // namespace sqm::cli
