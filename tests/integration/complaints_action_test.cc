// Corrective actions: added, done, verified, escalated when late, also after the case is closed.
#include <absl/strings/str_cat.h>

#include <atomic>
#include <thread>

#include "tests/integration/complaints_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;
using Action = v1::CorrectiveAction;

class ComplaintsActionTest : public ComplaintsWorld {
 protected:
  void SetUp() override {
    ComplaintsWorld::SetUp();
    if (HasFatalFailure()) return;
    ASSERT_TRUE(CreateCategory("billing").ok());
  }
  static Action Wanted(const std::string& name, absl::Duration due = absl::Hours(24)) {
    Action action;
    action.set_case_(name);
    action.set_kind(v1::CORRECTIVE_ACTION_KIND_CORRECTIVE);
    action.set_description("Check the fee run before it is sent");
    action.set_owner("staff/ann");
    const absl::Time time = absl::Now() + due;
    action.mutable_due_time()->set_seconds(absl::ToUnixSeconds(time));
    action.set_escalate_to("team/quality");
    return action;
  }
  static absl::StatusOr<Action> Add(const Client& client, const Action& action) {
    v1::CreateCorrectiveActionRequest request;
    *request.mutable_corrective_action() = action;
    return client.Call(&Stub::CreateCorrectiveAction, request);
  }
  template <typename Request>
  static absl::StatusOr<Action> Take(const Client& client,
                                     grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                  const Request&, Action*),
                                     const std::string& name,
                                     std::function<void(Request&)> fill = nullptr) {
    Request request;
    request.set_name(name);
    if (fill) fill(request);
    return client.Call(method, request);
  }
  absl::StatusOr<Action> Read(const Client& client, const std::string& name) {
    return Take<v1::GetCorrectiveActionRequest>(client, &Stub::GetCorrectiveAction, name);
  }
  std::vector<Action> List(const Client& client, const std::string& filter) {
    v1::ListCorrectiveActionsRequest request;
    request.set_filter(filter);
    auto actions = client.Call(&Stub::ListCorrectiveActions, request);
    EXPECT_TRUE(actions.ok()) << actions.status();
    if (!actions.ok()) return {};
    return {actions->corrective_actions().begin(), actions->corrective_actions().end()};
  }
  // Names of the timeline's actions from the first corrective one on.
  std::string Told(const std::string& name) {
    std::string told;
    for (const v1::CaseEntry& entry : Timeline(*manager_, name)) {
      if (entry.corrective_action().empty()) continue;
      absl::StrAppend(&told, v1::CaseAction_Name(entry.action()).substr(12), " ");
    }
    return told;
  }
};

TEST_F(ComplaintsActionTest, RemovesACauseThatIsThereAndInUse) {
  ASSERT_TRUE(CreateCause("double-run").ok());
  Action wanted = Wanted(Replied());
  wanted.set_cause("double run");
  EXPECT_TRUE(IsRefused(Add(*agent_, wanted).status(), Field("corrective_action.cause")));
  wanted.set_cause("causes/none");
  EXPECT_TRUE(IsRefused(
      Add(*agent_, wanted).status(),
      {absl::StatusCode::kFailedPrecondition, type::v1::ERROR_REASON_REFERENCE_NOT_FOUND}));
  wanted.set_cause("causes/double-run");
  EXPECT_TRUE(Add(*agent_, wanted).ok());
  v1::UpdateCauseRequest retire;
  retire.mutable_cause()->set_name("causes/double-run");
  retire.mutable_cause()->set_retired(true);
  ASSERT_TRUE(manager_->Call(&Stub::UpdateCause, retire).ok());
  EXPECT_TRUE(IsRefused(Add(*agent_, wanted).status(), Rule("cause-retired")));
}

TEST_F(ComplaintsActionTest, GoesOnAfterTheCaseIsClosed) {
  ASSERT_TRUE(CreateCause("double-run").ok());
  const std::string name = Replied();
  auto action = Add(*agent_, Wanted(name));
  ASSERT_TRUE(action.ok()) << action.status();
  EXPECT_EQ(action->state(), v1::CORRECTIVE_ACTION_STATE_OPEN);
  EXPECT_EQ(action->creator(), "staff/ann");
  auto closed =
      Do<v1::CloseCaseRequest>(*agent_, &Stub::CloseCase, name, [](v1::CloseCaseRequest& request) {
        request.set_outcome(v1::CASE_OUTCOME_UPHELD);
        request.mutable_root_cause()->set_cause("causes/double-run");
      });
  ASSERT_TRUE(closed.ok()) << closed.status();
  // Another, of the cause that is known now.
  auto later = Add(*lead_, Wanted(name));
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->cause(), "causes/double-run");
  EXPECT_EQ(List(*agent_, "owner = \"staff/ann\" AND state < DONE").size(), 2u);
  EXPECT_EQ(List(*manager_, absl::StrCat("case = \"", name, "\"")).size(), 2u);

  const std::string one = action->name();
  const auto done = [](auto& request) { request.set_result("A second person checks"); };
  EXPECT_TRUE(IsRefused(
      Take<v1::CompleteCorrectiveActionRequest>(*agent_, &Stub::CompleteCorrectiveAction, one, done)
          .status(),
      WrongState("OPEN", "IN_PROGRESS,CANCELLED")));
  ASSERT_TRUE(
      Take<v1::StartCorrectiveActionRequest>(*agent_, &Stub::StartCorrectiveAction, one).ok());
  EXPECT_TRUE(IsRefused(
      Take<v1::CompleteCorrectiveActionRequest>(*agent_, &Stub::CompleteCorrectiveAction, one)
          .status(),
      Field("result")));
  action = Take<v1::CompleteCorrectiveActionRequest>(*agent_, &Stub::CompleteCorrectiveAction, one,
                                                     done);
  ASSERT_TRUE(action.ok()) << action.status();
  EXPECT_EQ(action->done_by(), "staff/ann");
  const auto effective = [](v1::VerifyCorrectiveActionRequest& request) {
    request.set_effective(true);
    request.set_comment("None in April");
  };
  EXPECT_TRUE(IsRefused(Take<v1::VerifyCorrectiveActionRequest>(
                            *agent_, &Stub::VerifyCorrectiveAction, one, effective)
                            .status(),
                        kForbidden));
  // Another role does not make it another person.
  EXPECT_TRUE(IsRefused(
      Take<v1::VerifyCorrectiveActionRequest>(*Caller(auth::Role::kSupervisor, "ann"),
                                              &Stub::VerifyCorrectiveAction, one, effective)
          .status(),
      Rule("own-action")));
  // Without effect it is open again, and then done for good.
  const auto without = [](v1::VerifyCorrectiveActionRequest& request) {
    request.set_effective(false);
    request.set_comment("Two more in April");
  };
  EXPECT_TRUE(IsRefused(
      Take<v1::VerifyCorrectiveActionRequest>(*lead_, &Stub::VerifyCorrectiveAction, one, without)
          .status(),
      Field("due_time")));
  action = Take<v1::VerifyCorrectiveActionRequest>(
      *lead_, &Stub::VerifyCorrectiveAction, one, [&](v1::VerifyCorrectiveActionRequest& request) {
        without(request);
        request.mutable_due_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 86400);
      });
  ASSERT_TRUE(action.ok()) << action.status();
  EXPECT_EQ(action->state(), v1::CORRECTIVE_ACTION_STATE_OPEN);
  EXPECT_EQ(action->attempt(), 2);
  ASSERT_TRUE(
      Take<v1::StartCorrectiveActionRequest>(*agent_, &Stub::StartCorrectiveAction, one).ok());
  ASSERT_TRUE(
      Take<v1::CompleteCorrectiveActionRequest>(*agent_, &Stub::CompleteCorrectiveAction, one, done)
          .ok());
  action = Take<v1::VerifyCorrectiveActionRequest>(*lead_, &Stub::VerifyCorrectiveAction, one,
                                                   effective);
  ASSERT_TRUE(action.ok()) << action.status();
  EXPECT_EQ(action->state(), v1::CORRECTIVE_ACTION_STATE_VERIFIED);
  EXPECT_EQ(action->checks_size(), 2);
  EXPECT_EQ(Told(name),
            "ADD_CORRECTIVE_ACTION ADD_CORRECTIVE_ACTION START_CORRECTIVE_ACTION "
            "COMPLETE_CORRECTIVE_ACTION REOPEN_CORRECTIVE_ACTION START_CORRECTIVE_ACTION "
            "COMPLETE_CORRECTIVE_ACTION VERIFY_CORRECTIVE_ACTION ");
  EXPECT_EQ(Get(*manager_, name)->state(), v1::CASE_STATE_CLOSED);
}

// They may say something of the customer all the same: in the timeline, too, they are for those who
// handle it, and that these have seen them is written down.
TEST_F(ComplaintsActionTest, ItsTextsArePersonal) {
  const std::string name = Replied();
  auto made = Add(*agent_, Wanted(name));
  ASSERT_TRUE(made.ok()) << made.status();
  const std::string one = made->name();
  ASSERT_TRUE(
      Take<v1::StartCorrectiveActionRequest>(*agent_, &Stub::StartCorrectiveAction, one).ok());
  ASSERT_TRUE(Take<v1::CompleteCorrectiveActionRequest>(
                  *agent_, &Stub::CompleteCorrectiveAction, one,
                  [](auto& request) { request.set_result("Li Lei was called"); })
                  .ok());
  ASSERT_TRUE(Take<v1::VerifyCorrectiveActionRequest>(*lead_, &Stub::VerifyCorrectiveAction, one,
                                                      [](auto& request) {
                                                        request.set_effective(true);
                                                        request.set_comment("Li Lei is content");
                                                      })
                  .ok());
  for (const Action& seen : {*Read(*agent_, one), List(*lead_, "").front()}) {
    EXPECT_EQ(seen.description(), made->description());
    EXPECT_EQ(seen.result(), "Li Lei was called");
    EXPECT_EQ(seen.checks(0).comment(), "Li Lei is content");
  }
  for (const Action& seen : {*Read(*auditor_, one), List(*auditor_, "").front()}) {
    EXPECT_EQ(seen.description(), "***");
    EXPECT_EQ(seen.result(), "***");
    EXPECT_EQ(seen.checks(0).comment(), "***");
    EXPECT_EQ(seen.owner(), "staff/ann");
  }
  audit::v1::ListAuditEntriesRequest trail;
  trail.set_filter("method:GetCorrectiveAction OR method:ListCorrectiveActions");
  auto entries = manager_->Call(&audit::v1::AuditService::Stub::ListAuditEntries, trail);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(entries->audit_entries_size(), 2) << "the auditor saw nothing";
}

TEST_F(ComplaintsActionTest, RefusesWhatIsWrongAndLeavesNoTrace) {
  const std::string name = Replied();
  Action wrong = Wanted("cases/none");
  EXPECT_TRUE(IsRefused(Add(*lead_, wrong).status(), kNoReference));
  wrong = Wanted(name, -absl::Hours(1));
  EXPECT_TRUE(IsRefused(Add(*lead_, wrong).status(), Field("corrective_action.due_time")));
  wrong = Wanted(name);
  wrong.clear_kind();
  EXPECT_TRUE(IsRefused(Add(*lead_, wrong).status(), Field("corrective_action.kind")));
  wrong = Wanted(name);
  wrong.set_owner("ann");
  EXPECT_TRUE(IsRefused(Add(*lead_, wrong).status(), Field("corrective_action.owner")));
  wrong = Wanted(name);
  wrong.set_escalate_to("somebody");
  EXPECT_TRUE(IsRefused(Add(*lead_, wrong).status(), Field("corrective_action.escalate_to")));
  wrong = Wanted(name);
  wrong.set_description(std::string(1 << 20, 'x'));
  EXPECT_TRUE(IsRefused(Add(*lead_, wrong).status(), Field("corrective_action.description")));
  EXPECT_TRUE(IsRefused(Add(*auditor_, Wanted(name)).status(), kForbidden));
  EXPECT_TRUE(IsRefused(Add(*other_, Wanted(name)).status(), kNoReference));  // not his case
  EXPECT_EQ(Told(name), "");
  EXPECT_TRUE(List(*manager_, "").empty());

  auto action = Add(*lead_, Wanted(name));
  ASSERT_TRUE(action.ok()) << action.status();
  EXPECT_TRUE(IsRefused(Read(*other_, action->name()).status(), kNotFound));
  EXPECT_TRUE(IsRefused(
      Take<v1::StartCorrectiveActionRequest>(*other_, &Stub::StartCorrectiveAction, action->name())
          .status(),
      kNotFound));
  EXPECT_TRUE(IsRefused(
      Take<v1::StartCorrectiveActionRequest>(*agent_, &Stub::StartCorrectiveAction, action->name(),
                                             [](auto& request) { request.set_etag("\"7\""); })
          .status(),
      {absl::StatusCode::kAborted, type::v1::ERROR_REASON_ETAG_MISMATCH}));
  const auto reschedule = [&](std::function<void(v1::RescheduleCorrectiveActionRequest&)> fill) {
    return Take<v1::RescheduleCorrectiveActionRequest>(*lead_, &Stub::RescheduleCorrectiveAction,
                                                       action->name(),
                                                       [&](auto& request) {
                                                         request.set_reason("Ann is away");
                                                         fill(request);
                                                       })
        .status();
  };
  EXPECT_TRUE(IsRefused(reschedule([](auto&) {}), Rule("nothing-changes")));
  EXPECT_TRUE(IsRefused(reschedule([](auto& r) { r.mutable_due_time()->set_seconds(1); }),
                        Field("due_time")));
  EXPECT_TRUE(reschedule([](auto& r) { r.set_owner("staff/otto"); }).ok());
  EXPECT_TRUE(Read(*other_, action->name()).ok());
  EXPECT_TRUE(IsRefused(Read(*agent_, action->name()).status(), kNotFound));
}

TEST_F(ComplaintsActionTest, IsEscalatedOnceWhenLate) {
  const std::string name = Replied();
  auto action = Add(*lead_, Wanted(name, absl::Seconds(3)));
  ASSERT_TRUE(action.ok()) << action.status();
  auto in_time = Add(*lead_, Wanted(name));
  ASSERT_TRUE(in_time.ok());
  // Late while nobody runs: told after the start, and once.
  server_->Kill();
  absl::SleepFor(absl::Seconds(4));
  ASSERT_TRUE(server_->Restart().ok());
  manager_ = Caller(auth::Role::kManager, "mia");
  agent_ = Caller(auth::Role::kAgent, "ann");
  EXPECT_TRUE(Eventually([&] { return Read(*manager_, action->name())->has_escalate_time(); }));
  const std::string told =
      "ADD_CORRECTIVE_ACTION ADD_CORRECTIVE_ACTION ESCALATE_CORRECTIVE_ACTION ";
  EXPECT_EQ(Told(name), told);
  std::vector<Action> late = List(*manager_, "escalate_time:* AND state < DONE");
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].name(), action->name());
  server_->Kill();
  ASSERT_TRUE(server_->Restart().ok());
  manager_ = Caller(auth::Role::kManager, "mia");
  absl::SleepFor(absl::Seconds(1));
  EXPECT_EQ(Told(name), told);
}

TEST_F(ComplaintsActionTest, NoMoreThanTheMostWhateverComesAtOnce) {
  constexpr int kMost = 50, kThreads = 8, kEach = 8;
  const std::string name = Replied();
  std::atomic<int> made{0}, refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      const auto client = Caller(auth::Role::kTeamLead, "leo");
      for (int i = 0; i < kEach; ++i) {
        absl::Status status = Add(*client, Wanted(name)).status();
        // Who loses the race too often is told so, and tries again.
        while (ReasonOf(status) == type::v1::ERROR_REASON_CONFLICT) {
          status = Add(*client, Wanted(name)).status();
        }
        if (status.ok()) {
          ++made;
        } else if (IsRefused(status, Rule("too-many-actions"))) {
          ++refused;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, kMost);
  EXPECT_EQ(refused, kThreads * kEach - kMost);
}

TEST_F(ComplaintsActionTest, OfADisclosureIsForItsReaders) {
  ASSERT_TRUE(Disclosed("staff/rita").ok());
  const auto reader = Caller(auth::Role::kSupervisor, "rita");
  auto cases = reader->Call(&Stub::ListCases, v1::ListCasesRequest());
  ASSERT_TRUE(cases.ok());
  ASSERT_EQ(cases->cases_size(), 1);
  const std::string name = cases->cases(0).name();
  Action wanted = Wanted(name);
  EXPECT_TRUE(IsRefused(Add(*reader, wanted).status(), Rule("not-a-reader")));
  EXPECT_TRUE(IsRefused(Add(*manager_, wanted).status(), kNoReference));
  wanted.set_owner("staff/rita");
  // A team that may not see it is not told of it either.
  EXPECT_TRUE(IsRefused(Add(*reader, wanted).status(), Rule("not-a-reader")));
  wanted.set_escalate_to("staff/rita");
  auto action = Add(*reader, wanted);
  ASSERT_TRUE(action.ok()) << action.status();
  EXPECT_TRUE(IsRefused(Read(*manager_, action->name()).status(), kNotFound));
  EXPECT_TRUE(List(*manager_, "").empty());
  ASSERT_TRUE(Do<v1::GrantDisclosureAccessRequest>(*reader, &Stub::GrantDisclosureAccess, name,
                                                   [](auto& request) {
                                                     request.set_reader("staff/mia");
                                                     request.set_reason("decides");
                                                   })
                  .ok());
  EXPECT_TRUE(Read(*manager_, action->name()).ok());
  EXPECT_TRUE(IsRefused(Read(*supervisor_, action->name()).status(), kNotFound));
}

}  // namespace
}  // namespace sqm::testing
