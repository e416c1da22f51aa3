// What the content of a scorecard must be like before anything is scored by it.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::monitoring {

inline constexpr int kMaxGroups = 30;
inline constexpr int kMaxItems = 200;   // in all groups together
inline constexpr int kMaxAnchors = 20;  // of one item
inline constexpr int kMaxBands = 20;

// OK, or INVALID_ARGUMENT with every violation by path (`content.groups[0].items[2].points`):
//   sizes within the bounds above; ids well-formed and unique; weights and points positive;
//   anchors rising from at least 0, at least two; a condition asks about an earlier item (so none
//   can go round in a circle) and for answers that this item can have; fatal items can earn
//   nothing; bands fall strictly to 0, so that they cover 0 to 100 without gap or overlap, and none
//   fails above one that passes; every score can be computed exactly (see FitsExactArithmetic).
// `within`: where in the request the scorecard stands, as `scorecard.`.
absl::Status ValidateContent(const v1::ScorecardContent& content, absl::string_view within = "");

// Whether the score of any set of answers is certain to fit the exact arithmetic of Score. The
// denominators of the group scores are whole numbers R up to `points possible · finest division`;
// their least common multiple is at most ∏R, and at most e^(1.03883·max R) (Rosser and Schoenfeld
// 1962, bound of the Chebyshev function ψ). `content` must be valid otherwise.
bool FitsExactArithmetic(const v1::ScorecardContent& content);

}  // namespace sqm::monitoring
