#include "cli/text/language.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace sqm::cli {
namespace {

Language Choose(const std::string& option, std::map<std::string, std::string> environment) {
  return ChooseLanguage(option, [&](const char* name) { return environment[name]; });
}

TEST(LanguageTest, OptionThenEnvironmentThenEnglish) {
  EXPECT_EQ(Choose("", {}), Language::kEnglish);
  EXPECT_EQ(Choose("", {{"LANG", "zh_CN.UTF-8"}}), Language::kChinese);
  EXPECT_EQ(Choose("", {{"LC_ALL", "C"}, {"LANG", "zh_CN.UTF-8"}}), Language::kEnglish);
  EXPECT_EQ(Choose("", {{"LC_ALL", "zh_CN"}, {"LANG", "en_US"}}), Language::kChinese);
  EXPECT_EQ(Choose("en", {{"LC_ALL", "zh_CN"}}), Language::kEnglish);
  EXPECT_EQ(Choose("zh-CN", {}), Language::kChinese);
  EXPECT_EQ(Choose("", {{"LANG", "de_DE.UTF-8"}}), Language::kEnglish);
}

std::set<char> Placeholders(absl::string_view text) {
  std::set<char> found;
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '$') found.insert(text[i + 1]);
  }
  return found;
}

TEST(LanguageTest, EveryTextExistsTwiceWithTheSamePlaceholders) {
  for (size_t i = 0; i < TextCount(); ++i) {
    const Text text = static_cast<Text>(i);
    const absl::string_view en = Raw(Language::kEnglish, text);
    const absl::string_view zh = Raw(Language::kChinese, text);
    EXPECT_FALSE(en.empty());
    EXPECT_FALSE(zh.empty()) << en;
    EXPECT_EQ(Placeholders(en), Placeholders(zh)) << en;
  }
}

TEST(LanguageTest, FillsPlaceholders) {
  EXPECT_EQ(Say(Language::kEnglish, Text::kNotBetween, 1, 5), "must be between 1 and 5");
  EXPECT_EQ(Say(Language::kChinese, Text::kNotBetween, 1, 5), "必须在 1 到 5 之间");
}

TEST(LanguageTest, DurationsAreSaidInWords) {
  const absl::Duration shift = absl::Hours(7) + absl::Minutes(30) + absl::Milliseconds(2400);
  EXPECT_EQ(DurationWords(Language::kEnglish, shift), "7h30m2s");
  EXPECT_EQ(DurationWords(Language::kChinese, shift), "7小时30分2秒");
  EXPECT_EQ(DurationWords(Language::kChinese, absl::Milliseconds(84)), "84毫秒");
  EXPECT_EQ(DurationWords(Language::kChinese, -absl::Minutes(90)), "-1小时30分");
}

}  // namespace
}  // namespace sqm::cli
