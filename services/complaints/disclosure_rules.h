// Disclosures: made without a name, seen by named persons, followed by a receipt.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <string>

#include "services/complaints/case_steps.h"
#include "sqm/complaints/v1/corrective_action.pb.h"
#include "sqm/complaints/v1/disclosure.pb.h"

namespace sqm::complaints {

// Most readers of one disclosure, and how long the text of their names may be: what it is found by
// fits into an index of PostgreSQL, with any tenant and id.
inline constexpr int kMaxReaders = 50;
inline constexpr size_t kMaxReadersBytes = 2500;

// Whether something is said at all: of blanks nothing is made.
absl::Status ValidateDisclosure(const v1::SubmitDisclosureRequest& request);

// The case of a disclosure for the panel's members. What it bears of who sent it is nothing.
v1::Case DisclosureCase(const v1::SubmitDisclosureRequest& request,
                        const v1::DisclosurePanel& panel);

// `|staff/a|staff/b|`, as Case.restricted_to has it.
std::string RestrictedTo(const v1::DisclosureDetails& disclosure);

// What the holder of the receipt is told; `entries` of `one` in order of time. `goes_on_in`: the
// one that it was merged into, else the same.
v1::TrackDisclosureResponse Told(const v1::Case& one, const v1::Case& goes_on_in,
                                 absl::Span<const v1::CaseEntry* const> entries, absl::Time now);

// Rules `not-a-disclosure`, `reader-is-named`, `already-a-reader`, `too-many-readers`.
Entry GrantAccess(v1::Case& one, absl::string_view reader, absl::string_view reason,
                  const Actor& actor);
// Rules `not-a-disclosure`, `not-a-reader`, `reader-owns-it`, `last-reader`.
Entry RevokeAccess(v1::Case& one, absl::string_view reader, absl::string_view reason,
                   const Actor& actor);
// Whether who is to carry out an action that is not over may see it. Rule `reader-owns-it`.
absl::Status CheckActionStaysVisible(const v1::Case& one, const v1::CorrectiveAction& action);
// Whether nobody is newly named who may see it. Rule `named-is-reader`.
absl::Status CheckNamed(const v1::Case& before, const v1::Case& after);

}  // namespace sqm::complaints
