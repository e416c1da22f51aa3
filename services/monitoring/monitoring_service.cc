#include "services/monitoring/monitoring_service.h"

#include <absl/algorithm/container.h>
#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/resource/import.h"
#include "services/monitoring/contact_rules.h"
#include "services/monitoring/note_rules.h"
#include "services/monitoring/scorecard_rules.h"
#include "services/monitoring/templates.h"

namespace sqm::monitoring {
namespace {

// Promises that no note is added to an evaluation meanwhile.
constexpr absl::string_view kNotesGuard = "improvementNotes";
// Notes of one evaluation that go with it.
constexpr int kMaxNotes = 1000;

constexpr absl::string_view kService = "/sqm.monitoring.v1.MonitoringService/";

std::string PathOf(absl::string_view method) { return absl::StrCat(kService, method); }

Actor ActorOf(const rpc::Call& call) {
  return {.staff = call.principal().StaffName(),
          .is_manager = call.principal().Has(auth::Role::kManager)};
}

NoteLanguage LanguageOf(const rpc::Call& call) {
  return call.chinese() ? NoteLanguage::kChinese : NoteLanguage::kEnglish;
}

// A resource that a new one names could not be read: if it is not there, the new one is at fault.
absl::Status OfReference(const absl::Status& status, absl::string_view field,
                         absl::string_view name) {
  if (status.code() != absl::StatusCode::kNotFound) return status;
  return Fail(absl::StatusCode::kFailedPrecondition, type::v1::ERROR_REASON_REFERENCE_NOT_FOUND,
              absl::StrCat(field, ": ", name, " does not exist"),
              {{"field", field}, {"name", name}});
}

// A hook from a check that needs no reading.
template <typename Resource>
auto Checked(absl::Status (*check)(const Resource&)) {
  return [check](rpc::Call&, const google::protobuf::Message& resource) -> Task<absl::Status> {
    co_return check(static_cast<const Resource&>(resource));
  };
}

}  // namespace

MonitoringService::MonitoringService(rpc::Pipeline& pipeline, resource::Resources& resources)
    : pipeline_(pipeline), resources_(resources), standard_(pipeline, resources) {}

void MonitoringService::Register() {
  resources_.NarrowVisibility(*resources_.registry().FindType(v1::Evaluation::descriptor()),
                              std::string(kSeenByItsAgent));
  SetHooks();
  standard_.Register("sqm.monitoring.v1");
  RegisterScorecards();
  RegisterEvaluations();
  RegisterNotes();
  RegisterImport();
}

void MonitoringService::RegisterImport() {
  using google::protobuf::Message;
  resource::ImportRules rules;
  rules.on_row = [](rpc::Call&, const Message&, Message& contact) -> Task<absl::Status> {
    co_return ValidateContact(static_cast<const v1::Contact&>(contact));
  };
  rules.is_same = [](const Message& stored, const Message& incoming) {
    return HasSameContent(static_cast<const v1::Contact&>(stored),
                          static_cast<const v1::Contact&>(incoming));
  };
  resource::HandleImport(pipeline_, resources_, PathOf("ImportContacts"), "monitoring/Contact",
                         std::move(rules));
}

void MonitoringService::SetHooks() {
  using google::protobuf::Message;
  resource::Hooks contact;
  contact.on_create = [](rpc::Call&, Message& resource) -> Task<absl::Status> {
    co_return ValidateContact(static_cast<const v1::Contact&>(resource), "contact.");
  };
  contact.on_update = [](rpc::Call&, const Message&, Message& after) -> Task<absl::Status> {
    co_return ValidateContact(static_cast<const v1::Contact&>(after), "contact.");
  };
  contact.on_delete = [this](rpc::Call& call, const Message& resource) -> Task<absl::Status> {
    std::string name = static_cast<const v1::Contact&>(resource).name();
    Task<absl::StatusOr<std::vector<store::Listed>>> listing =
        resources_.Find(v1::Evaluation::descriptor(), call.tenant(),
                        absl::StrCat("contact = \"", name, "\""), "", 1);
    absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
    if (!rows.ok()) co_return rows.status();
    if (rows->empty()) co_return absl::OkStatus();
    co_return RuleViolated("contact-evaluated", "an evaluation rests on the contact",
                           {{"contact", name}});
  };
  contact.looks_at_referrers = true;
  standard_.SetHooks("monitoring/Contact", std::move(contact));

  resource::Hooks scorecard;
  scorecard.on_create = [](rpc::Call&, Message& resource) -> Task<absl::Status> {
    co_return BeginScorecard(static_cast<v1::Scorecard&>(resource));
  };
  scorecard.on_update = [](rpc::Call&, const Message& before,
                           Message& after) -> Task<absl::Status> {
    co_return CheckScorecardUpdate(static_cast<const v1::Scorecard&>(before),
                                   static_cast<const v1::Scorecard&>(after));
  };
  scorecard.on_delete = Checked<v1::Scorecard>(CheckScorecardDelete);
  standard_.SetHooks("monitoring/Scorecard", std::move(scorecard));

  resource::Hooks evaluation;
  evaluation.on_create = [this](rpc::Call& call, Message& resource) {
    return CompleteEvaluation(call, static_cast<v1::Evaluation&>(resource));
  };
  evaluation.on_update = [](rpc::Call& call, const Message& before,
                            Message&) -> Task<absl::Status> {
    co_return CheckEvaluationUpdate(static_cast<const v1::Evaluation&>(before), ActorOf(call));
  };
  evaluation.on_delete = Checked<v1::Evaluation>(CheckEvaluationDelete);
  standard_.SetHooks("monitoring/Evaluation", std::move(evaluation));

  resource::Hooks note;
  note.on_create = [this](rpc::Call& call, Message& resource) -> Task<absl::Status> {
    auto& note = static_cast<v1::ImprovementNote&>(resource);
    Task<absl::StatusOr<v1::Evaluation>> reading =
        resources_.Get<v1::Evaluation>(call, note.evaluation());
    absl::StatusOr<v1::Evaluation> evaluation = co_await reading;
    if (!evaluation.ok()) {
      co_return OfReference(evaluation.status(), "evaluation", note.evaluation());
    }
    co_return BeginNote(*evaluation, ActorOf(call), call.now(), note);
  };
  note.guard = std::string(kNotesGuard);
  note.on_update = [](rpc::Call&, const Message& before, Message&) -> Task<absl::Status> {
    co_return CheckNoteUpdate(static_cast<const v1::ImprovementNote&>(before));
  };
  standard_.SetHooks("monitoring/ImprovementNote", std::move(note));
}

template <typename Resource, typename Request>
Task<absl::StatusOr<rpc::Reply>> MonitoringService::Change(
    rpc::Call& call, const Request& request, std::function<absl::Status(Resource&)> rule) {
  Task<absl::StatusOr<Resource>> reading = resources_.Get<Resource>(call, request.name());
  absl::StatusOr<Resource> resource = co_await reading;
  if (!resource.ok()) co_return resource.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*resource, request.etag()));
  CO_RETURN_IF_ERROR(rule(*resource));
  resource::Mutation mutation;
  mutation.Update(*resource);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

template <typename Resource, typename Request>
void MonitoringService::Transition(
    absl::string_view method,
    std::function<absl::Status(rpc::Call&, const Request&, Resource&)> rule) {
  pipeline_.Handle(PathOf(method), [this, rule](rpc::Call& call,
                                                const google::protobuf::Message& message) {
    const auto& request = static_cast<const Request&>(message);
    return Change<Resource, Request>(call, request, [&rule, &call, &request](Resource& resource) {
      return rule(call, request, resource);
    });
  });
}

// ---- Scorecards ------------------------------------------------------------------------------

void MonitoringService::RegisterScorecards() {
  pipeline_.Handle(PathOf("PublishScorecard"), this, &MonitoringService::Publish);
  Transition<v1::Scorecard, v1::RetireScorecardRequest>(
      "RetireScorecard", [](rpc::Call&, const v1::RetireScorecardRequest&,
                            v1::Scorecard& scorecard) { return RetireScorecard(scorecard); });
  pipeline_.Handle(
      PathOf("ListScorecardTemplates"),
      [](rpc::Call&, const google::protobuf::Message&) -> Task<absl::StatusOr<rpc::Reply>> {
        CO_ASSIGN_OR_RETURN(std::vector<v1::ScorecardTemplate> templates, LoadScorecardTemplates());
        auto response = std::make_shared<v1::ListScorecardTemplatesResponse>();
        for (v1::ScorecardTemplate& one : templates) *response->add_templates() = std::move(one);
        rpc::Reply reply;
        reply.message = std::move(response);
        co_return reply;
      });
}

Task<absl::StatusOr<rpc::Reply>> MonitoringService::Publish(
    rpc::Call& call, const v1::PublishScorecardRequest& request) {
  Task<absl::StatusOr<v1::Scorecard>> reading = resources_.Get<v1::Scorecard>(call, request.name());
  absl::StatusOr<v1::Scorecard> scorecard = co_await reading;
  if (!scorecard.ok()) co_return scorecard.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*scorecard, request.etag()));
  CO_ASSIGN_OR_RETURN(
      v1::ScorecardVersion version,
      PublishScorecard(*scorecard, ActorOf(call).staff, request.change_note(), call.now()));
  resource::Mutation mutation;
  mutation.Create(version).Update(*scorecard);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

// ---- Evaluations -----------------------------------------------------------------------------

Task<absl::Status> MonitoringService::CompleteEvaluation(rpc::Call& call,
                                                         v1::Evaluation& evaluation) {
  Task<absl::StatusOr<v1::Contact>> contact_reading =
      resources_.Get<v1::Contact>(call, evaluation.contact());
  absl::StatusOr<v1::Contact> contact = co_await contact_reading;
  if (!contact.ok()) co_return OfReference(contact.status(), "contact", evaluation.contact());
  Task<absl::StatusOr<v1::ScorecardVersion>> version_reading =
      resources_.Get<v1::ScorecardVersion>(call, evaluation.scorecard_version());
  absl::StatusOr<v1::ScorecardVersion> version = co_await version_reading;
  if (!version.ok()) {
    co_return OfReference(version.status(), "scorecard_version", evaluation.scorecard_version());
  }
  std::string parent = version->name().substr(0, version->name().find("/versions/"));
  Task<absl::StatusOr<v1::Scorecard>> scorecard_reading =
      resources_.Get<v1::Scorecard>(call, std::move(parent));
  absl::StatusOr<v1::Scorecard> scorecard = co_await scorecard_reading;
  if (!scorecard.ok()) co_return scorecard.status();
  co_return AssignEvaluation(*contact, *scorecard, *version, call.now(), evaluation);
}

Task<absl::StatusOr<rpc::Reply>> MonitoringService::Submit(
    rpc::Call& call, const v1::SubmitEvaluationRequest& request) {
  Task<absl::StatusOr<v1::Evaluation>> reading =
      resources_.Get<v1::Evaluation>(call, request.name());
  absl::StatusOr<v1::Evaluation> evaluation = co_await reading;
  if (!evaluation.ok()) co_return evaluation.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*evaluation, request.etag()));
  Task<absl::StatusOr<v1::ScorecardVersion>> version_reading =
      resources_.Get<v1::ScorecardVersion>(call, evaluation->scorecard_version());
  absl::StatusOr<v1::ScorecardVersion> version = co_await version_reading;
  if (!version.ok()) co_return version.status();
  CO_RETURN_IF_ERROR(SubmitEvaluation(*evaluation, *version, request.answers(), request.comment(),
                                      ActorOf(call), call.now()));
  resource::Mutation mutation;
  mutation.Update(*evaluation);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> MonitoringService::Release(
    rpc::Call& call, const v1::ReleaseEvaluationRequest& request) {
  Task<absl::StatusOr<v1::Evaluation>> reading =
      resources_.Get<v1::Evaluation>(call, request.name());
  absl::StatusOr<v1::Evaluation> evaluation = co_await reading;
  if (!evaluation.ok()) co_return evaluation.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*evaluation, request.etag()));
  CO_RETURN_IF_ERROR(ReleaseEvaluation(*evaluation, ActorOf(call), call.now()));
  Task<absl::StatusOr<v1::ScorecardVersion>> version_reading =
      resources_.Get<v1::ScorecardVersion>(call, evaluation->scorecard_version());
  absl::StatusOr<v1::ScorecardVersion> version = co_await version_reading;
  if (!version.ok()) co_return version.status();
  Task<absl::StatusOr<std::vector<v1::ImprovementNote>>> notes_reading =
      NotesOf(call, evaluation->name());
  absl::StatusOr<std::vector<v1::ImprovementNote>> notes = co_await notes_reading;
  if (!notes.ok()) co_return notes.status();
  resource::Mutation mutation;
  mutation.Update(*evaluation);
  std::optional<v1::ImprovementNote> note =
      NoteFor(*evaluation, version->content(), LanguageOf(call), call.now());
  // An earlier version of the service wrote it when the evaluation was submitted.
  const bool is_written =
      absl::c_any_of(*notes, [](const v1::ImprovementNote& one) { return one.automatic(); });
  if (note.has_value() && !is_written) {
    note->set_name(absl::StrCat("improvementNotes/", resources_.NewId(call, "")));
    mutation.Create(*note);
  }
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> MonitoringService::Void(rpc::Call& call,
                                                         const v1::VoidEvaluationRequest& request) {
  // No note is added to it meanwhile.
  Task<absl::StatusOr<int64_t>> guarding = resources_.ReadGuard(call, std::string(kNotesGuard));
  absl::StatusOr<int64_t> guard = co_await guarding;
  if (!guard.ok()) co_return guard.status();
  Task<absl::StatusOr<v1::Evaluation>> reading =
      resources_.Get<v1::Evaluation>(call, request.name());
  absl::StatusOr<v1::Evaluation> evaluation = co_await reading;
  if (!evaluation.ok()) co_return evaluation.status();
  CO_RETURN_IF_ERROR(resources_.CheckEtag(*evaluation, request.etag()));
  CO_RETURN_IF_ERROR(VoidEvaluation(*evaluation, request.reason(), ActorOf(call)));
  Task<absl::StatusOr<std::vector<v1::ImprovementNote>>> notes_reading =
      NotesOf(call, evaluation->name());
  absl::StatusOr<std::vector<v1::ImprovementNote>> notes = co_await notes_reading;
  if (!notes.ok()) co_return notes.status();
  resource::Mutation mutation;
  mutation.Update(*evaluation).Guard(std::string(kNotesGuard), *guard);
  for (const v1::ImprovementNote& note : *notes) {
    if (GoesWithEvaluation(note)) mutation.Delete(note);
  }
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

Task<absl::StatusOr<std::vector<v1::ImprovementNote>>> MonitoringService::NotesOf(
    const rpc::Call& call, std::string evaluation) {
  Task<absl::StatusOr<std::vector<store::Listed>>> listing =
      resources_.Find(v1::ImprovementNote::descriptor(), call.tenant(),
                      absl::StrCat("evaluation = \"", evaluation, "\""), "", kMaxNotes);
  absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
  if (!rows.ok()) co_return rows.status();
  std::vector<v1::ImprovementNote> notes;
  for (const store::Listed& row : *rows) {
    notes.push_back(static_cast<const v1::ImprovementNote&>(*row.record->message));
  }
  co_return notes;
}

void MonitoringService::RegisterEvaluations() {
  pipeline_.Handle(PathOf("SubmitEvaluation"), this, &MonitoringService::Submit);
  Transition<v1::Evaluation, v1::AssignEvaluationRequest>(
      "AssignEvaluation",
      [](rpc::Call& call, const v1::AssignEvaluationRequest& request, v1::Evaluation& evaluation) {
        std::optional<absl::Time> due;
        if (request.has_due_time()) due = FromTimestamp(request.due_time());
        return ReassignEvaluation(evaluation, request.evaluator(), due, call.now());
      });
  Transition<v1::Evaluation, v1::StartEvaluationRequest>(
      "StartEvaluation",
      [](rpc::Call& call, const v1::StartEvaluationRequest&, v1::Evaluation& evaluation) {
        return StartEvaluation(evaluation, ActorOf(call), call.now());
      });
  pipeline_.Handle(PathOf("ReleaseEvaluation"), this, &MonitoringService::Release);
  pipeline_.Handle(PathOf("VoidEvaluation"), this, &MonitoringService::Void);
  Transition<v1::Evaluation, v1::AcknowledgeEvaluationRequest>(
      "AcknowledgeEvaluation", [](rpc::Call& call, const v1::AcknowledgeEvaluationRequest& request,
                                  v1::Evaluation& evaluation) {
        return AcknowledgeEvaluation(evaluation, request.comment(), ActorOf(call), call.now());
      });
}

// ---- Improvement notes -----------------------------------------------------------------------

void MonitoringService::RegisterNotes() {
  Transition<v1::ImprovementNote, v1::AgreeImprovementNoteRequest>(
      "AgreeImprovementNote", [](rpc::Call& call, const v1::AgreeImprovementNoteRequest& request,
                                 v1::ImprovementNote& note) {
        return AgreeNote(note, request.comment(), ActorOf(call), call.now());
      });
  Transition<v1::ImprovementNote, v1::StartImprovementNoteRequest>(
      "StartImprovementNote",
      [](rpc::Call& call, const v1::StartImprovementNoteRequest&, v1::ImprovementNote& note) {
        return StartNote(note, ActorOf(call), call.now());
      });
  Transition<v1::ImprovementNote, v1::CheckImprovementNoteRequest>(
      "CheckImprovementNote", [](rpc::Call& call, const v1::CheckImprovementNoteRequest& request,
                                 v1::ImprovementNote& note) {
        return CheckNote(note, request.action_taken(), call.now());
      });
  Transition<v1::ImprovementNote, v1::CloseImprovementNoteRequest>(
      "CloseImprovementNote", [](rpc::Call& call, const v1::CloseImprovementNoteRequest& request,
                                 v1::ImprovementNote& note) {
        return CloseNote(note, request.effective(), request.comment(), ActorOf(call), call.now());
      });
}

}  // namespace sqm::monitoring
