// `sqm complaints`: a day's work from the command line.
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "tests/integration/complaints_cli_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsCliTest : public ComplaintsCliWorld {};

// What is not answered is sent again.
TEST_F(ComplaintsCliTest, WhatIsWrittenHasARequestId) {
  const Finished made =
      Sqm({"create", "--kind", "complaint", "--channel", "phone", "--subject", "Charged twice"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const Client service(*server_, As(auth::Role::kService));
  feed::v1::WatchChangesRequest request;
  request.set_service("complaints");
  request.set_from_oldest(true);
  auto context = service.Context();
  auto stream = service.feed().WatchChanges(context.get(), request);
  feed::v1::ChangeBatch batch;
  while (batch.changes().empty() && stream->Read(&batch)) {
  }
  context->TryCancel();
  ASSERT_FALSE(batch.changes().empty()) << stream->Finish().error_message();
  EXPECT_NE(batch.changes(0).request_id(), "");
}

TEST_F(ComplaintsCliTest, FromCreateToClose) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  ASSERT_TRUE(CreateCause("double-run").ok());
  Finished made = Sqm({"create", "--kind", "complaint", "--channel", "phone", "--subject",
                       "Charged twice", "--customer", "AC-1001", "--columns", "number"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const size_t at = made.out.find("C-");
  ASSERT_NE(at, std::string::npos) << made.out;
  const std::string number = made.out.substr(at, 13);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"acknowledge", number, "--text", "We have it"},
           {"classify", number, "--category", "categories/billing", "--severity", "high"},
           {"assign", number, "--to", "dev"},
           {"start", number},
           {"propose", number, "--text", "It is paid back."},
           {"reply", number},
           {"close", number, "--outcome", "upheld", "--cause", "double-run", "--why", "no lock"}}) {
    const Finished step = Sqm(words);
    EXPECT_EQ(step.exit_code, 0) << words[0] << step.err;
  }
  const Finished shown = Sqm({"show", number}, "zh");
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_TRUE(absl::StrContains(shown.out, "已办结")) << shown.out;
  EXPECT_TRUE(absl::StrContains(shown.out, "It is paid back.")) << shown.out;
  const Finished json = Sqm({"show", number, "-o", "json"});
  EXPECT_TRUE(absl::StartsWith(json.out, "{\"case\": {")) << json.out;
  EXPECT_TRUE(absl::StrContains(json.out, "CASE_ACTION_REPLY")) << json.out;
  const Finished all = Sqm({"list", "--filter", "state = CLOSED"});
  EXPECT_TRUE(absl::StrContains(all.out, number)) << all.out;
  EXPECT_FALSE(absl::StrContains(Sqm({"queue", "mine"}).out, number));
  v1::Case other = Sample();
  other.mutable_customer()->set_reference("ac1001");
  auto again = Create(*lead_, other);
  ASSERT_TRUE(again.ok()) << again.status();
  other.mutable_customer()->set_reference("AC-2002");
  auto stranger = Create(*lead_, other);
  ASSERT_TRUE(stranger.ok()) << stranger.status();
  const Finished similar = Sqm({"similar", again->number()});
  for (const char* word : {"similarity", "same_customer", stranger->number().c_str()}) {
    EXPECT_TRUE(absl::StrContains(similar.out, word)) << similar.out;
  }
  const Finished history = Sqm({"history", number});
  EXPECT_TRUE(absl::StrContains(history.out, number)) << history.out;
  EXPECT_TRUE(absl::StrContains(history.out, again->number())) << history.out;
  EXPECT_FALSE(absl::StrContains(history.out, stranger->number())) << history.out;
}

TEST_F(ComplaintsCliTest, AppointmentsSuggestionsAndCompensations) {
  const auto enter = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "create");
    words.insert(words.end(), {"--channel", "phone", "--subject", "x", "--columns", "number"});
    const Finished made = Sqm(words);
    EXPECT_EQ(made.exit_code, 0) << made.err;
    const size_t at = made.out.find("-20");
    return at == std::string::npos ? std::string() : made.out.substr(at - 1, 13);
  };
  const auto run = [&](const std::vector<std::vector<std::string>>& steps) {
    for (const std::vector<std::string>& words : steps) {
      const Finished step = Sqm(words);
      EXPECT_EQ(step.exit_code, 0) << words[0] << ": " << step.err;
    }
  };
  const std::string visit =
      enter({"--kind", "appointment", "--place", "Hall 2", "--at", "2099-12-05T14:30", "--zone",
             "Asia/Shanghai", "--prepare", "equipment:projector:Projector: for 20", "--prepare",
             "person:guide:Guide"});
  run({{"confirm", visit, "--at", "2099-12-06T09:00", "--text", "Agreed"},
       {"prepare", visit, "--item", "projector"},
       {"prepare", visit, "--item", "guide"},
       {"prepare", visit, "--item", "guide", "--not-ready"}});
  const Finished shown = Sqm({"show", visit});
  for (const char* word : {"Hall 2", "2099-12-06 09:00", "Projector: for 20", "Confirmed"}) {
    EXPECT_TRUE(absl::StrContains(shown.out, word)) << shown.out;
  }
  const Finished read = Sqm({"show", visit}, "zh");
  for (const char* word : {"（projector → 已就绪）", "（guide → 未就绪）"}) {
    EXPECT_TRUE(absl::StrContains(read.out, word)) << read.out;
  }
  const Finished ahead = Sqm({"execute", visit});
  EXPECT_EQ(ahead.exit_code, 1);
  EXPECT_TRUE(absl::StrContains(ahead.err, "sqm complaints confirm")) << ahead.err;
  const std::string soon =
      absl::FormatTime(absl::RFC3339_sec, absl::Now() + absl::Minutes(50), absl::UTCTimeZone());
  run({{"confirm", visit, "--at", soon},
       {"prepare", visit, "--item", "guide"},
       {"execute", visit}});
  ASSERT_TRUE(CreateCategory("billing").ok());
  const std::string idea = enter({"--kind", "suggestion", "--benefit", "Fewer calls"});
  run({{"acknowledge", idea},
       {"classify", idea, "--category", "categories/billing"},
       {"assign", idea, "--to", "dev"},
       {"start", idea},
       {"adopt", idea, "--text", "We do it"},
       {"reward", idea, "--amount", "200", "--currency", "CNY"}});
  EXPECT_TRUE(absl::StrContains(Sqm({"show", idea}, "zh").out, "（奖励 → 200 CNY）"));
  const std::string praise = enter({"--kind", "praise", "--phone", "555"});
  run({{"acknowledge", praise},
       {"close", praise, "--outcome", "noted"},
       {"satisfaction", praise, "--score", "2", "--not-accepted", "--text", "Not so"}});
  const Finished marked = Sqm({"show", praise}, "zh");
  EXPECT_TRUE(absl::StrContains(marked.out, "Not so（接受处理结果 → 否；满意度 → 2）"))
      << marked.out;
  const Finished again = Sqm({"adopt", idea, "--text", "Once more"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_TRUE(absl::StrContains(again.err, "→ ")) << again.err;
  auto one = Assigned(Sample(), "staff/dev");
  ASSERT_TRUE(one.ok()) << one.status();
  run({{"start", one->number()},
       {"compensate", one->number(), "--amount", "120.50", "--currency", "CNY", "--reason",
        "Charged twice"}});
  EXPECT_NE(Sqm({"decide-compensation", one->number(), "--reason", "No"}).exit_code, 0);
  const Finished own = Sqm({"decide-compensation", one->number(), "--refuse", "--reason", "No"});
  EXPECT_EQ(own.exit_code, 1) << own.out;
  EXPECT_TRUE(absl::StrContains(own.err, "RULE_VIOLATED")) << own.err;
}

TEST_F(ComplaintsCliTest, SaysInWhichCaseItGoesOn) {
  const auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"reject", one->number(), "--reason", "not ours"},
        {"archive", one->number()}}) {
    const Finished step = Sqm(words);
    EXPECT_EQ(step.exit_code, 0) << step.err;
    EXPECT_FALSE(absl::StrContains(step.err, "goes on")) << step.err;
  }
  const Finished again = Sqm({"reopen", one->number(), "--reason", "ours after all"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(absl::StrContains(again.err, "It goes on in a new case: C-")) << again.err;
}

TEST_F(ComplaintsCliTest, ALetterIsBegunFromATemplate) {
  ASSERT_EQ(RunProgram({kSqm, "--login", server_->login_file(), "seed"}).exit_code, 0);
  const auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  const Finished draft = Sqm({"draft", one->number(), "--template", "interim-reply"});
  EXPECT_EQ(draft.exit_code, 0) << draft.err;
  EXPECT_TRUE(absl::StrContains(draft.out, one->number())) << draft.out;
  EXPECT_TRUE(absl::EndsWith(draft.out, "\n")) << draft.out;
  // Nothing has happened to the case.
  EXPECT_TRUE(absl::StrContains(Sqm({"show", one->number()}).out, "Received"));
  // What it does not know is said, and not sent.
  const Finished final_reply = Sqm({"draft", one->number(), "--template", "final-reply"});
  EXPECT_TRUE(absl::StrContains(final_reply.err, "To be completed, a dash stands for it: "))
      << final_reply.err;
  EXPECT_TRUE(absl::StrContains(final_reply.err, "answer")) << final_reply.err;
  const Finished unfinished = Sqm({"propose", one->number(), "--template", "final-reply"});
  EXPECT_EQ(unfinished.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(unfinished.err, "Say what was found with --text"))
      << unfinished.err;
  const Finished finished =
      Sqm({"draft", one->number(), "--template", "final-reply", "--text", "It was paid twice."});
  EXPECT_TRUE(absl::StrContains(finished.out, "\n\nIt was paid twice.\n\n")) << finished.out;
  EXPECT_FALSE(absl::StrContains(finished.err, "answer")) << finished.err;
  const Finished placeless =
      Sqm({"draft", one->number(), "--template", "interim-reply", "--text", "It was paid twice."});
  EXPECT_TRUE(absl::StrContains(placeless.err, "Leave out --text")) << placeless.err;
  EXPECT_TRUE(absl::StrContains(placeless.err, "write {answer} into this one with `sqm update`"))
      << placeless.err;
  const Finished none = Sqm({"draft", one->number(), "--template", "nope"});
  EXPECT_TRUE(absl::StrContains(none.err, "`sqm list replyTemplates`")) << none.err;
}

TEST_F(ComplaintsCliTest, EveryStepOfALongCase) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  ASSERT_TRUE(CreateCause("double-run").ok());
  CreatePolicy();
  auto one = Assigned(Sample(), "staff/dev");
  ASSERT_TRUE(one.ok()) << one.status();
  const std::string number = one->number();
  const auto run = [&](const std::vector<std::vector<std::string>>& steps) {
    for (const std::vector<std::string>& words : steps) {
      const Finished step = Sqm(words);
      EXPECT_EQ(step.exit_code, 0) << words[0] << ": " << step.err;
    }
  };
  run({{"start", number},
       {"note", number, "--text", "Looked at the bill"},
       {"wait", number, "--for", "customer", "--question", "Which bill?"},
       {"wait", number, "--for", "third-party", "--question", "Was it paid?"},
       {"resume", number}});
  const Finished explained = Sqm({"explain", number, "--deadline", "total-resolution"});
  EXPECT_EQ(explained.exit_code, 0) << explained.err;
  for (const char* word : {"counted", "waited for the customer", "waited for a third party"}) {
    EXPECT_TRUE(absl::StrContains(explained.out, word)) << explained.out;
  }
  EXPECT_TRUE(absl::StrContains(
      Sqm({"explain", number, "--deadline", "total-resolution"}, "zh").out, "等待客户"));
  EXPECT_EQ(Sqm({"explain", number, "--deadline", "approval"}).exit_code, 1);
  EXPECT_EQ(Sqm({"explain", number, "--deadline", "tomorrow"}).exit_code, 2);
  run({{"propose", number, "--text", "Paid back"}});
  const Finished own = Sqm({"return", number, "--reason", "Say when"});
  EXPECT_EQ(own.exit_code, 1);
  EXPECT_TRUE(absl::StrContains(own.err, "own-response")) << own.err;
  one = Do<v1::DecideResponseRequest>(*supervisor_, &Stub::DecideResponse, one->name(),
                                      [](auto& request) {
                                        request.set_approved(false);
                                        request.set_comment("Say when");
                                      });
  ASSERT_TRUE(one.ok()) << one.status();
  run({{"propose", number, "--text", "Paid back on Monday"},
       {"reply", number},
       {"escalate", number, "--reason", "The customer wants more"}});
  // The next tier is in other hands.
  const Finished again = Sqm({"assign", number, "--to", "dev"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_TRUE(absl::StrContains(again.err, "conflict-of-interest")) << again.err;
  run({{"assign", number, "--to", "eve"}});
  // Not in somebody's place either.
  EXPECT_TRUE(absl::StrContains(Sqm({"start", number}).err, "conflict-of-interest"));
  const auto eve = Caller(auth::Role::kAgent, "eve");
  const std::string& name = one->name();
  ASSERT_TRUE(Do<v1::StartCaseRequest>(*eve, &Stub::StartCase, name).ok());
  ASSERT_TRUE(Do<v1::ProposeResponseRequest>(*eve, &Stub::ProposeResponse, name, [](auto& request) {
                request.set_text("And a voucher");
              }).ok());
  ASSERT_TRUE(Do<v1::ReplyCaseRequest>(*eve, &Stub::ReplyCase, name).ok());
  ASSERT_TRUE(Do<v1::CloseCaseRequest>(*eve, &Stub::CloseCase, name, [](auto& request) {
                request.set_outcome(v1::CASE_OUTCOME_NOT_UPHELD);
              }).ok());
  // Somebody else asks the customer.
  const std::vector<std::string> mark = {"satisfaction",   number,   "--score",    "2",
                                         "--not-accepted", "--text", "Still wrong"};
  EXPECT_TRUE(absl::StrContains(Sqm(mark).err, "own-case"));
  const Finished asked = SqmAs(As(auth::Role::kSupervisor, "sue", "north"), mark);
  EXPECT_EQ(asked.exit_code, 0) << asked.err;
  run({{"withdraw", number, "--reason", "Paid after all"}, {"archive", number}});
  EXPECT_EQ(Get(*manager_, one->name())->state(), v1::CASE_STATE_ARCHIVED);
  auto twin = Create(*lead_, Sample());
  auto other = Create(*lead_, Sample());
  ASSERT_TRUE(twin.ok() && other.ok());
  const Finished similar = Sqm({"similar", twin->number()});
  EXPECT_TRUE(absl::StrContains(similar.out, other->number())) << similar.out << similar.err;
  run({{"merge", other->number(), "--into", twin->number(), "--reason", "the same"},
       {"reject", twin->number(), "--reason", "not ours"}});
  EXPECT_EQ(Get(*manager_, other->name())->merged_into(), twin->name());
  // What is over is not due: since when it waits to be read is told instead.
  run({{"message", twin->number(), "--from", "customer", "--text", "Why not?"}});
  const Finished unread = Sqm({"queue", "unread"});
  EXPECT_TRUE(absl::StrContains(unread.out, "unread_since")) << unread.out;
  EXPECT_FALSE(absl::StrContains(unread.out, "due_time")) << unread.out;
}

TEST_F(ComplaintsCliTest, MessagesReceiptsAndDisclosures) {
  auto first = Create(*lead_, Sample());
  ASSERT_TRUE(first.ok()) << first.status();
  const Finished made = Sqm({"create", "--subject", "Late fee charged twice", "--text",
                             "The late fee of March was charged twice to my account.", "--customer",
                             "AC-1001", "--staff", "otto"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_TRUE(absl::StrContains(made.err, first->number())) << "likely the same: " << made.err;
  const std::string& number = first->number();
  EXPECT_EQ(Sqm({"message", number, "--from", "customer", "--text", "When?"}).exit_code, 0);
  EXPECT_EQ(Sqm({"message", number, "--from", "us", "--text", "Soon", "--attach", "https://f/a"})
                .exit_code,
            2)
      << "without its hash";
  EXPECT_EQ(Sqm({"message", number, "--from", "us", "--text", "Soon", "--attach", "https://f/a",
                 "--sha256", std::string(64, 'a')})
                .exit_code,
            0);
  EXPECT_EQ(Sqm({"note", number, "--text", "internal"}).exit_code, 0);
  const Finished receipt = Sqm({"receipt", number, "-o", "json"});
  ASSERT_EQ(receipt.exit_code, 0) << receipt.err;
  const size_t at = receipt.out.find("\"receipt\": \"");
  ASSERT_NE(at, std::string::npos) << receipt.out;
  const std::string secret = receipt.out.substr(at + 12, 40);
  const Finished told = Sqm({"track", number, "--receipt", secret}, "zh");
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_TRUE(absl::StrContains(told.out, "Soon")) << told.out;
  EXPECT_TRUE(absl::StrContains(told.out, "客户消息")) << "who said it: " << told.out;
  EXPECT_TRUE(absl::StrContains(told.out, "可以评价")) << told.out;
  EXPECT_FALSE(absl::StrContains(told.out, "internal")) << told.out;
  EXPECT_EQ(Sqm({"track", number, "--receipt", std::string(40, 'f')}).exit_code, 1);
  // Neither has to be on the command line, for others to see.
  const Finished answered =
      RunProgram({"sh", "-c",
                  absl::StrCat("printf '%s\\nThank you' ", secret, " | ", kSqm, " --login ",
                               server_->login_file(), " complaints answer ", number,
                               " --receipt - --text -")});
  EXPECT_EQ(answered.exit_code, 0) << answered.err;
  EXPECT_TRUE(absl::StrContains(Sqm({"track", number, "--receipt", secret}).out, "Thank you"));
  // Not closed yet.
  EXPECT_EQ(Sqm({"rate", number, "--receipt", secret, "--score", "5"}).exit_code, 1);
  // The timeline says what changed, in the reader's words.
  ASSERT_TRUE(CreateCategory("billing").ok());
  ASSERT_EQ(Sqm({"acknowledge", number}).exit_code, 0);
  ASSERT_EQ(
      Sqm({"classify", number, "--category", "categories/billing", "--severity", "high"}).exit_code,
      0);
  const Finished shown = Sqm({"show", number}, "zh");
  EXPECT_TRUE(absl::StrContains(shown.out, "→ categories/billing")) << shown.out;
  EXPECT_TRUE(absl::StrContains(shown.out, "（categories/billing）")) << "its label: " << shown.out;
  EXPECT_TRUE(absl::StrContains(shown.out, "→ 严重")) << shown.out;

  v1::CreateDisclosurePanelRequest panel;
  panel.mutable_disclosure_panel()->add_members("staff/rita");
  panel.set_disclosure_panel_id("default");
  ASSERT_TRUE(manager_->Call(&Stub::CreateDisclosurePanel, panel).ok());
  const Finished disclosed = Sqm(
      {"disclose", "--subject", "Forged", "--text", "Receipts", "--channel", "web", "-o", "json"});
  ASSERT_EQ(disclosed.exit_code, 0) << disclosed.err;
  const size_t begin = disclosed.out.find("D-"), key = disclosed.out.find("\"receipt\": \"");
  ASSERT_TRUE(begin != std::string::npos && key != std::string::npos) << disclosed.out;
  const Finished followed = Sqm(
      {"track", disclosed.out.substr(begin, 13), "--receipt", disclosed.out.substr(key + 12, 40)});
  EXPECT_EQ(followed.exit_code, 0) << followed.err;
}

TEST_F(ComplaintsCliTest, ActionsFromAddToVerify) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  ASSERT_TRUE(CreateCause("double-run").ok());
  auto one = Assigned(Sample(), "staff/ann");
  ASSERT_TRUE(one.ok()) << one.status();
  const auto actions = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "actions");
    return Sqm(words);
  };
  EXPECT_EQ(
      actions({"add", one->number(), "--text", "x", "--owner", "ann", "--due", "soon"}).exit_code,
      2);
  const Finished made = actions({"add", one->number(), "--text", "Check the fee run", "--owner",
                                 "ann", "--due", "2099-12-01", "--kind", "preventive", "--cause",
                                 "double-run", "--columns", "name,cause"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_TRUE(absl::StrContains(made.out, "causes/double-run")) << made.out;
  const size_t at = made.out.find("correctiveActions/");
  ASSERT_NE(at, std::string::npos) << made.out;
  const std::string name = made.out.substr(at, made.out.find_first_of(" \n", at) - at);
  EXPECT_TRUE(absl::StrContains(actions({"list", "--case", one->number(), "--open"}).out,
                                "Check the fee run"));
  EXPECT_FALSE(absl::StrContains(actions({"list", "--late"}).out, "Check the fee run"));
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"reschedule", name, "--due", "2099-12-02", "--reason", "Ann is away"},
           {"start", name},
           {"done", name, "--text", "A second person checks"}}) {
    const Finished step = actions(words);
    EXPECT_EQ(step.exit_code, 0) << words[0] << step.err;
  }
  const Finished shown = Sqm({"show", one->number()}, "zh");
  EXPECT_TRUE(absl::StrContains(shown.out, "状态 待实施 → 实施中")) << shown.out;
  // The development login did it, so somebody else says whether it had an effect.
  const Finished own = actions({"verify", name, "--text", "None in April"});
  EXPECT_EQ(own.exit_code, 1);
  v1::VerifyCorrectiveActionRequest verify;
  verify.set_name(name);
  verify.set_effective(true);
  verify.set_comment("None in April");
  EXPECT_TRUE(supervisor_->Call(&Stub::VerifyCorrectiveAction, verify).ok());
  EXPECT_FALSE(absl::StrContains(actions({"list", "--open"}).out, "Check the fee run"));
}

TEST_F(ComplaintsCliTest, GivesAndWithdrawsAccessToADisclosure) {
  auto made = Disclosed("staff/dev", {"staff/bob"});
  ASSERT_TRUE(made.ok()) << made.status();
  const std::string number = made->number();
  const auto seen = [&] {
    auto cases = manager_->Call(&Stub::ListCases, v1::ListCasesRequest());
    EXPECT_TRUE(cases.ok()) << cases.status();
    return cases.ok() && cases->cases_size() == 1;
  };
  EXPECT_FALSE(seen());
  const Finished granted = Sqm({"access", number, "--grant", "mia", "--reason", "has to decide"});
  EXPECT_EQ(granted.exit_code, 0) << granted.err;
  EXPECT_TRUE(seen());
  EXPECT_TRUE(absl::StrContains(granted.out, "staff/dev, staff/mia")) << granted.out;
  const Finished named = Sqm({"access", number, "--grant", "bob", "--reason", "sits on it"});
  EXPECT_EQ(named.exit_code, 1) << named.err;
  EXPECT_TRUE(absl::StrContains(named.err, "reader-is-named")) << named.err;
  const Finished revoked = Sqm({"access", number, "--revoke", "staff/mia", "--reason", "has left"});
  EXPECT_EQ(revoked.exit_code, 0) << revoked.err;
  EXPECT_FALSE(seen());
  const Finished last = Sqm({"access", number, "--revoke", "dev", "--reason", "has left"});
  EXPECT_EQ(last.exit_code, 1) << last.err;
  EXPECT_TRUE(absl::StrContains(last.err, "last-reader")) << last.err;
  // One of them, and only one.
  EXPECT_EQ(Sqm({"access", number, "--reason", "x"}).exit_code, 2);
  EXPECT_EQ(Sqm({"access", number, "--grant", "mia", "--revoke", "dev", "--reason", "x"}).exit_code,
            2);
  EXPECT_FALSE(seen());
}

}  // namespace
}  // namespace sqm::testing
