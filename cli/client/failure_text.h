// A refused call, told to a person.
#pragma once

#include <absl/strings/string_view.h>

#include <functional>
#include <string>

#include "cli/client/failure.h"
#include "cli/text/language.h"

namespace sqm::cli {

// Names the options of `command` where it named the fields that they set. `option_of`: the option
// of a field, empty where it has none.
void NameOptions(Failure& failure, absl::string_view command,
                 const std::function<std::string(absl::string_view)>& option_of);

// The text for a person: the localized message, the developer's message, each wrong field, and what
// to do next. Ends with a newline.
std::string Explain(const Failure& given, Language language);
// One line of it.
std::string Brief(const Failure& given, Language language);

}  // namespace sqm::cli
