#include "services/monitoring/evaluation_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <vector>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/contract/registry.h"
#include "common/query/filter.h"
#include "services/monitoring/states.h"
#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"
#include "tests/unit/monitoring/forms.h"

namespace sqm::monitoring {
namespace {

const Actor kEvaluator{.staff = "staff/eve"};
const Actor kAgent{.staff = "staff/ann"};
const Actor kOther{.staff = "staff/oscar"};
const Actor kManager{.staff = "staff/max", .is_manager = true};

v1::ScorecardVersion Version() {
  v1::ScorecardVersion version;
  version.set_name("scorecards/call/versions/2");
  *version.mutable_content() = Form({YesNo("a"), YesNo("b")});
  return version;
}

v1::Scorecard Published() {
  v1::Scorecard scorecard;
  scorecard.set_name("scorecards/call");
  scorecard.set_state(v1::SCORECARD_STATE_PUBLISHED);
  return scorecard;
}

v1::Contact AnsweredContact() {
  v1::Contact contact;
  contact.set_name("contacts/1");
  contact.set_agent("staff/ann");
  contact.set_team("north");
  contact.set_answer_state(v1::ANSWER_STATE_ANSWERED);
  return contact;
}

v1::Evaluation New() {
  v1::Evaluation evaluation;
  evaluation.set_name("evaluations/1");
  evaluation.set_contact("contacts/1");
  evaluation.set_scorecard_version("scorecards/call/versions/2");
  evaluation.set_evaluator("staff/eve");
  return evaluation;
}

v1::Evaluation In(v1::EvaluationState state) {
  v1::Evaluation evaluation = New();
  evaluation.set_agent("staff/ann");
  evaluation.set_state(state);
  return evaluation;
}

Answers Good() {
  Answers answers;
  Yes(answers, "a");
  Yes(answers, "b");
  return answers;
}

absl::Status Submit(v1::Evaluation& evaluation, const Actor& actor = kEvaluator) {
  return SubmitEvaluation(evaluation, Version(), Good(), "well done", actor, kNow);
}

TEST(AssignEvaluationTest, TakesAgentTeamAndScorecardOver) {
  v1::Evaluation evaluation = New();
  v1::Contact contact = AnsweredContact();
  contact.set_simulated(true);
  ASSERT_TRUE(AssignEvaluation(contact, Published(), Version(), kNow, evaluation).ok());
  EXPECT_EQ(evaluation.state(), v1::EVALUATION_STATE_ASSIGNED);
  EXPECT_EQ(evaluation.agent(), "staff/ann");
  EXPECT_EQ(evaluation.team(), "north");
  EXPECT_EQ(evaluation.scorecard(), "scorecards/call");
  EXPECT_TRUE(evaluation.simulated());
  EXPECT_EQ(FromTimestamp(evaluation.assigned_time()), kNow);
}

TEST(AssignEvaluationTest, RefusesByRule) {
  const auto rule = [](const v1::Contact& contact, const v1::Scorecard& scorecard,
                       v1::Evaluation evaluation) {
    const v1::Evaluation before = evaluation;
    const absl::Status status = AssignEvaluation(contact, scorecard, Version(), kNow, evaluation);
    EXPECT_EQ(evaluation.SerializeAsString(), before.SerializeAsString());
    EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_RULE_VIOLATED);
    return MetadataOf(status, "rule");
  };
  v1::Contact abandoned = AnsweredContact();
  abandoned.set_answer_state(v1::ANSWER_STATE_ABANDONED);
  EXPECT_EQ(rule(abandoned, Published(), New()), "contact-not-answered");
  v1::Contact nobody = AnsweredContact();
  nobody.clear_agent();
  EXPECT_EQ(rule(nobody, Published(), New()), "contact-without-agent");
  for (const auto state : {v1::SCORECARD_STATE_DRAFT, v1::SCORECARD_STATE_RETIRED}) {
    v1::Scorecard scorecard = Published();
    scorecard.set_state(state);
    EXPECT_EQ(rule(AnsweredContact(), scorecard, New()), "scorecard-not-published");
  }
  v1::Evaluation self = New();
  self.set_evaluator("staff/ann");
  EXPECT_EQ(rule(AnsweredContact(), Published(), self), "self-evaluation");
}

TEST(AssignEvaluationTest, RefusesForeignVersionAndPastDueTime) {
  v1::Scorecard other = Published();
  other.set_name("scorecards/cal");
  v1::Evaluation evaluation = New();
  EXPECT_EQ(ReasonOf(AssignEvaluation(AnsweredContact(), other, Version(), kNow, evaluation)),
            type::v1::ERROR_REASON_INVALID_FIELD);
  *evaluation.mutable_due_time() = ToTimestamp(kNow);
  EXPECT_EQ(ReasonOf(AssignEvaluation(AnsweredContact(), Published(), Version(), kNow, evaluation)),
            type::v1::ERROR_REASON_INVALID_FIELD);
}

// Every action in every state: where it is allowed it leads to the state named here, everywhere
// else it is refused and changes nothing.
TEST(EvaluationTransitionsTest, EveryActionInEveryState) {
  struct Action {
    const char* name;
    std::function<absl::Status(v1::Evaluation&)> run;
    std::map<v1::EvaluationState, v1::EvaluationState> allowed;
  };
  constexpr auto kAssigned = v1::EVALUATION_STATE_ASSIGNED;
  constexpr auto kInProgress = v1::EVALUATION_STATE_IN_PROGRESS;
  constexpr auto kSubmitted = v1::EVALUATION_STATE_SUBMITTED;
  constexpr auto kReleased = v1::EVALUATION_STATE_RELEASED;
  constexpr auto kAcknowledged = v1::EVALUATION_STATE_ACKNOWLEDGED;
  constexpr auto kVoided = v1::EVALUATION_STATE_VOIDED;
  const std::vector<Action> actions = {
      {"assign",
       [](v1::Evaluation& e) { return ReassignEvaluation(e, "staff/zoe", std::nullopt, kNow); },
       {{kAssigned, kAssigned}}},
      {"update",
       [](v1::Evaluation& e) { return CheckEvaluationUpdate(e, kEvaluator); },
       {{kAssigned, kAssigned}, {kInProgress, kInProgress}}},
      {"delete",
       [](v1::Evaluation& e) { return CheckEvaluationDelete(e); },
       {{kAssigned, kAssigned}}},
      {"start",
       [](v1::Evaluation& e) { return StartEvaluation(e, kEvaluator, kNow); },
       {{kAssigned, kInProgress}}},
      {"submit", [](v1::Evaluation& e) { return Submit(e); }, {{kInProgress, kSubmitted}}},
      {"release",
       [](v1::Evaluation& e) { return ReleaseEvaluation(e, kManager, kNow); },
       {{kSubmitted, kReleased}}},
      {"acknowledge",
       [](v1::Evaluation& e) { return AcknowledgeEvaluation(e, "seen", kAgent, kNow); },
       {{kReleased, kAcknowledged}}},
      {"void",
       [](v1::Evaluation& e) { return VoidEvaluation(e, "wrong call", kManager); },
       {{kAssigned, kVoided}, {kInProgress, kVoided}, {kSubmitted, kVoided}, {kReleased, kVoided}}},
  };
  const std::map<v1::EvaluationState, std::string> next = {{v1::EVALUATION_STATE_UNSPECIFIED, ""},
                                                           {kAssigned, "IN_PROGRESS,VOIDED"},
                                                           {kInProgress, "SUBMITTED,VOIDED"},
                                                           {kSubmitted, "RELEASED,VOIDED"},
                                                           {kReleased, "ACKNOWLEDGED,VOIDED"},
                                                           {kAcknowledged, ""},
                                                           {kVoided, ""}};
  for (const Action& action : actions) {
    for (const auto& [state, allowed_states] : next) {
      SCOPED_TRACE(absl::StrCat(action.name, " in ", StateName(state)));
      v1::Evaluation evaluation = In(state);
      const std::string before = evaluation.SerializeAsString();
      const absl::Status status = action.run(evaluation);
      const auto found = action.allowed.find(state);
      if (found != action.allowed.end()) {
        EXPECT_TRUE(status.ok()) << status;
        EXPECT_EQ(evaluation.state(), found->second);
        continue;
      }
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_WRONG_STATE);
      EXPECT_EQ(MetadataOf(status, "current_state"), StateName(state));
      EXPECT_EQ(MetadataOf(status, "allowed_states"), allowed_states);
      EXPECT_EQ(evaluation.SerializeAsString(), before);
    }
  }
}

TEST(EvaluationActorsTest, OnlyTheEvaluatorOrAManagerScores) {
  for (const Actor& actor : {kOther, kAgent}) {
    v1::Evaluation assigned = In(v1::EVALUATION_STATE_ASSIGNED);
    EXPECT_EQ(MetadataOf(StartEvaluation(assigned, actor, kNow), "rule"), "not-the-evaluator");
    EXPECT_EQ(MetadataOf(CheckEvaluationUpdate(assigned, actor), "rule"), "not-the-evaluator");
    v1::Evaluation begun = In(v1::EVALUATION_STATE_IN_PROGRESS);
    EXPECT_EQ(MetadataOf(Submit(begun, actor), "rule"), "not-the-evaluator");
    EXPECT_EQ(begun.state(), v1::EVALUATION_STATE_IN_PROGRESS);
  }
  v1::Evaluation assigned = In(v1::EVALUATION_STATE_ASSIGNED);
  EXPECT_TRUE(StartEvaluation(assigned, kManager, kNow).ok());
  EXPECT_TRUE(Submit(assigned, kManager).ok());
  EXPECT_EQ(assigned.revisions(0).actor(), "staff/max");
}

TEST(EvaluationActorsTest, NobodyHandlesAnEvaluationOfHimself) {
  const Actor agent_as_manager{.staff = "staff/ann", .is_manager = true};
  v1::Evaluation begun = In(v1::EVALUATION_STATE_IN_PROGRESS);
  EXPECT_EQ(MetadataOf(Submit(begun, agent_as_manager), "rule"), "self-evaluation");
  v1::Evaluation submitted = In(v1::EVALUATION_STATE_SUBMITTED);
  EXPECT_EQ(MetadataOf(ReleaseEvaluation(submitted, agent_as_manager, kNow), "rule"),
            "own-evaluation");
  EXPECT_EQ(MetadataOf(VoidEvaluation(submitted, "no", agent_as_manager), "rule"),
            "own-evaluation");
  v1::Evaluation assigned = In(v1::EVALUATION_STATE_ASSIGNED);
  EXPECT_EQ(MetadataOf(ReassignEvaluation(assigned, "staff/ann", std::nullopt, kNow), "rule"),
            "self-evaluation");
}

TEST(EvaluationActorsTest, OnlyTheAgentAcknowledges) {
  for (const Actor& actor : {kEvaluator, kOther, kManager}) {
    v1::Evaluation released = In(v1::EVALUATION_STATE_RELEASED);
    EXPECT_EQ(MetadataOf(AcknowledgeEvaluation(released, "", actor, kNow), "rule"),
              "not-the-agent");
  }
}

TEST(ReassignEvaluationTest, SetsEvaluatorAndDueTime) {
  v1::Evaluation evaluation = In(v1::EVALUATION_STATE_ASSIGNED);
  const absl::Time due = kNow + absl::Hours(48);
  ASSERT_TRUE(ReassignEvaluation(evaluation, "staff/zoe", due, kNow).ok());
  EXPECT_EQ(evaluation.evaluator(), "staff/zoe");
  EXPECT_EQ(FromTimestamp(evaluation.due_time()), due);
  ASSERT_TRUE(ReassignEvaluation(evaluation, "staff/eve", std::nullopt, kNow).ok());
  EXPECT_EQ(FromTimestamp(evaluation.due_time()), due);
  EXPECT_EQ(ReasonOf(ReassignEvaluation(evaluation, "staff/zoe", kNow, kNow)),
            type::v1::ERROR_REASON_INVALID_FIELD);
}

TEST(SubmitEvaluationTest, KeepsAnswersResultAndRevision) {
  v1::Evaluation evaluation = In(v1::EVALUATION_STATE_IN_PROGRESS);
  ASSERT_TRUE(Submit(evaluation).ok());
  EXPECT_EQ(evaluation.result().score(), "100.00");
  EXPECT_EQ(evaluation.band(), "excellent");
  EXPECT_TRUE(evaluation.passing());
  EXPECT_EQ(evaluation.comment(), "well done");
  EXPECT_EQ(evaluation.answers_size(), 2);
  ASSERT_EQ(evaluation.revisions_size(), 1);
  EXPECT_EQ(evaluation.revisions(0).number(), 1);
  EXPECT_EQ(evaluation.revisions(0).actor(), "staff/eve");
  EXPECT_EQ(FromTimestamp(evaluation.revisions(0).time()), kNow);
  EXPECT_EQ(evaluation.revisions(0).result().score(), "100.00");
  EXPECT_EQ(evaluation.revisions(0).answers_size(), 2);
  EXPECT_FALSE(evaluation.revisions(0).retracted());
}

TEST(SubmitEvaluationTest, UsesSavedAnswersAndCommentWhereNoneAreGiven) {
  v1::Evaluation evaluation = In(v1::EVALUATION_STATE_IN_PROGRESS);
  *evaluation.mutable_answers() = Good();
  evaluation.set_comment("saved");
  ASSERT_TRUE(SubmitEvaluation(evaluation, Version(), Answers(), "", kEvaluator, kNow).ok());
  EXPECT_EQ(evaluation.result().score(), "100.00");
  EXPECT_EQ(evaluation.comment(), "saved");
}

TEST(SubmitEvaluationTest, AnEarlierRevisionIsRetractedButKept) {
  v1::Evaluation evaluation = In(v1::EVALUATION_STATE_IN_PROGRESS);
  ASSERT_TRUE(Submit(evaluation).ok());
  evaluation.set_state(v1::EVALUATION_STATE_IN_PROGRESS);
  ASSERT_TRUE(Submit(evaluation).ok());
  ASSERT_EQ(evaluation.revisions_size(), 2);
  EXPECT_TRUE(evaluation.revisions(0).retracted());
  EXPECT_FALSE(evaluation.revisions(1).retracted());
  EXPECT_EQ(evaluation.revisions(1).number(), 2);
}

TEST(SubmitEvaluationTest, RevisionsAreBounded) {
  v1::Evaluation evaluation = In(v1::EVALUATION_STATE_IN_PROGRESS);
  for (int i = 0; i < kMaxRevisions; ++i) evaluation.add_revisions();
  EXPECT_EQ(MetadataOf(Submit(evaluation), "rule"), "too-many-revisions");
}

TEST(SubmitEvaluationTest, RefusesOtherVersionAndBadAnswersUnchanged) {
  v1::Evaluation evaluation = In(v1::EVALUATION_STATE_IN_PROGRESS);
  const std::string before = evaluation.SerializeAsString();
  v1::ScorecardVersion other = Version();
  other.set_name("scorecards/call/versions/1");
  EXPECT_EQ(MetadataOf(SubmitEvaluation(evaluation, other, Good(), "", kEvaluator, kNow), "rule"),
            "other-scorecard-version");
  Answers partial;
  Yes(partial, "a");
  EXPECT_EQ(ReasonOf(SubmitEvaluation(evaluation, Version(), partial, "x", kEvaluator, kNow)),
            type::v1::ERROR_REASON_INVALID_FIELD);
  EXPECT_EQ(evaluation.SerializeAsString(), before);
}

TEST(VoidEvaluationTest, NeedsAReason) {
  v1::Evaluation evaluation = In(v1::EVALUATION_STATE_SUBMITTED);
  EXPECT_EQ(ReasonOf(VoidEvaluation(evaluation, "", kManager)),
            type::v1::ERROR_REASON_INVALID_FIELD);
  ASSERT_TRUE(VoidEvaluation(evaluation, "wrong call", kManager).ok());
  EXPECT_EQ(evaluation.void_reason(), "wrong call");
}

TEST(SeenByItsAgentTest, FromReleaseOn) {
  const auto registry = contract::Registry::Build({v1::Contact::descriptor()->file(),
                                                   v1::Scorecard::descriptor()->file(),
                                                   v1::Evaluation::descriptor()->file()});
  ASSERT_TRUE(registry.ok()) << registry.status();
  const auto filter = query::ParseFilter(
      kSeenByItsAgent, (*registry)->FindType(v1::Evaluation::descriptor())->fields);
  ASSERT_TRUE(filter.ok()) << filter.status();
  v1::Evaluation evaluation = In(v1::EVALUATION_STATE_IN_PROGRESS);
  EXPECT_FALSE(query::Matches(*filter, evaluation));
  ASSERT_TRUE(Submit(evaluation).ok());
  EXPECT_FALSE(query::Matches(*filter, evaluation));
  v1::Evaluation voided = evaluation;
  ASSERT_TRUE(VoidEvaluation(voided, "wrong call", kManager).ok());
  EXPECT_FALSE(query::Matches(*filter, voided));
  ASSERT_TRUE(ReleaseEvaluation(evaluation, kManager, kNow).ok());
  EXPECT_TRUE(query::Matches(*filter, evaluation));
  ASSERT_TRUE(VoidEvaluation(evaluation, "wrong call", kManager).ok());
  EXPECT_TRUE(query::Matches(*filter, evaluation));
}

}  // namespace
}  // namespace sqm::monitoring
