// Small scorecards and answers for the tests.
#pragma once

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <string>
#include <utility>
#include <vector>

#include "services/monitoring/scoring.h"
#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::monitoring {

inline const absl::Time kNow = absl::FromUnixSeconds(1767225600);  // 2026-01-01T00:00:00Z

inline v1::ScorecardItem YesNo(absl::string_view id) {
  v1::ScorecardItem item;
  item.set_id(std::string(id));
  item.mutable_title()->set_en(absl::StrCat("Question ", id));
  item.mutable_title()->set_zh(absl::StrCat("问题 ", id));
  item.set_kind(v1::ITEM_KIND_YES_NO);
  return item;
}

inline v1::ScorecardItem WithAnchors(absl::string_view id, v1::ItemKind kind,
                                     const std::vector<std::pair<std::string, std::string>>& ids) {
  v1::ScorecardItem item = YesNo(id);
  item.set_kind(kind);
  for (const auto& [anchor_id, value] : ids) {
    v1::Anchor& anchor = *item.add_anchors();
    anchor.set_id(anchor_id);
    anchor.set_value(value);
    anchor.mutable_text()->set_en("means this");
  }
  return item;
}

inline v1::ScorecardItem Scale(absl::string_view id) {
  return WithAnchors(id, v1::ITEM_KIND_SCALE, {{"", "0"}, {"", "5"}, {"", "10"}});
}

inline v1::ScorecardItem Levels(absl::string_view id) {
  return WithAnchors(id, v1::ITEM_KIND_LEVELS, {{"none", "0"}, {"some", "1"}, {"all", "2"}});
}

inline v1::ScorecardItem Bonus(absl::string_view id, absl::string_view least,
                               absl::string_view most) {
  v1::ScorecardItem item = YesNo(id);
  item.set_kind(v1::ITEM_KIND_POINTS);
  item.set_min_points(std::string(least));
  item.set_max_points(std::string(most));
  return item;
}

inline v1::ScorecardItem FreeText(absl::string_view id) {
  v1::ScorecardItem item = YesNo(id);
  item.set_kind(v1::ITEM_KIND_FREE_TEXT);
  return item;
}

inline void AddGroup(v1::ScorecardContent& content, absl::string_view weight,
                     const std::vector<v1::ScorecardItem>& items) {
  v1::ScorecardGroup& group = *content.add_groups();
  group.set_id(absl::StrCat("group-", content.groups_size()));
  group.mutable_title()->set_en("Group");
  group.set_weight(std::string(weight));
  for (const v1::ScorecardItem& item : items) *group.add_items() = item;
}

inline void AddBand(v1::ScorecardContent& content, absl::string_view code, absl::string_view bound,
                    bool passing, bool note) {
  v1::Band& band = *content.add_bands();
  band.set_code(std::string(code));
  band.mutable_label()->set_en(absl::StrCat("Band ", code));
  band.mutable_label()->set_zh("不合格");
  band.set_lower_bound(std::string(bound));
  band.set_passing(passing);
  band.set_improvement_note(note);
}

// The suite's default bands: 90, 85, 75, 0.
inline void AddDefaultBands(v1::ScorecardContent& content) {
  AddBand(content, "excellent", "90", true, false);
  AddBand(content, "good", "85", true, false);
  AddBand(content, "needs-improvement", "75", true, true);
  AddBand(content, "fail", "0", false, true);
}

// One group of weight 1 with these items.
inline v1::ScorecardContent Form(const std::vector<v1::ScorecardItem>& items) {
  v1::ScorecardContent content;
  content.set_formula(v1::SCORE_FORMULA_NORMALISED);
  AddGroup(content, "1", items);
  AddDefaultBands(content);
  return content;
}

inline v1::Answer& AddAnswer(Answers& answers, absl::string_view item) {
  v1::Answer& answer = *answers.Add();
  answer.set_item_id(std::string(item));
  return answer;
}
inline void Yes(Answers& answers, absl::string_view item, bool yes = true) {
  AddAnswer(answers, item).set_yes(yes);
}
inline void Number(Answers& answers, absl::string_view item, absl::string_view number) {
  AddAnswer(answers, item).set_number(std::string(number));
}
inline void NotApplicable(Answers& answers, absl::string_view item) {
  AddAnswer(answers, item).set_not_applicable(true);
}

}  // namespace sqm::monitoring
