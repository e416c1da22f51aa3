#include "services/complaints/clocks/clock_policy.h"

#include "common/base/status.h"
#include "tests/unit/complaints/clocks/samples.h"

namespace sqm::complaints {
namespace {

using ::testing::HasSubstr;

// The message of the first violation.
std::string Problem(const ClockPolicy& policy) {
  return std::string(CheckPolicy(policy, "policy.").message());
}

TEST(CheckPolicy, AcceptsAFullPolicy) {
  ClockPolicy policy = Working(absl::Hours(16));
  policy.warnings = {50, 75, 90};
  policy.escalations = {{1, -absl::Hours(1), Measure::kWorking},
                        {2, absl::ZeroDuration(), Measure::kWorking, absl::Hours(4), 3},
                        {3, absl::Hours(24), Measure::kElapsed}};
  EXPECT_TRUE(CheckPolicy(policy).ok()) << CheckPolicy(policy);
}

TEST(CheckPolicy, SaysWhatIsWrong) {
  EXPECT_THAT(Problem(Elapsed(absl::ZeroDuration())), HasSubstr("policy.target: must be above 0"));
  EXPECT_THAT(Problem(Elapsed(-absl::Hours(1))), HasSubstr("policy.target"));
  EXPECT_THAT(Problem(Elapsed(absl::InfiniteDuration())), HasSubstr("policy.target"));
  ClockPolicy policy = Working(absl::Hours(1));
  policy.calendar = nullptr;
  EXPECT_THAT(Problem(policy), HasSubstr("policy.calendar: is needed"));
  policy = Elapsed(absl::Hours(1));
  policy.escalations = {{1, absl::Hours(1), Measure::kWorking}};
  EXPECT_THAT(Problem(policy), HasSubstr("policy.calendar: is needed"));
  policy = Elapsed(absl::Hours(1));
  policy.warnings = {90, 50};
  EXPECT_THAT(Problem(policy), HasSubstr("policy.warnings[1]: must be above"));
  policy.warnings = {100};
  EXPECT_THAT(Problem(policy), HasSubstr("policy.warnings[0]: must be 1 to 99"));
  policy.warnings = std::vector<int>(11, 1);
  EXPECT_THAT(Problem(policy), HasSubstr("policy.warnings: must be at most 10"));
}

TEST(CheckPolicy, LevelsFollowEachOther) {
  ClockPolicy policy = Elapsed(absl::Hours(1));
  policy.escalations = {{2, absl::Hours(1)}, {1, absl::Hours(2)}};
  EXPECT_THAT(Problem(policy), HasSubstr("policy.escalations[1].level: must be above"));
  policy.escalations = {{1, absl::Hours(1)}, {1, absl::Hours(2)}};
  EXPECT_THAT(Problem(policy), HasSubstr("policy.escalations[1].level: must be above"));
  policy.escalations = {{1, absl::Hours(2)}, {2, absl::Hours(2)}};
  EXPECT_THAT(Problem(policy), HasSubstr("policy.escalations[1].offset: must be later"));
  policy.escalations = {{1, absl::Hours(2), Measure::kElapsed, absl::Seconds(1), 3}};
  EXPECT_THAT(Problem(policy), HasSubstr("policy.escalations[0].repeat_every: must be at least"));
  policy.escalations = {{1, absl::Hours(2), Measure::kElapsed, absl::Hours(1), 31}};
  EXPECT_THAT(Problem(policy), HasSubstr("policy.escalations[0].repeats: must be 0 to 30"));
  policy.escalations = {{0, absl::Hours(2)}};
  EXPECT_THAT(Problem(policy), HasSubstr("policy.escalations[0].level: must be 1 to 100"));
  policy.escalations = {{1, absl::InfiniteDuration()}};
  EXPECT_THAT(Problem(policy), HasSubstr("policy.escalations[0].offset: must be within"));
}

// What is at a bound is accepted, and what is just beyond it is not.
TEST(CheckPolicy, Bounds) {
  const absl::Duration bit = absl::Nanoseconds(1);
  const auto target = [](absl::Duration is) { return Problem(Elapsed(is)); };
  EXPECT_EQ(target(bit), "");
  EXPECT_EQ(target(kMaxTarget), "");
  EXPECT_NE(target(kMaxTarget + bit), "");
  const auto level = [](EscalationLevel is) {
    ClockPolicy policy = Elapsed(absl::Hours(1));
    policy.escalations = {is};
    return Problem(policy);
  };
  constexpr auto kBy = Measure::kElapsed;
  EXPECT_EQ(level({1, -kMaxTarget}), "");
  EXPECT_NE(level({1, -kMaxTarget - bit}), "");
  EXPECT_EQ(level({100, kMaxTarget}), "");
  EXPECT_NE(level({101, kMaxTarget}), "");
  EXPECT_NE(level({1, kMaxTarget + bit}), "");
  EXPECT_EQ(level({1, bit, kBy, kLeastRepeat, kMaxRepeats}), "");
  EXPECT_NE(level({1, bit, kBy, kLeastRepeat - bit, 1}), "");
  EXPECT_EQ(level({1, bit, kBy, kMaxTarget, 1}), "");
  EXPECT_NE(level({1, bit, kBy, kMaxTarget + bit, 1}), "");
  EXPECT_NE(level({1, bit, kBy, kLeastRepeat, kMaxRepeats + 1}), "");
  EXPECT_NE(level({1, bit, kBy, kLeastRepeat, -1}), "");
  EXPECT_EQ(level({1, bit, kBy, absl::ZeroDuration(), 0}), "") << "it is told once";
  ClockPolicy many = Elapsed(absl::Hours(1));
  for (size_t i = 1; i <= kMaxLevels; ++i) {
    many.escalations.push_back({static_cast<int>(i), absl::Hours(static_cast<int64_t>(i))});
    many.warnings.push_back(static_cast<int>(i));
  }
  many.warnings.back() = 99;
  EXPECT_EQ(Problem(many), "");
  many.escalations.push_back({99, absl::Hours(99)});
  EXPECT_THAT(Problem(many), HasSubstr("policy.escalations: must be at most 10"));
  many.warnings = {1, 1};
  EXPECT_THAT(Problem(many), HasSubstr("policy.warnings[1]: must be above"));
  many.warnings = {0};
  EXPECT_THAT(Problem(many), HasSubstr("policy.warnings[0]: must be 1 to 99"));
  // Of two that are measured unlike, nobody knows which is later.
  ClockPolicy mixed = Working(absl::Hours(16));
  mixed.escalations = {{1, absl::Hours(24), Measure::kElapsed},
                       {2, absl::Hours(8), Measure::kWorking}};
  EXPECT_EQ(Problem(mixed), "");
}

}  // namespace
}  // namespace sqm::complaints
