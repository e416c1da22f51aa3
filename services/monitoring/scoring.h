// Scoring: from the answers to the items of a scorecard to a score, exactly.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <google/protobuf/repeated_ptr_field.h>

#include "common/base/decimal.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::monitoring {

using Answers = google::protobuf::RepeatedPtrField<v1::Answer>;

// What an item can earn at most: its `points`, or the highest anchor value (SCALE, LEVELS), or 1
// (YES_NO). 0 for POINTS and FREE_TEXT. Invalid where the content is not valid.
Rational PossiblePoints(const v1::ScorecardItem& item);

// The value of the last anchor, which is the highest of valid content; 0 without anchors, invalid
// where it is no decimal.
Rational HighestAnchorValue(const v1::ScorecardItem& item);

// The band that the score belongs to: the first, by falling lower bound, that the score reaches;
// the last one for a score below all. Null without bands.
const v1::Band* BandOf(const v1::ScorecardContent& content, const Rational& score);

// The band of that code; null where there is none.
const v1::Band* FindBand(const v1::ScorecardContent& content, absl::string_view code);

// Scores `answers` by valid `content` (see ValidateContent).
//   NORMALISED  100 · Σ w·(e/p) / Σ w      POINTS  100 · Σ w·e / Σ w·p
// w: weight of a group, e: points earned in it with bonus and penalty, p: points possible. An item
// that is not applicable, or whose condition is not met, leaves e and p; a group with p = 0 leaves
// every sum. Without any group left there is no score and no band. A failed fatal item makes the
// score 0 and the band the lowest; raw_score keeps what the formula gave.
// INVALID_ARGUMENT naming `answers[i]` or, where an answer is missing, `answers`.
absl::StatusOr<v1::EvaluationResult> Score(const v1::ScorecardContent& content,
                                           const Answers& answers);

}  // namespace sqm::monitoring
