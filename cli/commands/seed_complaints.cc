// seed: what ships with the complaints service, created under fixed ids.
#include <absl/strings/str_cat.h>

#include "cli/commands/cases.h"
#include "cli/commands/seed.h"

namespace sqm::cli {
namespace {

// Creates what is not there yet. False after a complaint.
template <typename Resource, typename GetRequest, typename Request>
bool Ensure(Context& context, absl::string_view type, absl::string_view collection,
            const std::string& id, Request request, const std::string& label, Table& table) {
  FillRequestId(request, context.ids());
  const std::string name = absl::StrCat(collection, "/", id);
  Resource resource;
  Text outcome = Text::kCreated;
  Failure failure =
      context.connection()->Call(ComplaintsPath(absl::StrCat("Create", type)), request, resource);
  if (failure.code == grpc::StatusCode::ALREADY_EXISTS) {
    GetRequest get;
    get.set_name(name);
    failure = context.connection()->Call(ComplaintsPath(absl::StrCat("Get", type)), get, resource);
    outcome = failure.ok() ? Text::kUnchanged : Text::kRemoved;
  }
  if (!failure.ok() && failure.code != grpc::StatusCode::NOT_FOUND) {
    context.Fail(failure);
    return false;
  }
  AddSeeded(context, name, label, "", outcome, table);
  return true;
}

}  // namespace

Seeded SeedComplaints(Context& context, Table& table, Failure& failure) {
  const v1::GetStarterSetRequest request;
  v1::StarterSet set;
  const Seeded asked =
      AskWhatShips(context, ComplaintsPath("GetStarterSet"), request, set, failure);
  if (asked != Seeded::kDone) return asked;
  const auto label = [&](const type::v1::Text& text) {
    return context.data_language() == Language::kChinese && !text.zh().empty() ? text.zh()
                                                                               : text.en();
  };
  for (v1::CreateCalendarRequest one : set.calendars()) {
    if (context.options.zone != "UTC") one.mutable_calendar()->set_zone(context.options.zone);
    if (!Ensure<v1::Calendar, v1::GetCalendarRequest>(context, "Calendar", "calendars",
                                                      one.calendar_id(), one,
                                                      label(one.calendar().label()), table)) {
      return Seeded::kFailed;
    }
  }
  for (const v1::CreateCategoryRequest& one : set.categories()) {
    if (!Ensure<v1::Category, v1::GetCategoryRequest>(context, "Category", "categories",
                                                      one.category_id(), one,
                                                      label(one.category().label()), table)) {
      return Seeded::kFailed;
    }
  }
  for (const v1::CreateCauseRequest& one : set.causes()) {
    if (!Ensure<v1::Cause, v1::GetCauseRequest>(context, "Cause", "causes", one.cause_id(), one,
                                                label(one.cause().label()), table)) {
      return Seeded::kFailed;
    }
  }
  for (const v1::CreateDeadlinePolicyRequest& one : set.deadline_policies()) {
    if (!Ensure<v1::DeadlinePolicy, v1::GetDeadlinePolicyRequest>(
            context, "DeadlinePolicy", "deadlinePolicies", one.deadline_policy_id(), one,
            label(one.deadline_policy().label()), table)) {
      return Seeded::kFailed;
    }
  }
  for (const v1::CreateReplyTemplateRequest& one : set.reply_templates()) {
    if (!Ensure<v1::ReplyTemplate, v1::GetReplyTemplateRequest>(
            context, "ReplyTemplate", "replyTemplates", one.reply_template_id(), one,
            label(one.reply_template().label()), table)) {
      return Seeded::kFailed;
    }
  }
  return Seeded::kDone;
}

}  // namespace sqm::cli
