// The taxonomy: two levels, and every meaning that a category has had.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include "sqm/complaints/v1/category.pb.h"

namespace sqm::complaints {

// Most meanings that a category keeps.
inline constexpr int kMaxRevisions = 100;

// A new category: ACTIVE, revision 1. `parent`: what its parent_category names, or null. A label in
// at least one language; kinds named once. Rules `category-too-deep`, `category-retired`.
absl::Status BeginCategory(const v1::Category* parent, absl::Time now, v1::Category& category);

// A change of a category in use (rule `category-retired`): another label or definition makes a new
// revision (rule `too-many-revisions`).
absl::Status ReviseCategory(const v1::Category& before, absl::Time now, v1::Category& after);

// Whether cases of the kind may take it: rule `category-for-other-kinds`.
absl::Status CheckKind(const v1::Category& category, v1::CaseKind kind);

// The category whose keywords speak most for a case of the kind with such a text (of several the
// one with more letters found, then the one of the second level); null where none does. Of the text
// the first 4,000 bytes count.
const v1::Category* SuggestCategory(absl::Span<const v1::Category> categories, v1::CaseKind kind,
                                    absl::string_view subject, absl::string_view text);

// ACTIVE → RETIRED.
absl::Status RetireCategory(v1::Category& category);

}  // namespace sqm::complaints
