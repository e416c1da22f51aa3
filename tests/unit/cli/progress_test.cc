#include "cli/text/progress.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "cli/text/width.h"

namespace sqm::cli {
namespace {

TEST(ProgressTest, ShowsShareRateAndTimeLeft) {
  const ProgressState state{"Importing", 5000, 0.25, absl::Seconds(10)};
  const std::string line = FormatProgress(state, 79, Language::kEnglish);
  EXPECT_TRUE(absl::StrContains(line, " 25%")) << line;
  EXPECT_TRUE(absl::StrContains(line, "500/s")) << line;
  EXPECT_TRUE(absl::StrContains(line, "0:30 left")) << line;
  EXPECT_TRUE(absl::StrContains(line, "█")) << line;
  EXPECT_LE(DisplayWidth(line), 79u);
  EXPECT_LE(DisplayWidth(FormatProgress(state, 20, Language::kChinese)), 20u);
}

TEST(ProgressTest, WithoutATotalShowsCountAndRate) {
  const std::string line =
      FormatProgress({"Importing", 90, -1, absl::Seconds(3)}, 79, Language::kEnglish);
  EXPECT_EQ(line, "Importing  90  30/s");
}

TEST(ProgressTest, DrawsABarOnlyOnATerminal) {
  FakeClock clock(absl::UnixEpoch());
  std::ostringstream out;
  Progress progress(out, {.interactive = true, .width = 80}, clock, Language::kEnglish, "Work");
  progress.Update(1, 0.1);
  EXPECT_EQ(out.str(), "");
  clock.Advance(absl::Milliseconds(150));
  progress.Update(2, 0.2);
  EXPECT_TRUE(absl::StartsWith(out.str(), "\r"));
  progress.Finish();
  EXPECT_TRUE(absl::EndsWith(out.str(), "\r\x1b[K"));
}

TEST(ProgressTest, ElsewhereAFewPlainLines) {
  FakeClock clock(absl::UnixEpoch());
  std::ostringstream out;
  Progress progress(out, Terminal(), clock, Language::kEnglish, "Work");
  for (int second = 0; second < 3600; ++second) {
    progress.Update(second, second / 3600.0);
    clock.Advance(absl::Seconds(1));
  }
  progress.Finish();
  progress.Update(3600, 1);
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 9) << text;
  EXPECT_TRUE(absl::StartsWith(text, "Work    0%  5  1/s  59:55 left\n")) << text;
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\n' || absl::ascii_isprint(static_cast<unsigned char>(c));
  })) << text;
}

}  // namespace
}  // namespace sqm::cli
