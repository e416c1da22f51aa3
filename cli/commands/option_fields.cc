#include "cli/commands/option_fields.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

namespace sqm::cli {
namespace {

struct OptionFields {
  absl::string_view option;
  std::vector<absl::string_view> fields;
};

// Options that do not have the name of their field; what stands for a whole request's field is in
// capitals. All others are called as their field is.
const std::vector<OptionFields>& Renamed() {
  static const auto* const renamed = new std::vector<OptionFields>{
      {"--asset", {"named_assets", "assets"}},
      {"--at", {"start_time"}},
      {"--attach", {"uri"}},
      {"--benefit", {"expected_benefit"}},
      {"--body", {"external_body"}},
      {"--cause", {"cause", "root_cause"}},
      {"--class", {"customer_class"}},
      {"--contact", {"related_contact"}},
      {"--customer", {"reference"}},
      {"--customer-name", {"display_name"}},
      {"--deadline", {"kind"}},
      {"--due", {"due_time"}},
      {"--grant", {"reader"}},
      {"--prepare", {"preparation"}},
      {"--reason", {"reason", "comment"}},
      {"--received", {"received_time"}},
      {"--remedy", {"remedy_sought"}},
      {"--revoke", {"reader"}},
      {"--score", {"satisfaction"}},
      {"--staff", {"named_staff", "staff"}},
      {"--text", {"text", "comment", "description", "question", "result"}},
      {"--to", {"owner"}},
      {"--why", {"whys"}},
      {"ACTION", {"name"}},
      {"CASE", {"name", "number", "parent"}},
  };
  return *renamed;
}

bool Sets(const std::string& option, absl::string_view field) {
  for (const OptionFields& known : Renamed()) {
    if (known.option != option) continue;
    return std::find(known.fields.begin(), known.fields.end(), field) != known.fields.end();
  }
  return absl::StrReplaceAll(absl::AsciiStrToLower(absl::StripPrefix(option, "--")),
                             {{"-", "_"}}) == field;
}

// The first number in brackets: of `entry.attachments[1].sha256` 1; 0 where there is none.
int IndexIn(const std::vector<absl::string_view>& parts) {
  for (const absl::string_view part : parts) {
    const size_t open = part.find('[');
    int index = 0;
    if (open != absl::string_view::npos &&
        absl::SimpleAtoi(absl::StripSuffix(part.substr(open + 1), "]"), &index)) {
      return index;
    }
  }
  return 0;
}

}  // namespace

std::string OptionOf(const CLI::App& command, absl::string_view path) {
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '.');
  // What lies within a file is not what an option of that name sets.
  if (parts.size() > 1 && command.get_option_no_throw("--file") != nullptr) return "";
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    const absl::string_view field = part->substr(0, part->find('['));
    const CLI::Option* found = nullptr;
    for (const CLI::Option* option : command.get_options()) {
      // A part of a field is not what stands for the whole.
      if (option->get_positional() && parts.size() > 1) continue;
      if (!Sets(option->get_name(), field)) continue;
      if (found == nullptr || option->count() > found->count()) found = option;
    }
    if (found == nullptr) continue;
    const int index = IndexIn(parts);
    return absl::StrCat(found->get_name(), index > 0 ? absl::StrCat(" (", index + 1, ")") : "");
  }
  return "";
}

const CLI::App& UsedCommand(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return *command;
}

std::string CommandPath(const CLI::App& command) {
  return command.get_parent() == nullptr
             ? command.get_name()
             : absl::StrCat(CommandPath(*command.get_parent()), " ", command.get_name());
}

}  // namespace sqm::cli
