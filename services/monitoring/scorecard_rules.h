// The life of a scorecard: DRAFT → PUBLISHED → RETIRED, with immutable numbered versions.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::monitoring {

// Title and content are right (see ValidateContent).
absl::Status ValidateScorecard(const v1::Scorecard& scorecard, absl::string_view within = "");

// A new scorecard begins: valid, DRAFT, without versions.
absl::Status BeginScorecard(v1::Scorecard& scorecard);

// Checks a change from `current` to `changed`: not RETIRED, and still valid.
absl::Status CheckScorecardUpdate(const v1::Scorecard& current, const v1::Scorecard& changed);

// Only a DRAFT may be deleted: evaluations may rest on what was published.
absl::Status CheckScorecardDelete(const v1::Scorecard& scorecard);

// DRAFT or PUBLISHED → PUBLISHED. Raises latest_version and gives the version to store beside the
// scorecard; its name is `{scorecard}/versions/{number}`. `publisher`: `staff/{staff}`.
absl::StatusOr<v1::ScorecardVersion> PublishScorecard(v1::Scorecard& scorecard,
                                                      absl::string_view publisher,
                                                      absl::string_view change_note,
                                                      absl::Time now);

// PUBLISHED → RETIRED.
absl::Status RetireScorecard(v1::Scorecard& scorecard);

}  // namespace sqm::monitoring
