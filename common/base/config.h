// Configuration: one plain struct a binary, described field by field.
//
//   struct Config { std::string dir = "/var/lib/sqm"; int64_t port = 8443; };
//   Config config;
//   ConfigSpec spec("sqm-suite", kVersion, "All services in one process.");
//   spec.Add("data.dir", &config.dir, "Where the databases stand.").Required();
//   spec.Add("grpc.port", &config.port, "Port of the API.").Range(0, 65535);
//   if (std::optional<int> exit = spec.LoadMain(argc, argv)) return *exit;
//
// A value comes from, the later over the earlier:
//   default      what the member holds when it is added
//   file         TOML; --config FILE, or the environment's SQM_CONFIG
//   environment  SQM_ and the key in capitals, dots as underscores: SQM_DATA_DIR
//   flag         --data.dir=VALUE or --data.dir VALUE: the key as in the file. A bare --key sets a
//                true-or-false value to true (it never takes the next argument).
// Whatever is unknown or unfit is an error, also where a later source overrides it; all errors are
// told at once. Secrets are given as paths of files, never as values.
#pragma once

#include <absl/strings/string_view.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/config_value.h"

namespace sqm {

// What to do after loading: go on, or print and end.
struct ConfigResult {
  bool run = false;
  int exit_code = 0;   // when not: 0, or 2 for errors
  std::string output;  // for standard output
  std::string errors;  // for standard error, a line each
};

class ConfigSpec {
 public:
  using Member = std::variant<std::string*, int64_t*, bool*, double*, absl::Duration*, ByteSize*,
                              std::vector<std::string>*>;
  using Environment = std::vector<std::pair<std::string, std::string>>;

  // One key. Chain what bounds it; a bound of the wrong kind ends the process at start-up.
  class Option {
   public:
    // Both ends included. For integers, numbers, durations and sizes.
    Option& Range(ConfigValue low, ConfigValue high);
    // For strings, and for each element of lists.
    Option& Choices(std::vector<std::string> given);
    // Empty strings and lists are errors.
    Option& Required();
    // A string that is the path of a file, which must be readable when set.
    Option& File();
    // The same of a file with a secret in it: errors do not repeat what does not look like a path.
    Option& SecretFile();

   private:
    friend class ConfigSpec;
    std::string key, environment, help;
    Member member;
    ConfigValue preset, value;
    std::string origin = "default";
    std::optional<std::pair<ConfigValue, ConfigValue>> range;
    std::vector<std::string> choices;
    bool required = false, file = false, secret = false;

    // What a value may be, in words.
    std::string Allowed() const;
    // Whether a value of the right kind is within the bounds.
    bool Accepts(const ConfigValue& candidate) const;
    // `text` as an error may repeat it.
    std::string Shown(absl::string_view text) const;
  };

  ConfigSpec(absl::string_view program, absl::string_view version, absl::string_view purpose);

  // Describes a key: lower-case words joined by underscores, sections joined by dots. `member` must
  // outlive the spec; what it holds is the default.
  Option& Add(absl::string_view key, Member member, absl::string_view help);
  // An example for --help: a whole command line and what it does.
  void AddExample(absl::string_view command, absl::string_view what);
  // A check over several members, run when each by itself is right. Returns what is wrong, naming
  // the keys; empty when nothing is.
  void AddCheck(std::function<std::string()> check);
  // SQM_ variables of other programs of the suite, which this one passes over.
  void IgnoreEnvironment(std::vector<std::string> names);
  // Sections of other programs that share a file or an environment with this one: whatever stands
  // in them is theirs, and passed over. As flags they are unknown.
  void PassOver(std::vector<std::string> sections);

  // Reads every source into the members; they are of use only when the result says to run.
  // `args`: without the program's name.
  ConfigResult Load(const std::vector<std::string>& args, const Environment& environment);
  // The same from main: prints, and returns the code to exit with, or nothing to go on.
  std::optional<int> LoadMain(int argc, const char* const* argv);

  // The configuration in effect as TOML, each value with where it came from.
  std::string Effective() const;

 private:
  Option* Find(absl::string_view key);
  // Whether a key of a file, or a variable, is of a section that is passed over.
  bool IsOfOthers(absl::string_view name, bool environment) const;
  // "; did you mean X?", or nothing where no name is near.
  std::string Suggestion(absl::string_view name, bool environment) const;
  void ReadFile(const std::string& path, std::vector<std::string>& errors);
  void ReadEnvironment(const Environment& environment, std::vector<std::string>& errors);
  // `args` but --config and the words that ask for output.
  void ReadFlags(const std::vector<std::string>& args, std::vector<std::string>& errors);
  // Sets an option from text, or adds an error that begins with `where`.
  void SetFromText(Option& option, absl::string_view text, const std::string& origin,
                   const std::string& where, std::vector<std::string>& errors);
  void Apply();
  std::string Help() const;

  const std::string program_, version_, purpose_;
  std::deque<Option> options_;  // in the order added; addresses stay
  std::vector<std::pair<std::string, std::string>> examples_;
  std::vector<std::function<std::string()>> checks_;
  std::vector<std::string> ignored_, passed_over_;
};

}  // namespace sqm
