// The command groups; each adds its commands to the program.
#pragma once

#include <string>
#include <vector>

#include "cli/commands/context.h"

namespace sqm::cli {

void AddResourceCommands(CLI::App& app, Context& context);   // list get create update delete
void AddCallCommand(CLI::App& app, Context& context);        // call
void AddWatchCommand(CLI::App& app, Context& context);       // watch
void AddDescribeCommand(CLI::App& app, Context& context);    // describe
void AddImportCommand(CLI::App& app, Context& context);      // import
void AddSampleCommand(CLI::App& app, Context& context);      // sample
void AddSeedCommand(CLI::App& app, Context& context);        // seed
void AddEvaluateCommand(CLI::App& app, Context& context);    // evaluate
void AddComplaintsCommand(CLI::App& app, Context& context);  // complaints
void AddReportCommand(CLI::App& app, Context& context);      // report
void AddStatusCommand(CLI::App& app, Context& context);      // status
void AddLoginCommands(CLI::App& app, Context& context);      // login token
void AddCompletionCommand(CLI::App& app, Context& context);  // completion

// A command that loads files into one resource.
struct ImportTarget {
  const char* name;      // of the command
  const char* resource;  // type
  Text help;
  Text example;
  bool categories = false;  // its rows may name categories that are to be added
};
void AddImportOf(CLI::App& group, Context& context, const ImportTarget& target);
// Of cases, under the name that the group gives it.
ImportTarget CasesImport(const char* name);

// Options that every command takes, on `app`; they may stand before or after the command's name.
void AddGlobalOptions(CLI::App& app, Context& context);

}  // namespace sqm::cli
