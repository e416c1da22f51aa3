// What a configuration says of itself: the help, and the values in effect.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>

#include "common/base/config.h"

namespace sqm {
namespace {

constexpr size_t kColumns = 100;

absl::string_view SectionOf(absl::string_view key) {
  const size_t dot = key.rfind('.');
  return dot == absl::string_view::npos ? "" : key.substr(0, dot);
}

// The sections in the order in which they first occur, the one without a name first: a TOML file
// cannot return to it.
template <typename Options>
std::vector<absl::string_view> Sections(const Options& keys) {
  std::vector<absl::string_view> sections = {""};
  for (const absl::string_view key : keys) {
    const absl::string_view section = SectionOf(key);
    if (std::find(sections.begin(), sections.end(), section) == sections.end()) {
      sections.push_back(section);
    }
  }
  return sections;
}

// `text` in lines of at most kColumns, each after `indent` blanks.
std::string Wrapped(absl::string_view text, size_t indent) {
  std::string out, line;
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > kColumns) {
      absl::StrAppend(&out, std::string(indent, ' '), line, "\n");
      line.clear();
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", word);
  }
  absl::StrAppend(&out, std::string(indent, ' '), line, "\n");
  return out;
}

}  // namespace

std::string ConfigSpec::Effective() const {
  std::vector<absl::string_view> keys;
  for (const Option& option : options_) keys.emplace_back(option.key);
  std::string out;
  for (const absl::string_view section : Sections(keys)) {
    std::string lines;
    for (const Option& option : options_) {
      if (SectionOf(option.key) != section) continue;
      const absl::string_view name =
          absl::string_view(option.key).substr(section.empty() ? 0 : section.size() + 1);
      absl::StrAppend(&lines, name, " = ", ToToml(option.value), "  # ", option.origin, "\n");
    }
    if (lines.empty()) continue;
    absl::StrAppend(&out, out.empty() ? "" : "\n");
    if (!section.empty()) absl::StrAppend(&out, "[", section, "]\n");
    out += lines;
  }
  return out;
}

std::string ConfigSpec::Help() const {
  std::string out = absl::StrCat(program_, " ", version_, ": ", purpose_, "\n\nUsage: ", program_,
                                 " [--config FILE] [--KEY=VALUE ...]\n       ", program_,
                                 " --check-config | --help | --version\n\n");
  out += Wrapped(
      "A value comes from its default, the TOML file (--config FILE, or SQM_CONFIG), the "
      "environment (SQM_ and the key in capitals, dots as underscores), a flag (--KEY=VALUE or "
      "--KEY VALUE; a bare --KEY means true); the later wins. Lists are separated by commas in the "
      "environment and in flags. --check-config prints the values in effect with their origin, or "
      "every error (exit code 2).",
      0);
  std::vector<absl::string_view> keys;
  for (const Option& option : options_) keys.emplace_back(option.key);
  for (const absl::string_view section : Sections(keys)) {
    std::string lines;
    for (const Option& option : options_) {
      if (SectionOf(option.key) != section) continue;
      absl::StrAppend(&lines, "  --", option.key, " ", KindWord(option.preset), "\n",
                      Wrapped(option.help, 6));
      std::string facts = absl::StrCat("Default ", ToToml(option.preset));
      if (option.range || !option.choices.empty() || option.file) {
        absl::StrAppend(&facts, "; ", option.Allowed());
      }
      if (option.required) absl::StrAppend(&facts, "; required");
      absl::StrAppend(&lines, Wrapped(absl::StrCat(facts, "; ", option.environment), 6));
    }
    if (lines.empty()) continue;
    absl::StrAppend(&out, "\n", section.empty() ? "General" : section, "\n", lines);
  }
  absl::StrAppend(&out, "\nExamples\n");
  for (const auto& [command, what] : examples_) {
    absl::StrAppend(&out, "  ", command, "\n", Wrapped(what, 6));
  }
  if (!options_.empty()) {
    const Option& first = options_.front();
    const std::string value = ToToml(first.preset);
    absl::StrAppend(&out, "  ", program_, " --", first.key, "=", value, "\n");
    absl::StrAppend(&out, "  ", first.environment, "=", value, " ", program_, "\n");
  }
  absl::StrAppend(&out, "  ", program_, " --config ", program_, ".toml --check-config\n");
  return out;
}

}  // namespace sqm
