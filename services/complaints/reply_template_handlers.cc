// The handlers of reply templates, and of what ships.
#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "common/calendar/zone.h"
#include "services/complaints/complaints_service.h"
#include "services/complaints/handlers.h"
#include "services/complaints/reply_template.h"
#include "services/complaints/starter_set.h"

namespace sqm::complaints {
using google::protobuf::Message;

void ComplaintsService::SetTemplateHooks() {
  resource::Hooks reply;
  reply.on_create = [](rpc::Call&, Message& resource) -> Task<absl::Status> {
    co_return CheckTemplate(static_cast<const v1::ReplyTemplate&>(resource));
  };
  reply.on_update = [](rpc::Call&, const Message&, Message& after) -> Task<absl::Status> {
    co_return CheckTemplate(static_cast<const v1::ReplyTemplate&>(after));
  };
  standard_.SetHooks("complaints/ReplyTemplate", std::move(reply));
}

void ComplaintsService::RegisterTemplates() {
  pipeline_.Handle(PathOf("RenderReply"), this, &ComplaintsService::Render);
  pipeline_.Handle(PathOf("GetStarterSet"),
                   [](rpc::Call&, const Message&) -> Task<absl::StatusOr<rpc::Reply>> {
                     CO_ASSIGN_OR_RETURN(v1::StarterSet set, LoadStarterSet());
                     rpc::Reply reply;
                     reply.message = std::make_shared<v1::StarterSet>(std::move(set));
                     co_return reply;
                   });
}

Task<absl::StatusOr<rpc::Reply>> ComplaintsService::Render(rpc::Call& call,
                                                           const v1::RenderReplyRequest& request) {
  Task<absl::StatusOr<v1::Case>> reading = resources_.Get<v1::Case>(call, request.name());
  absl::StatusOr<v1::Case> one = co_await reading;
  if (!one.ok()) co_return one.status();
  Task<absl::StatusOr<v1::ReplyTemplate>> template_reading =
      resources_.Get<v1::ReplyTemplate>(call, request.template_());
  absl::StatusOr<v1::ReplyTemplate> reply_template = co_await template_reading;
  if (!reply_template.ok()) {
    co_return OfReference(reply_template.status(), "template", request.template_());
  }
  absl::TimeZone zone = absl::UTCTimeZone();
  if (!request.zone().empty()) {
    CO_ASSIGN_OR_RETURN(zone, calendar::FindZone(request.zone(), "zone"));
  }
  std::optional<v1::Category> category;
  if (!one->category().empty()) {
    Task<absl::StatusOr<v1::Category>> category_reading = CategoryOf(call, one->category());
    absl::StatusOr<v1::Category> found = co_await category_reading;
    if (!found.ok()) co_return found.status();
    category = *std::move(found);
  }
  CO_ASSIGN_OR_RETURN(v1::RenderReplyResponse response,
                      RenderReply(*reply_template, *one, category ? &*category : nullptr, request,
                                  call.now(), zone));
  rpc::Reply reply;
  reply.message = std::make_shared<v1::RenderReplyResponse>(std::move(response));
  co_return reply;
}

}  // namespace sqm::complaints
