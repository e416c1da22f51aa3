#include "cli/sample/answers.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "cli/sample/draw.h"

namespace sqm::cli {
namespace {

using monitoring::v1::Answer;
using monitoring::v1::ScorecardItem;

constexpr double kNotApplicable = 0.06;  // chance where the item allows it
constexpr double kFatalFails = 0.01;
constexpr double kPointsGiven = 0.15;  // chance of a bonus or a penalty

// Decimals of a contract in hundredths, exact.
int64_t Hundredths(const std::string& decimal) {
  double value = 0;
  return absl::SimpleAtod(decimal, &value) ? std::llround(value * 100) : 0;
}

std::string Decimal(int64_t hundredths) {
  const char* sign = hundredths < 0 ? "-" : "";
  const int64_t size = std::abs(hundredths);
  if (size % 100 == 0) return absl::StrFormat("%s%d", sign, size / 100);
  return absl::StrFormat("%s%d.%02d", sign, size / 100, size % 100);
}

// The value of a scale: the best with the chance `quality`, else one of the lower steps, the near
// ones rather than the far.
int64_t DrawStep(int64_t low, int64_t high, int64_t step, double quality, Draws& draws) {
  const int64_t steps = std::max<int64_t>(1, (high - low) / std::max<int64_t>(1, step));
  int64_t down = 0;
  while (down < steps && !draws.Chance(quality)) ++down;
  return low + (steps - down) * std::max<int64_t>(1, step);
}

// Fills the answer; its word is what conditions compare with. False: the item earns nothing.
bool Fill(const ScorecardItem& item, double quality, Language language, Draws& draws,
          Answer& answer, std::string& word) {
  switch (item.kind()) {
    case monitoring::v1::ITEM_KIND_SCALE: {
      if (item.anchors().empty()) return true;
      const int64_t low = Hundredths(item.anchors(0).value());
      const int64_t high = Hundredths(item.anchors(item.anchors_size() - 1).value());
      const int64_t step = item.step().empty() ? 100 : Hundredths(item.step());
      const int64_t value = DrawStep(low, high, step, quality, draws);
      word = Decimal(value);
      answer.set_number(word);
      return value > 0;
    }
    case monitoring::v1::ITEM_KIND_YES_NO: {
      const bool yes = draws.Chance(quality);
      answer.set_yes(yes);
      word = yes ? "yes" : "no";
      return yes;
    }
    case monitoring::v1::ITEM_KIND_LEVELS: {
      if (item.anchors().empty()) return true;
      const auto level = static_cast<int>(DrawStep(0, item.anchors_size() - 1, 1, quality, draws));
      word = item.anchors(level).id();
      answer.set_level(word);
      return Hundredths(item.anchors(level).value()) > 0;
    }
    case monitoring::v1::ITEM_KIND_POINTS: {
      const int64_t low = Hundredths(item.min_points());
      const int64_t high = Hundredths(item.max_points());
      int64_t value = std::clamp<int64_t>(0, low, std::max(low, high));
      if (draws.Chance(kPointsGiven)) value = draws.Chance(quality) ? high : low;
      word = Decimal(value);
      answer.set_number(word);
      return true;
    }
    case monitoring::v1::ITEM_KIND_FREE_TEXT:
      answer.set_text(Say(language, Text::kSimulatedComment));
      return true;
    default:
      return true;
  }
}

bool ConditionMet(const ScorecardItem& item, const std::map<std::string, std::string>& words) {
  if (!item.has_condition()) return true;
  const auto found = words.find(item.condition().item_id());
  if (found == words.end()) return false;
  const auto& answers = item.condition().answers();
  return std::any_of(answers.begin(), answers.end(), [&](const std::string& wanted) {
    if (wanted == found->second) return true;
    double a = 0;
    double b = 0;
    return absl::SimpleAtod(wanted, &a) && absl::SimpleAtod(found->second, &b) && a == b;
  });
}

}  // namespace

double SimulatedQuality(uint64_t seed, absl::string_view agent) {
  return 0.62 + 0.35 * Draws(HashOf(seed, agent)).Uniform();
}

std::vector<Answer> SimulateAnswers(const monitoring::v1::ScorecardContent& content, double quality,
                                    Language language, Draws& draws) {
  std::vector<Answer> answers;
  std::map<std::string, std::string> words;
  for (const auto& group : content.groups()) {
    for (const ScorecardItem& item : group.items()) {
      if (!ConditionMet(item, words)) continue;
      Answer answer;
      answer.set_item_id(item.id());
      if (item.na_allowed() && draws.Chance(kNotApplicable)) {
        answer.set_not_applicable(true);
      } else {
        std::string word;
        const double chance = item.fatal() ? (draws.Chance(kFatalFails) ? 0.0 : 1.0) : quality;
        const bool earned = Fill(item, chance, language, draws, answer, word);
        if (!earned || item.comment_required()) {
          answer.set_comment(Say(language, Text::kSimulatedComment));
        }
        words[item.id()] = word;
      }
      answers.push_back(std::move(answer));
    }
  }
  return answers;
}

monitoring::v1::EvaluationMethod SimulatedMethod(Draws& draws) {
  switch (draws.Weighted({2, 7, 1})) {
    case 0:
      return monitoring::v1::EVALUATION_METHOD_LIVE_SIDE_BY_SIDE;
    case 1:
      return monitoring::v1::EVALUATION_METHOD_REMOTE;
    default:
      return monitoring::v1::EVALUATION_METHOD_RECORDED;
  }
}

}  // namespace sqm::cli
