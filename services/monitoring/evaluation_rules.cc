#include "services/monitoring/evaluation_rules.h"

#include <absl/algorithm/container.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <initializer_list>
#include <utility>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/monitoring/states.h"

namespace sqm::monitoring {
namespace {

absl::string_view AllowedNext(v1::EvaluationState state) {
  switch (state) {
    case v1::EVALUATION_STATE_ASSIGNED:
      return "IN_PROGRESS,VOIDED";
    case v1::EVALUATION_STATE_IN_PROGRESS:
      return "SUBMITTED,VOIDED";
    case v1::EVALUATION_STATE_SUBMITTED:
      return "RELEASED,VOIDED";
    case v1::EVALUATION_STATE_RELEASED:
      return "ACKNOWLEDGED,VOIDED";
    default:
      return "";
  }
}

absl::Status Require(const v1::Evaluation& evaluation,
                     std::initializer_list<v1::EvaluationState> states,
                     absl::string_view attempted) {
  if (absl::c_linear_search(states, evaluation.state())) return absl::OkStatus();
  return WrongState(evaluation.name(), StateName(evaluation.state()),
                    AllowedNext(evaluation.state()), attempted);
}

absl::Status RequireEvaluator(const v1::Evaluation& evaluation, const Actor& actor) {
  if (actor.is_manager || actor.staff == evaluation.evaluator()) return absl::OkStatus();
  return RuleViolated("not-the-evaluator",
                      absl::StrCat("only ", evaluation.evaluator(), " or a manager may do this"),
                      {{"evaluator", evaluation.evaluator()}});
}

absl::Status RequireOtherThanAgent(const v1::Evaluation& evaluation, absl::string_view staff,
                                   absl::string_view rule) {
  if (staff != evaluation.agent()) return absl::OkStatus();
  return RuleViolated(
      rule, absl::StrCat(evaluation.agent(), " is the agent that the evaluation is about"),
      {{"agent", evaluation.agent()}});
}

}  // namespace

absl::Status AssignEvaluation(const v1::Contact& contact, const v1::Scorecard& scorecard,
                              const v1::ScorecardVersion& version, absl::Time now,
                              v1::Evaluation& evaluation) {
  if (contact.answer_state() != v1::ANSWER_STATE_ANSWERED) {
    return RuleViolated("contact-not-answered",
                        absl::StrCat(contact.name(), " was not answered: nothing can be scored"),
                        {{"contact", contact.name()}});
  }
  if (contact.agent().empty()) {
    return RuleViolated("contact-without-agent",
                        absl::StrCat(contact.name(), " names no agent to be evaluated"),
                        {{"contact", contact.name()}});
  }
  if (scorecard.state() != v1::SCORECARD_STATE_PUBLISHED) {
    return RuleViolated(
        "scorecard-not-published",
        absl::StrCat(scorecard.name(), " is ", StateName(scorecard.state()), ", not PUBLISHED"),
        {{"scorecard", scorecard.name()}});
  }
  if (evaluation.scorecard_version() != version.name() ||
      !absl::StartsWith(version.name(), absl::StrCat(scorecard.name(), "/versions/"))) {
    return InvalidField("evaluation.scorecard_version",
                        "must be a published version of the scorecard");
  }
  if (evaluation.evaluator() == contact.agent()) {
    return RuleViolated("self-evaluation",
                        absl::StrCat(contact.agent(), " may not evaluate an own contact"),
                        {{"agent", contact.agent()}});
  }
  if (evaluation.has_due_time() && FromTimestamp(evaluation.due_time()) <= now) {
    return InvalidField("evaluation.due_time", "must lie ahead");
  }
  evaluation.set_scorecard(scorecard.name());
  evaluation.set_agent(contact.agent());
  evaluation.set_team(contact.team());
  evaluation.set_simulated(evaluation.simulated() || contact.simulated());
  evaluation.set_state(v1::EVALUATION_STATE_ASSIGNED);
  *evaluation.mutable_assigned_time() = ToTimestamp(now);
  return absl::OkStatus();
}

absl::Status ReassignEvaluation(v1::Evaluation& evaluation, absl::string_view evaluator,
                                std::optional<absl::Time> due, absl::Time now) {
  if (absl::Status status = Require(evaluation, {v1::EVALUATION_STATE_ASSIGNED}, "assign");
      !status.ok()) {
    return status;
  }
  if (absl::Status status = RequireOtherThanAgent(evaluation, evaluator, "self-evaluation");
      !status.ok()) {
    return status;
  }
  if (due.has_value() && *due <= now) return InvalidField("due_time", "must lie ahead");
  evaluation.set_evaluator(std::string(evaluator));
  *evaluation.mutable_assigned_time() = ToTimestamp(now);
  if (due.has_value()) *evaluation.mutable_due_time() = ToTimestamp(*due);
  return absl::OkStatus();
}

absl::Status CheckEvaluationUpdate(const v1::Evaluation& evaluation, const Actor& actor) {
  if (absl::Status status = Require(
          evaluation, {v1::EVALUATION_STATE_ASSIGNED, v1::EVALUATION_STATE_IN_PROGRESS}, "update");
      !status.ok()) {
    return status;
  }
  return RequireEvaluator(evaluation, actor);
}

absl::Status CheckEvaluationDelete(const v1::Evaluation& evaluation) {
  return Require(evaluation, {v1::EVALUATION_STATE_ASSIGNED}, "delete");
}

absl::Status StartEvaluation(v1::Evaluation& evaluation, const Actor& actor, absl::Time now) {
  if (absl::Status status = Require(evaluation, {v1::EVALUATION_STATE_ASSIGNED}, "start");
      !status.ok()) {
    return status;
  }
  if (absl::Status status = RequireEvaluator(evaluation, actor); !status.ok()) return status;
  evaluation.set_state(v1::EVALUATION_STATE_IN_PROGRESS);
  *evaluation.mutable_start_time() = ToTimestamp(now);
  return absl::OkStatus();
}

absl::Status SubmitEvaluation(v1::Evaluation& evaluation, const v1::ScorecardVersion& version,
                              const Answers& answers, absl::string_view comment, const Actor& actor,
                              absl::Time now) {
  if (absl::Status status = Require(evaluation, {v1::EVALUATION_STATE_IN_PROGRESS}, "submit");
      !status.ok()) {
    return status;
  }
  if (absl::Status status = RequireEvaluator(evaluation, actor); !status.ok()) return status;
  // A manager in the evaluator's place may be the agent as well.
  if (absl::Status status = RequireOtherThanAgent(evaluation, actor.staff, "self-evaluation");
      !status.ok()) {
    return status;
  }
  if (version.name() != evaluation.scorecard_version()) {
    return RuleViolated(
        "other-scorecard-version",
        absl::StrCat("the evaluation is scored by ", evaluation.scorecard_version(), " alone"),
        {{"scorecard_version", evaluation.scorecard_version()}});
  }
  if (evaluation.revisions_size() >= kMaxRevisions) {
    return RuleViolated("too-many-revisions",
                        absl::StrCat("an evaluation keeps at most ", kMaxRevisions, " scorings"));
  }
  const Answers& scored = answers.empty() ? evaluation.answers() : answers;
  absl::StatusOr<v1::EvaluationResult> result = Score(version.content(), scored);
  if (!result.ok()) return result.status();

  if (!answers.empty()) *evaluation.mutable_answers() = answers;
  if (!comment.empty()) evaluation.set_comment(std::string(comment));
  for (v1::EvaluationRevision& earlier : *evaluation.mutable_revisions()) {
    earlier.set_retracted(true);
  }
  v1::EvaluationRevision& revision = *evaluation.add_revisions();
  revision.set_number(evaluation.revisions_size());
  revision.set_actor(actor.staff);
  *revision.mutable_time() = ToTimestamp(now);
  *revision.mutable_answers() = evaluation.answers();
  *revision.mutable_result() = *result;
  evaluation.set_band(result->band());
  evaluation.set_passing(result->passing());
  *evaluation.mutable_result() = *std::move(result);
  evaluation.set_state(v1::EVALUATION_STATE_SUBMITTED);
  *evaluation.mutable_submit_time() = ToTimestamp(now);
  return absl::OkStatus();
}

absl::Status ReleaseEvaluation(v1::Evaluation& evaluation, const Actor& actor, absl::Time now) {
  if (absl::Status status = Require(evaluation, {v1::EVALUATION_STATE_SUBMITTED}, "release");
      !status.ok()) {
    return status;
  }
  if (absl::Status status = RequireOtherThanAgent(evaluation, actor.staff, "own-evaluation");
      !status.ok()) {
    return status;
  }
  evaluation.set_state(v1::EVALUATION_STATE_RELEASED);
  *evaluation.mutable_release_time() = ToTimestamp(now);
  return absl::OkStatus();
}

absl::Status AcknowledgeEvaluation(v1::Evaluation& evaluation, absl::string_view comment,
                                   const Actor& actor, absl::Time now) {
  if (absl::Status status = Require(evaluation, {v1::EVALUATION_STATE_RELEASED}, "acknowledge");
      !status.ok()) {
    return status;
  }
  if (actor.staff != evaluation.agent()) {
    return RuleViolated("not-the-agent",
                        absl::StrCat("only ", evaluation.agent(), " may acknowledge this"),
                        {{"agent", evaluation.agent()}});
  }
  evaluation.set_state(v1::EVALUATION_STATE_ACKNOWLEDGED);
  evaluation.set_acknowledge_comment(std::string(comment));
  *evaluation.mutable_acknowledge_time() = ToTimestamp(now);
  return absl::OkStatus();
}

absl::Status VoidEvaluation(v1::Evaluation& evaluation, absl::string_view reason,
                            const Actor& actor) {
  if (absl::Status status =
          Require(evaluation,
                  {v1::EVALUATION_STATE_ASSIGNED, v1::EVALUATION_STATE_IN_PROGRESS,
                   v1::EVALUATION_STATE_SUBMITTED, v1::EVALUATION_STATE_RELEASED},
                  "void");
      !status.ok()) {
    return status;
  }
  if (absl::Status status = RequireOtherThanAgent(evaluation, actor.staff, "own-evaluation");
      !status.ok()) {
    return status;
  }
  if (reason.empty()) return InvalidField("reason", "must be given");
  evaluation.set_state(v1::EVALUATION_STATE_VOIDED);
  evaluation.set_void_reason(std::string(reason));
  return absl::OkStatus();
}

}  // namespace sqm::monitoring
