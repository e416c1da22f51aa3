#include "services/monitoring/contact_rules.h"

#include <string>

#include "common/base/proto_time.h"
#include "common/base/status.h"

namespace sqm::monitoring {
namespace {

void ClearServerFields(v1::Contact& contact) {
  contact.clear_name();
  contact.clear_create_time();
  contact.clear_update_time();
  contact.clear_etag();
}

}  // namespace

absl::Status ValidateContact(const v1::Contact& contact, absl::string_view within) {
  FieldErrors errors(within);
  const absl::Duration queue = FromDuration(contact.queue_duration());
  const absl::Duration talk = FromDuration(contact.talk_duration());
  const absl::Duration hold = FromDuration(contact.hold_duration());
  const absl::Duration after = FromDuration(contact.after_call_duration());
  const auto refuse_negative = [&](absl::Duration value, absl::string_view field) {
    if (value < absl::ZeroDuration()) errors.Add(field, "must not be negative");
  };
  refuse_negative(queue, "queue_duration");
  refuse_negative(talk, "talk_duration");
  refuse_negative(hold, "hold_duration");
  refuse_negative(after, "after_call_duration");

  if (!contact.has_start_time()) errors.Add("start_time", "must be given");
  if (contact.has_start_time() && contact.has_end_time()) {
    const absl::Duration whole =
        FromTimestamp(contact.end_time()) - FromTimestamp(contact.start_time());
    if (whole < absl::ZeroDuration()) {
      errors.Add("end_time", "must not be before start_time");
    } else if (queue + talk + hold > whole + kDurationTolerance) {
      errors.Add("talk_duration",
                 "with queue_duration and hold_duration must not be longer than from start_time to "
                 "end_time");
    }
  }
  if (contact.has_satisfaction() && (contact.satisfaction() < 1 || contact.satisfaction() > 5)) {
    errors.Add("satisfaction", "must be 1 to 5");
  }
  if (contact.answer_state() == v1::ANSWER_STATE_ANSWERED) {
    if (contact.agent().empty()) errors.Add("agent", "must be given: the contact was answered");
  } else if (contact.answer_state() == v1::ANSWER_STATE_ABANDONED) {
    const auto refuse = [&](bool present, absl::string_view field) {
      if (present) errors.Add(field, "must not be set: the contact was abandoned");
    };
    refuse(talk > absl::ZeroDuration(), "talk_duration");
    refuse(hold > absl::ZeroDuration(), "hold_duration");
    refuse(after > absl::ZeroDuration(), "after_call_duration");
    refuse(contact.has_satisfaction(), "satisfaction");
    refuse(contact.resolved(), "resolved");
  } else {
    errors.Add("answer_state", "must be given");
  }
  return errors.ToStatus();
}

bool HasSameContent(const v1::Contact& stored, const v1::Contact& incoming) {
  v1::Contact a = stored;
  v1::Contact b = incoming;
  ClearServerFields(a);
  ClearServerFields(b);
  // A contact has no map and no unordered part: equal contacts have equal bytes.
  return a.SerializeAsString() == b.SerializeAsString();
}

}  // namespace sqm::monitoring
