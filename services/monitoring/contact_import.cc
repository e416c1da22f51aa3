#include "services/monitoring/contact_import.h"

#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "common/contract/validate.h"
#include "common/rpc/error.h"
#include "services/monitoring/contact_rules.h"
#include "sqm/monitoring/v1/contact.pb.h"

namespace sqm::monitoring {
namespace {

constexpr int kMaxRows = 1000;

// One batch on its way.
struct Batch {
  const v1::ImportContactsRequest& request;
  v1::ImportContactsResponse& response;
  bool chinese;

  void Refuse(int index, const absl::Status& status) {
    response.set_outcomes(index, v1::IMPORT_OUTCOME_FAILED);
    v1::ImportFailure* failure = response.add_failures();
    failure->set_index(index);
    failure->set_external_id(request.contacts(index).external_id());
    *failure->mutable_status() = rpc::ToWire(status, chinese, "");
  }
};

absl::Status CheckRow(const contract::Registry& registry, const v1::Contact& contact) {
  FieldErrors errors;
  contract::Validate(registry, contact, "", errors);
  if (contact.external_id().empty()) {
    errors.Add("external_id", "is required for an import: it makes a repeated import harmless");
  }
  RETURN_IF_ERROR(errors.ToStatus());
  return ValidateContact(contact);
}

// A row whose external id is taken: what stands there decides.
Task<absl::StatusOr<v1::ImportOutcome>> Merge(resource::Resources& resources, rpc::Call& call,
                                              const v1::Contact& incoming, bool update) {
  const contract::ResourceType& type = *resources.registry().FindType(v1::Contact::descriptor());
  Task<absl::StatusOr<std::string>> finding =
      resources.store().FindUnique(type, call.tenant(), "external_id", incoming.external_id());
  absl::StatusOr<std::string> id = co_await finding;
  if (!id.ok()) co_return id.status();
  Task<absl::StatusOr<v1::Contact>> reading = resources.Get<v1::Contact>(call, type.NameOf(*id));
  absl::StatusOr<v1::Contact> stored = co_await reading;
  if (!stored.ok()) co_return stored.status();
  if (HasSameContent(*stored, incoming)) co_return v1::IMPORT_OUTCOME_UNCHANGED;
  if (!update) {
    co_return AlreadyExists(
        type.type, stored->name(),
        absl::StrCat("a contact with external_id ", incoming.external_id(), " and other content"));
  }
  v1::Contact changed = incoming;
  changed.set_name(stored->name());
  changed.set_etag(stored->etag());
  *changed.mutable_create_time() = stored->create_time();
  resource::Mutation mutation;
  mutation.Update(changed);
  Task<absl::StatusOr<rpc::Reply>> committing = resources.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  if (!reply.ok()) co_return reply.status();
  co_return v1::IMPORT_OUTCOME_UPDATED;
}

Task<void> ImportBatch(resource::Resources& resources, rpc::Call& call, Batch batch) {
  const v1::ImportContactsRequest& request = batch.request;
  for (int i = 0; i < request.contacts_size(); ++i) {
    batch.response.add_outcomes(v1::IMPORT_OUTCOME_CREATED);
  }
  std::vector<resource::Mutation> mutations;
  std::vector<int> indexes;
  for (int i = 0; i < request.contacts_size(); ++i) {
    absl::Status status = CheckRow(resources.registry(), request.contacts(i));
    if (!status.ok()) {
      batch.Refuse(i, status);
      continue;
    }
    if (request.validate_only()) continue;
    auto contact = std::make_shared<v1::Contact>(request.contacts(i));
    contact->set_name(absl::StrCat("contacts/", resources.NewId(call, "")));
    resource::Mutation mutation;
    mutation.Create(std::move(contact));
    mutations.push_back(std::move(mutation));
    indexes.push_back(i);
  }
  Task<std::vector<absl::StatusOr<rpc::Reply>>> committing =
      resources.CommitAll(call, std::move(mutations));
  std::vector<absl::StatusOr<rpc::Reply>> replies = co_await committing;
  for (size_t k = 0; k < replies.size(); ++k) {
    if (replies[k].ok()) continue;
    int i = indexes[k];
    absl::Status status = replies[k].status();
    if (status.code() == absl::StatusCode::kAlreadyExists) {
      // A concurrent change of the same contact may win in between: look again, a few times.
      for (int attempt = 0; attempt < 5; ++attempt) {
        Task<absl::StatusOr<v1::ImportOutcome>> merging =
            Merge(resources, call, request.contacts(i), request.update_existing());
        absl::StatusOr<v1::ImportOutcome> outcome = co_await merging;
        status = outcome.status();
        if (outcome.ok()) batch.response.set_outcomes(i, *outcome);
        if (ReasonOf(status) != type::v1::ERROR_REASON_CONFLICT) break;
      }
    }
    if (!status.ok()) batch.Refuse(i, status);
  }
}

}  // namespace

Task<absl::Status> ImportContacts(resource::Resources& resources, rpc::Call& call,
                                  rpc::Stream& stream) {
  while (true) {
    v1::ImportContactsRequest request;
    Task<absl::StatusOr<bool>> reading = stream.Read(request);
    absl::StatusOr<bool> more = co_await reading;
    if (!more.ok()) co_return more.status();
    if (!*more) co_return absl::OkStatus();
    if (request.contacts_size() > kMaxRows) {
      co_return InvalidField("contacts", absl::StrCat("has ", request.contacts_size(),
                                                      " rows; at most ", kMaxRows, " a batch"));
    }
    auto response = std::make_shared<v1::ImportContactsResponse>();
    response->set_sequence(request.sequence());
    Batch batch{request, *response, call.chinese()};
    Task<void> importing = ImportBatch(resources, call, batch);
    co_await importing;
    Task<bool> writing = stream.Write(response);
    bool written = co_await writing;
    if (!written) {
      co_return Fail(absl::StatusCode::kCancelled, type::v1::ERROR_REASON_CANCELLED,
                     "the client is gone");
    }
  }
}

}  // namespace sqm::monitoring
