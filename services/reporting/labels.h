// The words of reports in the two languages.
#pragma once

#include <absl/strings/string_view.h>
#include <google/protobuf/descriptor.h>

#include <optional>
#include <string>

#include "sqm/type/v1/text.pb.h"

namespace sqm::reporting {

enum class Language { kEnglish, kChinese };

// From a tag such as `en`, `en-GB`, `zh`, `zh-CN`, or an accept-language list; nothing when neither
// language is in it.
std::optional<Language> LanguageOf(absl::string_view tag);
// `en` or `zh-CN`.
absl::string_view TagOf(Language language);

// The text that the report uses under a key of the catalogue; the key itself where there is none.
// `$0`, `$1` … stand for values.
absl::string_view Say(Language language, absl::string_view key);
// What a source is called, by the name of its service; that itself where it has no other.
absl::string_view SourceText(Language language, absl::string_view source);
// One of two; the other where it is empty.
const std::string& Pick(Language language, const type::v1::Text& text);
// The label of an enum value by its key (`answered`), as the contract gives it; an empty key is
// "not set", an unknown one stays as it is.
std::string EnumLabel(Language language, const google::protobuf::EnumDescriptor* type,
                      absl::string_view key);

}  // namespace sqm::reporting
