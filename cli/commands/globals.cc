// The options that every command takes.
#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "cli/commands/parser.h"

namespace sqm::cli {

void AddGlobalOptions(CLI::App& app, Context& context) {
  GlobalOptions& o = context.options;
  app.add_option("--server", o.login.server, context.T(Text::kHelpServer));
  app.add_option("--login", o.login.login_file, context.T(Text::kHelpLoginFile));
  app.add_option("--token-file", o.login.token_file, context.T(Text::kHelpTokenFile));
  app.add_option("--ca", o.login.ca, context.T(Text::kHelpCa));
  app.add_option("--certificate", o.login.certificate, context.T(Text::kHelpCertificate));
  app.add_option("--key", o.login.key, context.T(Text::kHelpKey));
  app.add_option("--deadline", o.deadline_seconds, context.T(Text::kHelpDeadline))
      ->check(Between(context, 0.001, 3600.0));
  app.add_option("-o,--output", o.output, context.T(Text::kHelpOutput));
  app.add_option("--columns", o.columns, context.T(Text::kHelpColumns));
  app.add_option("--zone", o.zone, context.T(Text::kHelpZone));
  app.add_option("--lang", o.language, context.T(Text::kHelpLang))
      ->check(OneOf(context, {"en", "zh", "zh-CN"}));
  app.add_flag("--no-colour,--no-color", o.no_colour, context.T(Text::kHelpNoColour));
}

}  // namespace sqm::cli
