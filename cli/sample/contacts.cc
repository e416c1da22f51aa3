#include "cli/sample/contacts.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>

#include "cli/sample/arrivals.h"
#include "cli/sample/random.h"

namespace sqm::cli {
namespace {

struct Topic {
  const char* en;
  const char* zh;
  double weight;
  double talk_median;  // s
  double talk_sigma;
  double resolved;  // share settled in the call by an average agent
};

constexpr Topic kTopics[] = {
    {"Technical Support", "技术支持", 26, 290, 0.55, 0.78},
    {"Payment related", "缴费问题", 22, 175, 0.45, 0.91},
    {"Contract related", "合同业务", 19, 215, 0.50, 0.88},
    {"Streaming", "流媒体", 18, 240, 0.50, 0.84},
    {"Admin Support", "账户管理", 15, 150, 0.45, 0.93},
};

constexpr double kBusiestHour = 11;
constexpr double kTypicalPatience = 170;  // s, median
constexpr double kTypicalWait = 42;       // s, mean, at a quiet hour
constexpr double kUnrated = 0.12;         // share of answered calls without a rating
constexpr double kUnmeasured = 0.004;     // share of answered calls whose talk time is lost

struct Agent {
  std::string name;
  double skill;  // about -1 to 1
  double pace;   // factor of talk time
};

std::vector<Agent> MakeAgents(int count, Draws& draws) {
  std::vector<Agent> agents;
  for (int i = 0; i < count; ++i) {
    Agent agent;
    agent.name = SampleName(static_cast<size_t>(i));
    agent.skill = std::clamp(0.45 * draws.Normal(), -1.0, 1.0);
    agent.pace = std::exp(0.12 * draws.Normal());
    agents.push_back(std::move(agent));
  }
  return agents;
}

int Rating(const Agent& agent, double wait, bool resolved, Draws& draws) {
  const double mood =
      3.5 + 0.6 * agent.skill + (resolved ? 0.45 : -1.2) - wait / 150 + 0.95 * draws.Normal();
  return std::clamp(static_cast<int>(std::lround(mood)), 1, 5);
}

std::string TalkText(double seconds) {
  const int whole = std::clamp(static_cast<int>(std::lround(seconds)), 15, 3 * 3600);
  return absl::StrFormat("%02d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

const std::vector<std::string>& SampleHeader() {
  static const auto* const header = new std::vector<std::string>{"Call Id",
                                                                 "Agent",
                                                                 "DATE",
                                                                 "Time",
                                                                 "Topic",
                                                                 "Answered (Y/N)",
                                                                 "Resolved",
                                                                 "Speed of answer in seconds",
                                                                 "AvgTalkDuration",
                                                                 "Satisfaction rating"};
  return *header;
}

std::vector<std::vector<std::string>> SampleContacts(const SampleSpec& spec) {
  Draws draws(spec.seed);
  const std::vector<Agent> agents = MakeAgents(spec.agents, draws);
  std::vector<double> topics;
  for (const Topic& topic : kTopics) topics.push_back(topic.weight);

  const std::vector<absl::CivilSecond> arrivals =
      DrawArrivals(spec.count, spec.last_day, spec.days, draws);
  std::vector<std::vector<std::string>> rows;
  rows.reserve(arrivals.size());
  for (size_t i = 0; i < arrivals.size(); ++i) {
    const absl::CivilSecond at = arrivals[i];
    const Topic& topic = kTopics[draws.Weighted(topics)];
    const Agent& agent = agents[draws.Below(agents.size())];
    const double load = kHours[static_cast<size_t>(at.hour())] / kBusiestHour;
    const double wait = 3 + draws.Exponential(kTypicalWait * (0.5 + 1.3 * load * load));
    const bool answered = wait <= draws.LogNormal(kTypicalPatience, 0.6);
    const bool resolved =
        answered && draws.Chance(std::clamp(topic.resolved + 0.08 * agent.skill, 0.05, 0.99));
    const double talk = draws.LogNormal(topic.talk_median * agent.pace, topic.talk_sigma);
    const int rating = Rating(agent, wait, resolved, draws);
    const bool rated = answered && !draws.Chance(kUnrated);
    const bool measured = answered && !draws.Chance(kUnmeasured);
    rows.push_back(
        {absl::StrFormat("S%s-%d-%06d", absl::FormatCivilTime(spec.last_day), spec.seed, i + 1),
         agent.name, absl::FormatCivilTime(absl::CivilDay(at)),
         absl::StrFormat("%02d:%02d:%02d", at.hour(), at.minute(), at.second()),
         spec.language == Language::kChinese ? topic.zh : topic.en, answered ? "Y" : "N",
         resolved ? "Y" : "N", answered ? absl::StrCat(std::lround(wait)) : "",
         measured ? TalkText(talk) : "", rated ? absl::StrCat(rating) : ""});
  }
  return rows;
}

}  // namespace sqm::cli
