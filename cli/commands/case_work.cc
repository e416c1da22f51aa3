// The steps of a case that is worked on.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>

#include "cli/commands/cases.h"
#include "cli/commands/parser.h"
#include "cli/schema/names.h"

namespace sqm::cli {
namespace {

void Classify(Context& context, const CaseArguments& arguments) {
  CaseStep<v1::ClassifyCaseRequest>(
      context, arguments, "ClassifyCase", [&](v1::ClassifyCaseRequest& request) {
        request.set_category(InCollection("categories", arguments.category));
        request.set_comment(arguments.reason);
        if (!arguments.severity.empty()) {
          const auto value =
              EnumValue(context, "--severity", v1::CaseSeverity_descriptor(), arguments.severity);
          if (!value) return false;
          request.set_severity(static_cast<v1::CaseSeverity>(*value));
        }
        if (!arguments.priority.empty()) {
          const auto value =
              EnumValue(context, "--priority", v1::CasePriority_descriptor(), arguments.priority);
          if (!value) return false;
          request.set_priority(static_cast<v1::CasePriority>(*value));
        }
        return true;
      });
}

void Assign(Context& context, const CaseArguments& arguments) {
  if (arguments.automatic) {
    CaseStep<v1::AutoAssignCaseRequest>(context, arguments, "AutoAssignCase",
                                        [&](v1::AutoAssignCaseRequest& request) {
                                          request.set_team(arguments.team);
                                          request.set_reassign(arguments.reassigned);
                                          return true;
                                        });
    return;
  }
  CaseStep<v1::AssignCaseRequest>(context, arguments, "AssignCase",
                                  [&](v1::AssignCaseRequest& request) {
                                    request.set_owner(InCollection("staff", arguments.owner));
                                    request.set_team(arguments.team);
                                    request.set_reason(arguments.reason);
                                    request.set_beyond_capacity(arguments.beyond_capacity);
                                    return true;
                                  });
}

void Refuse(Context& context, const CaseArguments& arguments) {
  CaseStep<v1::RefuseAssignmentRequest>(context, arguments, "RefuseAssignment",
                                        [&](v1::RefuseAssignmentRequest& request) {
                                          request.set_reason(arguments.reason);
                                          return true;
                                        });
}

void Wait(Context& context, const CaseArguments& arguments) {
  if (arguments.awaited == "customer") {
    CaseStep<v1::AwaitCustomerRequest>(context, arguments, "AwaitCustomer",
                                       [&](v1::AwaitCustomerRequest& request) {
                                         request.set_question(arguments.text);
                                         return true;
                                       });
    return;
  }
  CaseStep<v1::AwaitThirdPartyRequest>(context, arguments, "AwaitThirdParty",
                                       [&](v1::AwaitThirdPartyRequest& request) {
                                         request.set_question(arguments.text);
                                         return true;
                                       });
}

void Resume(Context& context, const CaseArguments& arguments) {
  CommentStep<v1::ResumeCaseRequest>(context, arguments, "ResumeCase");
}

// The letter that a template makes of the case and of what is said. False after a complaint.
bool Render(Context& context, const CaseArguments& arguments, v1::RenderReplyResponse& letter) {
  v1::RenderReplyRequest request;
  request.set_template_(InCollection("replyTemplates", arguments.reply_template));
  request.set_zone(context.options.zone);
  request.set_answer(arguments.text);
  request.set_name(CaseName(context, arguments.target));
  if (request.name().empty()) return false;
  return context.Call(ComplaintsPath("RenderReply"), request, letter);
}

// What is to be answered: as it was typed, or by a template, which must lack nothing. False after a
// complaint.
bool AnswerText(Context& context, const CaseArguments& arguments, std::string& text) {
  text = arguments.text;
  if (arguments.reply_template.empty()) return true;
  v1::RenderReplyResponse letter;
  if (!Render(context, arguments, letter)) return false;
  text = letter.text();
  if (letter.missing().empty()) return true;
  context.UsageError(context.T(Text::kLetterLacks, Listed(context.language(), letter.missing())));
  return false;
}

template <typename Request>
void Answer(Context& context, const CaseArguments& arguments, absl::string_view method) {
  CaseStep<Request>(context, arguments, method, [&](Request& request) {
    return AnswerText(context, arguments, *request.mutable_text());
  });
}

// The letter that a template begins, to be completed and sent with `propose --text -`.
void Draft(Context& context, const CaseArguments& arguments) {
  if (arguments.reply_template.empty()) {
    context.UsageError(context.T(Text::kTextOrTemplate));
    return;
  }
  v1::RenderReplyResponse letter;
  if (!Render(context, arguments, letter)) return;
  context.Print(context.Shown(letter.text()) + "\n");
  if (letter.missing().empty()) return;
  context.Note(context.T(Text::kToBeCompleted, Listed(context.language(), letter.missing())));
}

void Propose(Context& context, const CaseArguments& arguments) {
  if (arguments.text.empty() && arguments.reply_template.empty()) {
    context.UsageError(context.T(Text::kTextOrTemplate));
    return;
  }
  Answer<v1::ProposeResponseRequest>(context, arguments, "ProposeResponse");
}

void Reply(Context& context, const CaseArguments& arguments) {
  Answer<v1::ReplyCaseRequest>(context, arguments, "ReplyCase");
}

void Decide(Context& context, const CaseArguments& arguments, bool approved) {
  CaseStep<v1::DecideResponseRequest>(context, arguments, "DecideResponse",
                                      [&](v1::DecideResponseRequest& request) {
                                        request.set_approved(approved);
                                        request.set_comment(arguments.reason);
                                        return true;
                                      });
}

}  // namespace

void AddCaseWorkCommands(CLI::App& group, Context& context, const SharedCaseArguments& a) {
  CLI::App* c =
      OnCase(group, context, "acknowledge", Text::kHelpCaseAcknowledge, "", a,
             [](Context& context, const CaseArguments& arguments) {
               CommentStep<v1::AcknowledgeCaseRequest>(context, arguments, "AcknowledgeCase");
             });
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText));

  c = OnCase(group, context, "classify", Text::kHelpCaseClassify,
             "--category billing-error --severity high", a, Classify);
  c->add_option("--category", a->category, context.T(Text::kHelpCaseCategory))->required();
  c->add_option("--severity", a->severity, context.T(Text::kHelpCaseSeverity));
  c->add_option("--priority", a->priority, context.T(Text::kHelpCasePriority));
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason));

  c = OnCase(group, context, "assign", Text::kHelpCaseAssign, "--to ann", a, Assign);
  CLI::Option* owner = c->add_option("--to", a->owner, context.T(Text::kHelpCaseOwner));
  CLI::Option* automatic = c->add_flag("--auto", a->automatic, context.T(Text::kHelpCaseAuto));
  owner->excludes(automatic);
  c->add_flag("--reassign", a->reassigned, context.T(Text::kHelpCaseReassign))->needs(automatic);
  c->add_flag("--beyond-capacity", a->beyond_capacity, context.T(Text::kHelpCaseBeyondCapacity))
      ->needs(owner);
  c->add_option("--team", a->team, context.T(Text::kHelpCaseTeam));
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason));

  OnCase(group, context, "start", Text::kHelpCaseStart, "", a,
         [](Context& context, const CaseArguments& arguments) {
           CaseStep<v1::StartCaseRequest>(context, arguments, "StartCase",
                                          [](v1::StartCaseRequest&) { return true; });
         });

  c = OnCase(group, context, "draft", Text::kHelpCaseDraft, "--template final-reply > letter.txt",
             a, Draft);
  c->add_option("--template", a->reply_template, context.T(Text::kHelpCaseTemplateName))
      ->required();
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseTemplateText));

  c = OnCase(group, context, "propose", Text::kHelpCasePropose,
             "--template final-reply --text \"…\"", a, Propose);
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText));
  c->add_option("--template", a->reply_template, context.T(Text::kHelpCaseTemplate));

  c = OnCase(group, context, "reply", Text::kHelpCaseReply, "", a, Reply);
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText));
  c->add_option("--template", a->reply_template, context.T(Text::kHelpCaseTemplate));

  c = OnCase(group, context, "refuse", Text::kHelpCaseRefuse, "--reason \"…\"", a, Refuse);
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason))->required();

  c = OnCase(group, context, "wait", Text::kHelpCaseWait, "--for customer --question \"…\"", a,
             Wait);
  c->add_option("--for", a->awaited, context.T(Text::kHelpCaseAwaited))
      ->required()
      ->check(OneOf(context, {"customer", "third-party"}));
  AddText(*c, "--question", a->text, context.T(Text::kHelpCaseQuestion))->required();

  c = OnCase(group, context, "resume", Text::kHelpCaseResume, "", a, Resume);
  AddText(*c, "--text", a->text, context.T(Text::kHelpCaseText));

  c = OnCase(group, context, "approve", Text::kHelpCaseApprove, "", a,
             [](Context& context, const CaseArguments& a) { Decide(context, a, true); });
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason));

  c = OnCase(group, context, "return", Text::kHelpCaseReturn, "--reason \"…\"", a,
             [](Context& context, const CaseArguments& a) { Decide(context, a, false); });
  c->add_option("--reason", a->reason, context.T(Text::kHelpCaseReason))->required();
}

}  // namespace sqm::cli
