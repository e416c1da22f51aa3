// From a contact to a closed improvement note, by the people who do it, in the right order only.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "tests/support/monitoring_samples.h"
#include "tests/support/refusal.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

namespace v1 = monitoring::v1;
using Monitoring = v1::MonitoringService::Stub;

Refusal WrongState(const std::string& current, const std::string& allowed) {
  return {absl::StatusCode::kFailedPrecondition,
          type::v1::ERROR_REASON_WRONG_STATE,
          {{"current_state", current}, {"allowed_states", allowed}}};
}
Refusal Rule(const std::string& rule) {
  return {absl::StatusCode::kFailedPrecondition,
          type::v1::ERROR_REASON_RULE_VIOLATED,
          {{"rule", rule}}};
}
const Refusal kForbidden = {absl::StatusCode::kPermissionDenied,
                            type::v1::ERROR_REASON_PERMISSION_DENIED};

class EvaluationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = ServerProcess::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    auto client = [this](const Caller& caller) {
      return std::make_unique<Client>(*server_, caller);
    };
    officer_ = client(As(auth::Role::kQaOfficer, "olga"));
    other_ = client(As(auth::Role::kQaOfficer, "otto"));
    supervisor_ = client(As(auth::Role::kSupervisor, "sue"));
    manager_ = client(As(auth::Role::kManager, "mia"));
    agent_ = client(As(auth::Role::kAgent, "ann", "north"));
    auto version = PublishTemplate(*server_, "contact-centre-call");
    ASSERT_TRUE(version.ok()) << version.status();
    version_ = *std::move(version);
    v1::CreateContactRequest create;
    *create.mutable_contact() = SampleContact("call", "ann");
    auto contact = officer_->Call(&Monitoring::CreateContact, create);
    ASSERT_TRUE(contact.ok()) << contact.status();
    contact_ = *std::move(contact);
  }
  absl::StatusOr<v1::Evaluation> Assign(const std::string& evaluator = "staff/olga") {
    v1::CreateEvaluationRequest request;
    v1::Evaluation* evaluation = request.mutable_evaluation();
    evaluation->set_contact(contact_.name());
    evaluation->set_scorecard_version(version_.name());
    evaluation->set_evaluator(evaluator);
    evaluation->set_method(v1::EVALUATION_METHOD_RECORDED);
    return supervisor_->Call(&Monitoring::CreateEvaluation, request);
  }
  // A transition that needs the name alone.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Do(const Client& client,
                              grpc::Status (Monitoring::*method)(grpc::ClientContext*,
                                                                 const Request&, Response*),
                              const std::string& name) {
    Request request;
    request.set_name(name);
    return client.Call(method, request);
  }
  absl::StatusOr<v1::Evaluation> Submit(const Client& client, const std::string& name, Marks marks,
                                        bool validate_only = false) {
    v1::SubmitEvaluationRequest request;
    request.set_name(name);
    for (auto& answer : AnswerForm(version_.content(), marks)) *request.add_answers() = answer;
    request.set_comment("heard with care");
    request.set_validate_only(validate_only);
    return client.Call(&Monitoring::SubmitEvaluation, request);
  }
  std::vector<v1::ImprovementNote> Notes(const Client& client) {
    auto notes = client.Call(&Monitoring::ListImprovementNotes, v1::ListImprovementNotesRequest());
    EXPECT_TRUE(notes.ok()) << notes.status();
    if (!notes.ok()) return {};
    return {notes->improvement_notes().begin(), notes->improvement_notes().end()};
  }
  // Released, with these marks.
  std::string Submitted(Marks marks) {
    auto evaluation = Assign();
    EXPECT_TRUE(evaluation.ok()) << evaluation.status();
    const std::string name = evaluation->name();
    EXPECT_TRUE(Do(*officer_, &Monitoring::StartEvaluation, name).ok());
    auto submitted = Submit(*officer_, name, marks);
    EXPECT_TRUE(submitted.ok()) << submitted.status();
    return name;
  }

  std::string Released(Marks marks) {
    const std::string name = Submitted(marks);
    EXPECT_TRUE(Do(*supervisor_, &Monitoring::ReleaseEvaluation, name).ok());
    return name;
  }

  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<Client> officer_, other_, supervisor_, manager_, agent_;
  v1::ScorecardVersion version_;
  v1::Contact contact_;
};

TEST_F(EvaluationTest, FromAssignedToAcknowledged) {
  EXPECT_TRUE(IsRefused(Assign("staff/ann").status(), Rule("self-evaluation")));
  auto assigned = Assign("staff/otto");
  ASSERT_TRUE(assigned.ok()) << assigned.status();
  const std::string name = assigned->name();
  EXPECT_EQ(assigned->state(), v1::EVALUATION_STATE_ASSIGNED);
  EXPECT_EQ(assigned->agent(), "staff/ann");
  EXPECT_EQ(assigned->team(), "north");
  EXPECT_EQ(assigned->scorecard(), "scorecards/contact-centre-call");
  // Nothing but what comes next.
  const Refusal in_assigned = WrongState("ASSIGNED", "IN_PROGRESS,VOIDED");
  EXPECT_TRUE(IsRefused(Submit(*other_, name, Marks::kBest).status(), in_assigned));
  EXPECT_TRUE(
      IsRefused(Do(*supervisor_, &Monitoring::ReleaseEvaluation, name).status(), in_assigned));
  EXPECT_TRUE(IsRefused(Do(*agent_, &Monitoring::AcknowledgeEvaluation, name).status(), kNotFound));
  EXPECT_TRUE(IsRefused(Do(*agent_, &Monitoring::StartEvaluation, name).status(), kForbidden));
  // To another evaluator, and only that one begins.
  v1::AssignEvaluationRequest assign;
  assign.set_name(name);
  assign.set_evaluator("staff/olga");
  ASSERT_TRUE(supervisor_->Call(&Monitoring::AssignEvaluation, assign).ok());
  EXPECT_TRUE(IsRefused(Do(*other_, &Monitoring::StartEvaluation, name).status(),
                        Rule("not-the-evaluator")));
  ASSERT_TRUE(Do(*officer_, &Monitoring::StartEvaluation, name).ok());
  const Refusal in_progress = WrongState("IN_PROGRESS", "SUBMITTED,VOIDED");
  EXPECT_TRUE(IsRefused(Do(*officer_, &Monitoring::StartEvaluation, name).status(), in_progress));
  EXPECT_TRUE(
      IsRefused(supervisor_->Call(&Monitoring::AssignEvaluation, assign).status(), in_progress));
  EXPECT_TRUE(IsRefused(Do(*manager_, &Monitoring::DeleteEvaluation, name).status(), in_progress));

  // Answers are saved, scored without being stored, then submitted.
  v1::UpdateEvaluationRequest update;
  update.mutable_evaluation()->set_name(name);
  for (auto& answer : AnswerForm(version_.content(), Marks::kBest)) {
    *update.mutable_evaluation()->add_answers() = answer;
  }
  update.mutable_update_mask()->add_paths("answers");
  auto saved = officer_->Call(&Monitoring::UpdateEvaluation, update);
  ASSERT_TRUE(saved.ok()) << saved.status();
  auto dry = Submit(*officer_, name, Marks::kMiddling, true);
  ASSERT_TRUE(dry.ok()) << dry.status();
  EXPECT_FALSE(dry->result().score().empty());
  v1::SubmitEvaluationRequest submit;
  submit.set_name(name);
  submit.set_request_id("123e4567-e89b-12d3-a456-426614174003");
  auto submitted = officer_->Call(&Monitoring::SubmitEvaluation, submit);
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_EQ(submitted->state(), v1::EVALUATION_STATE_SUBMITTED);
  EXPECT_EQ(submitted->result().score(), "100.00");
  EXPECT_EQ(submitted->band(), "excellent");
  EXPECT_TRUE(submitted->passing());
  ASSERT_EQ(submitted->revisions_size(), 1);
  EXPECT_EQ(submitted->revisions(0).actor(), "staff/olga");
  // Sent again, as after a lost answer: the state refuses, but it was this very request.
  auto replay = officer_->Call(&Monitoring::SubmitEvaluation, submit);
  ASSERT_TRUE(replay.ok()) << replay.status();
  EXPECT_EQ(replay->SerializeAsString(), submitted->SerializeAsString());
  EXPECT_TRUE(IsRefused(Submit(*officer_, name, Marks::kBest).status(),
                        WrongState("SUBMITTED", "RELEASED,VOIDED")));
  EXPECT_TRUE(Notes(*manager_).empty());

  ASSERT_TRUE(Do(*supervisor_, &Monitoring::ReleaseEvaluation, name).ok());
  Client elsewhere(*server_, As(auth::Role::kTeamLead, "lea", "north"));
  EXPECT_TRUE(IsRefused(Do(elsewhere, &Monitoring::AcknowledgeEvaluation, name).status(),
                        Rule("not-the-agent")));
  EXPECT_TRUE(
      IsRefused(Do(*officer_, &Monitoring::AcknowledgeEvaluation, name).status(), kForbidden));
  v1::AcknowledgeEvaluationRequest acknowledge;
  acknowledge.set_name(name);
  acknowledge.set_comment("thank you");
  auto done = agent_->Call(&Monitoring::AcknowledgeEvaluation, acknowledge);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state(), v1::EVALUATION_STATE_ACKNOWLEDGED);
  EXPECT_EQ(done->acknowledge_comment(), "thank you");
  v1::VoidEvaluationRequest withdraw;
  withdraw.set_name(name);
  withdraw.set_reason("too late");
  EXPECT_TRUE(IsRefused(manager_->Call(&Monitoring::VoidEvaluation, withdraw).status(),
                        {absl::StatusCode::kFailedPrecondition,
                         type::v1::ERROR_REASON_WRONG_STATE,
                         {{"current_state", "ACKNOWLEDGED"}}}));
}

TEST_F(EvaluationTest, AnswersThatDoNotFit) {
  auto evaluation = Assign();
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  ASSERT_TRUE(Do(*officer_, &Monitoring::StartEvaluation, evaluation->name()).ok());
  v1::SubmitEvaluationRequest request;
  request.set_name(evaluation->name());
  for (auto& answer : AnswerForm(version_.content(), Marks::kBest)) *request.add_answers() = answer;
  const v1::SubmitEvaluationRequest whole = request;
  auto refused = [&](const char* what) {
    auto result = officer_->Call(&Monitoring::SubmitEvaluation, request);
    EXPECT_TRUE(IsRefused(result.status(), {absl::StatusCode::kInvalidArgument,
                                            type::v1::ERROR_REASON_INVALID_FIELD}))
        << what;
    request = whole;
  };
  request.mutable_answers()->RemoveLast();
  request.mutable_answers()->DeleteSubrange(0, 1);
  refused("an item without an answer");
  *request.add_answers() = whole.answers(0);
  refused("an item answered twice");
  request.mutable_answers(0)->set_item_id("unknown");
  refused("an item that the form has not");
  request.mutable_answers(0)->set_number("3");
  refused("a number for levels");
  request.mutable_answers(0)->set_level("splendid");
  refused("a level that there is not");
  auto submitted = officer_->Call(&Monitoring::SubmitEvaluation, whole);
  EXPECT_TRUE(submitted.ok()) << submitted.status();
}

TEST_F(EvaluationTest, LowScoreMakesANoteThatIsLivedThrough) {
  EXPECT_TRUE(Notes(*manager_).empty());
  const std::string evaluation = Submitted(Marks::kWorst);
  // Nothing that follows from it shows before it does.
  EXPECT_TRUE(Notes(*agent_).empty());
  ASSERT_TRUE(Do(*supervisor_, &Monitoring::ReleaseEvaluation, evaluation).ok());
  v1::GetEvaluationRequest get;
  get.set_name(evaluation);
  auto scored = agent_->Call(&Monitoring::GetEvaluation, get);
  ASSERT_TRUE(scored.ok()) << scored.status();
  EXPECT_EQ(scored->result().score(), "0.00");
  EXPECT_EQ(scored->band(), "fail");
  EXPECT_FALSE(scored->passing());
  EXPECT_GT(scored->result().fatal_items_failed_size(), 0);
  auto notes = Notes(*agent_);
  ASSERT_EQ(notes.size(), 1u);
  const v1::ImprovementNote& note = notes[0];
  EXPECT_EQ(note.evaluation(), evaluation);
  EXPECT_EQ(note.agent(), "staff/ann");
  EXPECT_EQ(note.issuer(), "staff/olga");
  EXPECT_TRUE(note.automatic());
  EXPECT_EQ(note.band(), "fail");
  EXPECT_EQ(note.state(), v1::IMPROVEMENT_NOTE_STATE_OPEN);
  EXPECT_GT(note.items_size(), 0);
  EXPECT_NEAR(static_cast<double>(note.due_time().seconds()),
              static_cast<double>(absl::ToUnixSeconds(absl::Now() + absl::Hours(7 * 24))), 600);
  EXPECT_TRUE(Notes(Client(*server_, As(auth::Role::kAgent, "bob", "north"))).empty());

  const std::string name = note.name();
  v1::CheckImprovementNoteRequest check;
  check.set_name(name);
  check.set_action_taken("listened to ten good calls");
  v1::CloseImprovementNoteRequest close;
  close.set_name(name);
  close.set_effective(true);
  const Refusal open = WrongState("OPEN", "AGREED");
  EXPECT_TRUE(IsRefused(Do(*agent_, &Monitoring::StartImprovementNote, name).status(), open));
  EXPECT_TRUE(
      IsRefused(supervisor_->Call(&Monitoring::CheckImprovementNote, check).status(), open));
  EXPECT_TRUE(
      IsRefused(supervisor_->Call(&Monitoring::CloseImprovementNote, close).status(), open));
  EXPECT_TRUE(IsRefused(Do(*supervisor_, &Monitoring::AgreeImprovementNote, name).status(),
                        Rule("not-the-agent")));
  ASSERT_TRUE(Do(*agent_, &Monitoring::AgreeImprovementNote, name).ok());
  EXPECT_TRUE(IsRefused(Do(*agent_, &Monitoring::AgreeImprovementNote, name).status(),
                        WrongState("AGREED", "IN_PROGRESS")));
  ASSERT_TRUE(Do(*agent_, &Monitoring::StartImprovementNote, name).ok());
  EXPECT_TRUE(
      IsRefused(agent_->Call(&Monitoring::CheckImprovementNote, check).status(), kForbidden));
  auto checked = supervisor_->Call(&Monitoring::CheckImprovementNote, check);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->state(), v1::IMPROVEMENT_NOTE_STATE_EFFECT_CHECK);
  close.clear_effective();
  EXPECT_TRUE(IsRefused(supervisor_->Call(&Monitoring::CloseImprovementNote, close).status(),
                        {absl::StatusCode::kInvalidArgument,
                         type::v1::ERROR_REASON_INVALID_FIELD,
                         {},
                         {"effective"}}));
  close.set_effective(false);
  auto closed = supervisor_->Call(&Monitoring::CloseImprovementNote, close);
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_TRUE(closed->has_effective());
  EXPECT_FALSE(closed->effective());
  EXPECT_TRUE(IsRefused(supervisor_->Call(&Monitoring::CloseImprovementNote, close).status(),
                        {absl::StatusCode::kFailedPrecondition,
                         type::v1::ERROR_REASON_WRONG_STATE,
                         {{"current_state", "CLOSED"}}}));
}

TEST_F(EvaluationTest, NotesByHandAndVoiding) {
  auto evaluation = Assign();
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  v1::CreateImprovementNoteRequest create;
  v1::ImprovementNote* note = create.mutable_improvement_note();
  note->set_evaluation(evaluation->name());
  note->set_text("Name the organisation when greeting.");
  note->mutable_due_time()->set_seconds(absl::ToUnixSeconds(absl::Now() + absl::Hours(48)));
  EXPECT_TRUE(IsRefused(supervisor_->Call(&Monitoring::CreateImprovementNote, create).status(),
                        Rule("evaluation-not-released")));
  note->set_evaluation("evaluations/none");
  EXPECT_TRUE(IsRefused(supervisor_->Call(&Monitoring::CreateImprovementNote, create).status(),
                        {absl::StatusCode::kFailedPrecondition,
                         type::v1::ERROR_REASON_REFERENCE_NOT_FOUND,
                         {{"field", "evaluation"}}}));
  const std::string submitted = Submitted(Marks::kBest);
  note->set_evaluation(submitted);
  EXPECT_TRUE(IsRefused(supervisor_->Call(&Monitoring::CreateImprovementNote, create).status(),
                        Rule("evaluation-not-released")));
  const std::string released = Released(Marks::kBest);
  note->set_evaluation(released);
  auto made = supervisor_->Call(&Monitoring::CreateImprovementNote, create);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->agent(), "staff/ann");
  EXPECT_EQ(made->issuer(), "staff/sue");
  EXPECT_FALSE(made->automatic());
  note->mutable_due_time()->set_seconds(1);
  EXPECT_TRUE(IsRefused(supervisor_->Call(&Monitoring::CreateImprovementNote, create).status(),
                        {absl::StatusCode::kInvalidArgument,
                         type::v1::ERROR_REASON_INVALID_FIELD,
                         {},
                         {"improvement_note.due_time"}}));

  v1::VoidEvaluationRequest withdraw;
  withdraw.set_name(released);
  EXPECT_TRUE(IsRefused(
      manager_->Call(&Monitoring::VoidEvaluation, withdraw).status(),
      {absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_FIELD, {}, {"reason"}}));
  withdraw.set_reason("the wrong recording");
  EXPECT_TRUE(
      IsRefused(supervisor_->Call(&Monitoring::VoidEvaluation, withdraw).status(), kForbidden));
  auto voided = manager_->Call(&Monitoring::VoidEvaluation, withdraw);
  ASSERT_TRUE(voided.ok()) << voided.status();
  EXPECT_EQ(voided->state(), v1::EVALUATION_STATE_VOIDED);
  // What follows from it goes with it.
  EXPECT_TRUE(Notes(*agent_).empty());
  EXPECT_TRUE(Notes(*manager_).empty());
  EXPECT_TRUE(IsRefused(Do(*agent_, &Monitoring::AcknowledgeEvaluation, released).status(),
                        {absl::StatusCode::kFailedPrecondition,
                         type::v1::ERROR_REASON_WRONG_STATE,
                         {{"current_state", "VOIDED"}}}));
  // A draft that nobody began may go.
  EXPECT_TRUE(Do(*manager_, &Monitoring::DeleteEvaluation, evaluation->name()).ok());
  // Retired: no new evaluation by it.
  ASSERT_TRUE(Do(*manager_, &Monitoring::RetireScorecard, "scorecards/contact-centre-call").ok());
  EXPECT_TRUE(IsRefused(Assign().status(), Rule("scorecard-not-published")));
}

}  // namespace
}  // namespace sqm::testing
