// What ships with the service for an organisation to begin with.
#pragma once

#include <absl/status/statusor.h>

#include "sqm/complaints/v1/starter_set.pb.h"

namespace sqm::complaints {

// The files of templates/, each a part of the set. They are part of the program: an error is a
// fault of it.
absl::StatusOr<v1::StarterSet> LoadStarterSet();

}  // namespace sqm::complaints
