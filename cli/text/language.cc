#include "cli/text/language.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_replace.h>

#include <iterator>

namespace sqm::cli {
namespace {

struct Pair {
  absl::string_view en;
  absl::string_view zh;
};

constexpr Pair kTexts[] = {
#define SQM_TEXT(name, en, zh) {en, zh},
#include "cli/text/messages.def"
#undef SQM_TEXT
};

}  // namespace

std::optional<Language> ParseLanguage(absl::string_view tag) {
  const std::string lower = absl::AsciiStrToLower(tag);
  const std::string primary = lower.substr(0, lower.find_first_of("-_.@"));
  if (primary == "zh" || primary == "chinese") return Language::kChinese;
  if (primary == "en" || primary == "english") return Language::kEnglish;
  return std::nullopt;
}

Language ChooseLanguage(absl::string_view option,
                        const std::function<std::string(const char*)>& environment) {
  if (auto language = ParseLanguage(option)) return *language;
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const std::string value = environment(name);
    if (!value.empty()) return ParseLanguage(value).value_or(Language::kEnglish);
  }
  return Language::kEnglish;
}

absl::string_view LanguageTag(Language language) {
  return language == Language::kChinese ? "zh-CN" : "en";
}

size_t TextCount() { return std::size(kTexts); }

absl::string_view Raw(Language language, Text text) {
  const Pair& pair = kTexts[static_cast<size_t>(text)];
  return language == Language::kChinese ? pair.zh : pair.en;
}

std::string DurationWords(Language language, absl::Duration duration) {
  const bool fine = absl::AbsDuration(duration) < absl::Minutes(1);
  const std::string text =
      absl::FormatDuration(absl::Trunc(duration, fine ? absl::Milliseconds(1) : absl::Seconds(1)));
  if (language == Language::kEnglish) return text;
  return absl::StrReplaceAll(text, {{"h", "小时"}, {"ms", "毫秒"}, {"m", "分"}, {"s", "秒"}});
}

}  // namespace sqm::cli
