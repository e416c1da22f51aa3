#include "cli/client/failure_text.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <map>

#include "cli/client/failure_advice.h"
#include "cli/text/faults.h"
#include "cli/text/width.h"
#include "sqm/options/v1/options.pb.h"
#include "sqm/type/v1/error_reason.pb.h"

namespace sqm::cli {
namespace {

// The catalogue's own label, where the server sent no localized message.
std::string ReasonLabel(const std::string& reason, Language language) {
  const auto* value = type::v1::ErrorReason_descriptor()->FindValueByName("ERROR_REASON_" + reason);
  if (value == nullptr) return "";
  const auto& label = value->options().GetExtension(options::v1::label);
  return language == Language::kChinese ? label.zh() : label.en();
}

std::string Headline(const Failure& failure, Language language) {
  if (!failure.localized.message().empty()) return Printable(failure.localized.message());
  std::string label = ReasonLabel(failure.info.reason(), language);
  if (!label.empty()) return label;
  if (failure.code == grpc::StatusCode::UNAVAILABLE) return Say(language, Text::kNoServer);
  if (failure.code == grpc::StatusCode::DEADLINE_EXCEEDED) return Say(language, Text::kTooSlow);
  return Say(language, Text::kCallFailed);
}

// `text` with `word` replaced where it stands by itself, not as a part of another path.
std::string ReplaceWord(absl::string_view text, absl::string_view word, absl::string_view by) {
  const auto part = [](char c) { return absl::ascii_isalnum(c) || c == '_' || c == '/'; };
  std::string out;
  size_t done = 0;
  for (size_t at = 0; (at = text.find(word, at)) != absl::string_view::npos; at += word.size()) {
    const absl::string_view after = text.substr(at + word.size());
    if (at > 0 && (part(text[at - 1]) || text[at - 1] == '.')) continue;
    if (!after.empty() && (part(after[0]) || after[0] == '[')) continue;
    if (after.size() > 1 && after[0] == '.' && part(after[1])) continue;
    absl::StrAppend(&out, text.substr(done, at - done), by);
    done = at + word.size();
  }
  return absl::StrCat(out, text.substr(done));
}

// With its faults in the reader's language.
Failure Told(Failure failure, Language language) {
  for (auto& violation : *failure.bad_request.mutable_field_violations()) {
    const std::string said = FaultText(violation.description(), language);
    absl::StrReplaceAll({{absl::StrCat(violation.field(), ": ", violation.description()),
                          absl::StrCat(violation.field(), Raw(language, Text::kColon), said)}},
                        &failure.message);
    violation.set_description(said);
  }
  failure.message = FaultText(failure.message, language);  // how many there are more
  return failure;
}

}  // namespace

void NameOptions(Failure& failure, absl::string_view command,
                 const std::function<std::string(absl::string_view)>& option_of) {
  const auto replace = [&](const std::string& path) {
    const std::string option = path.empty() ? "" : option_of(path);
    if (option.empty()) return option;
    // Only where it is what is wrong: the same word may stand in what is said of it.
    failure.message = ReplaceWord(failure.message, path + ":", option + ":");
    failure.localized.set_message(ReplaceWord(failure.localized.message(), path, option));
    failure.command = std::string(command);
    return option;
  };
  for (auto& violation : *failure.bad_request.mutable_field_violations()) {
    const std::string option = replace(violation.field());
    if (!option.empty()) violation.set_field(option);
  }
  const auto field = failure.info.metadata().find("field");
  if (field != failure.info.metadata().end() &&
      absl::StartsWith(failure.message, absl::StrCat(field->second, ":"))) {
    replace(field->second);
  }
}

std::string Brief(const Failure& given, Language language) {
  const Failure failure = Told(given, language);
  const absl::string_view colon = Raw(language, Text::kColon);
  std::string text = Headline(failure, language);
  for (const auto& violation : failure.bad_request.field_violations()) {
    absl::StrAppend(&text, " ", violation.field(), colon, violation.description());
  }
  const auto rule = failure.info.metadata().find("rule");
  if (rule != failure.info.metadata().end()) {
    absl::StrAppend(&text, " ", rule->second, colon, failure.message);
  }
  return Printable(text);
}

std::string Explain(const Failure& given, Language language) {
  const Failure failure = Told(given, language);
  std::string out = absl::StrCat(Say(language, Text::kError), Headline(failure, language), "\n");
  absl::StrAppend(&out, "  ", CodeName(failure.code), failure.info.reason().empty() ? "" : " / ",
                  failure.info.reason());
  if (!failure.message.empty()) absl::StrAppend(&out, ": ", Printable(failure.message));
  absl::StrAppend(&out, "\n");
  // Where there is but one, the message says it already.
  const bool single =
      failure.bad_request.field_violations_size() + failure.precondition.violations_size() == 1;
  const auto add = [&](absl::string_view of, absl::string_view description) {
    if (single && absl::StrContains(failure.message, description)) return;
    absl::StrAppend(&out, "  - ", Printable(of), Raw(language, Text::kColon),
                    Printable(description), "\n");
  };
  for (const auto& violation : failure.bad_request.field_violations()) {
    add(violation.field(), violation.description());
  }
  for (const auto& violation : failure.precondition.violations()) {
    add(violation.subject(), violation.description());
  }
  const std::string advice = Advice(failure, language);
  // What the message says already is not said again, unless the advice goes by it.
  const auto said = [&](absl::string_view value) {
    return std::any_of(value.begin(), value.end(), absl::ascii_isalpha) &&
           ReplaceWord(failure.message, value, "") != failure.message;
  };
  if (!failure.resource.resource_name().empty() && !said(failure.resource.resource_name())) {
    absl::StrAppend(&out, "  ", Say(language, Text::kResource), " ",
                    Printable(failure.resource.resource_name()), "\n");
  }
  const std::map<std::string, std::string> metadata(failure.info.metadata().begin(),
                                                    failure.info.metadata().end());
  for (const auto& [key, value] : metadata) {
    if (value.empty() || (said(value) && !absl::StrContains(advice, key))) continue;
    absl::StrAppend(&out, "  ", Printable(key), " = ", Printable(value), "\n");
  }
  if (failure.retry_seconds > 0) {
    absl::StrAppend(&out, "  ", Say(language, Text::kRetryAfter, failure.retry_seconds), "\n");
  }
  if (!advice.empty()) absl::StrAppend(&out, "→ ", advice, "\n");
  return out;
}

}  // namespace sqm::cli
