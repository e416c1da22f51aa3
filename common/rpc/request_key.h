// What the store remembers of a call that has a request id.
#pragma once

#include <absl/strings/string_view.h>
#include <google/protobuf/message.h>

#include "common/store/write_set.h"

namespace sqm::rpc {

// `request_id`: a UUID; of the subject's calls of the method at `path` within the tenant. The same
// request gives the same payload, whichever client encoded it.
store::Idempotency IdempotencyOf(absl::string_view request_id, absl::string_view tenant,
                                 absl::string_view subject, absl::string_view path,
                                 const google::protobuf::Message& request);

}  // namespace sqm::rpc
