// Cases that are taken over from another system: what must hold of them, and how what they tell
// becomes the history of a case.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <string>

#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/case_import.pb.h"
#include "sqm/complaints/v1/category.pb.h"

namespace sqm::complaints {

// INVALID_ARGUMENT with every violation, by path in the row: what AddIntakeErrors says; a kind or a
// state that cannot be taken over; a time before the case came in, after it ended or ahead, or one
// that belongs to a state which the case had not reached; an outcome of another kind.
absl::Status ValidateImport(const v1::ImportedCase& row, absl::Time now);

// Gives `one`, which is the row's case, the history that the row tells: state, events, times, who
// handled it, answer and outcome. `category`: of the case; null where it has none. The row is
// valid.
//
// The events stand in order of time, each with the furthest state that was reached by then. What
// brought the case to its state at a time that is not known stands last, at the latest time that is
// known, marked as assumed. A case that waits for its customer is in that state since `now` all the
// same: he is given time to answer.
void TakeOver(const v1::ImportedCase& row, const v1::Category* category, absl::Time now,
              v1::Case& one);

// Digest of what a row says, under the service's secret: without that nobody can test a guess.
std::string RowDigest(absl::string_view secret, const v1::ImportedCase& row);

// Whether anything was done to the case here, or it goes on in another one.
bool IsWorkedOn(const v1::Case& stored);

// Whether the case that a row became says nothing new of the stored one: its row is the same or, as
// far as what became of it shows, says the same. Of a case that was worked on here, only what an
// import alone tells is compared for that.
bool HasSameImport(const v1::Case& stored, const v1::Case& incoming);

// Rule `worked-on-since-import`. Keeps of the stored case what it got here: its number, since when
// it waits for its customer, and what was told of its deadlines.
absl::Status ReplaceImport(const v1::Case& stored, v1::Case& incoming);

}  // namespace sqm::complaints
