// seed: what ships with the complaints service, created under fixed ids.
#include <absl/strings/str_cat.h>

#include "cli/commands/cases.h"
#include "cli/commands/seed.h"

namespace sqm::cli {
namespace {

// Creates what is not there yet. False after a complaint.
template <typename Resource, typename Request>
bool Ensure(Context& context, absl::string_view method, absl::string_view collection,
            const std::string& id, Request request, const std::string& label, Table& table) {
  FillRequestId(request, context.ids());
  Resource made;
  const Failure failure = context.connection()->Call(ComplaintsPath(method), request, made);
  if (!failure.ok() && failure.code != grpc::StatusCode::ALREADY_EXISTS) {
    context.Fail(failure);
    return false;
  }
  AddSeeded(context, absl::StrCat(collection, "/", id), label, "",
            failure.ok() ? Text::kCreated : Text::kUnchanged, table);
  return true;
}

}  // namespace

bool SeedComplaints(Context& context, Table& table) {
  const v1::GetStarterSetRequest request;
  v1::StarterSet set;
  if (!context.Call(ComplaintsPath("GetStarterSet"), request, set)) return false;
  const auto label = [&](const type::v1::Text& text) {
    return context.language() == Language::kChinese && !text.zh().empty() ? text.zh() : text.en();
  };
  for (v1::CreateCalendarRequest one : set.calendars()) {
    if (context.options.zone != "UTC") one.mutable_calendar()->set_zone(context.options.zone);
    if (!Ensure<v1::Calendar>(context, "CreateCalendar", "calendars", one.calendar_id(), one,
                              label(one.calendar().label()), table)) {
      return false;
    }
  }
  for (const v1::CreateCategoryRequest& one : set.categories()) {
    if (!Ensure<v1::Category>(context, "CreateCategory", "categories", one.category_id(), one,
                              label(one.category().label()), table)) {
      return false;
    }
  }
  for (const v1::CreateCauseRequest& one : set.causes()) {
    if (!Ensure<v1::Cause>(context, "CreateCause", "causes", one.cause_id(), one,
                           label(one.cause().label()), table)) {
      return false;
    }
  }
  for (const v1::CreateDeadlinePolicyRequest& one : set.deadline_policies()) {
    if (!Ensure<v1::DeadlinePolicy>(context, "CreateDeadlinePolicy", "deadlinePolicies",
                                    one.deadline_policy_id(), one,
                                    label(one.deadline_policy().label()), table)) {
      return false;
    }
  }
  for (const v1::CreateReplyTemplateRequest& one : set.reply_templates()) {
    if (!Ensure<v1::ReplyTemplate>(context, "CreateReplyTemplate", "replyTemplates",
                                   one.reply_template_id(), one,
                                   label(one.reply_template().label()), table)) {
      return false;
    }
  }
  return true;
}

}  // namespace sqm::cli
