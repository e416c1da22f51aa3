#include "services/monitoring/content_rules.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "common/base/decimal.h"
#include "common/base/status.h"
#include "services/monitoring/scoring.h"

namespace sqm::monitoring {
namespace {

constexpr int kPlaces = 2;
constexpr int64_t kMaxNumber = 1000;

bool IsWellFormedId(absl::string_view id) {
  if (id.empty() || id.size() > 63 || id[0] == '-') return false;
  return std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
}

bool IsScored(v1::ItemKind kind) {
  return kind == v1::ITEM_KIND_SCALE || kind == v1::ITEM_KIND_LEVELS ||
         kind == v1::ITEM_KIND_YES_NO;
}

bool HasAnchors(v1::ItemKind kind) {
  return kind == v1::ITEM_KIND_SCALE || kind == v1::ITEM_KIND_LEVELS;
}

class Validator {
 public:
  Validator(const v1::ScorecardContent& content, absl::string_view within)
      : content_(content), errors_(within) {}

  absl::Status Run() {
    CheckGroups();
    CheckBands();
    if (errors_.empty() && !FitsExactArithmetic(content_)) {
      errors_.Add("content.groups",
                  "divide the score too finely to be computed exactly: use fewer decimals, fewer "
                  "groups or fewer points");
    }
    return errors_.ToStatus();
  }

 private:
  // The number at `path`, within the bounds; invalid after an error was noted.
  Rational Number(absl::string_view path, absl::string_view text, const Rational& least,
                  const Rational& most) {
    const absl::StatusOr<Rational> value = Rational::ParseDecimal(text, kPlaces);
    if (value.ok() && *value >= least && *value <= most) return *value;
    errors_.Add(path, absl::StrCat("must be a decimal from ", *least.ToFixed(kPlaces), " to ",
                                   *most.ToFixed(kPlaces), " with at most two decimals"));
    return Rational::Invalid();
  }

  Rational PositiveNumber(absl::string_view path, absl::string_view text) {
    return Number(path, text, Rational::Of(1, 100), kMaxNumber);
  }

  void CheckId(absl::string_view path, absl::string_view id,
               absl::flat_hash_set<absl::string_view>& seen) {
    if (!IsWellFormedId(id)) {
      errors_.Add(absl::StrCat(path),
                  "must be 1 to 63 of a-z, 0-9 and `-`, not beginning with `-`");
    } else if (!seen.insert(id).second) {
      errors_.Add(absl::StrCat(path), absl::StrCat("`", id, "` is used twice"));
    }
  }

  void CheckText(absl::string_view path, const type::v1::Text& text) {
    if (text.en().empty() && text.zh().empty()) {
      errors_.Add(path, "must be given in English or Chinese");
    }
  }

  void Forbid(bool present, absl::string_view path, absl::string_view field) {
    if (present) errors_.Add(absl::StrCat(path, ".", field), "is not used by this kind of item");
  }

  void CheckGroups() {
    if (content_.groups().empty() || content_.groups_size() > kMaxGroups) {
      errors_.Add("content.groups", absl::StrCat("must be 1 to ", kMaxGroups));
      return;
    }
    int items = 0;
    for (const v1::ScorecardGroup& group : content_.groups()) items += group.items_size();
    if (items > kMaxItems) {
      errors_.Add("content.groups", absl::StrCat("must hold at most ", kMaxItems, " items in all"));
      return;
    }
    absl::flat_hash_set<absl::string_view> group_ids;
    bool any_scored = false;
    for (int g = 0; g < content_.groups_size(); ++g) {
      const v1::ScorecardGroup& group = content_.groups(g);
      const std::string path = absl::StrCat("content.groups[", g, "]");
      CheckId(absl::StrCat(path, ".id"), group.id(), group_ids);
      CheckText(absl::StrCat(path, ".title"), group.title());
      PositiveNumber(absl::StrCat(path, ".weight"), group.weight());
      if (group.items().empty()) errors_.Add(absl::StrCat(path, ".items"), "must not be empty");
      bool scored = false;
      bool bonus = false;
      for (int i = 0; i < group.items_size(); ++i) {
        const v1::ScorecardItem& item = group.items(i);
        CheckItem(absl::StrCat(path, ".items[", i, "]"), item);
        scored |= IsScored(item.kind());
        bonus |= item.kind() == v1::ITEM_KIND_POINTS;
      }
      if (bonus && !scored) {
        errors_.Add(absl::StrCat(path, ".items"),
                    "hold a bonus or penalty but nothing that it could be added to");
      }
      any_scored |= scored;
    }
    if (!any_scored) errors_.Add("content.groups", "must hold at least one item that earns points");
  }

  void CheckItem(const std::string& path, const v1::ScorecardItem& item) {
    CheckId(absl::StrCat(path, ".id"), item.id(), item_ids_);
    CheckText(absl::StrCat(path, ".title"), item.title());
    if (item.kind() == v1::ITEM_KIND_UNSPECIFIED || !v1::ItemKind_IsValid(item.kind())) {
      errors_.Add(absl::StrCat(path, ".kind"), "must be set");
      return;
    }
    if (HasAnchors(item.kind())) {
      CheckAnchors(path, item);
    } else {
      Forbid(!item.anchors().empty(), path, "anchors");
    }
    if (item.kind() != v1::ITEM_KIND_SCALE) Forbid(!item.step().empty(), path, "step");
    if (IsScored(item.kind())) {
      if (!item.points().empty()) PositiveNumber(absl::StrCat(path, ".points"), item.points());
    } else {
      Forbid(!item.points().empty(), path, "points");
      Forbid(item.critical(), path, "critical");
      Forbid(item.fatal(), path, "fatal");
      Forbid(item.comment_required(), path, "comment_required");
    }
    if (item.kind() == v1::ITEM_KIND_POINTS) {
      const Rational least =
          Number(absl::StrCat(path, ".min_points"), item.min_points(), -kMaxNumber, kMaxNumber);
      const Rational most =
          Number(absl::StrCat(path, ".max_points"), item.max_points(), -kMaxNumber, kMaxNumber);
      if (least >= most) {
        errors_.Add(absl::StrCat(path, ".max_points"), "must be more than min_points");
      }
    } else {
      Forbid(!item.min_points().empty(), path, "min_points");
      Forbid(!item.max_points().empty(), path, "max_points");
    }
    if (item.has_condition()) CheckCondition(absl::StrCat(path, ".condition"), item.condition());
    earlier_.emplace(item.id(), &item);
    any_fatal_ |= item.fatal();
  }

  void CheckAnchors(const std::string& path, const v1::ScorecardItem& item) {
    if (item.anchors_size() < 2 || item.anchors_size() > kMaxAnchors) {
      errors_.Add(absl::StrCat(path, ".anchors"), absl::StrCat("must be 2 to ", kMaxAnchors));
      return;
    }
    const bool is_scale = item.kind() == v1::ITEM_KIND_SCALE;
    Rational step(1);
    if (!item.step().empty()) step = PositiveNumber(absl::StrCat(path, ".step"), item.step());
    absl::flat_hash_set<absl::string_view> ids;
    Rational lowest;
    Rational previous(-1);
    for (int a = 0; a < item.anchors_size(); ++a) {
      const v1::Anchor& anchor = item.anchors(a);
      const std::string anchor_path = absl::StrCat(path, ".anchors[", a, "]");
      const Rational value =
          Number(absl::StrCat(anchor_path, ".value"), anchor.value(), 0, kMaxNumber);
      if (value <= previous) {
        errors_.Add(absl::StrCat(anchor_path, ".value"), "must be more than the one before");
      }
      previous = value;
      if (a == 0) lowest = value;
      if (!is_scale || !anchor.id().empty()) {
        CheckId(absl::StrCat(anchor_path, ".id"), anchor.id(), ids);
      }
      if (is_scale && value.valid() && lowest.valid() && step.valid() &&
          ((value - lowest) / step).denominator() != 1) {
        errors_.Add(absl::StrCat(anchor_path, ".value"),
                    "must be a whole number of steps above the first");
      }
      CheckText(absl::StrCat(anchor_path, ".text"), anchor.text());
    }
    if (item.fatal() && !lowest.IsZero()) {
      errors_.Add(absl::StrCat(path, ".fatal"),
                  "needs a lowest anchor of 0: else nothing fails it");
    }
  }

  void CheckCondition(const std::string& path, const v1::ItemCondition& condition) {
    const auto found = earlier_.find(condition.item_id());
    if (found == earlier_.end()) {
      errors_.Add(absl::StrCat(path, ".item_id"), "must be an item that stands earlier");
      return;
    }
    const v1::ScorecardItem& asked = *found->second;
    if (!IsScored(asked.kind())) {
      errors_.Add(absl::StrCat(path, ".item_id"), "must be a scale, levels or a yes/no item");
      return;
    }
    if (condition.answers().empty()) {
      errors_.Add(absl::StrCat(path, ".answers"), "must not be empty");
    }
    for (int i = 0; i < condition.answers_size(); ++i) {
      if (!CanBeAnswered(asked, condition.answers(i))) {
        errors_.Add(absl::StrCat(path, ".answers[", i, "]"),
                    absl::StrCat("is not an answer of item `", asked.id(), "`"));
      }
    }
  }

  static bool CanBeAnswered(const v1::ScorecardItem& item, absl::string_view answer) {
    if (item.kind() == v1::ITEM_KIND_YES_NO) return answer == "yes" || answer == "no";
    if (item.kind() == v1::ITEM_KIND_LEVELS) {
      return std::any_of(item.anchors().begin(), item.anchors().end(),
                         [&](const v1::Anchor& anchor) { return answer == anchor.id(); });
    }
    const absl::StatusOr<Rational> value = Rational::ParseDecimal(answer, kPlaces);
    const absl::StatusOr<Rational> lowest =
        Rational::ParseDecimal(item.anchors().empty() ? "" : item.anchors(0).value(), kPlaces);
    const absl::StatusOr<Rational> step =
        Rational::ParseDecimal(item.step().empty() ? "1" : item.step(), kPlaces);
    if (!value.ok() || !lowest.ok() || !step.ok()) return false;
    return *value >= *lowest && *value <= HighestAnchorValue(item) &&
           ((*value - *lowest) / *step).denominator() == 1;
  }

  void CheckBands() {
    if (content_.bands().empty() || content_.bands_size() > kMaxBands) {
      errors_.Add("content.bands", absl::StrCat("must be 1 to ", kMaxBands));
      return;
    }
    absl::flat_hash_set<absl::string_view> codes;
    Rational previous(101);
    for (int b = 0; b < content_.bands_size(); ++b) {
      const v1::Band& band = content_.bands(b);
      const std::string path = absl::StrCat("content.bands[", b, "]");
      CheckId(absl::StrCat(path, ".code"), band.code(), codes);
      CheckText(absl::StrCat(path, ".label"), band.label());
      const Rational bound = Number(absl::StrCat(path, ".lower_bound"), band.lower_bound(), 0, 100);
      if (bound >= previous) {
        errors_.Add(absl::StrCat(path, ".lower_bound"), "must be less than the one before");
      }
      previous = bound;
      if (b > 0 && band.passing() && !content_.bands(b - 1).passing()) {
        errors_.Add(absl::StrCat(path, ".passing"), "must not pass below a band that fails");
      }
      if (band.note_due_days() < 0 || band.note_due_days() > 365) {
        errors_.Add(absl::StrCat(path, ".note_due_days"), "must be 0 to 365");
      }
    }
    const v1::Band& last = content_.bands(content_.bands_size() - 1);
    const std::string path = absl::StrCat("content.bands[", content_.bands_size() - 1, "]");
    if (previous.valid() && !previous.IsZero()) {
      errors_.Add(absl::StrCat(path, ".lower_bound"), "must be 0: every score needs a band");
    }
    if (any_fatal_ && last.passing()) {
      errors_.Add(absl::StrCat(path, ".passing"), "must be false: a failed fatal item leads here");
    }
  }

  const v1::ScorecardContent& content_;
  FieldErrors errors_;
  absl::flat_hash_set<absl::string_view> item_ids_;
  absl::flat_hash_map<absl::string_view, const v1::ScorecardItem*> earlier_;
  bool any_fatal_ = false;
};

// The least common multiple, as a fraction that is invalid once it leaves the arithmetic.
Rational CommonMultiple(const Rational& a, const Rational& b) {
  if (!a.valid() || !b.valid()) return Rational::Invalid();
  return a * (b / Rational::Of(Gcd(a.numerator(), b.numerator()), 1));
}

Rational DenominatorOf(const Rational& value) {
  return value.valid() ? Rational::Of(value.denominator(), 1) : Rational::Invalid();
}

double Log2(const Rational& whole) {
  return std::log2(static_cast<double>(whole.numerator())) -
         std::log2(static_cast<double>(whole.denominator()));
}

// The smallest whole number of which every part of the item's points is a fraction.
Rational DivisionOf(const v1::ScorecardItem& item) {
  const auto parse = [](absl::string_view text) {
    const absl::StatusOr<Rational> value = Rational::ParseDecimal(text, kPlaces);
    return value.ok() ? *value : Rational::Invalid();
  };
  if (item.kind() == v1::ITEM_KIND_POINTS) return 100;
  const Rational possible = PossiblePoints(item);
  Rational division = DenominatorOf(possible);
  if (!HasAnchors(item.kind())) return division;
  const Rational unit = possible / HighestAnchorValue(item);
  for (const v1::Anchor& anchor : item.anchors()) {
    division = CommonMultiple(division, DenominatorOf(unit * parse(anchor.value())));
  }
  if (item.kind() == v1::ITEM_KIND_SCALE) {
    const Rational step = item.step().empty() ? Rational(1) : parse(item.step());
    division = CommonMultiple(division, DenominatorOf(unit * step));
  }
  return division;
}

// Most that the item can add to or take from what its group earned.
Rational LargestEffect(const v1::ScorecardItem& item) {
  if (item.kind() == v1::ITEM_KIND_POINTS) return kMaxNumber;
  return PossiblePoints(item);
}

}  // namespace

absl::Status ValidateContent(const v1::ScorecardContent& content, absl::string_view within) {
  return Validator(content, within).Run();
}

bool FitsExactArithmetic(const v1::ScorecardContent& content) {
  // The arithmetic holds 126 bits; two are kept for the bounds' own rounding.
  constexpr double kBits = 124;
  constexpr double kWeightBits = 7;   // denominators of weights: hundredths
  constexpr double kHundredBits = 7;  // the factor 100
  constexpr double kChebyshev = 1.03883 * 1.4426950408889634;  // of ψ(x)/x, in bits
  double product_bits = 0;
  double largest = 1;
  double sum_bits = 0;
  Rational all_divisions(1);
  Rational total(0);
  for (const v1::ScorecardGroup& group : content.groups()) {
    Rational division(1);
    Rational possible(0);
    Rational effect(0);
    for (const v1::ScorecardItem& item : group.items()) {
      division = CommonMultiple(division, DivisionOf(item));
      possible += PossiblePoints(item);
      effect += LargestEffect(item);
    }
    const absl::StatusOr<Rational> weight = Rational::ParseDecimal(group.weight(), kPlaces);
    const Rational parts = possible * division;
    all_divisions = CommonMultiple(all_divisions, division);
    if (!weight.ok()) return false;
    total += *weight * effect * division;
    if (!parts.valid() || !total.valid() || !all_divisions.valid()) return false;
    if (possible.IsZero()) continue;
    product_bits += Log2(parts);
    largest = std::max(largest, std::exp2(Log2(parts)));
  }
  if (total.IsZero()) return true;
  sum_bits = std::max(0.0, Log2(total)) + kHundredBits;
  if (content.formula() == v1::SCORE_FORMULA_POINTS) {
    return 2 * (Log2(all_divisions) + kWeightBits) + sum_bits <= kBits;
  }
  return std::min(product_bits, kChebyshev * largest) + 2 * kWeightBits + sum_bits + kHundredBits <=
         kBits;
}

}  // namespace sqm::monitoring
