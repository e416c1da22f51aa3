// Templates of replies: what their fields mean, and the text for a case.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <string>

#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/category.pb.h"
#include "sqm/complaints/v1/reply_template.pb.h"

namespace sqm::complaints {

// INVALID_FIELD: no body, no label, an unknown field in a body, or a brace without its other.
absl::Status CheckTemplate(const v1::ReplyTemplate& reply);

// The text in the language asked for; none: in the case's or, where the template lacks that, in the
// other one. `category`: the case's, or null. Dates are local dates of `zone`; what is not known is
// a dash, and named as missing. Rules `template-for-other-kinds`, `template-language-missing`,
// `template-without-answer`: one was given, and the body has no place for it.
absl::StatusOr<v1::RenderReplyResponse> RenderReply(const v1::ReplyTemplate& reply,
                                                    const v1::Case& one,
                                                    const v1::Category* category,
                                                    const v1::RenderReplyRequest& request,
                                                    absl::Time now, absl::TimeZone zone);

}  // namespace sqm::complaints
