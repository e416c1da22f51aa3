#include "cli/commands/program.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstring>
#include <iostream>
#include <string>

#include "cli/commands/commands.h"
#include "cli/commands/parser.h"

namespace sqm::cli {
namespace {

// The language decides the help, so that it is needed before the arguments are parsed.
std::string LanguageArgument(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (argument == "--") break;
    if (argument == "--lang" && i + 1 < argc) return argv[i + 1];
    if (absl::StartsWith(argument, "--lang=")) {
      return std::string(argument.substr(std::strlen("--lang=")));
    }
  }
  return "";
}

// What to say of a word that stands where a command should and is none; empty where there is none.
std::string UnknownCommand(CLI::App& app, int argc, const char* const* argv,
                           const Context& context) {
  CLI::App* group = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "-h" || word == "--help" || word == "--version") return "";
    if (absl::StartsWith(word, "-")) {
      // The value of an option of all commands.
      const CLI::Option* option = app.get_option_no_throw(word.substr(0, word.find('=')));
      if (option != nullptr && option->get_items_expected_max() > 0 &&
          !absl::StrContains(word, '=')) {
        ++i;
      }
      continue;
    }
    CLI::App* found = nullptr;
    std::string known;
    for (CLI::App* one : group->get_subcommands([](const CLI::App*) { return true; })) {
      if (one->check_name(word)) found = one;
      absl::StrAppend(&known, known.empty() ? "" : ", ", one->get_name());
    }
    if (found == nullptr) return context.T(Text::kNoSuchCommand, word, known);
    group = found;
    if (group->get_subcommands([](const CLI::App*) { return true; }).empty()) return "";
  }
  return "";
}

}  // namespace

int RunProgram(int argc, const char* const* argv) {
  // A reader that goes away (`| head`) is noticed by the failed write.
  std::signal(SIGPIPE, SIG_IGN);
  const Language language = ChooseLanguage(LanguageArgument(argc, argv), Environment);
  Context context(language);
  CLI::App app(context.T(Text::kHelpProgram), "sqm");
  context.app = &app;
  TranslateParser(app, context);
  app.set_help_flag("-h,--help", context.T(Text::kHelpHelp));
  app.set_version_flag("--version", std::string("sqm ") + SQM_VERSION,
                       context.T(Text::kHelpVersion));
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleProgram));
  AddGlobalOptions(app, context);
  AddResourceCommands(app, context);
  AddCallCommand(app, context);
  AddWatchCommand(app, context);
  AddDescribeCommand(app, context);
  AddSeedCommand(app, context);
  AddImportCommand(app, context);
  AddSampleCommand(app, context);
  AddEvaluateCommand(app, context);
  AddComplaintsCommand(app, context);
  AddReportCommand(app, context);
  AddStatusCommand(app, context);
  AddLoginCommands(app, context);
  AddCompletionCommand(app, context);
  TranslateCommands(app, context);
  app.parse_complete_callback([&context] {
    if (!context.Settle()) throw CLI::RuntimeError(kUsage);
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version are no errors; everything else is a fault of use.
    if (const std::string unknown = UnknownCommand(app, argc, argv, context); !unknown.empty()) {
      context.UsageError(unknown);
      return kUsage;
    }
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  context.NoteZone();
  return context.CheckPrinted() ? context.exit_code : kRefused;
}

}  // namespace sqm::cli
