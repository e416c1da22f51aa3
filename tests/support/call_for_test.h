// Makes calls as the pipeline would.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/auth/principal.h"
#include "common/rpc/call.h"

namespace sqm::rpc {

class CallForTest {
 public:
  // Of tenant `acme`, in Chinese.
  static void Fill(Call& call, absl::Time deadline, std::optional<observe::TraceContext> trace) {
    call.deadline_ = deadline;
    call.tenant_ = "acme";
    call.trace_ = std::move(trace);
    call.chinese_ = true;
  }
  // `authorization` must outlive the call.
  static void Fill(Call& call, auth::Principal principal, const std::string& authorization,
                   absl::Time now, absl::Time deadline) {
    call.tenant_ = principal.tenant;
    call.principal_ = std::make_shared<const auth::Principal>(std::move(principal));
    call.authorization_ = authorization;
    call.deadline_ = deadline;
    call.now_ = now;
  }
};

}  // namespace sqm::rpc
