// Input that is wrong on purpose: the exact error, and nothing half done.
#include <absl/strings/str_cat.h>
#include <absl/synchronization/mutex.h>

#include <thread>
#include <vector>

#include "tests/integration/complaints_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsHostileTest : public ComplaintsWorld {
 protected:
  static std::string Megabyte() { return std::string(1 << 20, 'x'); }
  absl::Status Add(const v1::Calendar& calendar) {
    v1::CreateCalendarRequest request;
    *request.mutable_calendar() = calendar;
    request.set_calendar_id("office");
    return manager_->Call(&Stub::CreateCalendar, request).status();
  }
  absl::Status Add(const v1::DeadlinePolicy& policy) {
    v1::CreateDeadlinePolicyRequest request;
    *request.mutable_deadline_policy() = policy;
    return manager_->Call(&Stub::CreateDeadlinePolicy, request).status();
  }
  static v1::DeadlinePolicy Policy() {
    v1::DeadlinePolicy policy;
    policy.mutable_label()->set_en("Standard");
    v1::DeadlineTarget& target = *policy.add_targets();
    target.set_kind(v1::DEADLINE_KIND_FIRST_RESPONSE);
    target.mutable_target()->set_seconds(86400);
    target.set_measure(v1::DEADLINE_MEASURE_ELAPSED);
    return policy;
  }
  static v1::Escalation& Escalate(v1::DeadlinePolicy& policy, int level, const std::string& to) {
    v1::Escalation& one = *policy.mutable_targets(0)->add_escalations();
    one.set_level(level);
    one.mutable_offset()->set_seconds(level * 3600);
    one.set_to(to);
    return one;
  }
};

// Every step that does not begin with RECEIVED, on a case that has just come in.
TEST_F(ComplaintsHostileTest, ImpossibleTransitions) {
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  const std::string name = one->name();
  const Refusal refusal = WrongState("RECEIVED", "ACKNOWLEDGED,WITHDRAWN,REJECTED,MERGED");
  const auto reason = [](auto& request) { request.set_reason("x"); };
  const auto refused = [&](const absl::Status& status) {
    EXPECT_TRUE(IsRefused(status, refusal));
    EXPECT_EQ(Get(*manager_, name)->etag(), one->etag());
  };
  const Client& client = *manager_;
  refused(Do<v1::AssignCaseRequest>(client, &Stub::AssignCase, name, [](auto& request) {
            request.set_owner("staff/ann");
          }).status());
  refused(Do<v1::RefuseAssignmentRequest>(client, &Stub::RefuseAssignment, name, reason).status());
  refused(Do<v1::StartCaseRequest>(client, &Stub::StartCase, name).status());
  refused(Do<v1::AwaitCustomerRequest>(client, &Stub::AwaitCustomer, name, [](auto& request) {
            request.set_question("?");
          }).status());
  refused(Do<v1::AwaitThirdPartyRequest>(client, &Stub::AwaitThirdParty, name, [](auto& request) {
            request.set_question("?");
          }).status());
  refused(Do<v1::ResumeCaseRequest>(client, &Stub::ResumeCase, name).status());
  refused(Do<v1::ProposeResponseRequest>(client, &Stub::ProposeResponse, name, [](auto& request) {
            request.set_text("x");
          }).status());
  refused(Do<v1::DecideResponseRequest>(client, &Stub::DecideResponse, name, [](auto& request) {
            request.set_approved(true);
          }).status());
  refused(Do<v1::ReplyCaseRequest>(client, &Stub::ReplyCase, name, [](auto& request) {
            request.set_text("x");
          }).status());
  refused(Do<v1::CloseCaseRequest>(client, &Stub::CloseCase, name, [](auto& request) {
            request.set_outcome(v1::CASE_OUTCOME_NOT_UPHELD);
          }).status());
  refused(Do<v1::ReopenCaseRequest>(client, &Stub::ReopenCase, name, reason).status());
  refused(Do<v1::EscalateCaseRequest>(client, &Stub::EscalateCase, name, reason).status());
  refused(Do<v1::ArchiveCaseRequest>(client, &Stub::ArchiveCase, name).status());
  refused(
      Do<v1::RecordSatisfactionRequest>(client, &Stub::RecordSatisfaction, name, [](auto& request) {
        request.set_satisfaction(5);
        request.set_accepted(true);
      }).status());
  refused(Do<v1::AdoptSuggestionRequest>(client, &Stub::AdoptSuggestion, name, [](auto& request) {
            request.set_comment("x");
          }).status());
  refused(Do<v1::ConfirmAppointmentRequest>(client, &Stub::ConfirmAppointment, name).status());
  EXPECT_TRUE(Timeline(*manager_, name).empty());
  // And nothing at all after the end.
  ASSERT_TRUE(Do<v1::WithdrawCaseRequest>(client, &Stub::WithdrawCase, name, reason).ok());
  ASSERT_TRUE(Do<v1::ArchiveCaseRequest>(client, &Stub::ArchiveCase, name).ok());
  EXPECT_TRUE(
      IsRefused(Do<v1::WithdrawCaseRequest>(client, &Stub::WithdrawCase, name, reason).status(),
                Refusal{absl::StatusCode::kFailedPrecondition,
                        type::v1::ERROR_REASON_WRONG_STATE,
                        {{"current_state", "ARCHIVED"}}}));
  EXPECT_EQ(Timeline(*manager_, name).size(), 2u);
}

TEST_F(ComplaintsHostileTest, UnknownCategories) {
  v1::Case one = Sample();
  one.set_category("categories/none");
  EXPECT_TRUE(IsRefused(Create(*lead_, one).status(), kNoReference));
  one.set_category("categories/../cases/x");
  EXPECT_EQ(Create(*lead_, one).status().code(), absl::StatusCode::kInvalidArgument);
  v1::DeadlinePolicy policy = Policy();
  policy.add_categories("categories/none");
  EXPECT_TRUE(IsRefused(Add(policy), kNoReference));
  v1::Category below;
  below.set_parent_category("categories/none");
  EXPECT_TRUE(IsRefused(CreateCategory("child", below).status(), kNoReference));
  // Three levels, and a category that is out of use.
  ASSERT_TRUE(CreateCategory("top").ok());
  below.set_parent_category("categories/top");
  ASSERT_TRUE(CreateCategory("child", below).ok());
  below.set_parent_category("categories/child");
  EXPECT_TRUE(IsRefused(CreateCategory("grandchild", below).status(), Rule("category-too-deep")));
  v1::RetireCategoryRequest retire;
  retire.set_name("categories/child");
  ASSERT_TRUE(manager_->Call(&Stub::RetireCategory, retire).ok());
  auto made = Create(*lead_, Sample());
  ASSERT_TRUE(made.ok());
  ASSERT_TRUE(Do<v1::AcknowledgeCaseRequest>(*lead_, &Stub::AcknowledgeCase, made->name()).ok());
  const auto classify = [](auto& request) { request.set_category("categories/child"); };
  EXPECT_TRUE(IsRefused(
      Do<v1::ClassifyCaseRequest>(*lead_, &Stub::ClassifyCase, made->name(), classify).status(),
      Rule("category-retired")));
  EXPECT_EQ(manager_->Call(&Stub::ListCases, v1::ListCasesRequest())->cases_size(), 1);
  EXPECT_EQ(Get(*manager_, made->name())->category(), "");
}

TEST_F(ComplaintsHostileTest, CalendarsWithoutWorkingTime) {
  v1::Calendar never;
  never.mutable_label()->set_en("Never");
  never.set_zone("Asia/Shanghai");
  EXPECT_EQ(ReasonOf(Add(never)), type::v1::ERROR_REASON_INVALID_FIELD);
  // Hours that begin after they have ended for ever.
  v1::Calendar over = never;
  over.add_weekly()->add_days(v1::WEEKDAY_MONDAY);
  over.mutable_weekly(0)->add_intervals("09:00-09:00");
  EXPECT_EQ(ReasonOf(Add(over)), type::v1::ERROR_REASON_INVALID_FIELD);
  over.mutable_weekly(0)->set_intervals(0, "09:00-17:00");
  over.mutable_weekly(0)->clear_days();
  EXPECT_EQ(ReasonOf(Add(over)), type::v1::ERROR_REASON_INVALID_FIELD);
  EXPECT_EQ(manager_->Call(&Stub::ListCalendars, v1::ListCalendarsRequest())->calendars_size(), 0);

  // One whose time is over gives no due time; work on the case goes on all the same.
  over.mutable_weekly(0)->add_days(v1::WEEKDAY_MONDAY);
  over.set_effective_to("2020-01-01");
  ASSERT_TRUE(Add(over).ok());
  v1::DeadlinePolicy policy = Policy();
  policy.set_calendar("calendars/office");
  policy.mutable_targets(0)->set_measure(v1::DEADLINE_MEASURE_WORKING);
  ASSERT_TRUE(Add(policy).ok());
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_EQ(one->deadlines_size(), 1);
  EXPECT_EQ(one->deadlines(0).state(), v1::DEADLINE_STATE_UNKNOWN);
  EXPECT_FALSE(one->has_due_time());
  EXPECT_TRUE(Do<v1::AcknowledgeCaseRequest>(*lead_, &Stub::AcknowledgeCase, one->name()).ok());
}

TEST_F(ComplaintsHostileTest, PoliciesThatContradictAndEscalateInCircles) {
  v1::DeadlinePolicy bad = Policy();
  Escalate(bad, 1, "staff/sue");
  Escalate(bad, 2, "team/quality");
  Escalate(bad, 3, "staff/sue");
  EXPECT_TRUE(IsRefused(Add(bad), Field("deadline_policy.targets[0].escalations[2].to")));
  bad = Policy();
  Escalate(bad, 2, "staff/sue");
  Escalate(bad, 1, "staff/mia");
  EXPECT_EQ(ReasonOf(Add(bad)), type::v1::ERROR_REASON_INVALID_FIELD);  // not in order
  bad = Policy();
  for (int i = 0; i < 1000; ++i) Escalate(bad, 1, absl::StrCat("staff/s", i));
  EXPECT_EQ(ReasonOf(Add(bad)), type::v1::ERROR_REASON_INVALID_FIELD);
  bad = Policy();
  bad.mutable_effective_from()->set_seconds(2000000000);
  bad.mutable_effective_to()->set_seconds(1000000000);
  EXPECT_TRUE(IsRefused(Add(bad), Field("deadline_policy.effective_to")));
  bad = Policy();
  bad.mutable_targets(0)->mutable_target()->set_seconds(int64_t{1} << 60);
  EXPECT_EQ(Add(bad).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(manager_->Call(&Stub::ListDeadlinePolicies, v1::ListDeadlinePoliciesRequest())
                ->deadline_policies_size(),
            0);
  // Two of one rank for the same cases: the first stays alone.
  ASSERT_TRUE(Add(Policy()).ok());
  v1::DeadlinePolicy second = Policy();
  second.add_kinds(v1::CASE_KIND_COMPLAINT);
  EXPECT_TRUE(IsRefused(Add(second), Rule("policies-contradict")));
  EXPECT_EQ(manager_->Call(&Stub::ListDeadlinePolicies, v1::ListDeadlinePoliciesRequest())
                ->deadline_policies_size(),
            1);
}

// Two that contradict each other pass neither when they come, nor when they are changed, at once.
TEST_F(ComplaintsHostileTest, PoliciesThatContradictAtTheSameTime) {
  constexpr int kThreads = 6, kRanks = 8;
  std::vector<int> made(kRanks * 2);
  std::vector<absl::Status> others;
  absl::Mutex mutex;
  const auto count = [&](int rank, const absl::Status& status) {
    absl::MutexLock lock(&mutex);
    made[rank] += status.ok() ? 1 : 0;
    if (!status.ok() && !IsRefused(status, Rule("policies-contradict"))) others.push_back(status);
  };
  // Who loses the race too often is told so, and tries again.
  const auto until_decided = [](const auto& call) {
    auto result = call();
    while (ReasonOf(result.status()) == type::v1::ERROR_REASON_CONFLICT) result = call();
    return result;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto client = Caller(auth::Role::kManager, "mia");
      for (int rank = 0; rank < kRanks; ++rank) {
        v1::CreateDeadlinePolicyRequest create;
        *create.mutable_deadline_policy() = Policy();
        create.mutable_deadline_policy()->set_rank(rank);
        const auto add = [&] { return client->Call(&Stub::CreateDeadlinePolicy, create); };
        count(rank, until_decided(add).status());
        // One of a rank of its own comes to the rank that the others want, too.
        create.mutable_deadline_policy()->set_rank(500 + t * kRanks + rank);
        auto own = until_decided(add);
        if (!own.ok()) {
          count(rank, own.status());
          continue;
        }
        v1::UpdateDeadlinePolicyRequest update;
        update.mutable_deadline_policy()->set_name(own->name());
        update.mutable_deadline_policy()->set_rank(kRanks + rank);
        update.mutable_update_mask()->add_paths("rank");
        count(kRanks + rank, until_decided([&] {
                               return client->Call(&Stub::UpdateDeadlinePolicy, update);
                             }).status());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, std::vector<int>(kRanks * 2, 1));
  for (const absl::Status& status : others) ADD_FAILURE() << status;
}

TEST_F(ComplaintsHostileTest, TextsOfAMegabyte) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  v1::Case one = Sample();
  one.set_text(Megabyte());
  EXPECT_TRUE(IsRefused(Create(*lead_, one).status(), Field("case.text")));
  one = Sample();
  one.set_subject(Megabyte());
  EXPECT_TRUE(IsRefused(Create(*lead_, one).status(), Field("case.subject")));
  one = Sample();
  one.mutable_customer()->set_display_name(Megabyte());
  EXPECT_TRUE(IsRefused(Create(*lead_, one).status(), Field("case.customer.display_name")));
  EXPECT_EQ(manager_->Call(&Stub::ListCases, v1::ListCasesRequest())->cases_size(), 0);

  auto made = Assigned(Sample(), "staff/ann");
  ASSERT_TRUE(made.ok()) << made.status();
  const std::string name = made->name();
  v1::AddCaseEntryRequest note;
  note.set_parent(name);
  note.mutable_entry()->set_action(v1::CASE_ACTION_NOTE);
  note.mutable_entry()->set_text(Megabyte());
  EXPECT_TRUE(IsRefused(agent_->Call(&Stub::AddCaseEntry, note).status(), Field("entry.text")));
  EXPECT_TRUE(
      IsRefused(Do<v1::StartCaseRequest>(*agent_, &Stub::StartCase, name,
                                         [](auto& request) { request.set_comment(Megabyte()); })
                    .status(),
                Field("comment")));
  ASSERT_TRUE(Do<v1::StartCaseRequest>(*agent_, &Stub::StartCase, name).ok());
  EXPECT_TRUE(
      IsRefused(Do<v1::ProposeResponseRequest>(*agent_, &Stub::ProposeResponse, name,
                                               [](auto& request) { request.set_text(Megabyte()); })
                    .status(),
                Field("text")));
  v1::CreateReplyTemplateRequest reply;
  reply.mutable_reply_template()->mutable_label()->set_en("x");
  reply.mutable_reply_template()->set_body_en(Megabyte());
  EXPECT_TRUE(IsRefused(manager_->Call(&Stub::CreateReplyTemplate, reply).status(),
                        Field("reply_template.body_en")));
  EXPECT_EQ(Get(*manager_, name)->state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(Timeline(*manager_, name).size(), 4u);
}

}  // namespace
}  // namespace sqm::testing
