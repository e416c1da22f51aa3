#include "cli/sample/cases.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>

#include "cli/sample/arrivals.h"
#include "cli/sample/random.h"

namespace sqm::cli {
namespace {

enum class Kind { kComplaint, kRequest, kPraise, kSuggestion };
constexpr const char* kKindNames[] = {"complaint", "request", "praise", "suggestion"};

struct Words {
  const char* en;
  const char* zh;
  const char* In(Language language) const { return language == Language::kChinese ? zh : en; }
};

struct Theme {
  Kind kind;
  const char* category;
  const char* team;
  double weight;
  double grave;         // share of high or critical severity
  double answer_hours;  // median from coming in to the answer
  double upheld;        // share in which the customer is right, or gets what he asked for
  const char* en;       // what the customer writes
  const char* zh;
};

constexpr Theme kThemes[] = {
    {Kind::kComplaint, "billing-error", "billing", 22, 0.15, 60, 0.7,
     "Charged twice for the same month", "同一个月重复扣费"},
    {Kind::kComplaint, "billing-refund", "billing", 12, 0.2, 190, 0.75,
     "Refund promised but not received", "承诺的退款未到账"},
    {Kind::kComplaint, "billing-unclear", "billing", 9, 0.05, 40, 0.35,
     "The bill cannot be understood", "账单看不明白"},
    {Kind::kComplaint, "waiting-queue", "contact-centre", 14, 0.05, 36, 0.6,
     "Forty minutes on hold", "热线等候四十分钟"},
    {Kind::kComplaint, "service-attitude", "contact-centre", 9, 0.25, 48, 0.5,
     "The agent was impatient", "客服态度不耐烦"},
    {Kind::kComplaint, "service-promise", "contact-centre", 8, 0.15, 72, 0.8,
     "Nobody called back as promised", "承诺回电却没有回电"},
    {Kind::kComplaint, "product-fault", "field", 11, 0.3, 110, 0.7, "Line dead since Monday",
     "线路周一起中断"},
    {Kind::kComplaint, "facility-clean", "facilities", 3, 0.02, 50, 0.6,
     "The waiting room is dirty", "等候区不整洁"},
    {Kind::kComplaint, "privacy-leak", "quality", 2, 0.8, 90, 0.4,
     "My data was told to somebody else", "个人信息被泄露"},
    {Kind::kRequest, "product-fault", "field", 9, 0.1, 30, 0.9, "Please replace the router",
     "请更换路由器"},
    {Kind::kRequest, "billing-unclear", "billing", 6, 0.0, 16, 0.95, "Please send the bill by post",
     "请邮寄账单"},
    {Kind::kPraise, "service-attitude", "contact-centre", 6, 0.0, 10, 1.0,
     "Patient and clear explanation", "讲解耐心清楚"},
    {Kind::kSuggestion, "waiting-hours", "quality", 4, 0.0, 150, 0.3,
     "Open an hour earlier on Saturdays", "建议周六提前一小时营业"},
};
constexpr Words kMadeUp = {"This case is made up.", "本个案为模拟数据。"};
constexpr Words kAnswered = {"We have looked into it and written to you about the result.",
                             "我们已核实，并将处理结果告知您。"};
constexpr const char* kSurnames[] = {"Li",     "Wang", "Zhang", "Smith", "Chen",
                                     "Garcia", "Liu",  "Okoye", "Kim",   "Novak"};

const std::vector<std::string>& Channels() {
  static const auto* const channels =
      new std::vector<std::string>{"phone", "web", "app", "counter", "mail", "social", "regulator"};
  return *channels;
}
const std::vector<double>& ChannelWeights() {
  static const auto* const weights = new std::vector<double>{38, 24, 16, 9, 7, 4, 2};
  return *weights;
}

constexpr double kAcknowledgeHours = 3;  // median; a day is the standard's limit
constexpr double kWithdrawn = 0.03;
constexpr double kRejected = 0.02;
constexpr double kWaits = 0.15;   // share of those in work in which the customer owes an answer
constexpr double kSaysHow = 0.5;  // share of customers who say how satisfied they are
constexpr int kEachOfTeam = 4;    // people who handle cases of a team

absl::CivilSecond After(absl::CivilSecond time, double hours) {
  return time + std::max<int64_t>(60, std::llround(hours * 3600));
}

std::string TimeText(absl::CivilSecond time) {
  return absl::StrFormat("%s %02d:%02d:%02d", absl::FormatCivilTime(absl::CivilDay(time)),
                         time.hour(), time.minute(), time.second());
}

const char* OutcomeOf(const Theme& theme, Draws& draws) {
  const bool right = draws.Chance(theme.upheld);
  switch (theme.kind) {
    case Kind::kComplaint:
      return right ? (draws.Chance(0.3) ? "partly upheld" : "upheld") : "not upheld";
    case Kind::kRequest:
      return right ? "fulfilled" : "not fulfilled";
    case Kind::kPraise:
    case Kind::kSuggestion:
      return "noted";
  }
  return "";
}

// Who handles cases of a team: the same few people.
std::string OwnerOf(const Theme& theme, Draws& draws) {
  size_t first = 0;
  for (const char c : absl::string_view(theme.team)) first += static_cast<unsigned char>(c);
  return absl::AsciiStrToLower(SampleName((first + draws.Below(kEachOfTeam)) % 26));
}

// One case as far as it had come by `until`.
std::vector<std::string> SampleCase(const CaseSampleSpec& spec, std::string id,
                                    absl::CivilSecond received, const Theme& theme, Draws& draws) {
  const bool grave = draws.Chance(theme.grave);
  const char* severity =
      grave ? (draws.Chance(0.15) ? "critical" : "high") : (draws.Chance(0.4) ? "low" : "medium");
  const std::string& channel = Channels()[draws.Weighted(ChannelWeights())];
  const double lot = draws.Uniform();
  const size_t customers = std::max<size_t>(1, static_cast<size_t>(spec.count) * 2 / 3);
  const auto customer = static_cast<size_t>(lot * lot * static_cast<double>(customers));

  const absl::CivilSecond acknowledged =
      After(received, draws.LogNormal(kAcknowledgeHours, 1.3) * (grave ? 0.4 : 1));
  const absl::CivilSecond assigned = After(acknowledged, draws.LogNormal(1.5, 1.0));
  const double answer = draws.LogNormal(theme.answer_hours, 0.8) * (grave ? 0.7 : 1);
  const absl::CivilSecond answered = std::max(After(received, answer), After(assigned, 0.5));
  absl::CivilSecond ended = After(answered, 2 + draws.Exponential(30));
  const double fate = draws.Uniform();
  const char* outcome = OutcomeOf(theme, draws);
  const std::string owner = OwnerOf(theme, draws);
  const bool waits = draws.Chance(kWaits);
  const double mood = (theme.kind == Kind::kPraise ? 4.8 : 4.0) - answer / 200 +
                      (absl::StartsWith(outcome, "not ") ? -1.1 : 0.5) + 0.9 * draws.Normal();
  const bool says = draws.Chance(kSaysHow);

  const char* end_state = "closed";
  if (theme.kind == Kind::kComplaint && fate < kWithdrawn + kRejected) {
    end_state = fate < kWithdrawn ? "withdrawn" : "rejected";
    ended = After(assigned, draws.LogNormal(20, 0.7));
  }
  const auto happened = [&spec](absl::CivilSecond time) { return time <= spec.until; };
  const bool over = happened(ended), is_closed = end_state == absl::string_view("closed");
  const bool was_answered = happened(answered) && (is_closed || answered <= ended);
  const char* state = over                     ? end_state
                      : was_answered           ? "replied"
                      : happened(assigned)     ? (waits ? "waiting for the customer" : "in work")
                      : happened(acknowledged) ? "acknowledged"
                                               : "received";
  const auto when = [](bool is, absl::CivilSecond time) { return is ? TimeText(time) : ""; };
  const int64_t number = static_cast<int64_t>(customer) + 1;
  return {std::move(id),
          kKindNames[static_cast<size_t>(theme.kind)],
          channel,
          TimeText(received),
          when(happened(acknowledged), acknowledged),
          when(happened(assigned), assigned),
          when(was_answered, answered),
          when(over, ended),
          state,
          over && is_closed ? outcome : "",
          theme.category,
          severity,
          grave ? "high" : "normal",
          Words{theme.en, theme.zh}.In(spec.language),
          kMadeUp.In(spec.language),
          absl::StrFormat("AC-%05d", number),
          absl::StrCat(SampleName(customer), " ", kSurnames[customer % std::size(kSurnames)]),
          customer % 20 == 0 ? "vip" : "",
          theme.team,
          happened(assigned) ? owner : "",
          was_answered ? kAnswered.In(spec.language) : "",
          over && is_closed && says && theme.kind != Kind::kSuggestion
              ? absl::StrCat(std::clamp(static_cast<int>(std::lround(mood)), 1, 5))
              : "",
          spec.language == Language::kChinese ? "zh" : "en"};
}

}  // namespace

const std::vector<std::string>& CaseSampleHeader() {
  static const auto* const header = new std::vector<std::string>{
      "Case Id",  "Kind",    "Channel", "Received",     "Acknowledged", "Assigned",
      "Answered", "Ended",   "State",   "Outcome",      "Category",     "Severity",
      "Priority", "Subject", "Text",    "Customer",     "Name",         "Class",
      "Team",     "Owner",   "Answer",  "Satisfaction", "Language"};
  return *header;
}

std::vector<std::vector<std::string>> SampleCases(const CaseSampleSpec& spec) {
  Draws draws(spec.seed);
  std::vector<double> themes;
  for (const Theme& theme : kThemes) themes.push_back(theme.weight);
  const absl::CivilDay last_day(spec.until);
  const std::vector<absl::CivilSecond> arrivals =
      DrawArrivals(spec.count, last_day, spec.days, draws);
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < arrivals.size() && arrivals[i] <= spec.until; ++i) {
    const Theme& theme = kThemes[draws.Weighted(themes)];
    rows.push_back(SampleCase(
        spec, absl::StrFormat("SC%s-%d-%06d", absl::FormatCivilTime(last_day), spec.seed, i + 1),
        arrivals[i], theme, draws));
  }
  return rows;
}

}  // namespace sqm::cli
