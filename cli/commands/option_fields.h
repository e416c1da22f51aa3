// Which option of a command sets a field that a server complains about.
#pragma once

#include <absl/strings/string_view.h>

#include <string>

namespace CLI {
class App;
}  // namespace CLI

namespace sqm::cli {

// `--phone` for `case.customer.phone`; `--staff (2)` for `case.named_staff[1]`; empty where no
// option of the command sets the field.
std::string OptionOf(const CLI::App& command, absl::string_view path);

// The command that the arguments named: the innermost one that was parsed.
const CLI::App& UsedCommand(const CLI::App& app);
// `sqm complaints create`.
std::string CommandPath(const CLI::App& command);

}  // namespace sqm::cli
