#include "services/monitoring/scoring.h"

#include <absl/container/inlined_vector.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "common/base/status.h"

namespace sqm::monitoring {
namespace {

constexpr int kPlaces = 2;

// A decimal of a checked scorecard; invalid where it is none.
Rational Decimal(absl::string_view text) {
  const absl::StatusOr<Rational> value = Rational::ParseDecimal(text, kPlaces);
  return value.ok() ? *value : Rational::Invalid();
}

std::string TwoPlaces(const Rational& value) { return value.ToFixed(kPlaces).value_or(""); }

// An item together with what was answered.
struct Answered {
  const v1::ScorecardItem* item = nullptr;
  const v1::Answer* answer = nullptr;
  int answer_index = -1;
  bool shown = true;
  // Whether it counts: shown, answered with a value, and worth points.
  bool counts = false;
  Rational earned;
  Rational possible;
};

// Sums of a score over groups, for all items or for the critical ones.
class Total {
 public:
  explicit Total(v1::ScoreFormula formula) : formula_(formula) {}

  void AddGroup(const Rational& weight, const Rational& earned, const Rational& possible) {
    if (possible.IsZero()) return;
    if (formula_ == v1::SCORE_FORMULA_POINTS) {
      above_ += weight * earned;
      below_ += weight * possible;
    } else {
      above_ += weight * (earned / possible);
      below_ += weight;
    }
  }

  // Absent where no group applied; invalid where it could not be computed.
  std::optional<Rational> Get() const {
    if (below_.IsZero()) return std::nullopt;
    return Rational(100) * (above_ / below_);
  }

 private:
  const v1::ScoreFormula formula_;
  Rational above_;
  Rational below_;
};

class Scorer {
 public:
  Scorer(const v1::ScorecardContent& content, const Answers& answers)
      : content_(content), answers_(answers) {}

  absl::StatusOr<v1::EvaluationResult> Run() {
    CollectItems();
    MatchAnswers();
    for (Answered& entry : entries_) Judge(entry);
    if (absl::Status status = errors_.ToStatus(); !status.ok()) return status;
    return Result();
  }

 private:
  void CollectItems() {
    for (const v1::ScorecardGroup& group : content_.groups()) {
      for (const v1::ScorecardItem& item : group.items()) {
        by_id_.push_back(static_cast<int>(entries_.size()));
        entries_.push_back({.item = &item});
      }
    }
    std::sort(by_id_.begin(), by_id_.end(),
              [this](int a, int b) { return entries_[a].item->id() < entries_[b].item->id(); });
  }

  // The entry of that item; -1 where there is none.
  int Find(absl::string_view id) const {
    const auto found = std::lower_bound(by_id_.begin(), by_id_.end(), id,
                                        [this](int entry, absl::string_view wanted) {
                                          return entries_[entry].item->id() < wanted;
                                        });
    return found != by_id_.end() && entries_[*found].item->id() == id ? *found : -1;
  }

  void MatchAnswers() {
    for (int i = 0; i < answers_.size(); ++i) {
      const v1::Answer& answer = answers_[i];
      const int found = Find(answer.item_id());
      if (found < 0) {
        errors_.Add(absl::StrCat("answers[", i, "].item_id"),
                    "must be an item of the scorecard version");
        continue;
      }
      Answered& entry = entries_[found];
      if (entry.answer != nullptr) {
        errors_.Add(absl::StrCat("answers[", i, "].item_id"),
                    absl::StrCat("is answered already by answers[", entry.answer_index, "]"));
        continue;
      }
      entry.answer = &answer;
      entry.answer_index = i;
    }
  }

  void Refuse(const Answered& entry, absl::string_view description) {
    errors_.Add(absl::StrCat("answers[", entry.answer_index, "]"),
                absl::StrCat("item `", entry.item->id(), "` ", description));
  }

  // Conditions point backwards, so what they depend on is judged already.
  bool ConditionMet(const v1::ItemCondition& condition) const {
    const int found = Find(condition.item_id());
    if (found < 0) return false;
    const Answered& other = entries_[found];
    if (!other.shown || other.answer == nullptr) return false;
    const v1::Answer& answer = *other.answer;
    for (const std::string& wanted : condition.answers()) {
      switch (answer.value_case()) {
        case v1::Answer::kYes:
          if (wanted == (answer.yes() ? "yes" : "no")) return true;
          break;
        case v1::Answer::kLevel:
          if (wanted == answer.level()) return true;
          break;
        case v1::Answer::kNumber:
          if (Decimal(wanted) == Decimal(answer.number())) return true;
          break;
        default:
          break;
      }
    }
    return false;
  }

  void Judge(Answered& entry) {
    const v1::ScorecardItem& item = *entry.item;
    entry.shown = !item.has_condition() || ConditionMet(item.condition());
    const bool has_value =
        entry.answer != nullptr && entry.answer->value_case() != v1::Answer::VALUE_NOT_SET;
    if (!entry.shown) {
      if (has_value && !entry.answer->not_applicable()) {
        Refuse(entry, "is not shown after these answers and must not be answered");
      }
      return;
    }
    if (!has_value) {
      if (item.kind() == v1::ITEM_KIND_POINTS || item.kind() == v1::ITEM_KIND_FREE_TEXT) return;
      errors_.Add("answers", absl::StrCat("item `", item.id(), "` must be answered"));
      return;
    }
    if (entry.answer->value_case() == v1::Answer::kNotApplicable) {
      if (!entry.answer->not_applicable()) {
        Refuse(entry, "must have a value, or not_applicable = true");
      } else if (!item.na_allowed()) {
        Refuse(entry, "applies always: `not applicable` is not allowed");
      }
      return;
    }
    entry.possible = PossiblePoints(item);
    const std::optional<Rational> earned = Earned(entry);
    if (!earned.has_value()) return;
    entry.counts = item.kind() != v1::ITEM_KIND_FREE_TEXT;
    entry.earned = *earned;
    if (item.comment_required() && entry.possible > 0 && earned->IsZero() &&
        entry.answer->comment().empty()) {
      Refuse(entry, "needs a comment for this answer");
    }
  }

  // What the answer earns; absent after an error was noted.
  std::optional<Rational> Earned(const Answered& entry) {
    const v1::ScorecardItem& item = *entry.item;
    const v1::Answer& answer = *entry.answer;
    switch (item.kind()) {
      case v1::ITEM_KIND_YES_NO:
        if (answer.value_case() != v1::Answer::kYes) break;
        return answer.yes() ? entry.possible : Rational(0);
      case v1::ITEM_KIND_LEVELS:
        if (answer.value_case() != v1::Answer::kLevel) break;
        for (const v1::Anchor& anchor : item.anchors()) {
          if (anchor.id() == answer.level()) {
            return entry.possible * (Decimal(anchor.value()) / HighestAnchorValue(item));
          }
        }
        Refuse(entry, "must be answered by the id of one of its levels");
        return std::nullopt;
      case v1::ITEM_KIND_SCALE:
        if (answer.value_case() != v1::Answer::kNumber) break;
        return EarnedOnScale(entry);
      case v1::ITEM_KIND_POINTS: {
        if (answer.value_case() != v1::Answer::kNumber) break;
        const absl::StatusOr<Rational> value = Rational::ParseDecimal(answer.number(), kPlaces);
        if (!value.ok() || *value < Decimal(item.min_points()) ||
            *value > Decimal(item.max_points())) {
          Refuse(entry, absl::StrCat("must be from ", item.min_points(), " to ", item.max_points(),
                                     " with at most two decimals"));
          return std::nullopt;
        }
        return *value;
      }
      case v1::ITEM_KIND_FREE_TEXT:
        if (answer.value_case() != v1::Answer::kText) break;
        return Rational(0);
      default:
        break;
    }
    Refuse(entry, absl::StrCat("must be answered by ", WantedValue(item.kind())));
    return std::nullopt;
  }

  std::optional<Rational> EarnedOnScale(const Answered& entry) {
    const v1::ScorecardItem& item = *entry.item;
    if (item.anchors().empty()) return Rational::Invalid();
    const Rational lowest = Decimal(item.anchors(0).value());
    const Rational highest = HighestAnchorValue(item);
    const Rational step = item.step().empty() ? Rational(1) : Decimal(item.step());
    const absl::StatusOr<Rational> value = Rational::ParseDecimal(entry.answer->number(), kPlaces);
    if (!value.ok() || *value < lowest || *value > highest ||
        ((*value - lowest) / step).denominator() != 1) {
      Refuse(entry, absl::StrCat("must be from ", lowest.ToFraction(), " to ",
                                 item.anchors(item.anchors_size() - 1).value(), " in steps of ",
                                 item.step().empty() ? "1" : item.step()));
      return std::nullopt;
    }
    return entry.possible * (*value / highest);
  }

  static absl::string_view WantedValue(v1::ItemKind kind) {
    switch (kind) {
      case v1::ITEM_KIND_YES_NO:
        return "`yes`";
      case v1::ITEM_KIND_LEVELS:
        return "`level`";
      case v1::ITEM_KIND_FREE_TEXT:
        return "`text`";
      default:
        return "`number`";
    }
  }

  absl::StatusOr<v1::EvaluationResult> Result() const {
    v1::EvaluationResult result;
    result.mutable_groups()->Reserve(content_.groups_size());
    result.mutable_items()->Reserve(static_cast<int>(entries_.size()));
    Total total(content_.formula());
    Total critical(content_.formula());
    size_t next = 0;
    for (const v1::ScorecardGroup& group : content_.groups()) {
      Rational earned, possible, critical_earned, critical_possible;
      for (int i = 0; i < group.items_size(); ++i) {
        const Answered& entry = entries_[next++];
        AddItem(entry, result);
        if (!entry.counts) continue;
        earned += entry.earned;
        possible += entry.possible;
        if (entry.item->critical()) {
          critical_earned += entry.earned;
          critical_possible += entry.possible;
        }
      }
      const Rational weight = Decimal(group.weight());
      total.AddGroup(weight, earned, possible);
      critical.AddGroup(weight, critical_earned, critical_possible);
      v1::GroupScore& score = *result.add_groups();
      score.set_group_id(group.id());
      if (!possible.IsZero()) score.set_score(TwoPlaces(Rational(100) * (earned / possible)));
      score.set_earned(TwoPlaces(earned));
      score.set_possible(TwoPlaces(possible));
    }
    if (const std::optional<Rational> score = critical.Get()) {
      result.set_critical_score(TwoPlaces(*score));
    }
    if (const std::optional<Rational> raw = total.Get()) {
      if (absl::Status status = Conclude(*raw, result); !status.ok()) return status;
    }
    return result;
  }

  static void AddItem(const Answered& entry, v1::EvaluationResult& result) {
    v1::ItemScore& score = *result.add_items();
    score.set_item_id(entry.item->id());
    if (entry.counts) {
      score.set_earned(TwoPlaces(entry.earned));
      score.set_possible(TwoPlaces(entry.possible));
      if (entry.item->fatal() && entry.earned.IsZero()) {
        result.add_fatal_items_failed(entry.item->id());
      }
    } else {
      score.set_not_applicable(!entry.shown ||
                               (entry.answer != nullptr && entry.answer->not_applicable()));
    }
  }

  // Score, band and pass from the value of the formula.
  absl::Status Conclude(const Rational& raw, v1::EvaluationResult& result) const {
    const std::optional<std::string> raw_text = raw.ToFixed(kPlaces);
    if (!raw_text.has_value()) {
      // ValidateContent keeps this from happening to a published version.
      return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL,
                  "the score cannot be computed exactly from this scorecard");
    }
    result.set_raw_score(*raw_text);
    Rational score = raw;
    if (score < 0 || !result.fatal_items_failed().empty()) score = Rational(0);
    if (score > 100) score = Rational(100);
    result.set_score(TwoPlaces(score));
    result.set_unrounded(score.ToFraction());
    const v1::Band* band = result.fatal_items_failed().empty() || content_.bands().empty()
                               ? BandOf(content_, score)
                               : &content_.bands(content_.bands_size() - 1);
    if (band != nullptr) {
      result.set_band(band->code());
      result.set_passing(band->passing());
    }
    return absl::OkStatus();
  }

  const v1::ScorecardContent& content_;
  const Answers& answers_;
  // On the stack for forms of the usual size: a large block would make the allocator merge the many
  // small ones that messages come and go with.
  absl::InlinedVector<Answered, 64> entries_;  // in the order of the form
  absl::InlinedVector<int, 64> by_id_;         // the same, by item id
  FieldErrors errors_;
};

}  // namespace

Rational HighestAnchorValue(const v1::ScorecardItem& item) {
  if (item.anchors().empty()) return 0;
  return Decimal(item.anchors(item.anchors_size() - 1).value());
}

Rational PossiblePoints(const v1::ScorecardItem& item) {
  switch (item.kind()) {
    case v1::ITEM_KIND_SCALE:
    case v1::ITEM_KIND_LEVELS:
      return item.points().empty() ? HighestAnchorValue(item) : Decimal(item.points());
    case v1::ITEM_KIND_YES_NO:
      return item.points().empty() ? Rational(1) : Decimal(item.points());
    default:
      return Rational(0);
  }
}

const v1::Band* BandOf(const v1::ScorecardContent& content, const Rational& score) {
  const v1::Band* lowest = nullptr;
  for (const v1::Band& band : content.bands()) {
    if (score >= Decimal(band.lower_bound())) return &band;
    lowest = &band;
  }
  return lowest;
}

const v1::Band* FindBand(const v1::ScorecardContent& content, absl::string_view code) {
  for (const v1::Band& band : content.bands()) {
    if (code == band.code()) return &band;
  }
  return nullptr;
}

absl::StatusOr<v1::EvaluationResult> Score(const v1::ScorecardContent& content,
                                           const Answers& answers) {
  return Scorer(content, answers).Run();
}

}  // namespace sqm::monitoring
