// The language that the client speaks, and its catalogue of messages.
#pragma once

#include <absl/strings/str_join.h>
#include <absl/strings/string_view.h>
#include <absl/strings/substitute.h>
#include <absl/time/time.h>

#include <functional>
#include <optional>
#include <string>

namespace sqm::cli {

enum class Language { kEnglish, kChinese };

// `zh`, `zh-CN`, `zh_CN.UTF-8` … or `en…`; nothing for another language.
std::optional<Language> ParseLanguage(absl::string_view tag);

// `option` (may be empty), else the first of LC_ALL, LC_MESSAGES, LANG that is set, else English.
// `environment` answers empty for an unset variable.
Language ChooseLanguage(absl::string_view option,
                        const std::function<std::string(const char*)>& environment);

// `en` or `zh-CN`.
absl::string_view LanguageTag(Language language);

// Every sentence of the client; the texts stand in messages.def.
enum class Text {
#define SQM_TEXT(name, en, zh) name,
#include "cli/text/messages.def"
#undef SQM_TEXT
};

// Number of texts.
size_t TextCount();

// The text with its placeholders `$0` … as they are.
absl::string_view Raw(Language language, Text text);

// The text with its placeholders filled.
template <typename... Args>
std::string Say(Language language, Text text, const Args&... args) {
  return absl::Substitute(Raw(language, text), args...);
}

// The parts of a list, one behind the other.
template <typename Parts>
std::string Listed(Language language, const Parts& parts) {
  return absl::StrJoin(parts, Raw(language, Text::kAnd));
}

// `1h30m`, `2.5s`, `1小时30分2秒`: to the second from a minute on, else to the millisecond.
std::string DurationWords(Language language, absl::Duration duration);

}  // namespace sqm::cli
