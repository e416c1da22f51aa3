// Disclosures: from nobody known, for named persons alone.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <map>

#include "tests/integration/complaints_disclosure_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

using ComplaintsDisclosureTest = ComplaintsDisclosureWorld;

TEST_F(ComplaintsDisclosureTest, IsSeenByItsReadersAlone) {
  EXPECT_TRUE(IsRefused(portal_->Call(&Stub::SubmitDisclosure, Report()).status(),
                        Rule("no-disclosure-panel")));
  ASSERT_TRUE(MakePanel().ok());
  auto receipt = portal_->Call(&Stub::SubmitDisclosure, Report());
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_TRUE(absl::StartsWith(receipt->number(), "D-"));
  EXPECT_EQ(receipt->receipt().size(), 40u);

  std::vector<v1::Case> seen = List(*reader_);
  ASSERT_EQ(seen.size(), 1u);
  const std::string name = seen[0].name();
  // Bob sits on the panel, but it is about him.
  EXPECT_EQ(seen[0].restricted_to(), "|staff/rita|");
  auto bob = Caller(auth::Role::kSupervisor, "bob");
  auto service = Caller(auth::Role::kService, "reporting");
  for (const Client* client :
       {manager_.get(), supervisor_.get(), auditor_.get(), bob.get(), service.get()}) {
    EXPECT_TRUE(IsRefused(Get(*client, name).status(), kNotFound));
    EXPECT_TRUE(List(*client).empty());
    v1::ListCaseEntriesRequest entries;
    entries.set_parent(name);
    EXPECT_TRUE(IsRefused(client->Call(&Stub::ListCaseEntries, entries).status(), kNotFound));
  }
  EXPECT_TRUE(IsRefused(
      Do<v1::AcknowledgeCaseRequest>(*manager_, &Stub::AcknowledgeCase, name).status(), kNotFound));
  const auto grant = [](v1::GrantDisclosureAccessRequest& request) {
    request.set_reader("staff/mia");
    request.set_reason("has to decide");
  };
  EXPECT_TRUE(IsRefused(
      Do<v1::GrantDisclosureAccessRequest>(*manager_, &Stub::GrantDisclosureAccess, name, grant)
          .status(),
      kNotFound));
  ASSERT_TRUE(
      Do<v1::GrantDisclosureAccessRequest>(*reader_, &Stub::GrantDisclosureAccess, name, grant)
          .ok());
  EXPECT_TRUE(IsRefused(
      Do<v1::GrantDisclosureAccessRequest>(*reader_, &Stub::GrantDisclosureAccess, name, grant)
          .status(),
      Rule("already-a-reader")));
  EXPECT_TRUE(Get(*manager_, name).ok());
  EXPECT_EQ(Timeline(*manager_, name).size(), 1u);
}

// A reader who is an agent or leads a team sees it, too, although nobody owns it and it is no
// team's.
TEST_F(ComplaintsDisclosureTest, IsSeenByItsReadersWhateverTheirRole) {
  ASSERT_TRUE(MakePanel().ok());
  ASSERT_TRUE(portal_->Call(&Stub::SubmitDisclosure, Report()).ok());
  ASSERT_TRUE(portal_->Call(&Stub::SubmitDisclosure, Report()).ok());
  const std::vector<v1::Case> both = List(*reader_);
  ASSERT_EQ(both.size(), 2u);
  const std::string& name = both[0].name();
  for (const auto& [client, staff] :
       {std::pair(agent_.get(), "staff/ann"), std::pair(lead_.get(), "staff/leo")}) {
    EXPECT_TRUE(List(*client).empty());
    v1::GrantDisclosureAccessRequest grant;
    grant.set_name(name);
    grant.set_reader(staff);
    grant.set_reason("knows the branch");
    ASSERT_TRUE(reader_->Call(&Stub::GrantDisclosureAccess, grant).ok());
    EXPECT_TRUE(Get(*client, name).ok());
    EXPECT_FALSE(Timeline(*client, name).empty());
    const std::vector<v1::Case> seen = List(*client);
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].name(), name);
    v1::ListQueueRequest queue;
    queue.set_queue(v1::CASE_QUEUE_UNASSIGNED);
    const auto waiting = client->Call(&Stub::ListQueue, queue);
    ASSERT_TRUE(waiting.ok()) << waiting.status();
    EXPECT_EQ(waiting->cases_size(), 1);
    EXPECT_TRUE(Say(*client, name, v1::CASE_ACTION_NOTE, "I was there").ok());
  }
  EXPECT_TRUE(List(*other_).empty());
}

// Who reads which disclosure is as little told as that there is one.
TEST_F(ComplaintsDisclosureTest, TheAuditTrailIsOfItsReadersToo) {
  ASSERT_TRUE(MakePanel().ok());
  auto complaint = Create(*lead_, Sample());
  ASSERT_TRUE(complaint.ok()) << complaint.status();
  ASSERT_TRUE(portal_->Call(&Stub::SubmitDisclosure, Report()).ok());
  std::string name;
  for (const v1::Case& one : List(*reader_)) {
    if (one.has_disclosure()) name = one.name();
  }
  ASSERT_TRUE(Get(*reader_, name).ok());
  ASSERT_TRUE(Say(*reader_, name, v1::CASE_ACTION_NOTE, "ask the tax office").ok());
  ASSERT_EQ(Timeline(*reader_, name).size(), 1u);
  v1::ListCustomerHistoryRequest history;
  history.set_name(name);
  ASSERT_TRUE(reader_->Call(&Stub::ListCustomerHistory, history).ok());
  v1::GrantDisclosureAccessRequest grant;
  grant.set_name(name);
  grant.set_reader("staff/mia");
  grant.set_reason("has to decide");
  grant.set_validate_only(true);
  ASSERT_TRUE(reader_->Call(&Stub::GrantDisclosureAccess, grant).ok());
  // What the list showed besides is there for whoever may read the trail.
  for (const Client* client : {manager_.get(), auditor_.get()}) {
    const std::vector<audit::v1::AuditEntry> trail = Trail(*client);
    ASSERT_EQ(trail.size(), 1u) << trail.back().ShortDebugString();
    EXPECT_EQ(trail[0].actor(), "rita");
    EXPECT_EQ(trail[0].method(), "/sqm.complaints.v1.ComplaintsService/ListCases");
    EXPECT_EQ(trail[0].resource_count(), 1);
    ASSERT_EQ(trail[0].resources_size(), 1);
    EXPECT_EQ(trail[0].resources(0), complaint->name());
  }
  // Who becomes a reader sees what was read from then on, her own reads, too; nobody else does.
  grant.set_validate_only(false);
  ASSERT_TRUE(reader_->Call(&Stub::GrantDisclosureAccess, grant).ok());
  ASSERT_TRUE(Get(*reader_, name).ok());
  ASSERT_TRUE(Get(*manager_, name).ok());
  const std::vector<audit::v1::AuditEntry> trail = Trail(*manager_);
  ASSERT_EQ(trail.size(), 3u);
  audit::v1::GetAuditEntryRequest one;
  for (const auto& [entry, actor] : {std::pair(trail[1], "rita"), std::pair(trail[2], "mia")}) {
    EXPECT_EQ(entry.actor(), actor);
    EXPECT_EQ(entry.resources(0), name);
    one.set_name(entry.name());
    EXPECT_TRUE(manager_->Call(&audit::v1::AuditService::Stub::GetAuditEntry, one).ok());
    EXPECT_TRUE(IsRefused(
        auditor_->Call(&audit::v1::AuditService::Stub::GetAuditEntry, one).status(), kNotFound));
  }
  EXPECT_EQ(Trail(*auditor_).size(), 1u);
}

// That two of them are of the same person is told to nobody, nor that there is another.
TEST_F(ComplaintsDisclosureTest, IsNoRepeatOfAnother) {
  ASSERT_TRUE(MakePanel().ok());
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_TRUE(portal_->Call(&Stub::SubmitDisclosure, Report()).ok());
  }
  for (const v1::Case& one : List(*reader_)) {
    v1::UpdateCaseRequest update;
    update.mutable_case_()->set_name(one.name());
    update.mutable_case_()->mutable_customer()->set_reference("AC-1001");
    auto known = reader_->Call(&Stub::UpdateCase, update);
    ASSERT_TRUE(known.ok()) << known.status();
    EXPECT_EQ(known->customer().reference(), "AC-1001");
    EXPECT_EQ(known->customer_key(), "");
    EXPECT_EQ(known->repeat_of(), "");
    EXPECT_EQ(known->repeat_count(), 0);
  }
}

// With what ships they are acknowledged within 7 days and told the result within 90.
TEST_F(ComplaintsDisclosureTest, IsDueAsTheDirectiveSays) {
  ASSERT_TRUE(MakePanel().ok());
  auto set = manager_->Call(&Stub::GetStarterSet, v1::GetStarterSetRequest());
  ASSERT_TRUE(set.ok()) << set.status();
  for (const v1::CreateCalendarRequest& calendar : set->calendars()) {
    ASSERT_TRUE(manager_->Call(&Stub::CreateCalendar, calendar).ok());
  }
  for (const v1::CreateDeadlinePolicyRequest& policy : set->deadline_policies()) {
    ASSERT_TRUE(manager_->Call(&Stub::CreateDeadlinePolicy, policy).ok());
  }
  ASSERT_TRUE(portal_->Call(&Stub::SubmitDisclosure, Report()).ok());
  ASSERT_EQ(List(*reader_).size(), 1u);
  auto one = Get(*reader_, List(*reader_)[0].name());
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->deadline_policy(), "deadlinePolicies/disclosures");
  std::map<v1::DeadlineKind, int64_t> days;
  for (const v1::DeadlineStatus& status : one->deadlines()) {
    EXPECT_EQ(status.state(), v1::DEADLINE_STATE_RUNNING);
    const int64_t seconds = status.due_time().seconds() - one->received_time().seconds();
    EXPECT_EQ(seconds % 86400, 0) << status.ShortDebugString();
    days[status.kind()] = seconds / 86400;
  }
  EXPECT_EQ(days, (std::map<v1::DeadlineKind, int64_t>{{v1::DEADLINE_KIND_FIRST_RESPONSE, 7},
                                                       {v1::DEADLINE_KIND_FIRST_RESOLUTION, 90}}));
  EXPECT_EQ(one->due_time().seconds() - one->received_time().seconds(), 7 * 86400);
}

TEST_F(ComplaintsDisclosureTest, NobodyReceivesWhatNamesThemAll) {
  ASSERT_TRUE(MakePanel().ok());
  v1::SubmitDisclosureRequest report = Report();
  report.add_named_staff("staff/rita");
  EXPECT_TRUE(
      IsRefused(portal_->Call(&Stub::SubmitDisclosure, report).status(), Rule("panel-is-named")));
  EXPECT_TRUE(List(*reader_).empty());
}

TEST_F(ComplaintsDisclosureTest, NobodyReceivesBlanks) {
  ASSERT_TRUE(MakePanel().ok());
  v1::SubmitDisclosureRequest report = Report();
  report.set_subject(" \t");
  report.set_text("\n");
  Refusal blank = Field("subject");
  blank.fields.emplace_back("text");
  EXPECT_TRUE(IsRefused(portal_->Call(&Stub::SubmitDisclosure, report).status(), blank));
  EXPECT_TRUE(List(*reader_).empty());
}

// Whom it names does not become a reader, and a reader is not named afterwards.
TEST_F(ComplaintsDisclosureTest, NobodyReadsWhatIsSaidOfHim) {
  ASSERT_TRUE(MakePanel().ok());
  ASSERT_TRUE(portal_->Call(&Stub::SubmitDisclosure, Report()).ok());
  const std::string name = List(*reader_).at(0).name();
  EXPECT_TRUE(
      IsRefused(Do<v1::GrantDisclosureAccessRequest>(*reader_, &Stub::GrantDisclosureAccess, name,
                                                     [](auto& request) {
                                                       request.set_reader("staff/bob");
                                                       request.set_reason("sits on the panel");
                                                     })
                    .status(),
                Rule("reader-is-named")));
  EXPECT_EQ(Get(*reader_, name)->restricted_to(), "|staff/rita|");
  v1::UpdateCaseRequest update;
  update.mutable_case_()->set_name(name);
  update.mutable_case_()->add_named_staff("staff/bob");
  update.mutable_case_()->add_named_staff("staff/rita");
  update.mutable_update_mask()->add_paths("named_staff");
  const absl::Status refused = reader_->Call(&Stub::UpdateCase, update).status();
  EXPECT_TRUE(IsRefused(refused, Rule("named-is-reader")));
  EXPECT_EQ(MetadataOf(refused, "reader"), "staff/rita");
  // Another may be.
  update.mutable_case_()->set_named_staff(1, "staff/carl");
  EXPECT_TRUE(reader_->Call(&Stub::UpdateCase, update).ok());
  EXPECT_TRUE(
      IsRefused(Do<v1::GrantDisclosureAccessRequest>(*reader_, &Stub::GrantDisclosureAccess, name,
                                                     [](auto& request) {
                                                       request.set_reader("staff/carl");
                                                       request.set_reason("has to decide");
                                                     })
                    .status(),
                Rule("reader-is-named")));
  EXPECT_TRUE(Timeline(*reader_, name).back().action() == v1::CASE_ACTION_UPDATE);
}

// Who is a reader no longer sees neither it nor what follows from it.
TEST_F(ComplaintsDisclosureTest, AccessIsWithdrawn) {
  ASSERT_TRUE(MakePanel().ok());
  ASSERT_TRUE(CreateCategory("billing").ok());
  ASSERT_TRUE(portal_->Call(&Stub::SubmitDisclosure, Report()).ok());
  const std::string name = List(*reader_).at(0).name();
  const auto revoke = [&](const std::string& reader) {
    return Do<v1::RevokeDisclosureAccessRequest>(*reader_, &Stub::RevokeDisclosureAccess, name,
                                                 [&](auto& request) {
                                                   request.set_reader(reader);
                                                   request.set_reason("has left the panel");
                                                 })
        .status();
  };
  EXPECT_TRUE(IsRefused(revoke("staff/mia"), Rule("not-a-reader")));
  EXPECT_TRUE(IsRefused(revoke("staff/rita"), Rule("last-reader")));
  ASSERT_TRUE(Do<v1::GrantDisclosureAccessRequest>(*reader_, &Stub::GrantDisclosureAccess, name,
                                                   [](auto& request) {
                                                     request.set_reader("staff/mia");
                                                     request.set_reason("has to decide");
                                                   })
                  .ok());
  v1::CreateCorrectiveActionRequest wanted;
  v1::CorrectiveAction& action = *wanted.mutable_corrective_action();
  action.set_case_(name);
  action.set_kind(v1::CORRECTIVE_ACTION_KIND_CORRECTIVE);
  action.set_description("Two sign each receipt");
  action.set_owner("staff/mia");
  action.mutable_due_time()->set_seconds(absl::ToUnixSeconds(absl::Now() + absl::Hours(24)));
  auto made = reader_->Call(&Stub::CreateCorrectiveAction, wanted);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->restricted_to(), "|staff/rita|staff/mia|");
  v1::GetCorrectiveActionRequest read;
  read.set_name(made->name());
  EXPECT_TRUE(Get(*manager_, name).ok());
  EXPECT_TRUE(manager_->Call(&Stub::GetCorrectiveAction, read).ok());

  // Not while she handles it.
  ASSERT_TRUE(Do<v1::AcknowledgeCaseRequest>(*reader_, &Stub::AcknowledgeCase, name).ok());
  ASSERT_TRUE(Do<v1::ClassifyCaseRequest>(*reader_, &Stub::ClassifyCase, name, [](auto& request) {
                request.set_category("categories/billing");
              }).ok());
  const auto assign = [&](const std::string& owner) {
    return Do<v1::AssignCaseRequest>(*reader_, &Stub::AssignCase, name,
                                     [&](auto& request) { request.set_owner(owner); })
        .status();
  };
  ASSERT_TRUE(assign("staff/mia").ok());
  EXPECT_TRUE(IsRefused(revoke("staff/mia"), Rule("reader-owns-it")));
  EXPECT_TRUE(Get(*manager_, name).ok());
  ASSERT_TRUE(assign("staff/rita").ok());
  // Nor while she has to carry out what follows from it.
  EXPECT_TRUE(IsRefused(revoke("staff/mia"), Rule("reader-owns-it")));
  v1::RescheduleCorrectiveActionRequest handed;
  handed.set_name(made->name());
  handed.set_owner("staff/rita");
  handed.set_reason("leaves the panel");
  ASSERT_TRUE(reader_->Call(&Stub::RescheduleCorrectiveAction, handed).ok());
  ASSERT_TRUE(revoke("staff/mia").ok());

  EXPECT_TRUE(IsRefused(Get(*manager_, name).status(), kNotFound));
  EXPECT_TRUE(List(*manager_).empty());
  EXPECT_TRUE(IsRefused(manager_->Call(&Stub::GetCorrectiveAction, read).status(), kNotFound));
  auto actions = manager_->Call(&Stub::ListCorrectiveActions, v1::ListCorrectiveActionsRequest());
  ASSERT_TRUE(actions.ok()) << actions.status();
  EXPECT_EQ(actions->corrective_actions_size(), 0);
  EXPECT_EQ(reader_->Call(&Stub::GetCorrectiveAction, read)->restricted_to(), "|staff/rita|");
  const v1::CaseEntry line = Timeline(*reader_, name).back();
  EXPECT_EQ(line.action(), v1::CASE_ACTION_REVOKE_ACCESS);
  EXPECT_EQ(line.author(), "staff/rita");
  EXPECT_EQ(line.text(), "has left the panel");
  ASSERT_EQ(line.changes_size(), 1);
  EXPECT_EQ(line.changes(0).before(), "staff/mia");
  EXPECT_EQ(line.changes(0).after(), "");
}

}  // namespace
}  // namespace sqm::testing
