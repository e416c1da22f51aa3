// References to a real monitoring service: who sees what, for how long, and what faults change.
#include "common/resource/reference_client.h"

#include <absl/strings/match.h>
#include <absl/synchronization/blocking_counter.h>
#include <gmock/gmock.h>

#include "tests/support/refusal.h"
#include "tests/unit/resource/reference_world.h"

namespace sqm::resource {
namespace {

using testing::IsRefused;
using testing::Refusal;
class ReferenceClientTest : public ReferenceWorld {};

TEST_F(ReferenceClientTest, KeepsAnAnswerForTwoSeconds) {
  MakeContact("one");
  EXPECT_EQ(GetContact("one")->type(), "First");
  Retype("one", "Second");
  EXPECT_EQ(GetContact("one")->type(), "First");
  clock_.Advance(absl::Milliseconds(1000));
  EXPECT_EQ(GetContact("one")->type(), "First");
  EXPECT_EQ(Calls("GetContact"), 1u);
  clock_.Advance(absl::Milliseconds(1000));
  EXPECT_EQ(GetContact("one")->type(), "Second");
  EXPECT_EQ(Calls("GetContact"), 2u);
  EXPECT_EQ(client().Stats().cached, 2u);
  EXPECT_EQ(client().Stats().owner, 2u);
}

TEST_F(ReferenceClientTest, KeepsWhatIsAbsentOnlyBriefly) {
  EXPECT_TRUE(absl::IsNotFound(GetContact("later").status()));
  EXPECT_TRUE(absl::IsNotFound(GetContact("later").status()));
  EXPECT_EQ(Calls("GetContact"), 1u);
  MakeContact("later");
  clock_.Advance(absl::Milliseconds(250));
  EXPECT_TRUE(GetContact("later").ok());
}

TEST_F(ReferenceClientTest, ShowsNobodyWhatHeMayNotSee) {
  MakeContact("anns", "ann");
  const testing::Caller ann = As(auth::Role::kAgent, "ann");
  const testing::Caller bob = As(auth::Role::kAgent, "bob");
  testing::Caller stranger = As(auth::Role::kManager);
  stranger.tenant = "other";
  testing::Caller lead = As(auth::Role::kTeamLead, "leo", "elsewhere");
  EXPECT_TRUE(GetContact("anns").ok());
  EXPECT_TRUE(GetContact("anns", ann).ok());
  // Now that it is kept for those who may.
  for (const testing::Caller& caller : {bob, stranger, lead}) {
    EXPECT_TRUE(absl::IsNotFound(GetContact("anns", caller).status())) << caller.staff;
  }
  // Who was an agent of that name with more rights before is another principal now.
  testing::Caller clerk = As(auth::Role::kClerk, "ann");
  const uint64_t calls = Calls("GetContact");
  EXPECT_TRUE(absl::IsPermissionDenied(GetContact("anns", clerk).status()));
  EXPECT_EQ(Calls("GetContact"), calls);
  // And the other way round: what was not found for one is not hidden from another.
  MakeContact("bobs", "bob");
  EXPECT_TRUE(absl::IsNotFound(GetContact("bobs", ann).status()));
  EXPECT_TRUE(GetContact("bobs", bob).ok());
}

TEST_F(ReferenceClientTest, TakesNoPersonalValueAndAuditsNothing) {
  MakeContact("one");
  auto contact = GetContact("one");
  ASSERT_TRUE(contact.ok()) << contact.status();
  EXPECT_EQ(contact->customer(), "***711");
  Client auditor(Address(), TokenOf(As(auth::Role::kAuditor)));
  auto entries = [&] {
    auto listed = auditor.Call(&audit::v1::AuditService::Stub::ListAuditEntries,
                               audit::v1::ListAuditEntriesRequest());
    EXPECT_TRUE(listed.ok()) << listed.status();
    return listed->audit_entries_size();
  };
  EXPECT_EQ(entries(), 0);
  // The same caller, looking himself.
  v1::GetContactRequest get;
  get.set_name("contacts/one");
  EXPECT_EQ(manager_->Call(&Monitoring::GetContact, get)->customer(), "customer 4711");
  EXPECT_EQ(entries(), 1);
  manager_->Set("sqm-personal", "some");
  EXPECT_TRUE(
      IsRefused(manager_->Call(&Monitoring::GetContact, get).status(),
                {absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_MALFORMED_REQUEST}));
}

TEST_F(ReferenceClientTest, OneAsksForAllWhoWantTheSame) {
  MakeContact("hot");
  MakeContact("warm");
  ASSERT_TRUE(GetContact("warm").ok());  // connected
  proxy_->Hold(true);
  constexpr int kCallers = 50;
  absl::BlockingCounter done(kCallers);
  std::atomic<int> found{0};
  std::vector<std::unique_ptr<Calling>> calls;
  for (int i = 0; i < kCallers; ++i) {
    calls.push_back(By(As(auth::Role::kManager)));
    Start(client().Get(calls.back()->call, *contact_, "contacts/hot"), [&](const auto& message) {
      found += message.ok() ? 1 : 0;
      done.DecrementCount();
    });
  }
  proxy_->Hold(false);
  done.Wait();
  EXPECT_EQ(found, kCallers);
  EXPECT_EQ(Calls("GetContact"), 2u);
}

TEST_F(ReferenceClientTest, WhoHasTimeDoesNotSufferFromWhoHasNot) {
  MakeContact("one");
  MakeContact("two");
  ASSERT_TRUE(GetContact("two").ok());
  proxy_->Hold(true);
  absl::BlockingCounter done(2);
  absl::StatusOr<ReferenceClient::MessagePtr> hasty, patient;
  auto first = By(As(auth::Role::kManager), absl::Milliseconds(200));
  auto second = By(As(auth::Role::kManager));
  Start(client().Get(first->call, *contact_, "contacts/one"), [&](auto answer) {
    hasty = std::move(answer);
    proxy_->Hold(false);
    done.DecrementCount();
  });
  Start(client().Get(second->call, *contact_, "contacts/one"), [&](auto answer) {
    patient = std::move(answer);
    done.DecrementCount();
  });
  done.Wait();
  EXPECT_TRUE(absl::IsDeadlineExceeded(hasty.status())) << hasty.status();
  EXPECT_TRUE(patient.ok()) << patient.status();
}

TEST_F(ReferenceClientTest, SharedTypesComeFromRedis) {
  MakeScorecard("first");
  // The owner has said where its snapshots are.
  ASSERT_TRUE(Get(*scorecard_, "scorecards/first", As(auth::Role::kManager)).ok());
  const std::string second = MakeSharedScorecard();
  // While the owner cannot be reached.
  proxy_->Hold(true);
  auto found = Get(*scorecard_, second, As(auth::Role::kManager));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(static_cast<const v1::Scorecard&>(**found).name(), second);
  EXPECT_EQ(client().Stats().redis, 1u);
  // Not for whom the owner would refuse.
  testing::Caller guard = As(auth::Role::kGuard);
  EXPECT_TRUE(absl::IsPermissionDenied(Get(*scorecard_, second, guard).status()));
  testing::Caller stranger = As(auth::Role::kManager);
  stranger.tenant = "other";
  EXPECT_FALSE(Get(*scorecard_, second, stranger, absl::Milliseconds(100)).ok());
  // Nor for longer than 2 s after it was true.
  clock_.Advance(absl::Seconds(2));
  EXPECT_FALSE(Get(*scorecard_, second, As(auth::Role::kManager), absl::Milliseconds(100)).ok());
  proxy_->Hold(false);
  EXPECT_EQ(client().Stats().redis, 1u);
}

TEST_F(ReferenceClientTest, RedisEmptiedPausedOrGoneChangesNoAnswer) {
  for (const char* id : {"a", "b", "c", "d"}) MakeScorecard(id);
  auto there = [&](const std::string& id) {
    clock_.Advance(absl::Seconds(2));  // what is kept is too old
    auto found = Get(*scorecard_, "scorecards/" + id, As(auth::Role::kManager));
    EXPECT_TRUE(found.ok()) << found.status();
    EXPECT_TRUE(
        absl::IsNotFound(Get(*scorecard_, "scorecards/none", As(auth::Role::kManager)).status()));
  };
  there("a");
  redis_server_->Command({"FLUSHALL"});
  there("b");
  redis_server_->Pause();
  const absl::Time began = absl::Now();
  there("c");
  EXPECT_LT(absl::Now() - began, absl::Seconds(1));
  redis_server_->Resume();
  redis_server_->Kill();
  there("d");
}

TEST_F(ReferenceClientTest, AnOwnerThatIsAwayIsLeftAlone) {
  MakeContact("one");
  ASSERT_TRUE(GetContact("one").ok());
  clock_.Advance(absl::Seconds(2));
  proxy_->Refuse(true);
  ASSERT_TRUE(Eventually([&] { return !GetContact("one").ok(); }));
  for (int i = 0; i < 5; ++i) {
    absl::Status status = GetContact("one").status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_UNAVAILABLE);
    EXPECT_TRUE(status.GetPayload(kRetryInfoUrl).has_value());
  }
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(GetContact("one").ok());
  // Another contact that is kept is still answered: nothing is thrown away.
  proxy_->Refuse(false);
  EXPECT_TRUE(Eventually([&] { return GetContact("one").ok(); }));
}

TEST_F(ReferenceClientTest, NobodyWaitsForAnOwnerThatIsSilent) {
  ReferenceOptions options;
  options.call_time = absl::Milliseconds(300);
  OpenClient(options);
  MakeContact("one");
  ASSERT_TRUE(GetContact("one").ok());
  clock_.Advance(absl::Seconds(2));
  proxy_->Hold(true);
  // Whose own time is over learns that, and it says nothing of the owner.
  for (int i = 0; i < 5; ++i) {
    absl::Status status =
        Get(*contact_, "contacts/one", As(auth::Role::kManager), absl::Milliseconds(50)).status();
    EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  }
  for (int i = 0; i < 3; ++i) {
    const absl::Time began = absl::Now();
    absl::Status status = GetContact("one").status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_GE(absl::Now() - began, absl::Milliseconds(290)) << i;
    EXPECT_LT(absl::Now() - began, absl::Seconds(2)) << i;
  }
  // Left alone now: were each of these to wait, the test would take five minutes and be ended.
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(absl::IsUnavailable(GetContact("one").status()));
  }
  proxy_->Hold(false);
  EXPECT_TRUE(Eventually([&] { return GetContact("one").ok(); }));
}

TEST_F(ReferenceClientTest, SaysExactlyWhatIsWrongWithAReference) {
  MakeContact("anns", "ann");
  const testing::Caller bob = As(auth::Role::kAgent, "bob");
  EXPECT_TRUE(CheckContact("contacts/anns", As(auth::Role::kManager)).ok());
  // On the wire, where the texts for people are added.
  auto refused = [&](const absl::Status& status, const Refusal& refusal) {
    for (bool chinese : {false, true}) {
      EXPECT_TRUE(IsRefused(rpc::FromWire(rpc::ToWire(status, chinese, "")), refusal, chinese));
    }
  };
  const Refusal absent = {absl::StatusCode::kFailedPrecondition,
                          type::v1::ERROR_REASON_REFERENCE_NOT_FOUND,
                          {{"field", "related_contact"}, {"name", "contacts/anns"}}};
  refused(CheckContact("contacts/anns", bob), absent);
  refused(CheckContact("scorecards/x", bob), {absl::StatusCode::kInvalidArgument,
                                              type::v1::ERROR_REASON_INVALID_FIELD,
                                              {},
                                              {"related_contact"}});
  refused(CheckContact("contacts/anns", As(auth::Role::kClerk)),
          {absl::StatusCode::kPermissionDenied,
           type::v1::ERROR_REASON_PERMISSION_DENIED,
           {{"field", "related_contact"}, {"permission", "monitoring.contacts.read"}}});
  proxy_->Refuse(true);
  clock_.Advance(absl::Seconds(2));
  absl::Status status;
  ASSERT_TRUE(Eventually([&] {
    status = CheckContact("contacts/anns", As(auth::Role::kManager));
    return absl::IsUnavailable(status);
  }));
  refused(status,
          {absl::StatusCode::kUnavailable,
           type::v1::ERROR_REASON_UNAVAILABLE,
           {{"field", "related_contact"}, {"name", "contacts/anns"}, {"service", "monitoring"}}});
  EXPECT_TRUE(status.GetPayload(kRetryInfoUrl).has_value());
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("leave the field empty"));
}

TEST_F(ReferenceClientTest, AsksForManyAtOnce) {
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) {
    MakeContact(absl::StrCat("c-", i));
    names.push_back(absl::StrCat("contacts/c-", i));
  }
  std::vector<std::string> twice = names;
  twice.insert(twice.end(), names.begin(), names.end());
  twice.emplace_back("not a name");
  auto calling = By(As(auth::Role::kManager));
  Await(client().ReadAhead(calling->call, *contact_, twice));
  EXPECT_EQ(Calls("BatchGetContacts"), 1u);
  proxy_->Hold(true);
  for (const std::string& name : names) {
    EXPECT_TRUE(CheckContact(name, As(auth::Role::kManager)).ok()) << name;
  }
  proxy_->Hold(false);
  EXPECT_EQ(Calls("GetContact"), 0u);

  // Some of them are missing: each is known all the same.
  OpenClient();
  names.insert(names.begin() + 7, "contacts/missing");
  names.emplace_back("contacts/missing-too");
  Await(client().ReadAhead(calling->call, *contact_, names));
  EXPECT_EQ(Calls("GetContact"), names.size());
  for (const std::string& name : names) {
    EXPECT_EQ(CheckContact(name, As(auth::Role::kManager)).ok(),
              !absl::StrContains(name, "missing"))
        << name;
  }
  // What is known is not asked for again.
  const uint64_t before = Calls("BatchGetContacts");
  names = {"contacts/c-1", "contacts/c-2"};
  Await(client().ReadAhead(calling->call, *contact_, names));
  EXPECT_EQ(Calls("BatchGetContacts"), before);
}

}  // namespace
}  // namespace sqm::resource
