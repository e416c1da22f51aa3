// `sqm complaints`: what it takes, shows and says, in both languages.
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include "tests/integration/complaints_cli_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsCliWordsTest : public ComplaintsCliWorld {};

TEST_F(ComplaintsCliWordsTest, ListsGoOnToTheEnd) {
  CreatePolicy();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Create(*lead_, Sample()).ok());
  const auto count = [](const Finished& list) {
    size_t count = 0;
    for (size_t at = 0; (at = list.out.find("C-20", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"list"}, {"queue", "unassigned"}, {"queue", "due-soon"}}) {
    std::vector<std::string> page = words;
    page.insert(page.end(), {"--page-size", "2"});
    const Finished first = Sqm(page);
    EXPECT_EQ(count(first), 2u) << first.out;
    EXPECT_TRUE(absl::StrContains(first.err, "give --all")) << first.err;
    page.emplace_back("--all");
    const Finished all = Sqm(page);
    EXPECT_EQ(count(all), 3u) << all.out << all.err;
    EXPECT_TRUE(absl::StrContains(all.err, "3 rows")) << all.err;
    EXPECT_FALSE(absl::StrContains(all.err, "--all")) << all.err;
  }
}

// Whatever a customer has written, as a table or as data: it drives no terminal. A file has it as
// it is.
TEST_F(ComplaintsCliWordsTest, ATerminalIsNotDrivenByWhatCustomersWrite) {
  // NOLINTNEXTLINE(misc-misleading-bidirectional): a right-to-left override, and an isolate
  const std::string hostile = "\x1b]0;owned\a\u009b31m\u202eback\u2066side";
  v1::Case one = Sample();
  one.set_subject(hostile);
  const auto made = Create(*lead_, one);
  ASSERT_TRUE(made.ok()) << made.status();
  for (const char* form : {"table", "json", "jsonl", "csv"}) {
    const std::string command =
        absl::StrCat(kSqm, " --login ", server_->login_file(), " --no-colour -o ", form,
                     " --columns subject list cases");
    const Finished shown = RunProgram({"script", "-qec", command, "/dev/null"});
    EXPECT_TRUE(absl::StrContains(shown.out, "owned")) << shown.out << shown.err;
    // NOLINTNEXTLINE(misc-misleading-bidirectional)
    for (const char* drives : {"\x1b", "\a", "\u009b", "\u202e", "\u2066"}) {
      EXPECT_FALSE(absl::StrContains(shown.out, drives)) << form << ": " << shown.out;
    }
  }
  const Finished file = RunProgram({kSqm, "--login", server_->login_file(), "-o", "csv",
                                    "--columns", "subject", "list", "cases"});
  EXPECT_TRUE(absl::StrContains(file.out, hostile)) << file.out;
}

TEST_F(ComplaintsCliWordsTest, TablesSpeakTheReadersLanguageAndSayTheirZone) {
  CreatePolicy();
  const auto made = Create(*lead_, Sample());
  ASSERT_TRUE(made.ok()) << made.status();
  const Finished english = Sqm({"list"});
  EXPECT_TRUE(absl::StrContains(english.out, "due_time")) << english.out;
  EXPECT_TRUE(absl::StrContains(english.err, "Times in UTC")) << english.err;
  const Finished chinese = Sqm({"list", "--zone", "Asia/Shanghai"}, "zh");
  EXPECT_TRUE(absl::StrContains(chinese.out, "截止时间")) << chinese.out;
  EXPECT_TRUE(absl::StrContains(chinese.err, "时间按 Asia/Shanghai 时区显示")) << chinese.err;
  // Nothing but the message is said where no time is shown.
  EXPECT_EQ(Sqm({"list", "--columns", "number"}).err, "1 row\n");
  EXPECT_EQ(Sqm({"list", "-o", "json"}).err, "");
  // A case that was only received has a timeline: its receipt.
  const Finished shown = Sqm({"show", made->number()});
  EXPECT_TRUE(absl::EndsWith(shown.out, "  Received\n")) << shown.out;
}

TEST_F(ComplaintsCliWordsTest, WhatTheServiceWritesDownByItselfIsSaidInTheReadersLanguage) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  v1::CreateHandlerRequest handler;
  handler.mutable_handler()->set_team("north");
  handler.mutable_handler()->add_skills("categories/billing");
  handler.mutable_handler()->set_capacity(3);
  handler.set_handler_id("ann");
  ASSERT_TRUE(manager_->Call(&Stub::CreateHandler, handler).ok());
  const auto made = Create(*lead_, Sample());
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_EQ(Sqm({"acknowledge", made->number()}).exit_code, 0);
  ASSERT_EQ(Sqm({"classify", made->number(), "--category", "billing"}).exit_code, 0);
  ASSERT_EQ(Sqm({"assign", made->number(), "--auto"}).exit_code, 0);
  const Finished english = Sqm({"show", made->number()});
  EXPECT_TRUE(absl::StrContains(english.out, "has most room; suited 1, on shift 1, with room 1 ("))
      << english.out;
  const Finished chinese = Sqm({"show", made->number()}, "zh");
  EXPECT_TRUE(absl::StrContains(chinese.out,
                                "余量最多；适合 1 人，在班 1 人，有余量 1 人（负责人 → staff/ann"))
      << chinese.out;
}

TEST_F(ComplaintsCliWordsTest, SaysWhatIsWrong) {
  const Finished time = Sqm({"create", "--subject", "x", "--received", "yesterday"});
  EXPECT_EQ(time.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(time.err, "2026-12-01T14:30")) << time.err;
  const Finished preparation =
      Sqm({"create", "--kind", "appointment", "--subject", "x", "--prepare", "projector"});
  EXPECT_EQ(preparation.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(preparation.err, "KIND:ID:TITLE")) << preparation.err;

  const Finished queue = Sqm({"queue", "sideways"});
  EXPECT_EQ(queue.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(queue.err, "due-soon")) << queue.err;
  const Finished receipt = Sqm({"track", "C-2026-000001", "--receipt", "x"}, "zh");
  EXPECT_EQ(receipt.exit_code, 1);
  EXPECT_TRUE(absl::StrContains(receipt.err, "→ 请核对编号与凭证口令。")) << receipt.err;
  const Finished long_name =
      Sqm({"create", "--subject", "x", "--customer-name", std::string(300, 'x')}, "zh");
  EXPECT_TRUE(absl::StrContains(long_name.err, "--customer-name：不得超过 200 个字符"))
      << long_name.err;
  const Finished within = Sqm({"queue", "mine", "--within", "3h"}, "zh");
  EXPECT_EQ(within.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(within.err, "due-soon")) << within.err;
  const Finished none = Sqm({"show", "C-2026-999999"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_TRUE(absl::StrContains(none.err, "C-2026-999999")) << none.err;
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok());
  // As people and files write it.
  EXPECT_EQ(Sqm({"show", absl::AsciiStrToLower(one->number()) + "\r"}).exit_code, 0);
  const Finished early = Sqm({"reply", one->name(), "--text", "x"});
  EXPECT_EQ(early.exit_code, 1);
  EXPECT_TRUE(absl::StrContains(early.err, "ACKNOWLEDGED")) << early.err;
}

// Who typed options is told of options; a program is told of the fields of the contract.
TEST_F(ComplaintsCliWordsTest, NamesTheOptionsThatSetAWrongField) {
  const std::vector<std::string> create = {
      "create",          "--subject",          "x", "--staff", "otto", "--staff", "@",
      "--customer-name", std::string(300, 'x')};
  const Finished made = Sqm(create);
  EXPECT_EQ(made.exit_code, 1) << made.out;
  for (const char* line :
       {"Fields: --customer-name, --staff (2).", "  - --customer-name: is longer than 200",
        "  - --staff (2): must match", "→ Correct these options; `sqm complaints create --help`"}) {
    EXPECT_TRUE(absl::StrContains(made.err, line)) << line << "\n" << made.err;
  }
  EXPECT_TRUE(absl::StrContains(Sqm(create, "zh").err, "`sqm complaints create --help`"));
  std::vector<std::string> program = create;
  program.insert(program.end(), {"-o", "json"});
  const Finished json = Sqm(program);
  EXPECT_TRUE(absl::StrContains(json.err, "case.customer.display_name: is longer")) << json.err;
  EXPECT_FALSE(absl::StrContains(json.err, "--customer-name")) << json.err;
  const Finished category = Sqm({"create", "--subject", "x", "--category", "nope"});
  EXPECT_TRUE(absl::StrContains(category.err, ": --category: categories/nope does not exist"))
      << category.err;
  const Finished severity = Sqm({"create", "--subject", "x", "--severity", "bad"});
  EXPECT_EQ(severity.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(severity.err, "--severity bad: must be one of")) << severity.err;
  // What lies within a file has no options, though one may be called like it.
  const TempDir dir;
  WriteFile(dir.File("calendar.json"),
            R"({"label": {"en": "x"}, "zone": "UTC", "weekly": [{"days": ["WEEKDAY_MONDAY"],
                "intervals": ["x"]}]})");
  const Finished file = RunProgram({kSqm, "--login", server_->login_file(), "create", "calendars",
                                    "-f", dir.File("calendar.json"), "--id", "x"});
  EXPECT_EQ(file.exit_code, 1) << file.err;
  EXPECT_TRUE(absl::StrContains(file.err, "calendar.weekly[0].intervals[0]")) << file.err;
  EXPECT_FALSE(absl::StrContains(file.err, "--")) << file.err;
  // A word of the reason stays what it is.
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  const Finished team = Sqm({"queue", "team", "--team", "a*b"});
  EXPECT_TRUE(absl::StrContains(team.err, "--team: is not the name of a team")) << team.err;
  // An empty value empties the field; an empty name is none.
  EXPECT_EQ(Sqm({"update", one->number(), "--phone", "555-0100"}).exit_code, 0);
  EXPECT_EQ(Get(*manager_, one->name())->customer().phone(), "555-0100");
  EXPECT_EQ(Sqm({"update", one->number(), "--phone", "", "--product", "fibre"}).exit_code, 0);
  EXPECT_EQ(Get(*manager_, one->name())->customer().phone(), "");
  EXPECT_EQ(Get(*manager_, one->name())->product(), "fibre");
  EXPECT_EQ(Sqm({"draft", one->number(), "--template", ""}).exit_code, 2);
  for (const char* command : {"get", "update"}) {
    std::vector<std::string> words = {kSqm, "--login", server_->login_file(), command, ""};
    if (words[3] == "update") words.insert(words.end(), {"-f", dir.File("calendar.json")});
    EXPECT_EQ(RunProgram(words).exit_code, 2) << command;
  }
}

TEST_F(ComplaintsCliWordsTest, EveryCommandTakesNumbersAndNames) {
  const auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  const auto receipt = [&] {
    v1::IssueCaseReceiptRequest request;
    request.set_name(one->name());
    auto issued = lead_->Call(&Stub::IssueCaseReceipt, request);
    EXPECT_TRUE(issued.ok()) << issued.status();
    return issued.ok() ? issued->receipt() : "";
  }();
  for (const std::string& word : {one->number(), one->name()}) {
    const std::vector<std::string> login = {kSqm, "--login", server_->login_file()};
    const auto resource = [&](std::vector<std::string> words) {
      words.insert(words.begin(), login.begin(), login.end());
      return RunProgram(words);
    };
    for (const Finished& ran :
         {Sqm({"show", word}), Sqm({"update", word, "--phone", "13900001111", "--staff", "otto"}),
          Sqm({"history", word}), Sqm({"similar", word}), Sqm({"note", word, "--text", "x"}),
          Sqm({"track", word, "--receipt", receipt}),
          Sqm({"answer", word, "--receipt", receipt, "--text", "x"}),
          Sqm({"actions", "list", "--case", word}), resource({"get", word}),
          resource({"update", word, "-f", "/dev/stdin", "--validate-only"})}) {
      EXPECT_FALSE(absl::StrContains(ran.err, "is no case")) << ran.err;
      EXPECT_FALSE(absl::StrContains(ran.err, "names look like")) << ran.err;
      EXPECT_FALSE(absl::StrContains(ran.err, "NOT_FOUND")) << ran.err;
    }
  }
  const Finished shown = Sqm({"show", one->number()});
  EXPECT_TRUE(absl::StrContains(shown.out, "13900001111")) << shown.out;
  EXPECT_TRUE(absl::StrContains(shown.out, "staff/otto")) << shown.out;
  // What was not named stays.
  EXPECT_TRUE(absl::StrContains(shown.out, one->subject())) << shown.out;
  EXPECT_EQ(Sqm({"update", one->number()}).exit_code, 2);
  for (const char* wrong : {"", "C-2026", "17", "contacts/1"}) {
    const Finished said = Sqm({"show", wrong}, "zh");
    EXPECT_EQ(said.exit_code, 2);
    EXPECT_TRUE(absl::StrContains(said.err, "不是个案：请给出编号（如 C-2026-000123）"))
        << said.err;
  }
  const Finished none = Sqm({"show", "c-2026-999999"});
  EXPECT_EQ(none.err,
            "Error: There is no case with the number C-2026-999999, or it is not for you to see.\n"
            "  NOT_FOUND\n→ `sqm complaints list` shows the cases that you may see.\n");
}

TEST_F(ComplaintsCliWordsTest, NothingIsDoneThatCannotBeShown) {
  const auto cases = [&] {
    auto listed = manager_->Call(&Stub::ListCases, v1::ListCasesRequest());
    return listed.ok() ? listed->cases_size() : -1;
  };
  const std::vector<std::string> create = {"create", "--subject", "Charged twice"};
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {"-o", "foo"}, {"--columns", "nope"}, {"--zone", "Mars/X"}, {"--at", "2030-01-01"}}) {
    std::vector<std::string> words = create;
    words.insert(words.end(), wrong.begin(), wrong.end());
    const Finished refused = Sqm(words);
    EXPECT_EQ(refused.exit_code, 2) << wrong[0] << refused.out << refused.err;
    EXPECT_EQ(cases(), 0) << wrong[0];
  }
  const Finished unknown = Sqm({"lst"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(unknown.err, "`lst`")) << unknown.err;
  EXPECT_TRUE(absl::StrContains(unknown.err, "list")) << unknown.err;
}

TEST_F(ComplaintsCliWordsTest, SeedsWhatShipsOnce) {
  const auto seed = [&](const std::string& language) {
    return RunProgram({kSqm, "--login", server_->login_file(), "--lang", language, "--zone",
                       "Europe/London", "seed"});
  };
  const Finished first = seed("en");
  EXPECT_EQ(first.exit_code, 0) << first.err;
  for (const char* name : {"calendars/office", "categories/billing-error",
                           "deadlinePolicies/standard", "replyTemplates/final-reply"}) {
    EXPECT_TRUE(absl::StrContains(first.out, name)) << first.out;
  }
  // What was deleted stays so, and is said to be.
  const Finished deleted = RunProgram(
      {kSqm, "--login", server_->login_file(), "delete", "replyTemplates/interim-reply"});
  EXPECT_EQ(deleted.exit_code, 0) << deleted.err;
  // For programs in English, whatever the language of the reader.
  const Finished after =
      RunProgram({kSqm, "--login", server_->login_file(), "--lang", "zh", "-o", "jsonl", "seed"});
  EXPECT_EQ(after.exit_code, 0) << after.err;
  EXPECT_TRUE(absl::StrContains(after.out, R"("title":"Service standard")")) << after.out;
  for (absl::string_view line : absl::StrSplit(after.out, '\n', absl::SkipEmpty())) {
    const bool is = absl::StrContains(line, "replyTemplates/interim-reply");
    EXPECT_EQ(absl::StrContains(line, is ? "deleted" : "unchanged"), true) << line;
  }
  const Finished again = seed("zh");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(absl::StrContains(again.out, "服务标准")) << again.out;
  EXPECT_TRUE(absl::StrContains(again.out, "无变化")) << again.out;
  EXPECT_FALSE(absl::StrContains(again.out, "已新增")) << again.out;
  v1::GetCalendarRequest request;
  request.set_name("calendars/office");
  auto calendar = manager_->Call(&Stub::GetCalendar, request);
  ASSERT_TRUE(calendar.ok()) << calendar.status();
  EXPECT_EQ(calendar->zone(), "Europe/London");
  EXPECT_EQ(calendar->etag(), "\"1\"");
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->deadlines_size(), 3);
}

// Services that stand alone, each behind an address of its own.
TEST_F(ComplaintsCliWordsTest, SeedsTheServiceThatItMeets) {
  for (const auto& [program, brings, other] :
       {std::tuple("sqm-complaints", "categories/billing-error", "The monitoring service"),
        std::tuple("sqm-monitoring", "scorecards/contact-centre-call", "The complaints service")}) {
    ServerOptions options;
    options.program = program;
    auto server = ServerProcess::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    const Finished seeded = RunProgram({kSqm, "--login", (*server)->login_file(), "seed"});
    EXPECT_EQ(seeded.exit_code, 0) << program << seeded.err;
    EXPECT_TRUE(absl::StrContains(seeded.out, brings)) << program << seeded.out;
    EXPECT_TRUE(absl::StrContains(seeded.err, other)) << program << seeded.err;
  }
}

// A manager may not make scorecards, nor whoever makes them publish them: each gets what is his.
TEST_F(ComplaintsCliWordsTest, SeedsComplaintsWithoutScorecards) {
  const TempDir dir;
  WriteFile(
      dir.File("token"),
      Authorization(server_->key_dir(), As(auth::Role::kManager, "mia")).substr(sizeof("Bearer")));
  const Finished seeded =
      RunProgram({kSqm, "--server", server_->address(), "--token-file", dir.File("token"), "seed"});
  EXPECT_EQ(seeded.exit_code, 1);
  EXPECT_TRUE(absl::StrContains(seeded.err, "monitoring.scorecards.create")) << seeded.err;
  EXPECT_FALSE(absl::StrContains(seeded.out, "scorecards/")) << seeded.out;
  EXPECT_TRUE(absl::StrContains(seeded.out, "replyTemplates/thanks")) << seeded.out;
}

}  // namespace
}  // namespace sqm::testing
