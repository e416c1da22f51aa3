// From intake to archive, by the people who do it, in the right order only.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "tests/integration/complaints_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsCaseTest : public ComplaintsWorld {};

TEST_F(ComplaintsCaseTest, FromIntakeToArchive) {
  v1::Category strict;
  strict.set_approval_from(v1::CASE_SEVERITY_HIGH);
  ASSERT_TRUE(CreateCategory("billing", strict).ok());
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  const std::string name = one->name();
  EXPECT_EQ(one->state(), v1::CASE_STATE_RECEIVED);
  EXPECT_TRUE(absl::StartsWith(one->number(), "C-")) << one->number();
  EXPECT_TRUE(absl::EndsWith(one->number(), "-000001")) << one->number();
  EXPECT_EQ(one->team(), "north");
  EXPECT_EQ(one->customer_key().size(), 32u);
  ASSERT_TRUE(CreateCause("billing-run").ok());
  // Masked for the auditor, and nobody's business for an agent before it is his.
  EXPECT_EQ(Get(*auditor_, name)->text(), "***");
  EXPECT_TRUE(IsRefused(Get(*agent_, name).status(), kNotFound));

  // Nothing but what comes next, and a refusal leaves no trace.
  const auto close = [](v1::CloseCaseRequest& request) {
    request.set_outcome(v1::CASE_OUTCOME_NOT_UPHELD);
  };
  EXPECT_TRUE(IsRefused(Do<v1::CloseCaseRequest>(*manager_, &Stub::CloseCase, name, close).status(),
                        WrongState("RECEIVED", "ACKNOWLEDGED,WITHDRAWN,REJECTED,MERGED")));
  EXPECT_TRUE(Timeline(*manager_, name).empty());
  EXPECT_EQ(Get(*manager_, name)->etag(), one->etag());

  ASSERT_TRUE(Do<v1::AcknowledgeCaseRequest>(*lead_, &Stub::AcknowledgeCase, name).ok());
  one = Do<v1::ClassifyCaseRequest>(*lead_, &Stub::ClassifyCase, name, [](auto& request) {
    request.set_category("categories/billing");
    request.set_severity(v1::CASE_SEVERITY_HIGH);
  });
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->category_revision(), 1);
  one = Do<v1::AssignCaseRequest>(*lead_, &Stub::AssignCase, name,
                                  [](auto& request) { request.set_owner("staff/ann"); });
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_TRUE(
      IsRefused(Do<v1::StartCaseRequest>(*other_, &Stub::StartCase, name).status(), kNotFound));
  ASSERT_TRUE(Do<v1::StartCaseRequest>(*agent_, &Stub::StartCase, name).ok());
  ASSERT_TRUE(Do<v1::AwaitCustomerRequest>(*agent_, &Stub::AwaitCustomer, name, [](auto& request) {
                request.set_question("Which bill is it?");
              }).ok());
  v1::AddCaseEntryRequest message;
  message.set_parent(name);
  message.mutable_entry()->set_action(v1::CASE_ACTION_CUSTOMER_MESSAGE);
  message.mutable_entry()->set_text("The one of March.");
  v1::Attachment& file = *message.mutable_entry()->add_attachments();
  file.set_uri("https://files/bill.pdf");
  file.set_sha256("abc");
  EXPECT_TRUE(IsRefused(agent_->Call(&Stub::AddCaseEntry, message).status(),
                        Field("entry.attachments[0].sha256")));
  message.mutable_entry()->mutable_attachments(0)->set_sha256(std::string(64, 'a'));
  auto entry = agent_->Call(&Stub::AddCaseEntry, message);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->to_state(), v1::CASE_STATE_INVESTIGATING);

  const auto propose = [](v1::ProposeResponseRequest& request) {
    request.set_text("The second fee is paid back.");
  };
  ASSERT_TRUE(Do<v1::ProposeResponseRequest>(*agent_, &Stub::ProposeResponse, name, propose).ok());
  EXPECT_TRUE(IsRefused(Do<v1::ReplyCaseRequest>(*agent_, &Stub::ReplyCase, name).status(),
                        Rule("approval-missing")));
  const auto approve = [](v1::DecideResponseRequest& request) { request.set_approved(true); };
  EXPECT_TRUE(IsRefused(
      Do<v1::DecideResponseRequest>(*agent_, &Stub::DecideResponse, name, approve).status(),
      kForbidden));
  ASSERT_TRUE(Do<v1::DecideResponseRequest>(*lead_, &Stub::DecideResponse, name, approve).ok());
  ASSERT_TRUE(Do<v1::ReplyCaseRequest>(*agent_, &Stub::ReplyCase, name).ok());
  one = Do<v1::CloseCaseRequest>(*agent_, &Stub::CloseCase, name, [](auto& request) {
    request.set_outcome(v1::CASE_OUTCOME_UPHELD);
    request.mutable_root_cause()->set_cause("causes/billing-run");
    request.mutable_root_cause()->add_whys("a lock was missing");
  });
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(one->survey_state(), v1::SURVEY_STATE_TO_ASK);
  EXPECT_EQ(one->root_cause().whys(0), "a lock was missing");
  EXPECT_EQ(Get(*auditor_, name)->root_cause().whys(0), "***");
  const auto satisfied = [](v1::RecordSatisfactionRequest& request) {
    request.set_satisfaction(5);
    request.set_accepted(true);
  };
  // Who handles cases does not say how well.
  EXPECT_TRUE(IsRefused(
      Do<v1::RecordSatisfactionRequest>(*agent_, &Stub::RecordSatisfaction, name, satisfied)
          .status(),
      kForbidden));
  one = Do<v1::RecordSatisfactionRequest>(*lead_, &Stub::RecordSatisfaction, name, satisfied);
  ASSERT_TRUE(one.ok()) << one.status();
  one = Do<v1::ArchiveCaseRequest>(*manager_, &Stub::ArchiveCase, name);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->state(), v1::CASE_STATE_ARCHIVED);

  std::string actions;
  for (const v1::CaseEntry& line : Timeline(*manager_, name)) {
    absl::StrAppend(&actions, v1::CaseAction_Name(line.action()).substr(12), " ");
  }
  EXPECT_EQ(actions,
            "ACKNOWLEDGE CLASSIFY ASSIGN START WAIT_CUSTOMER CUSTOMER_MESSAGE PROPOSE_RESPONSE "
            "APPROVE_RESPONSE REPLY CLOSE RECORD_SATISFACTION ARCHIVE ");
  EXPECT_EQ(one->events_size(), 13);
  // An agent sees the timeline of his own case, others do not know that there is one.
  EXPECT_EQ(Timeline(*agent_, name).size(), 12u);
  v1::ListCaseEntriesRequest list;
  list.set_parent(name);
  EXPECT_TRUE(IsRefused(other_->Call(&Stub::ListCaseEntries, list).status(), kNotFound));
  v1::GetCaseEntryRequest get;
  get.set_name(entry->name());
  EXPECT_TRUE(agent_->Call(&Stub::GetCaseEntry, get).ok());
  EXPECT_TRUE(IsRefused(other_->Call(&Stub::GetCaseEntry, get).status(), kNotFound));
  list.set_parent("cases/-");
  EXPECT_TRUE(IsRefused(manager_->Call(&Stub::ListCaseEntries, list).status(), Field("parent")));
}

TEST_F(ComplaintsCaseTest, RefusesWhatIsWrong) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  v1::Case wrong = Sample();
  wrong.set_text(std::string(1 << 20, 'x'));
  EXPECT_TRUE(IsRefused(Create(*lead_, wrong).status(), Field("case.text")));
  wrong = Sample();
  wrong.set_category("categories/unknown");
  EXPECT_TRUE(IsRefused(Create(*lead_, wrong).status(), kNoReference));
  wrong = Sample(v1::CASE_KIND_APPOINTMENT);
  EXPECT_TRUE(IsRefused(Create(*lead_, wrong).status(), Field("case.appointment")));
  wrong = Sample(v1::CASE_KIND_DISCLOSURE);
  EXPECT_TRUE(IsRefused(Create(*lead_, wrong).status(), Rule("disclosure-by-receipt")));
  v1::ListCasesRequest list;
  auto cases = manager_->Call(&Stub::ListCases, list);
  ASSERT_TRUE(cases.ok());
  EXPECT_EQ(cases->cases_size(), 0);

  auto one = Assigned(Sample(), "staff/ann");
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_TRUE(IsRefused(
      Do<v1::ClassifyCaseRequest>(*lead_, &Stub::ClassifyCase, one->name(),
                                  [](auto& request) { request.set_category("categories/unknown"); })
          .status(),
      kNoReference));
  EXPECT_TRUE(IsRefused(Do<v1::StartCaseRequest>(*agent_, &Stub::StartCase, one->name(),
                                                 [](auto& request) { request.set_etag("\"1\""); })
                            .status(),
                        {absl::StatusCode::kAborted, type::v1::ERROR_REASON_ETAG_MISMATCH}));
  // A dry run says what would be, and does nothing.
  auto dry = Do<v1::StartCaseRequest>(*agent_, &Stub::StartCase, one->name(),
                                      [](auto& request) { request.set_validate_only(true); });
  ASSERT_TRUE(dry.ok()) << dry.status();
  EXPECT_EQ(dry->state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(Get(*agent_, one->name())->state(), v1::CASE_STATE_ASSIGNED);
  // What is set by steps is not set by an update.
  v1::UpdateCaseRequest update;
  update.mutable_case_()->set_name(one->name());
  update.mutable_update_mask()->add_paths("state");
  EXPECT_EQ(ReasonOf(agent_->Call(&Stub::UpdateCase, update).status()),
            type::v1::ERROR_REASON_INVALID_FIELD_MASK);
  update.mutable_update_mask()->set_paths(0, "customer.reference");
  update.mutable_case_()->mutable_customer()->set_reference("AC-2002");
  auto updated = agent_->Call(&Stub::UpdateCase, update);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_NE(updated->customer_key(), one->customer_key());
}

TEST_F(ComplaintsCaseTest, TheSameStepUnderTheSameRequestIdIsTakenOnce) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  auto one = Assigned(Sample(), "staff/ann");
  ASSERT_TRUE(one.ok()) << one.status();
  const auto fill = [](v1::StartCaseRequest& request) {
    request.set_request_id("123e4567-e89b-12d3-a456-426614174101");
  };
  auto first = Do<v1::StartCaseRequest>(*agent_, &Stub::StartCase, one->name(), fill);
  auto second = Do<v1::StartCaseRequest>(*agent_, &Stub::StartCase, one->name(), fill);
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
  EXPECT_EQ(first->etag(), second->etag());
  EXPECT_EQ(Timeline(*agent_, one->name()).size(), 4u);
}

TEST_F(ComplaintsCaseTest, RepeatsAndDuplicatesAreRecognisedAndMerged) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  auto first = Create(*lead_, Sample());
  ASSERT_TRUE(first.ok());
  v1::Case again = Sample();
  again.set_text("the late fee of march was charged twice to my account!");
  again.mutable_customer()->set_reference("ac 1001");
  auto second = Create(*lead_, again);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->repeat_count(), 1);
  EXPECT_EQ(second->repeat_of(), first->name());
  EXPECT_GT(second->number(), first->number());
  v1::SuggestDuplicatesRequest suggest;
  suggest.set_name(second->name());
  auto found = lead_->Call(&Stub::SuggestDuplicates, suggest);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->candidates_size(), 1);
  EXPECT_EQ(found->candidates(0).case_(), first->name());
  EXPECT_TRUE(found->candidates(0).same_customer());
  EXPECT_GT(found->candidates(0).similarity(), 0.9);

  const auto into = [&](const std::string& target) {
    return [target](v1::MergeCaseRequest& request) { request.set_into(target); };
  };
  EXPECT_TRUE(IsRefused(
      Do<v1::MergeCaseRequest>(*lead_, &Stub::MergeCase, second->name(), into(second->name()))
          .status(),
      Rule("merge-into-itself")));
  EXPECT_TRUE(IsRefused(
      Do<v1::MergeCaseRequest>(*lead_, &Stub::MergeCase, second->name(), into("cases/none"))
          .status(),
      kNoReference));
  auto merged =
      Do<v1::MergeCaseRequest>(*lead_, &Stub::MergeCase, second->name(), into(first->name()));
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->state(), v1::CASE_STATE_MERGED);
  EXPECT_EQ(Get(*lead_, first->name())->merged_from(0), second->name());
  EXPECT_EQ(Timeline(*lead_, first->name()).size(), 1u);
  EXPECT_EQ(Timeline(*lead_, second->name()).size(), 1u);
}

TEST_F(ComplaintsCaseTest, ARepeatIsRecognisedAmongManyOldCases) {
  v1::Case old = Sample();
  *old.mutable_received_time() = ToTimestamp(absl::Now() - absl::Hours(24 * 200));
  for (int i = 0; i < 210; ++i) {
    auto made = Create(*lead_, old);
    ASSERT_TRUE(made.ok()) << made.status();
  }
  auto first = Create(*lead_, Sample());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->repeat_count(), 0);
  auto second = Create(*lead_, Sample());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->repeat_count(), 1);
  EXPECT_EQ(second->repeat_of(), first->name());
}

TEST_F(ComplaintsCaseTest, CompensationsSuggestionsAndAppointments) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  auto one = Assigned(Sample(), "staff/ann");
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_TRUE(Do<v1::RequestCompensationRequest>(*agent_, &Stub::RequestCompensation, one->name(),
                                                 [](auto& request) {
                                                   request.set_amount("500.00");
                                                   request.set_currency("CNY");
                                                   request.set_reason("charged twice");
                                                 })
                  .ok());
  const auto yes = [](v1::DecideCompensationRequest& request) { request.set_approved(true); };
  EXPECT_TRUE(IsRefused(
      Do<v1::DecideCompensationRequest>(*lead_, &Stub::DecideCompensation, one->name(), yes)
          .status(),
      {absl::StatusCode::kFailedPrecondition,
       type::v1::ERROR_REASON_RULE_VIOLATED,
       {{"rule", "compensation-above-limit"}, {"needs", "supervisor"}}}));
  auto paid =
      Do<v1::DecideCompensationRequest>(*supervisor_, &Stub::DecideCompensation, one->name(), yes);
  ASSERT_TRUE(paid.ok()) << paid.status();
  EXPECT_EQ(paid->compensation().decider(), "staff/sue");

  v1::Case idea = Sample(v1::CASE_KIND_SUGGESTION);
  idea.mutable_suggestion()->set_expected_benefit("my bills get shorter");
  auto suggestion = Assigned(idea, "staff/ann");
  ASSERT_TRUE(suggestion.ok()) << suggestion.status();
  EXPECT_TRUE(absl::StartsWith(suggestion->number(), "S-"));
  ASSERT_TRUE(Do<v1::AdoptSuggestionRequest>(*manager_, &Stub::AdoptSuggestion, suggestion->name(),
                                             [](auto& request) { request.set_comment("from May"); })
                  .ok());
  auto rewarded = Do<v1::RewardSuggestionRequest>(*manager_, &Stub::RewardSuggestion,
                                                  suggestion->name(), [](auto& request) {
                                                    request.set_amount("100");
                                                    request.set_currency("CNY");
                                                  });
  ASSERT_TRUE(rewarded.ok()) << rewarded.status();
  EXPECT_EQ(rewarded->state(), v1::CASE_STATE_REWARDED);
  // What was said of it is not for everybody.
  EXPECT_EQ(Get(*manager_, suggestion->name())->suggestion().adoption_comment(), "from May");
  EXPECT_EQ(Get(*auditor_, suggestion->name())->suggestion().adoption_comment(), "***");
  EXPECT_EQ(Get(*manager_, suggestion->name())->suggestion().expected_benefit(),
            "my bills get shorter");
  EXPECT_EQ(Get(*auditor_, suggestion->name())->suggestion().expected_benefit(), "***");

  v1::Case wish = Sample(v1::CASE_KIND_APPOINTMENT);
  wish.mutable_appointment()->set_place("branch 3");
  wish.mutable_appointment()->mutable_start_time()->set_seconds(
      absl::ToUnixSeconds(absl::Now() + absl::Minutes(50)));
  auto appointment = Create(*lead_, wish);
  ASSERT_TRUE(appointment.ok()) << appointment.status();
  const std::string name = appointment->name();
  ASSERT_TRUE(
      Do<v1::ConfirmAppointmentRequest>(*lead_, &Stub::ConfirmAppointment, name, [](auto& request) {
        auto& item = *request.add_preparation();
        item.set_id("room");
        item.set_kind(v1::PREPARATION_KIND_EQUIPMENT);
        item.set_title("Meeting room");
      }).ok());
  EXPECT_TRUE(
      IsRefused(Do<v1::ExecuteAppointmentRequest>(*lead_, &Stub::ExecuteAppointment, name).status(),
                Rule("not-prepared")));
  auto prepared =
      Do<v1::PrepareAppointmentRequest>(*lead_, &Stub::PrepareAppointment, name, [](auto& request) {
        request.set_item("room");
        request.set_done(true);
      });
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  EXPECT_EQ(prepared->state(), v1::CASE_STATE_PREPARED);
  EXPECT_TRUE(Do<v1::ExecuteAppointmentRequest>(*lead_, &Stub::ExecuteAppointment, name).ok());
  // Nobody owned it so far: that can be made good.
  const auto fulfilled = [](v1::CloseCaseRequest& request) {
    request.set_outcome(v1::CASE_OUTCOME_FULFILLED);
  };
  EXPECT_TRUE(
      IsRefused(Do<v1::CloseCaseRequest>(*lead_, &Stub::CloseCase, name, fulfilled).status(),
                Rule("no-owner")));
  ASSERT_TRUE(Do<v1::AssignCaseRequest>(*lead_, &Stub::AssignCase, name, [](auto& request) {
                request.set_owner("staff/ann");
              }).ok());
  auto closed = Do<v1::CloseCaseRequest>(*agent_, &Stub::CloseCase, name, fulfilled);
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->state(), v1::CASE_STATE_CLOSED);
}

TEST_F(ComplaintsCaseTest, CustomersAndNumbersSurviveARestart) {
  auto first = Create(*lead_, Sample());
  ASSERT_TRUE(first.ok()) << first.status();
  server_->Kill();
  ASSERT_TRUE(server_->Restart().ok());
  lead_ = Caller(auth::Role::kTeamLead, "leo");
  auto second = Create(*lead_, Sample());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->customer_key(), first->customer_key());
  EXPECT_GT(second->number(), first->number());
  EXPECT_EQ(second->repeat_count(), 1);
}

}  // namespace
}  // namespace sqm::testing
