// The taxonomy: two levels, and every meaning that a category has had.
#pragma once

#include <absl/algorithm/container.h>
#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <string>

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

// What each category of the second level is below, by name.
using CategoryParents = absl::flat_hash_map<std::string, std::string>;

// Whether a list of categories (none = all) is for a case of the category: names it, or the one
// that it is below.
template <typename List>
bool CoversCategory(const List& list, const std::string& category, const CategoryParents& parents) {
  if (list.empty() || absl::c_linear_search(list, category)) return true;
  const auto parent = parents.find(category);
  return parent != parents.end() && absl::c_linear_search(list, parent->second);
}

// What the category leaves open is as with the one that it is below: approval_from, default_team.
void InheritFrom(const v1::Category& parent, v1::Category& category);

// Whether cases of the kind may take it: rule `category-for-other-kinds`.
absl::Status CheckKind(const v1::Category& category, v1::CaseKind kind);

// Whether a new case of the kind may take it. Rules `category-retired`, `category-for-other-kinds`.
absl::Status CheckTakes(const v1::Category& category, v1::CaseKind kind);

// The category whose keywords speak most for a case of the kind with such a text (of several the
// one with more letters found, then the one of the second level); null where none does. Of the text
// the first 4,000 bytes count.
const v1::Category* SuggestCategory(absl::Span<const v1::Category> categories, v1::CaseKind kind,
                                    absl::string_view subject, absl::string_view text);

// ACTIVE → RETIRED.
absl::Status RetireCategory(v1::Category& category);

}  // namespace sqm::complaints
