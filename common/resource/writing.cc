// Resources: what is written.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

#include "common/base/digest.h"
#include "common/base/status.h"
#include "common/base/task.h"
#include "common/contract/validate.h"
#include "common/resource/resources.h"

namespace sqm::resource {
namespace {

using contract::ResourceType;
using store::CommitOutcome;
using store::RecordPtr;

std::string EtagOf(int64_t version) { return absl::StrCat("\"", version, "\""); }

int64_t VersionOf(const ResourceType& type, const Message& resource) {
  std::string etag = resource.GetReflection()->GetString(resource, type.etag);
  int64_t version = 0;
  if (etag.size() > 2 && absl::SimpleAtoi(etag.substr(1, etag.size() - 2), &version))
    return version;
  return 0;
}

// The key of one of several mutations under one request id.
store::Hash128 KeyOfElement(const store::Hash128& key, size_t index) {
  const absl::string_view bytes(reinterpret_cast<const char*>(key.data()), key.size());
  const Digest digest = Sha256({bytes, "/", absl::StrCat(index)});
  store::Hash128 result;
  std::copy_n(digest.begin(), result.size(), result.begin());
  return result;
}

// Whether the mutation itself makes what a reference names.
bool Creates(const Mutation& mutation, const ResourceType& type, const std::string& name) {
  for (const Mutation::Step& step : mutation.steps()) {
    if (step.kind == Mutation::Kind::kCreate && step.resource->GetDescriptor() == type.descriptor &&
        step.resource->GetReflection()->GetString(*step.resource, type.name) == name) {
      return true;
    }
  }
  return false;
}

std::vector<std::pair<std::string, std::string>> UniqueValues(const ResourceType& type,
                                                              const Message& resource) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const contract::AnnotatedPath& path : type.unique) {
    contract::ForEachValue(resource, path, [&](const std::string& value) {
      if (!value.empty()) values.emplace_back(path.text, value);
    });
  }
  return values;
}

}  // namespace

absl::Status Resources::CheckEtag(const Message& current, const std::string& expected) const {
  const ResourceType& type = *parts_.registry->FindType(current.GetDescriptor());
  std::string etag = current.GetReflection()->GetString(current, type.etag);
  if (expected.empty() || expected == etag) return absl::OkStatus();
  std::string name = current.GetReflection()->GetString(current, type.name);
  return Fail(absl::StatusCode::kAborted, type::v1::ERROR_REASON_ETAG_MISMATCH,
              absl::StrCat(name, " has changed since it was read; its etag is now ", etag),
              {{"name", name}, {"current_etag", etag}});
}

std::string Resources::NewId(const rpc::Call& call, const std::string& wanted) {
  return wanted.empty() ? parts_.ids->NewUlid(call.now()) : wanted;
}

Task<absl::Status> Resources::CheckReferences(const rpc::Call& call, const ResourceType& type,
                                              const Message* before, const Message& resource,
                                              const Mutation& mutation,
                                              store::WriteSet& write_set) {
  std::vector<std::pair<const contract::AnnotatedPath*, std::string>> names;
  for (const contract::AnnotatedPath& path : type.references) {
    std::set<std::string> named;  // already; it stays whatever has become of it
    if (before != nullptr) {
      contract::ForEachValue(*before, path, [&](const std::string& name) { named.insert(name); });
    }
    contract::ForEachValue(resource, path, [&](const std::string& name) {
      if (!name.empty() && !named.contains(name)) names.emplace_back(&path, name);
    });
  }
  for (const auto& [path, name] : names) {
    const ResourceType* target = parts_.registry->FindType(path->rules->references());
    if (Creates(mutation, *target, name)) continue;
    absl::StatusOr<std::string> id = target->IdOf(name);
    if (!id.ok()) co_return InvalidField(path->text, id.status().message());
    Task<absl::StatusOr<RecordPtr>> reading = Read(*target, call.tenant(), *id);
    absl::StatusOr<RecordPtr> record = co_await reading;
    if (!record.ok()) co_return record.status();
    if (*record == nullptr || (*record)->deleted) {
      co_return Fail(absl::StatusCode::kFailedPrecondition,
                     type::v1::ERROR_REASON_REFERENCE_NOT_FOUND,
                     absl::StrCat(path->text, ": ", name, " does not exist"),
                     {{"field", path->text}, {"name", name}});
    }
    // It may be deleted before this is stored, or have been, unheard of.
    write_set.requires_.push_back(store::Require{target, *std::move(id), (*record)->version});
    if (referred_.contains(target)) {
      write_set.guards.push_back(store::Guard{ReferenceGuard(name), store::Guard::kAnywhere});
    }
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<store::WriteSet>> Resources::Prepare(const rpc::Call& call,
                                                         const Mutation& mutation) {
  store::WriteSet write_set;
  write_set.tenant = call.tenant();
  write_set.method = call.method().path;
  if (!mutation.anonymous()) {
    write_set.actor = call.principal().subject;
    write_set.request_id = call.request_id();
  }
  write_set.time = call.now();
  write_set.guards = mutation.guards();
  for (const Mutation::Step& step : mutation.steps()) {
    const ResourceType* type = parts_.registry->FindType(step.resource->GetDescriptor());
    Message& resource = *step.resource;
    const auto* reflection = resource.GetReflection();
    CO_ASSIGN_OR_RETURN(std::string id, type->IdOf(reflection->GetString(resource, type->name)));
    int64_t version = step.kind == Mutation::Kind::kCreate ? 0 : VersionOf(*type, resource);
    if (step.kind == Mutation::Kind::kRequire) {
      write_set.requires_.push_back(store::Require{type, id, version});
      continue;
    }
    RecordPtr before;
    if (version > 0 && !(type->references.empty() && type->unique.empty())) {
      Task<absl::StatusOr<RecordPtr>> reading = Read(*type, call.tenant(), id);
      absl::StatusOr<RecordPtr> read = co_await reading;
      if (!read.ok()) co_return read.status();
      before = *std::move(read);
    }
    const Message* known = before == nullptr ? nullptr : before->message.get();
    if (step.kind != Mutation::Kind::kDelete && !type->references.empty()) {
      Task<absl::Status> checking =
          CheckReferences(call, *type, known, resource, mutation, write_set);
      absl::Status status = co_await checking;
      if (!status.ok()) co_return status;
    }
    if (!type->unique.empty()) {
      std::vector<std::pair<std::string, std::string>> wanted, held;
      if (step.kind != Mutation::Kind::kDelete) wanted = UniqueValues(*type, resource);
      if (known != nullptr) held = UniqueValues(*type, *known);
      for (auto& [field, value] : wanted) {
        if (std::find(held.begin(), held.end(), std::make_pair(field, value)) == held.end()) {
          write_set.claims.push_back(store::UniqueKey{type, field, value, id});
        }
      }
      for (auto& [field, value] : held) {
        if (std::find(wanted.begin(), wanted.end(), std::make_pair(field, value)) == wanted.end()) {
          write_set.releases.push_back(store::UniqueKey{type, field, value, id});
        }
      }
    }
    if (step.kind == Mutation::Kind::kCreate) {
      contract::SetTimestamp(resource, type->create_time, call.now());
    }
    contract::SetTimestamp(resource, type->update_time, call.now());
    reflection->SetString(&resource, type->etag, EtagOf(version + 1));
    auto record = std::make_shared<store::Record>();
    record->version = version + 1;
    record->deleted = step.kind == Mutation::Kind::kDelete;
    record->body = resource.SerializeAsString();
    record->message = step.resource;
    store::Put put;
    put.type = type;
    put.id = std::move(id);
    put.expected = version;
    put.kind = step.kind == Mutation::Kind::kCreate   ? store::ChangeKind::kCreated
               : step.kind == Mutation::Kind::kUpdate ? store::ChangeKind::kUpdated
                                                      : store::ChangeKind::kDeleted;
    put.record = std::move(record);
    write_set.puts.push_back(std::move(put));
  }
  if (call.idempotency().has_value()) {
    write_set.idempotency = call.idempotency();
    write_set.idempotency->response = mutation.response();
  }
  co_return write_set;
}

Resources::Sent Resources::Keep(const store::WriteSet& write_set) const {
  Sent sent;
  if (!write_set.puts.empty()) sent.first = write_set.puts.front();
  sent.own_response =
      write_set.idempotency.has_value() && write_set.idempotency->response.has_value();
  if (shared_ != nullptr) {
    sent.time = parts_.clock->Now();
    for (const store::Put& put : write_set.puts) {
      if (put.type->options.shared()) sent.shared.push_back(put);
    }
  }
  return sent;
}

absl::StatusOr<rpc::Reply> Resources::Answer(rpc::Call& call, const Sent& sent,
                                             CommitOutcome outcome) const {
  rpc::Reply reply;
  const store::Put* first = sent.first.type == nullptr ? nullptr : &sent.first;
  switch (outcome.kind) {
    case CommitOutcome::kApplied:
      call.SetPosition(outcome.position);
      if (first != nullptr) {
        reply.record = first->record;
        reply.type = first->type;
      }
      return reply;
    case CommitOutcome::kReplayed: {
      // What the write set answers with has the type of what was remembered: the same method.
      const Message* prototype =
          sent.own_response || first == nullptr ? call.method().response : first->type->prototype;
      std::shared_ptr<Message> message(prototype->New());
      if (!message->ParseFromString(outcome.replay)) {
        return absl::DataLossError("a remembered response cannot be decoded");
      }
      reply.message = std::move(message);
      return reply;
    }
    case CommitOutcome::kRequestIdReused:
      return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_REQUEST_ID_REUSED,
                  "request_id was used for another request in the last 24 h");
    case CommitOutcome::kConflict:
      return WithRetry(
          Fail(absl::StatusCode::kAborted, type::v1::ERROR_REASON_CONFLICT,
               absl::StrCat(outcome.subject, " was changed by others at the same time"),
               {{"name", outcome.subject}, {"current_etag", EtagOf(outcome.current)}}),
          absl::Milliseconds(50));
    case CommitOutcome::kExists:
      return AlreadyExists(first->type->type, outcome.subject, outcome.subject);
    case CommitOutcome::kTaken: {
      absl::Status status =
          AlreadyExists(first->type->type, outcome.replay,
                        absl::StrCat("a ", first->type->singular, " with this ", outcome.subject));
      return status;
    }
    case CommitOutcome::kFailed:
      return outcome.status;
  }
  return absl::InternalError("unknown outcome");
}

void Resources::Share(const std::string& tenant, const Sent& sent, int64_t position) {
  for (const store::Put& put : sent.shared) {
    shared_->Put(*put.type, tenant, put.id, *put.record, sent.time, position);
  }
}

Task<absl::StatusOr<rpc::Reply>> Resources::Commit(rpc::Call& call, Mutation mutation) {
  Task<absl::StatusOr<store::WriteSet>> preparing = Prepare(call, mutation);
  absl::StatusOr<store::WriteSet> write_set = co_await preparing;
  if (!write_set.ok()) co_return write_set.status();
  if (call.cancelled()) {
    co_return Fail(absl::StatusCode::kCancelled, type::v1::ERROR_REASON_CANCELLED,
                   "the caller cancelled before anything was written");
  }
  Sent sent = Keep(*write_set);
  if (call.validate_only()) {
    CommitOutcome nothing;
    nothing.kind = CommitOutcome::kApplied;
    co_return Answer(call, sent, std::move(nothing));
  }
  Task<CommitOutcome> committing = parts_.store->Commit(*std::move(write_set));
  CommitOutcome outcome = co_await committing;
  if (outcome.kind == CommitOutcome::kApplied) {
    Share(call.tenant(), sent, outcome.position);
    if (parts_.committed) parts_.committed();
  }
  co_return Answer(call, sent, std::move(outcome));
}

Task<std::vector<absl::StatusOr<rpc::Reply>>> Resources::CommitAll(
    rpc::Call& call, std::vector<Mutation> mutations) {
  std::vector<absl::StatusOr<rpc::Reply>> replies(mutations.size(), absl::UnknownError(""));
  std::vector<store::WriteSet> write_sets;
  std::vector<size_t> indexes;
  for (size_t i = 0; i < mutations.size(); ++i) {
    Task<absl::StatusOr<store::WriteSet>> preparing = Prepare(call, mutations[i]);
    absl::StatusOr<store::WriteSet> write_set = co_await preparing;
    if (!write_set.ok()) {
      replies[i] = write_set.status();
      continue;
    }
    if (write_set->idempotency.has_value()) {
      write_set->idempotency->key =
          KeyOfElement(write_set->idempotency->key, mutations[i].element().value_or(i));
    }
    write_sets.push_back(*std::move(write_set));
    indexes.push_back(i);
  }
  std::vector<CommitOutcome> outcomes(write_sets.size());
  std::vector<Sent> kept;
  for (const store::WriteSet& write_set : write_sets) kept.push_back(Keep(write_set));
  if (call.validate_only()) {
    for (CommitOutcome& outcome : outcomes) outcome.kind = CommitOutcome::kApplied;
  } else {
    Task<std::vector<CommitOutcome>> committing = parts_.store->CommitAll(std::move(write_sets));
    outcomes = co_await committing;
  }
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].kind == CommitOutcome::kApplied) {
      Share(call.tenant(), kept[i], outcomes[i].position);
    }
    replies[indexes[i]] = Answer(call, kept[i], std::move(outcomes[i]));
  }
  if (parts_.committed && !call.validate_only()) parts_.committed();
  co_return replies;
}

}  // namespace sqm::resource
