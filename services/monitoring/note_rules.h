// Improvement notes: when one follows from an evaluation, what it says, and its life
// OPEN → AGREED → IN_PROGRESS → EFFECT_CHECK → CLOSED.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <optional>

#include "services/monitoring/evaluation_rules.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/improvement_note.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::monitoring {

// Language of the text of an automatic note.
enum class NoteLanguage { kEnglish, kChinese };

// Days until a note is due where its band does not say.
inline constexpr int kDefaultNoteDays = 7;

// The note that follows from an evaluation once it is RELEASED: where its band asks for one, where
// a fatal item failed, or where a critical item earned nothing; else absent. It names the items
// that lost most points first, fatal ones before all, at most ten. Name, create and update time are
// the store's.
std::optional<v1::ImprovementNote> NoteFor(const v1::Evaluation& evaluation,
                                           const v1::ScorecardContent& content,
                                           NoteLanguage language, absl::Time now);

// A note that a person writes: OPEN, agent and team from the evaluation, which its agent must be
// able to see, RELEASED or ACKNOWLEDGED (rule `evaluation-not-released`). due_time must lie ahead.
absl::Status BeginNote(const v1::Evaluation& evaluation, const Actor& actor, absl::Time now,
                       v1::ImprovementNote& note);

// Whether a note goes with its evaluation when that is voided: unless it is CLOSED.
bool GoesWithEvaluation(const v1::ImprovementNote& note);

// A note may be changed until it is CLOSED.
absl::Status CheckNoteUpdate(const v1::ImprovementNote& note);

// OPEN → AGREED, by the agent alone (rule `not-the-agent`).
absl::Status AgreeNote(v1::ImprovementNote& note, absl::string_view comment, const Actor& actor,
                       absl::Time now);
// AGREED → IN_PROGRESS, by the agent or a manager.
absl::Status StartNote(v1::ImprovementNote& note, const Actor& actor, absl::Time now);
// IN_PROGRESS → EFFECT_CHECK.
absl::Status CheckNote(v1::ImprovementNote& note, absl::string_view action_taken, absl::Time now);
// EFFECT_CHECK → CLOSED; rule `own-note`: the agent does not judge the own effect.
absl::Status CloseNote(v1::ImprovementNote& note, bool effective, absl::string_view comment,
                       const Actor& actor, absl::Time now);

}  // namespace sqm::monitoring
