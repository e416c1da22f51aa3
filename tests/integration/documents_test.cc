// What the README and the help of the commands say to type does what they say.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/complaints_cli_world.h"
#include "tests/support/temp_dir.h"

namespace sqm::testing {
namespace {

class DocumentsTest : public ComplaintsCliWorld {
 protected:
  // As in a terminal where the programs and the development login are at hand; it ends at the first
  // command that fails.
  Finished Shell(absl::string_view script) {
    return RunProgram(
        {"/bin/bash", "-euo", "pipefail", "-c",
         absl::StrCat("cd ", folder_.path(), "; export PATH=" SQM_BIN_DIR ":$PATH SQM_LOGIN=",
                      server_->login_file(), "\n", script)},
        {{"LC_ALL", "C.UTF-8"}});
  }

  // The lines of the examples in the help of a command and of all below it.
  std::vector<std::string> Examples(const std::string& command) {
    const std::string help = Shell(command + " --help").out;
    std::vector<std::string> examples;
    bool lists = false, shows = false;
    for (const absl::string_view line : absl::StrSplit(help, '\n')) {
      if (!absl::StartsWith(line, " ")) {
        lists = line == "Subcommands:";
        shows = line == "Examples:";
      } else if (shows) {
        examples.emplace_back(absl::StripAsciiWhitespace(line));
      } else if (lists && !absl::StartsWith(line, "   ")) {
        const std::string word(line.substr(2, line.find(' ', 2) - 2));
        const std::vector<std::string> below = Examples(absl::StrCat(command, " ", word));
        examples.insert(examples.end(), below.begin(), below.end());
      }
    }
    return examples;
  }

  const TempDir folder_;
};

TEST_F(DocumentsTest, TheFirstStepsOfTheReadmeWork) {
  std::ifstream file(SQM_SOURCE_DIR "/README.md");
  std::ostringstream whole;
  whole << file.rdbuf();
  std::string text = whole.str();
  text = text.substr(text.find("\n## First steps with the command line\n"));
  text = text.substr(0, text.find("\n## First steps with a generated client\n"));
  const std::vector<std::string> parts = absl::StrSplit(text, "\n```");
  std::string script;
  int commands = 0;
  for (const std::string& part : parts) {
    // A file of somebody else's system is not at hand.
    if (!absl::StartsWith(part, "sh\n") || absl::StrContains(part, "requests.csv")) continue;
    for (const absl::string_view line : absl::StrSplit(part.substr(3), '\n')) {
      if (absl::StartsWith(line, "export PATH=")) continue;
      if (absl::StartsWith(line, "sqm ")) ++commands;
      absl::StrAppend(&script, line, "\n");
    }
  }
  EXPECT_GT(commands, 30);
  const Finished ran = Shell(absl::StrCat("set -x\n", script));
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
}

TEST_F(DocumentsTest, ExamplesThatReadAreRight) {
  ASSERT_EQ(Shell("sqm seed").exit_code, 0);
  std::vector<std::string> examples = Examples("sqm");
  std::sort(examples.begin(), examples.end());
  examples.erase(std::unique(examples.begin(), examples.end()), examples.end());
  EXPECT_GT(examples.size(), 60u);
  int run = 0;
  for (const std::string& example : examples) {
    for (const char* reads :
         {"sqm list ", "sqm get ", "sqm describe", "sqm call List", "sqm report ", "sqm sample ",
          "sqm token", "sqm complaints list", "sqm complaints queue"}) {
      if (!absl::StartsWith(example, reads)) continue;
      const Finished ran = Shell(example);
      EXPECT_EQ(ran.exit_code, 0) << example << "\n" << ran.err;
      ++run;
      break;
    }
  }
  EXPECT_GT(run, 12);
}

}  // namespace
}  // namespace sqm::testing
