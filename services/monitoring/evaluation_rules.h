// The life of an evaluation: who may move it from which state to which.
//
//   ASSIGNED ──start──► IN_PROGRESS ──submit──► SUBMITTED ──release──► RELEASED ──acknowledge──►
//   ACKNOWLEDGED;  void: from any of them but ACKNOWLEDGED → VOIDED.
//
// Each function checks the state first (FAILED_PRECONDITION / WRONG_STATE with the states that are
// possible next), then who asks (FAILED_PRECONDITION / RULE_VIOLATED with the rule), then the
// values, and changes the evaluation only when all is well.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <optional>
#include <string>

#include "services/monitoring/scoring.h"
#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::monitoring {

// Most scorings that one evaluation keeps.
inline constexpr int kMaxRevisions = 20;

// Who asks.
struct Actor {
  std::string staff;        // `staff/{staff}`
  bool is_manager = false;  // may act in an evaluator's place
};

// Assigns a new evaluation: ASSIGNED, with agent, team and scorecard taken from what it refers to.
// Rules: `contact-without-agent`, `contact-not-answered`, `scorecard-not-published`,
// `self-evaluation`. A simulated contact makes a simulated evaluation. due_time, when set, must lie
// ahead.
absl::Status AssignEvaluation(const v1::Contact& contact, const v1::Scorecard& scorecard,
                              const v1::ScorecardVersion& version, absl::Time now,
                              v1::Evaluation& evaluation);

// Gives an ASSIGNED evaluation to `evaluator`; rule `self-evaluation`. Without `due` the old due
// time stays.
absl::Status ReassignEvaluation(v1::Evaluation& evaluation, absl::string_view evaluator,
                                std::optional<absl::Time> due, absl::Time now);

// ASSIGNED or IN_PROGRESS: answers, comment, method, due time may be saved; rule
// `not-the-evaluator`.
absl::Status CheckEvaluationUpdate(const v1::Evaluation& evaluation, const Actor& actor);

// Only an ASSIGNED evaluation may be deleted.
absl::Status CheckEvaluationDelete(const v1::Evaluation& evaluation);

// ASSIGNED → IN_PROGRESS; rule `not-the-evaluator`.
absl::Status StartEvaluation(v1::Evaluation& evaluation, const Actor& actor, absl::Time now);

// IN_PROGRESS → SUBMITTED: scores `answers` (none: the saved ones) by `version`, which must be the
// one that the evaluation pins, and adds a revision. Rules `not-the-evaluator`, `self-evaluation`,
// `other-scorecard-version`. An empty comment keeps the saved one.
absl::Status SubmitEvaluation(v1::Evaluation& evaluation, const v1::ScorecardVersion& version,
                              const Answers& answers, absl::string_view comment, const Actor& actor,
                              absl::Time now);

// SUBMITTED → RELEASED; rule `own-evaluation`: nobody releases what is about himself.
absl::Status ReleaseEvaluation(v1::Evaluation& evaluation, const Actor& actor, absl::Time now);

// RELEASED → ACKNOWLEDGED; rule `not-the-agent`: by the agent alone.
absl::Status AcknowledgeEvaluation(v1::Evaluation& evaluation, absl::string_view comment,
                                   const Actor& actor, absl::Time now);

// Any state before ACKNOWLEDGED → VOIDED, with a reason; rule `own-evaluation`.
absl::Status VoidEvaluation(v1::Evaluation& evaluation, absl::string_view reason,
                            const Actor& actor);

// What its agent sees of evaluations, as a filter: from RELEASED on; a voided one only if it was
// released before. Drafts are the evaluators' business.
inline constexpr absl::string_view kSeenByItsAgent =
    "state = RELEASED OR state = ACKNOWLEDGED OR (state = VOIDED AND release_time:*)";

}  // namespace sqm::monitoring
