#include "services/complaints/category_rules.h"

#include <absl/algorithm/container.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <string>
#include <tuple>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/complaints/case_states.h"

namespace sqm::complaints {
namespace {

// Of a text, for its category: it says early what it is about.
constexpr size_t kCharactersLookedAt = 4000;

absl::Status CheckContent(const v1::Category& category) {
  FieldErrors errors;
  if (category.label().en().empty() && category.label().zh().empty()) {
    errors.Add("category.label", "must be given in at least one language");
  }
  absl::flat_hash_set<int> kinds;
  for (int kind : category.kinds()) {
    if (kind == v1::CASE_KIND_UNSPECIFIED) errors.Add("category.kinds", "must name kinds");
    if (!kinds.insert(kind).second) errors.Add("category.kinds", "names a kind twice");
  }
  for (const std::string& keyword : category.keywords()) {
    if (absl::StripAsciiWhitespace(keyword) != keyword || keyword.empty()) {
      errors.Add("category.keywords", "must be words without blanks before and after");
    }
  }
  return errors.ToStatus();
}

void AddRevision(v1::Category& category, absl::Time now) {
  category.set_revision(category.revision() + 1);
  v1::CategoryRevision& revision = *category.add_revisions();
  revision.set_revision(category.revision());
  *revision.mutable_label() = category.label();
  revision.set_definition(category.definition());
  *revision.mutable_time() = ToTimestamp(now);
}

// Whether the text has the keyword: a word of ASCII by itself, any other as part of it.
bool Speaks(absl::string_view text, absl::string_view keyword) {
  const auto is_part_of_word = [](char c) { return absl::ascii_isalnum(c) || c == '_'; };
  const bool whole = absl::c_all_of(keyword, [](char c) { return absl::ascii_isascii(c); });
  for (size_t at = text.find(keyword); at != absl::string_view::npos;
       at = text.find(keyword, at + 1)) {
    if (!whole) return true;
    // The text begins and ends with a blank.
    if (!is_part_of_word(text[at - 1]) && !is_part_of_word(text[at + keyword.size()])) return true;
  }
  return false;
}

absl::Status Retired(const v1::Category& category) {
  return RuleViolated("category-retired", absl::StrCat(category.name(), " is out of use"),
                      {{"category", category.name()}});
}

}  // namespace

absl::Status BeginCategory(const v1::Category* parent, absl::Time now, v1::Category& category) {
  if (absl::Status status = CheckContent(category); !status.ok()) return status;
  if (parent != nullptr) {
    if (!parent->parent_category().empty()) {
      return RuleViolated("category-too-deep",
                          absl::StrCat(parent->name(), " is of the second level already"),
                          {{"parent_category", parent->name()}});
    }
    if (parent->state() != v1::CATEGORY_STATE_ACTIVE) return Retired(*parent);
  }
  category.set_state(v1::CATEGORY_STATE_ACTIVE);
  category.set_revision(0);
  category.clear_revisions();
  AddRevision(category, now);
  return absl::OkStatus();
}

absl::Status ReviseCategory(const v1::Category& before, absl::Time now, v1::Category& after) {
  if (before.state() != v1::CATEGORY_STATE_ACTIVE) return Retired(before);
  if (absl::Status status = CheckContent(after); !status.ok()) return status;
  if (before.label().en() == after.label().en() && before.label().zh() == after.label().zh() &&
      before.definition() == after.definition()) {
    return absl::OkStatus();
  }
  if (before.revisions_size() >= kMaxRevisions) {
    return RuleViolated("too-many-revisions",
                        absl::StrCat(before.name(), " has had ", kMaxRevisions,
                                     " meanings; add a new category instead"));
  }
  AddRevision(after, now);
  return absl::OkStatus();
}

void InheritFrom(const v1::Category& parent, v1::Category& category) {
  if (category.approval_from() == v1::CASE_SEVERITY_UNSPECIFIED) {
    category.set_approval_from(parent.approval_from());
  }
  if (category.default_team().empty()) category.set_default_team(parent.default_team());
}

absl::Status CheckKind(const v1::Category& category, v1::CaseKind kind) {
  if (category.kinds().empty() || absl::c_linear_search(category.kinds(), kind)) {
    return absl::OkStatus();
  }
  const std::string name = KindName(kind);
  return RuleViolated("category-for-other-kinds",
                      absl::StrCat(category.name(), " is not for cases of kind ", name),
                      {{"category", category.name()}, {"kind", name}});
}

absl::Status CheckTakes(const v1::Category& category, v1::CaseKind kind) {
  if (category.state() != v1::CATEGORY_STATE_ACTIVE) return Retired(category);
  return CheckKind(category, kind);
}

const v1::Category* SuggestCategory(absl::Span<const v1::Category> categories, v1::CaseKind kind,
                                    absl::string_view subject, absl::string_view text) {
  const std::string said =
      absl::StrCat(" ", absl::AsciiStrToLower(subject), " ",
                   absl::AsciiStrToLower(text.substr(0, kCharactersLookedAt)), " ");
  const v1::Category* best = nullptr;
  std::tuple<size_t, size_t, bool> most;
  for (const v1::Category& category : categories) {
    if (!CheckTakes(category, kind).ok()) continue;
    size_t found = 0, letters = 0;
    for (const std::string& keyword : category.keywords()) {
      if (!Speaks(said, absl::AsciiStrToLower(keyword))) continue;
      ++found;
      letters += keyword.size();
    }
    const std::tuple<size_t, size_t, bool> weight(found, letters,
                                                  !category.parent_category().empty());
    if (found == 0 || (best != nullptr && weight <= most)) continue;
    best = &category;
    most = weight;
  }
  return best;
}

absl::Status RetireCategory(v1::Category& category) {
  if (category.state() != v1::CATEGORY_STATE_ACTIVE) {
    return WrongState(category.name(), "RETIRED", "", "RETIRE");
  }
  category.set_state(v1::CATEGORY_STATE_RETIRED);
  return absl::OkStatus();
}

}  // namespace sqm::complaints
