#include "services/complaints/cause_rules.h"

#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "common/base/task.h"

namespace sqm::complaints {

absl::Status BeginCause(const v1::Cause* parent, const v1::Cause& cause) {
  RETURN_IF_ERROR(CheckCause(cause));
  if (parent == nullptr) return absl::OkStatus();
  if (!parent->parent_cause().empty()) {
    return RuleViolated("cause-too-deep",
                        absl::StrCat(parent->name(), " is of the second level already"),
                        {{"parent_cause", parent->name()}});
  }
  return CheckInUse(*parent);
}

absl::Status CheckCause(const v1::Cause& cause) {
  if (!cause.label().en().empty() || !cause.label().zh().empty()) return absl::OkStatus();
  return InvalidField("cause.label", "must be given in at least one language");
}

absl::Status CheckInUse(const v1::Cause& cause) {
  if (!cause.retired()) return absl::OkStatus();
  return RuleViolated("cause-retired", absl::StrCat(cause.name(), " is out of use"),
                      {{"cause", cause.name()}});
}

}  // namespace sqm::complaints
