#include "common/observe/trouble.h"

#include <absl/strings/match.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/log_lines.h"

namespace sqm::observe {
namespace {

using ::testing::HasSubstr;

TEST(TroubleTest, IsToldWhenItBeginsEachMinuteAndWhenItIsOver) {
  const testing::LogLines log;
  Trouble trouble(Level::kWarning, "it fails", "it works again", "complaints");
  const absl::Time begun = absl::FromUnixSeconds(1767225600);
  trouble.Note(absl::OkStatus(), begun);
  EXPECT_EQ(log.text(), "");
  for (int second = 0; second < 90; ++second) {
    trouble.Note(absl::UnavailableError(second < 50 ? "gone" : "it starts"),
                 begun + absl::Seconds(second));
  }
  for (int second = 90; second < 100; ++second) {
    trouble.Note(absl::OkStatus(), begun + absl::Seconds(second));
  }
  trouble.Note(absl::UnavailableError("gone again"), begun + absl::Seconds(100));
  const std::vector<std::string> lines = absl::StrSplit(log.text(), '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 4u) << log.text();
  EXPECT_THAT(lines[0], HasSubstr(R"("level":"warning","message":"it fails")"));
  EXPECT_THAT(lines[0], HasSubstr(R"("service":"complaints","error":"gone","since_seconds":0)"));
  EXPECT_THAT(lines[1], HasSubstr(R"("error":"it starts","since_seconds":60)"));
  EXPECT_THAT(lines[2], HasSubstr(R"("level":"info","message":"it works again")"));
  EXPECT_THAT(lines[2], HasSubstr(R"("lasted_seconds":90)"));
  EXPECT_THAT(lines[3], HasSubstr(R"("error":"gone again","since_seconds":0)"));
}

}  // namespace
}  // namespace sqm::observe
