// What the parser of the command line says by itself, in Chinese; in English it says it as it is.
#pragma once

#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <string>

#include "cli/commands/context.h"

namespace sqm::cli {

// `check`, whose complaint in Chinese is that the value `must` be something.
CLI::Validator InWords(const Context& context, const CLI::Validator& check, std::string must,
                       std::string description);

// The value must lie between the two, both included.
template <typename Number>
CLI::Validator Between(const Context& context, Number least, Number most) {
  return InWords(context, CLI::Range(least, most), context.T(Text::kNotBetween, least, most),
                 absl::StrCat(least, "–", most));
}

// The value must be one of these.
CLI::Validator OneOf(const Context& context, std::initializer_list<const char*> words);

// Before the commands are added, and after they are.
void TranslateParser(CLI::App& app, const Context& context);
void TranslateCommands(CLI::App& app, const Context& context);

}  // namespace sqm::cli
