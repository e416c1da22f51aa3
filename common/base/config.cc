#include "common/base/config.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace sqm {
namespace {

constexpr absl::string_view kPrefix = "SQM_";
constexpr char kConfigVariable[] = "SQM_CONFIG";
constexpr size_t kShownBytes = 100;

// A mistake in the program's own description of its configuration.
[[noreturn]] void Die(absl::string_view key, absl::string_view what) {
  std::fprintf(stderr, "configuration key \"%s\": %s\n", std::string(key).c_str(),
               std::string(what).c_str());
  std::abort();
}

bool IsKey(absl::string_view key) {
  for (absl::string_view word : absl::StrSplit(key, '.')) {
    if (word.empty() || !absl::ascii_islower(static_cast<unsigned char>(word[0]))) return false;
    if (!std::all_of(word.begin(), word.end(), [](unsigned char c) {
          return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
        })) {
      return false;
    }
  }
  return true;
}

// Levenshtein's distance, giving up past `limit`.
size_t Distance(absl::string_view a, absl::string_view b, size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// Variables that Kubernetes sets in every container for each Service of the namespace: a Service
// "sqm-monitoring" gives SQM_MONITORING_SERVICE_HOST, SQM_MONITORING_PORT_8443_TCP_ADDR and others.
bool IsServiceLink(absl::string_view name, absl::string_view value) {
  if (absl::EndsWith(name, "_SERVICE_HOST") || absl::StrContains(name, "_SERVICE_PORT"))
    return true;
  const bool url = absl::StartsWith(value, "tcp://") || absl::StartsWith(value, "udp://") ||
                   absl::StartsWith(value, "sctp://");
  if (absl::EndsWith(name, "_PORT") && url) return true;
  const size_t port = name.rfind("_PORT_");
  if (port == absl::string_view::npos) return false;
  absl::string_view rest = name.substr(port + 6);  // 8443_TCP, 8443_TCP_ADDR
  for (absl::string_view suffix : {"_PROTO", "_PORT", "_ADDR"}) absl::ConsumeSuffix(&rest, suffix);
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  rest.remove_prefix(digits);
  return digits > 0 && (rest == "_TCP" || rest == "_UDP" || rest == "_SCTP");
}

}  // namespace

ConfigSpec::Option& ConfigSpec::Option::Range(ConfigValue low, ConfigValue high) {
  if (low.index() != preset.index() || high.index() != preset.index()) {
    Die(key, "its range is of another kind than its value");
  }
  range.emplace(std::move(low), std::move(high));
  if (!Accepts(preset)) Die(key, "its default is out of its range");
  return *this;
}

ConfigSpec::Option& ConfigSpec::Option::Choices(std::vector<std::string> given) {
  choices = std::move(given);
  if (!Accepts(preset)) Die(key, "its default is not one of its choices");
  return *this;
}

ConfigSpec::Option& ConfigSpec::Option::Required() {
  required = true;
  return *this;
}

ConfigSpec::Option& ConfigSpec::Option::File() {
  if (!std::holds_alternative<std::string>(preset)) Die(key, "a path is a string");
  file = true;
  return *this;
}

ConfigSpec::Option& ConfigSpec::Option::SecretFile() {
  secret = true;
  return File();
}

std::string ConfigSpec::Option::Allowed() const {
  if (!choices.empty()) {
    return absl::StrCat(std::holds_alternative<std::string>(preset) ? "one of " : "a list of ",
                        absl::StrJoin(choices, ", "));
  }
  std::string text = file ? "the path of a readable file" : std::string(KindPhrase(preset));
  if (range) absl::StrAppend(&text, " from ", ToToml(range->first), " to ", ToToml(range->second));
  return text;
}

bool ConfigSpec::Option::Accepts(const ConfigValue& candidate) const {
  if (range && (candidate < range->first || candidate > range->second)) return false;
  if (choices.empty()) return true;
  const auto is_choice = [this](const std::string& text) {
    return std::find(choices.begin(), choices.end(), text) != choices.end();
  };
  if (const auto* text = std::get_if<std::string>(&candidate)) return is_choice(*text);
  const auto* list = std::get_if<std::vector<std::string>>(&candidate);
  return list == nullptr || std::all_of(list->begin(), list->end(), is_choice);
}

std::string ConfigSpec::Option::Shown(absl::string_view text) const {
  // A secret pasted in place of its path must not end up in a log.
  if (secret && !absl::StartsWith(text, "/") && !absl::StartsWith(text, "./") &&
      !absl::StartsWith(text, "../")) {
    return "(hidden)";
  }
  if (text.size() <= kShownBytes) return TomlString(text);
  return absl::StrCat(TomlString(text.substr(0, kShownBytes)), "…");
}

ConfigSpec::ConfigSpec(absl::string_view program, absl::string_view version,
                       absl::string_view purpose)
    : program_(program), version_(version), purpose_(purpose) {}

ConfigSpec::Option& ConfigSpec::Add(absl::string_view key, Member member, absl::string_view help) {
  if (!IsKey(key)) Die(key, "a key is lower-case words with underscores, joined by dots");
  Option option;
  option.key = std::string(key);
  option.environment =
      absl::StrCat(kPrefix, absl::AsciiStrToUpper(absl::StrReplaceAll(key, {{".", "_"}})));
  option.help = std::string(help);
  option.member = member;
  option.preset = std::visit([](const auto* held) { return ConfigValue(*held); }, member);
  option.value = option.preset;
  if (option.environment == kConfigVariable || key == "help" || key == "version") {
    Die(key, "is a word of the command line itself");
  }
  for (const Option& other : options_) {
    if (other.environment == option.environment) Die(key, "has the environment name of another");
    if (absl::StartsWith(other.key, option.key + ".") ||
        absl::StartsWith(option.key, other.key + ".")) {
      Die(key, "cannot be both a value and a section");
    }
  }
  return options_.emplace_back(std::move(option));
}

void ConfigSpec::AddExample(absl::string_view command, absl::string_view what) {
  examples_.emplace_back(command, what);
}

void ConfigSpec::AddCheck(std::function<std::string()> check) {
  checks_.push_back(std::move(check));
}

void ConfigSpec::IgnoreEnvironment(std::vector<std::string> names) { ignored_ = std::move(names); }

void ConfigSpec::PassOver(std::vector<std::string> sections) { passed_over_ = std::move(sections); }

bool ConfigSpec::IsOfOthers(absl::string_view name, bool environment) const {
  return std::any_of(passed_over_.begin(), passed_over_.end(), [&](const std::string& section) {
    return absl::StartsWith(name, environment
                                      ? absl::StrCat(kPrefix, absl::AsciiStrToUpper(section), "_")
                                      : absl::StrCat(section, "."));
  });
}

ConfigSpec::Option* ConfigSpec::Find(absl::string_view key) {
  for (Option& option : options_) {
    if (option.key == key) return &option;
  }
  return nullptr;
}

std::string ConfigSpec::Suggestion(absl::string_view name, bool environment) const {
  const size_t limit = std::max<size_t>(2, name.size() / 3);
  size_t best = limit + 1;
  absl::string_view nearest;
  for (const Option& option : options_) {
    const std::string& known = environment ? option.environment : option.key;
    const size_t distance = Distance(name, known, limit);
    if (distance < best) best = distance, nearest = known;
  }
  // The right word in the wrong section, or in none.
  if (nearest.empty() && !environment) {
    const absl::string_view last = name.substr(name.rfind('.') + 1);
    for (const Option& option : options_) {
      if (absl::EndsWith(option.key, absl::StrCat(".", last))) nearest = option.key;
    }
  }
  return nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?");
}

void ConfigSpec::SetFromText(Option& option, absl::string_view text, const std::string& origin,
                             const std::string& where, std::vector<std::string>& errors) {
  std::optional<ConfigValue> value = ParseConfigValue(option.preset, text);
  if (!value || !option.Accepts(*value)) {
    errors.push_back(absl::StrCat(where, ": ", option.key, " = ", option.Shown(text),
                                  ": allowed is ", option.Allowed()));
    return;
  }
  option.value = *std::move(value);
  option.origin = origin;
}

void ConfigSpec::ReadEnvironment(const Environment& environment, std::vector<std::string>& errors) {
  for (const auto& [name, value] : environment) {
    if (!absl::StartsWith(name, kPrefix) || name == kConfigVariable) continue;
    const auto found =
        std::find_if(options_.begin(), options_.end(),
                     [&wanted = name](const Option& o) { return o.environment == wanted; });
    const std::string where = absl::StrCat("environment ", name);
    if (found != options_.end()) {
      SetFromText(*found, value, where, where, errors);
    } else if (std::find(ignored_.begin(), ignored_.end(), name) == ignored_.end() &&
               !IsOfOthers(name, true) && !IsServiceLink(name, value)) {
      errors.push_back(absl::StrCat(where, ": no such key", Suggestion(name, true)));
    }
  }
}

void ConfigSpec::ReadFlags(const std::vector<std::string>& args, std::vector<std::string>& errors) {
  std::vector<const Option*> given;
  for (size_t i = 0; i < args.size(); ++i) {
    absl::string_view arg = args[i];
    if (!absl::ConsumePrefix(&arg, "--")) {
      errors.push_back(absl::StrCat("argument ", TomlString(arg.substr(0, kShownBytes)),
                                    ": not a flag; allowed is --KEY=VALUE"));
      continue;
    }
    const size_t equals = arg.find('=');
    const absl::string_view key = arg.substr(0, equals);
    const std::string where = absl::StrCat("flag --", key.substr(0, kShownBytes));
    Option* option = Find(key);
    if (option == nullptr) {
      errors.push_back(absl::StrCat(where, ": no such key", Suggestion(key, false)));
      // Its value, if that stands apart, is no error of its own.
      if (equals == absl::string_view::npos && i + 1 < args.size() &&
          !absl::StartsWith(args[i + 1], "--")) {
        ++i;
      }
      continue;
    }
    if (std::find(given.begin(), given.end(), option) != given.end()) {
      errors.push_back(absl::StrCat(where, ": given twice"));
    }
    given.push_back(option);
    if (equals != absl::string_view::npos) {
      SetFromText(*option, arg.substr(equals + 1), where, where, errors);
    } else if (std::holds_alternative<bool>(option->preset)) {
      SetFromText(*option, "true", where, where, errors);
    } else if (i + 1 < args.size() && !absl::StartsWith(args[i + 1], "--")) {
      SetFromText(*option, args[++i], where, where, errors);
    } else {
      errors.push_back(absl::StrCat(where, ": has no value; allowed is ", option->Allowed()));
    }
  }
}

void ConfigSpec::Apply() {
  for (Option& option : options_) {
    std::visit(
        [&option](auto* member) {
          *member = std::get<std::remove_pointer_t<decltype(member)>>(option.value);
        },
        option.member);
  }
}

ConfigResult ConfigSpec::Load(const std::vector<std::string>& args,
                              const Environment& environment) {
  std::vector<std::string> errors, rest;
  std::string path;
  bool check_only = false, help = false, version = false;
  for (const auto& [name, value] : environment) {
    if (name == kConfigVariable) path = value;
  }
  for (size_t i = 0; i < args.size(); ++i) {
    absl::string_view arg = args[i];
    if (arg == "--check-config") {
      check_only = true;
    } else if (arg == "--help" || arg == "-h") {
      help = true;
    } else if (arg == "--version") {
      version = true;
    } else if (absl::ConsumePrefix(&arg, "--config=")) {
      path = std::string(arg);
    } else if (arg != "--config") {
      rest.push_back(args[i]);
    } else if (i + 1 < args.size()) {
      path = args[++i];
    } else {
      errors.emplace_back("flag --config: has no value; allowed is the path of a TOML file");
    }
  }
  if (help) return {false, 0, Help(), ""};
  if (version) return {false, 0, absl::StrCat(program_, " ", version_, "\n"), ""};

  for (Option& option : options_) option.value = option.preset, option.origin = "default";
  if (!path.empty()) ReadFile(path, errors);
  ReadEnvironment(environment, errors);
  ReadFlags(rest, errors);
  for (const Option& option : options_) {
    const auto* text = std::get_if<std::string>(&option.value);
    const auto* list = std::get_if<std::vector<std::string>>(&option.value);
    const bool empty = (text != nullptr && text->empty()) || (list != nullptr && list->empty());
    if (option.required && empty) {
      errors.push_back(absl::StrCat(option.origin, ": ", option.key, " is required; allowed is ",
                                    option.Allowed()));
    }
    if (!option.file || empty) continue;
    struct stat about {};
    const int failed = stat(text->c_str(), &about) != 0   ? errno
                       : S_ISDIR(about.st_mode)           ? EISDIR
                       : access(text->c_str(), R_OK) != 0 ? errno
                                                          : 0;
    if (failed != 0) {
      errors.push_back(absl::StrCat(option.origin, ": ", option.key, " = ", option.Shown(*text),
                                    ": ", std::strerror(failed), "; allowed is ",
                                    option.Allowed()));
    }
  }
  if (errors.empty()) {
    Apply();
    for (const auto& check : checks_) {
      if (std::string wrong = check(); !wrong.empty()) errors.push_back(std::move(wrong));
    }
  }
  if (!errors.empty()) return {false, 2, "", absl::StrCat(absl::StrJoin(errors, "\n"), "\n")};
  if (check_only) return {false, 0, Effective(), ""};
  return {true, 0, "", ""};
}

std::optional<int> ConfigSpec::LoadMain(int argc, const char* const* argv) {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    environment.emplace_back(std::string(parts.first), std::string(parts.second));
  }
  // The order of the environment is nobody's; errors should come in one that stays.
  std::sort(environment.begin(), environment.end());
  const std::vector<std::string> args(argv + std::min(argc, 1), argv + argc);
  const ConfigResult result = Load(args, environment);
  std::fwrite(result.output.data(), 1, result.output.size(), stdout);
  std::fwrite(result.errors.data(), 1, result.errors.size(), stderr);
  std::fflush(stdout);
  if (result.run) return std::nullopt;
  return result.exit_code;
}

}  // namespace sqm
