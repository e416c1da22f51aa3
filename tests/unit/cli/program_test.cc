// The program's own faults and what it says without a server.
#include "cli/commands/program.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "cli/client/failure.h"
#include "cli/client/failure_advice.h"
#include "cli/text/width.h"
#include "sqm/complaints/v1/case.pb.h"

namespace sqm::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran Sqm(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "sqm");
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const int code = RunProgram(static_cast<int>(arguments.size()), arguments.data());
  return {code, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
}

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    // A port that nothing listens on.
    setenv("SQM_SERVER", "127.0.0.1:1", 1);
    unsetenv("COLUMNS");
  }
};

TEST_F(ProgramTest, HelpAtEveryLevelInBothLanguages) {
  EXPECT_THAT(Sqm({"--help"}).out, HasSubstr("Examples:"));
  EXPECT_EQ(Sqm({"--help"}).code, kDone);
  EXPECT_THAT(Sqm({"--lang", "zh-CN", "--help"}).out, HasSubstr("示例："));
  for (const char* command : {"list", "get", "create", "update", "delete", "call", "watch",
                              "describe", "seed", "evaluate", "status", "login", "token"}) {
    EXPECT_THAT(Sqm({command, "--help"}).out, HasSubstr("Examples:")) << command;
    EXPECT_THAT(Sqm({"--lang=zh", command, "--help"}).out, HasSubstr("示例：")) << command;
  }
  EXPECT_THAT(Sqm({"import", "contacts", "--help"}).out, HasSubstr("--rejects"));
  EXPECT_THAT(Sqm({"report", "daily", "--help"}).out, HasSubstr("--date"));
  EXPECT_THAT(Sqm({"sample", "contacts", "--help"}).out, HasSubstr("--seed"));
}

// Usage and examples, which are copied, are not broken.
TEST_F(ProgramTest, HelpStaysWithinTheTerminal) {
  for (const size_t width : {60, 80, 120}) {
    setenv("COLUMNS", absl::StrCat(width).c_str(), 1);
    for (const char* language : {"en", "zh"}) {
      for (const std::vector<const char*>& command :
           {std::vector<const char*>{}, {"seed"}, {"import"}, {"complaints", "create"}}) {
        std::vector<const char*> arguments = {"--lang", language};
        arguments.insert(arguments.end(), command.begin(), command.end());
        arguments.push_back("--help");
        const std::string help = Sqm(arguments).out;
        for (const absl::string_view line : absl::StrSplit(help, '\n')) {
          if (absl::StrContains(line, "sqm ")) continue;
          EXPECT_LE(DisplayWidth(line), width) << line;
        }
      }
    }
  }
  unsetenv("COLUMNS");
  EXPECT_THAT(
      Sqm({"complaints", "create", "--help"}).out,
      HasSubstr("\n  --text TEXT                     Text; - = what standard input says\n"));
  EXPECT_THAT(
      Sqm({"complaints", "create", "--help"}).out,
      HasSubstr("\n  --class TEXT                    The customer's class, as deadline policies\n"
                "                                  name it\n"));
}

// What the parser of the command line says by itself is said in Chinese too.
TEST_F(ProgramTest, FaultsOfUseAreSaidInTheReadersLanguage) {
  const auto fault = [](std::vector<const char*> arguments, const char* language = "zh") {
    arguments.insert(arguments.begin(), {"--lang", language});
    const Ran ran = Sqm(std::move(arguments));
    EXPECT_EQ(ran.code, kUsage) << ran.err;
    return ran.err.substr(0, ran.err.find('\n'));
  };
  EXPECT_EQ(fault({"complaints"}), "错误：缺少命令");
  EXPECT_EQ(fault({"complaints", "show"}), "错误：缺少必填项 CASE");
  EXPECT_EQ(fault({"complaints", "create", "--subject"}), "错误：--subject 缺少值");
  EXPECT_EQ(fault({"complaints", "create"}), "错误：缺少必填项 --subject");
  EXPECT_EQ(fault({"complaints", "create", "--subject", "a", "--subject", "b"}),
            "错误：--subject 只能给出一次");
  EXPECT_EQ(fault({"complaints", "show", "C-2026-000001", "--nope"}),
            "错误：无法识别的参数：--nope");
  EXPECT_EQ(fault({"complaints", "assign", "x", "--to", "ann", "--auto"}),
            "错误：--to 不能与 --auto 同时使用");
  EXPECT_EQ(fault({"complaints", "assign", "x", "--reassign"}),
            "错误：--reassign 须与 --auto 同时使用");
  EXPECT_EQ(fault({"complaints", "wait", "x", "--for", "bob", "--question", "?"}),
            "错误：--for：值“bob”无效，必须是以下之一：customer、third-party");
  EXPECT_EQ(fault({"list", "contacts", "--page-size", "1001"}),
            "错误：--page-size：值“1001”无效，必须在 0 到 1000 之间");
  EXPECT_EQ(fault({"complaints", "rate", "x", "--receipt", "y", "--score", "good"}),
            "错误：--score：值“good”无效");
  EXPECT_THAT(Sqm({"complaints", "show", "--lang", "zh"}).err, HasSubstr("用 --help 查看用法"));
  EXPECT_EQ(fault({"complaints", "show"}, "en"), "CASE is required");
  EXPECT_EQ(fault({"list", "contacts", "--page-size", "1001"}, "en"),
            "--page-size: Value 1001 not in range 0 to 1000");
}

TEST_F(ProgramTest, ChineseHelpIsAlignedAndHasNoEnglishWords) {
  const std::string help = Sqm({"--lang", "zh", "complaints", "assign", "--help"}).out;
  EXPECT_THAT(help, HasSubstr("用法：sqm complaints assign [选项] CASE\n"));
  EXPECT_THAT(help, HasSubstr("\n参数：\n  CASE 文本 必填                  编号"));
  EXPECT_THAT(help, HasSubstr("\n选项：\n  -h,--help                       显示帮助\n"));
  EXPECT_THAT(help, HasSubstr("\n  --to 文本 不可同用：--auto      处理人"));
  EXPECT_THAT(help, HasSubstr("\n  --reassign 须同用：--auto       即使"));
  const std::string all = Sqm({"--lang", "zh", "--help"}).out;
  EXPECT_THAT(all, HasSubstr("\n命令：\n  list                            列出资源\n"));
  EXPECT_THAT(all, HasSubstr("--deadline 数字:0.001–3600"));
  EXPECT_THAT(all, HasSubstr("--lang 文本:{en,zh,zh-CN}"));
}

TEST_F(ProgramTest, NoWordOfTheParserIsLeftInChineseHelp) {
  std::vector<std::vector<std::string>> commands = {{}};
  size_t pages = 0;
  for (; pages < commands.size(); ++pages) {
    std::vector<const char*> arguments = {"--lang", "zh"};
    for (const std::string& word : commands[pages]) arguments.push_back(word.c_str());
    arguments.push_back("--help");
    const std::string help = Sqm(arguments).out;
    for (const char* word : {" TEXT", " INT", " UINT", " FLOAT", " BOOLEAN", " ENUM", "REQUIRED",
                             "Needs:", "Excludes:", "Options", "Positionals", "Subcommands",
                             "Usage:", "Print this help"}) {
      EXPECT_THAT(help, Not(HasSubstr(word))) << absl::StrJoin(commands[pages], " ");
    }
    const size_t listed = help.find("\n命令：\n");
    if (listed == std::string::npos) continue;
    for (const absl::string_view line : absl::StrSplit(help.substr(listed + 11), '\n')) {
      const absl::string_view word = line.substr(0, line.find("  ", 2));
      if (!absl::StartsWith(line, "  ") || absl::StartsWith(line, "   ")) continue;
      commands.push_back(commands[pages]);
      commands.back().emplace_back(absl::StripAsciiWhitespace(word));
    }
  }
  EXPECT_GT(pages, 60U);
}

TEST_F(ProgramTest, TheCommandsThatAreAdvisedExist) {
  const std::string help = Sqm({"complaints", "--help"}).out;
  const auto* states = complaints::v1::CaseState_descriptor();
  int advised = 0;
  for (int i = 1; i < states->value_count(); ++i) {
    const std::string state(absl::StripPrefix(states->value(i)->name(), "CASE_STATE_"));
    for (const char* current :
         {"RECEIVED", "ASSIGNED", "WAITING_CUSTOMER", "RESPONSE_PROPOSED", "REPLIED"}) {
      const std::string command = CommandsTo(state, current, Language::kEnglish);
      EXPECT_EQ(command.empty(), state == "RECEIVED") << state;
      if (command.empty()) continue;
      EXPECT_THAT(help, HasSubstr(absl::StrCat("\n  ", command, " "))) << state;
      ++advised;
    }
  }
  EXPECT_GT(advised, 80);
}

TEST_F(ProgramTest, WrongUseIsTwo) {
  EXPECT_EQ(Sqm({}).code, kUsage);
  EXPECT_EQ(Sqm({"fly"}).code, kUsage);
  EXPECT_EQ(Sqm({"list"}).code, kUsage);
  EXPECT_EQ(Sqm({"list", "contacts", "--page-size", "1001"}).code, kUsage);
  EXPECT_EQ(Sqm({"list", "contacts", "-o", "xml"}).code, kUsage);
  EXPECT_EQ(Sqm({"list", "contacts", "--zone", "Mars/North"}).code, kUsage);
  EXPECT_EQ(Sqm({"list", "contacts", "--columns", "nope"}).code, kUsage);
  EXPECT_EQ(Sqm({"call", "CreateContact", "-d", "{\"nope\": 1}"}).code, kUsage);
  EXPECT_EQ(Sqm({"create", "contacts", "-f", "/nonexistent"}).code, kUsage);
  EXPECT_EQ(Sqm({"get", "contacts"}).code, kUsage);
  EXPECT_EQ(Sqm({"import", "contacts", "/nonexistent", "--mapping", "sqm_sample"}).code, kUsage);
  EXPECT_EQ(Sqm({"report", "daily", "--date", "15.1.2021"}).code, kUsage);
  EXPECT_EQ(Sqm({"evaluate", "--scorecard", "x"}).code, kUsage);
  EXPECT_EQ(Sqm({"evaluate", "--scorecard", "x", "--simulated", "-o", "csv"}).code, kUsage);
  const Ran unknown = Sqm({"list", "nothing"});
  EXPECT_EQ(unknown.code, kUsage);
  EXPECT_THAT(unknown.err, HasSubstr("contacts"));
  const Ran json = Sqm({"call", "CreateContact", "-d", "{\"contact\" 1}"});
  EXPECT_EQ(json.err,
            "Error: -d is not what is expected: Expected : between key:value pair. "
            "({\"contact\" 1})\n→ `sqm describe CreateContact` shows the fields.\n");
  const Ran mapping = Sqm({"import", "contacts", "/dev/null", "--mapping", "nope"});
  EXPECT_THAT(mapping.err, HasSubstr("contact_centre_calls, sqm_sample"));
}

TEST_F(ProgramTest, NoServerIsThree) {
  const Ran list = Sqm({"list", "contacts", "--deadline", "5"});
  EXPECT_EQ(list.code, kUnavailable);
  EXPECT_THAT(list.err, HasSubstr("The server cannot be reached."));
  EXPECT_EQ(Sqm({"status"}).code, kUnavailable);
  EXPECT_EQ(Sqm({"watch"}).code, kUnavailable);
}

TEST_F(ProgramTest, DescribeNeedsNoServer) {
  const Ran all = Sqm({"describe"});
  EXPECT_EQ(all.code, kDone);
  EXPECT_THAT(all.out, HasSubstr("monitoring/Evaluation"));
  const Ran one = Sqm({"describe", "contacts", "--lang", "zh"});
  EXPECT_THAT(one.out, HasSubstr("必填，可筛选和排序"));
  // What a field is made of is found by the name of its type, and that of what it is made of.
  const Ran policy = Sqm({"describe", "deadlinePolicies"});
  EXPECT_THAT(policy.out, HasSubstr("[DeadlineTarget]"));
  EXPECT_EQ(policy.err,
            "Types of fields, each with `sqm describe TYPE`: DeadlineTarget, Escalation, Text\n");
  EXPECT_THAT(Sqm({"describe", "DeadlineTarget"}).out, HasSubstr("[Escalation]"));
  EXPECT_THAT(Sqm({"describe", "Escalation", "--lang", "zh"}).out, HasSubstr("level"));
  EXPECT_THAT(Sqm({"describe", "Escalation", "-o", "json"}).out, HasSubstr("{\"fields\": ["));
  EXPECT_EQ(Sqm({"describe", "Timestamp"}).code, kUsage);
  // For programs it is the same in every language.
  EXPECT_EQ(Sqm({"describe", "cases", "-o", "json", "--lang", "zh"}).out,
            Sqm({"describe", "cases", "-o", "json"}).out);
  EXPECT_THAT(Sqm({"describe", "nope", "--lang", "zh"}).err, HasSubstr("calendars、cases"));
  EXPECT_THAT(Sqm({"describe", "ReleaseEvaluation"}).out, HasSubstr("request_id"));
}

TEST_F(ProgramTest, SampleIsDeterministic) {
  const std::vector<const char*> arguments = {"sample", "contacts", "--count", "20",
                                              "--seed", "4",        "--date",  "2026-01-15"};
  const Ran one = Sqm(arguments);
  EXPECT_EQ(one.code, kDone);
  EXPECT_EQ(one.out, Sqm(arguments).out);
  EXPECT_THAT(one.out, HasSubstr("Call Id;Agent;DATE"));
  const std::vector<const char*> cases = {"sample", "cases",  "--count",
                                          "20",     "--date", "2026-01-15"};
  const Ran some = Sqm(cases);
  EXPECT_EQ(some.code, kDone);
  EXPECT_EQ(some.out, Sqm(cases).out);
  EXPECT_THAT(some.out, HasSubstr("Case Id;Kind;Channel"));
  EXPECT_EQ(Sqm({"sample", "cases", "--date", "15.1.2026"}).code, kUsage);
}

TEST_F(ProgramTest, CompletionNamesCommandsAndResources) {
  const Ran ran = Sqm({"completion", "bash"});
  EXPECT_THAT(ran.out, HasSubstr("import contacts"));
  EXPECT_THAT(ran.out, HasSubstr("improvementNotes"));
  EXPECT_THAT(ran.out, HasSubstr("complete -o filenames -F _sqm sqm"));
}

}  // namespace
}  // namespace sqm::cli
