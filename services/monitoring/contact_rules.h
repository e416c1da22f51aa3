// What holds between the fields of a contact, and what counts as the same contact.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include "sqm/monitoring/v1/contact.pb.h"

namespace sqm::monitoring {

// Systems round each duration by itself: so much more than the whole contact may their sum be.
inline constexpr absl::Duration kDurationTolerance = absl::Seconds(2);

// OK, or INVALID_ARGUMENT with every violation by field:
//   end_time not before start_time; durations not negative; queue + talk + hold no longer than from
//   start to end; an answered contact names its agent; an abandoned one has no talk, no hold, no
//   after-call work and no rating, and is not resolved; satisfaction 1 to 5.
// `within`: where in the request the contact stands, as `contact.`.
absl::Status ValidateContact(const v1::Contact& contact, absl::string_view within = "");

// Whether an import of `incoming` would change nothing of `stored`: the same but for what the
// service sets itself (name, times, etag).
bool HasSameContent(const v1::Contact& stored, const v1::Contact& incoming);

}  // namespace sqm::monitoring
