#include "common/resource/import.h"

#include <absl/strings/str_cat.h>

#include <set>
#include <utility>

#include "common/base/check.h"
#include "common/base/proto_copy.h"
#include "common/base/status.h"
#include "common/contract/validate.h"
#include "google/rpc/status.pb.h"
#include "sqm/type/v1/import.pb.h"

namespace sqm::resource {
namespace {

using contract::FieldDescriptor;
using contract::ResourceType;
using google::protobuf::Reflection;

constexpr int kMaxRows = 1000;
// A concurrent change of the same resource may win in between: it is looked at again, so often.
constexpr int kAttempts = 5;
constexpr char kExternalId[] = "external_id";

// Which fields of the method's messages mean what; resolved at start-up.
struct Shape {
  const ResourceType* type = nullptr;
  const Message* request = nullptr;  // prototypes
  const Message* response = nullptr;
  const FieldDescriptor* sequence = nullptr;
  const FieldDescriptor* rows = nullptr;
  const FieldDescriptor* update_existing = nullptr;
  const FieldDescriptor* validate_only = nullptr;
  const FieldDescriptor* resource = nullptr;  // of a row; null: the row is the resource
  const FieldDescriptor* external_id = nullptr;
  const FieldDescriptor* answered = nullptr;  // of the response: sequence
  const FieldDescriptor* outcomes = nullptr;
  const FieldDescriptor* failures = nullptr;
  const FieldDescriptor* index = nullptr;  // of a failure
  const FieldDescriptor* refused_id = nullptr;
  const FieldDescriptor* status = nullptr;
};

const FieldDescriptor* FieldOf(const contract::Descriptor* message, const char* name,
                               absl::string_view path) {
  const FieldDescriptor* field = message->FindFieldByName(name);
  Check(field != nullptr, absl::StrCat(path, " needs ", message->name(), ".", name));
  return field;
}

Shape ShapeOf(const contract::MethodInfo& method, const ResourceType& type) {
  Shape shape;
  shape.type = &type;
  shape.request = method.request;
  shape.response = method.response;
  const contract::Descriptor* request = method.request->GetDescriptor();
  for (int i = 0; i < request->field_count(); ++i) {
    if (request->field(i)->is_repeated()) shape.rows = request->field(i);
  }
  Check(shape.rows != nullptr && shape.rows->message_type() != nullptr,
        absl::StrCat(method.path, " needs a list of rows"));
  const contract::Descriptor* row = shape.rows->message_type();
  for (int i = 0; i < row->field_count() && row != type.descriptor; ++i) {
    if (row->field(i)->message_type() == type.descriptor) shape.resource = row->field(i);
  }
  Check(row == type.descriptor || shape.resource != nullptr,
        absl::StrCat(method.path, ": a row holds no ", type.singular));
  shape.sequence = FieldOf(request, "sequence", method.path);
  shape.update_existing = FieldOf(request, "update_existing", method.path);
  shape.validate_only = FieldOf(request, "validate_only", method.path);
  shape.external_id = FieldOf(type.descriptor, kExternalId, method.path);
  const contract::Descriptor* response = method.response->GetDescriptor();
  shape.answered = FieldOf(response, "sequence", method.path);
  shape.outcomes = FieldOf(response, "outcomes", method.path);
  shape.failures = FieldOf(response, "failures", method.path);
  const contract::Descriptor* failure = shape.failures->message_type();
  shape.index = FieldOf(failure, "index", method.path);
  shape.refused_id = FieldOf(failure, kExternalId, method.path);
  shape.status = FieldOf(failure, "status", method.path);
  return shape;
}

using Draft = std::shared_ptr<Message>;

class Import {
 public:
  Import(const rpc::Pipeline& pipeline, Resources& resources, const Shape& shape, ImportRules rules)
      : pipeline_(pipeline), resources_(resources), shape_(shape), rules_(std::move(rules)) {}

  Task<absl::Status> Run(rpc::Call& call, rpc::Stream& stream) const {
    while (true) {
      std::unique_ptr<Message> request(shape_.request->New());
      Task<absl::StatusOr<bool>> reading = stream.Read(*request);
      absl::StatusOr<bool> more = co_await reading;
      if (!more.ok()) co_return more.status();
      if (!*more) co_return absl::OkStatus();
      CO_RETURN_IF_ERROR(rpc::CheckToken(call, resources_.clock().Now()));
      const int rows = request->GetReflection()->FieldSize(*request, shape_.rows);
      if (rows > kMaxRows) {
        co_return InvalidField(shape_.rows->name(),
                               absl::StrCat("has ", rows, " rows; at most ", kMaxRows, " a batch"));
      }
      std::vector<absl::Status> refused(rows);
      std::vector<int> outcomes(rows, type::v1::IMPORT_OUTCOME_CREATED);
      Task<void> importing = Batch(call, *request, refused, outcomes);
      co_await importing;
      std::shared_ptr<const Message> response = Answer(call, *request, refused, outcomes);
      Task<bool> writing = stream.Write(response);
      bool written = co_await writing;
      if (!written) {
        co_return Fail(absl::StatusCode::kCancelled, type::v1::ERROR_REASON_CANCELLED,
                       "the client is gone");
      }
    }
  }

 private:
  const Message& RowAt(const Message& request, size_t index) const {
    return request.GetReflection()->GetRepeatedMessage(request, shape_.rows,
                                                       static_cast<int>(index));
  }
  const Message& ResourceOf(const Message& row) const {
    return shape_.resource == nullptr ? row : row.GetReflection()->GetMessage(row, shape_.resource);
  }
  std::string ExternalId(const Message& resource) const {
    return resource.GetReflection()->GetString(resource, shape_.external_id);
  }

  // What the row becomes, but for its name and what only a new one gets.
  Task<absl::StatusOr<Draft>> DraftOf(rpc::Call& call, const Message& row) const {
    FieldErrors errors;
    contract::Validate(resources_.registry(), row, "", errors);
    if (ExternalId(ResourceOf(row)).empty()) {
      errors.Add(shape_.resource == nullptr
                     ? std::string(kExternalId)
                     : absl::StrCat(shape_.resource->name(), ".", kExternalId),
                 "is required for an import: it makes a repeated import harmless");
    }
    CO_RETURN_IF_ERROR(errors.ToStatus());
    Draft draft = CopyOf(ResourceOf(row));
    contract::ClearOutputOnly(resources_.registry(), *draft);
    draft->GetReflection()->ClearField(draft.get(), shape_.type->name);
    Task<absl::Status> checking = rules_.on_row(call, row, *draft);
    absl::Status status = co_await checking;
    if (!status.ok()) co_return status;
    co_return draft;
  }

  // The id of the resource that has the external id; empty where none has.
  Task<absl::StatusOr<std::string>> Find(const rpc::Call& call, const Message& draft) const {
    return resources_.store().FindUnique(*shape_.type, call.tenant(), kExternalId,
                                         ExternalId(draft));
  }

  // What had the external id is there no more. By itself the row is not taken for a new one: who
  // deleted it may have meant it.
  absl::Status Gone(const Message& draft) const {
    const std::string external_id = ExternalId(draft);
    return WithRetry(
        Fail(absl::StatusCode::kAborted, type::v1::ERROR_REASON_CONFLICT,
             absl::StrCat("the ", shape_.type->singular, " with external_id ", external_id,
                          " was deleted meanwhile: send the row again to have it created anew"),
             {{"external_id", external_id}}),
        absl::Milliseconds(50));
  }

  // A row whose external id is taken: what stands there decides.
  Task<absl::StatusOr<int>> Merge(rpc::Call& call, const Message& draft, bool update) const {
    const ResourceType& type = *shape_.type;
    Task<absl::StatusOr<std::string>> finding = Find(call, draft);
    absl::StatusOr<std::string> id = co_await finding;
    if (!id.ok()) co_return id.status();
    if (id->empty()) co_return Gone(draft);
    Task<absl::StatusOr<store::RecordPtr>> reading =
        resources_.GetRecord(call, type, type.NameOf(*id));
    absl::StatusOr<store::RecordPtr> record = co_await reading;
    if (absl::IsNotFound(record.status())) {
      // Deleted since, or one that the caller may not see.
      Task<absl::StatusOr<std::string>> looking = Find(call, draft);
      absl::StatusOr<std::string> still = co_await looking;
      if (still.ok() && still->empty()) co_return Gone(draft);
    }
    if (!record.ok()) co_return record.status();
    const Message& stored = *(*record)->message;
    if (rules_.is_same(stored, draft)) co_return type::v1::IMPORT_OUTCOME_UNCHANGED;
    if (!update) {
      co_return AlreadyExists(type.type, type.NameOf(*id),
                              absl::StrCat("a ", type.singular, " with external_id ",
                                           ExternalId(draft), " and other content"));
    }
    Draft changed = CopyOf(draft);
    const Reflection* reflection = changed->GetReflection();
    reflection->SetString(changed.get(), type.name, type.NameOf(*id));
    reflection->SetString(changed.get(), type.etag, reflection->GetString(stored, type.etag));
    contract::SetTimestamp(*changed, type.create_time,
                           contract::GetTimestamp(stored, type.create_time));
    if (rules_.on_replace) {
      Task<absl::Status> checking = rules_.on_replace(call, stored, *changed);
      absl::Status status = co_await checking;
      if (!status.ok()) co_return status;
    }
    Mutation mutation;
    mutation.Update(*changed);
    Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
    absl::StatusOr<rpc::Reply> reply = co_await committing;
    if (!reply.ok()) co_return reply.status();
    co_return type::v1::IMPORT_OUTCOME_UPDATED;
  }

  Task<absl::Status> MergeRow(rpc::Call& call, const Message& draft, bool update,
                              int& outcome) const {
    absl::Status status;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      Task<absl::StatusOr<int>> merging = Merge(call, draft, update);
      absl::StatusOr<int> merged = co_await merging;
      status = merged.status();
      if (merged.ok()) outcome = *merged;
      if (ReasonOf(status) != type::v1::ERROR_REASON_CONFLICT) break;
    }
    co_return status;
  }

  // Whether the row is to be created; completes it then.
  Task<absl::StatusOr<bool>> IsNew(rpc::Call& call, Message& draft) const {
    if (!rules_.on_create) co_return true;
    Task<absl::StatusOr<std::string>> finding = Find(call, draft);
    absl::StatusOr<std::string> id = co_await finding;
    if (!id.ok()) co_return id.status();
    if (!id->empty()) co_return false;
    Task<absl::Status> completing = rules_.on_create(call, draft);
    absl::Status status = co_await completing;
    if (!status.ok()) co_return status;
    co_return true;
  }

  // How a new resource is stored.
  Mutation CreationOf(const rpc::Call& call, Draft draft) const {
    draft->GetReflection()->SetString(draft.get(), shape_.type->name,
                                      shape_.type->NameOf(resources_.NewId(call, "")));
    Mutation mutation;
    mutation.Create(std::move(draft));
    return mutation;
  }

  // A new row that was refused for what others changed meanwhile of what it refers to: it is made
  // and stored again, on what is there now. ALREADY_EXISTS: the row is known by now.
  Task<absl::Status> EnterAgain(rpc::Call& call, const Message& row) const {
    absl::Status status;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      Task<absl::StatusOr<Draft>> drafting = DraftOf(call, row);
      absl::StatusOr<Draft> draft = co_await drafting;
      if (!draft.ok()) co_return draft.status();
      Task<absl::StatusOr<bool>> looking = IsNew(call, **draft);
      absl::StatusOr<bool> is_new = co_await looking;
      if (!is_new.ok()) co_return is_new.status();
      if (!*is_new) co_return absl::AlreadyExistsError("");
      Mutation mutation = CreationOf(call, *std::move(draft));
      Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
      absl::StatusOr<rpc::Reply> reply = co_await committing;
      status = reply.status();
      if (ReasonOf(status) != type::v1::ERROR_REASON_CONFLICT) break;
    }
    co_return status;
  }

  // New resources that are stored together.
  struct Fresh {
    std::vector<Mutation> mutations;
    std::vector<size_t> rows;
    std::set<std::string> groups;
  };

  // Stores them. The rows of those that are there by now are `known`.
  Task<void> Store(rpc::Call& call, const Message& request, Fresh fresh,
                   std::vector<absl::Status>& refused, std::vector<size_t>& known) const {
    Task<std::vector<absl::StatusOr<rpc::Reply>>> committing =
        resources_.CommitAll(call, std::move(fresh.mutations));
    std::vector<absl::StatusOr<rpc::Reply>> replies = co_await committing;
    for (size_t k = 0; k < replies.size(); ++k) {
      absl::Status status = replies[k].status();
      if (ReasonOf(status) == type::v1::ERROR_REASON_CONFLICT) {
        Task<absl::Status> entering = EnterAgain(call, RowAt(request, fresh.rows[k]));
        status = co_await entering;
      }
      if (absl::IsAlreadyExists(status)) {
        known.push_back(fresh.rows[k]);
      } else {
        refused[fresh.rows[k]] = status;
      }
    }
  }

  // Fills `outcomes` and, of rows that are refused, `refused`.
  Task<void> Batch(rpc::Call& call, const Message& request, std::vector<absl::Status>& refused,
                   std::vector<int>& outcomes) const {
    const Reflection* reflection = request.GetReflection();
    call.GoOnAt(resources_.clock().Now());
    const bool only_check = reflection->GetBool(request, shape_.validate_only);
    const bool update = reflection->GetBool(request, shape_.update_existing);
    std::vector<Draft> drafts(refused.size());
    Fresh fresh;
    std::vector<size_t> known;
    if (rules_.before_batch) {
      std::vector<const Message*> rows;
      for (int i = 0; i < reflection->FieldSize(request, shape_.rows); ++i) {
        rows.push_back(&reflection->GetRepeatedMessage(request, shape_.rows, i));
      }
      Task<void> preparing = rules_.before_batch(call, rows);
      co_await preparing;
    }
    for (size_t i = 0; i < refused.size(); ++i) {
      Task<absl::StatusOr<Draft>> drafting = DraftOf(call, RowAt(request, i));
      absl::StatusOr<Draft> draft = co_await drafting;
      refused[i] = draft.status();
      if (!draft.ok() || only_check) continue;
      drafts[i] = *draft;
      std::string group = rules_.group_of ? rules_.group_of(call, **draft) : "";
      if (fresh.groups.contains(group)) {
        Task<void> storing = Store(call, request, std::exchange(fresh, {}), refused, known);
        co_await storing;
      }
      Task<absl::StatusOr<bool>> looking = IsNew(call, **draft);
      absl::StatusOr<bool> is_new = co_await looking;
      refused[i] = is_new.status();
      if (!is_new.ok()) continue;
      if (!*is_new) {
        known.push_back(i);
        continue;
      }
      fresh.mutations.push_back(CreationOf(call, *std::move(draft)));
      fresh.rows.push_back(i);
      if (!group.empty()) fresh.groups.insert(std::move(group));
    }
    Task<void> storing = Store(call, request, std::move(fresh), refused, known);
    co_await storing;
    for (const size_t i : known) {
      Task<absl::Status> merging = MergeRow(call, *drafts[i], update, outcomes[i]);
      refused[i] = co_await merging;
    }
  }

  std::shared_ptr<const Message> Answer(const rpc::Call& call, const Message& request,
                                        const std::vector<absl::Status>& refused,
                                        const std::vector<int>& outcomes) const {
    const Reflection* in = request.GetReflection();
    std::shared_ptr<Message> response(shape_.response->New());
    const Reflection* out = response->GetReflection();
    out->SetInt64(response.get(), shape_.answered, in->GetInt64(request, shape_.sequence));
    for (size_t i = 0; i < refused.size(); ++i) {
      const bool good = refused[i].ok();
      out->AddEnumValue(response.get(), shape_.outcomes,
                        good ? outcomes[i] : type::v1::IMPORT_OUTCOME_FAILED);
      if (good) continue;
      const int index = static_cast<int>(i);
      Message* failure = out->AddMessage(response.get(), shape_.failures);
      const Reflection* told = failure->GetReflection();
      told->SetInt32(failure, shape_.index, index);
      told->SetString(failure, shape_.refused_id,
                      ExternalId(ResourceOf(in->GetRepeatedMessage(request, shape_.rows, index))));
      told->MutableMessage(failure, shape_.status)->MergeFrom(pipeline_.Tell(call, refused[i]));
    }
    return response;
  }

  const rpc::Pipeline& pipeline_;
  Resources& resources_;
  const Shape shape_;
  const ImportRules rules_;
};

}  // namespace

void HandleImport(rpc::Pipeline& pipeline, Resources& resources, absl::string_view path,
                  absl::string_view type, ImportRules rules) {
  const contract::MethodInfo* method = resources.registry().FindMethod(path);
  const ResourceType* resource = resources.registry().FindType(type);
  Check(method != nullptr && resource != nullptr,
        absl::StrCat("no method ", path, ", or no resource type ", type));
  auto import = std::make_shared<const Import>(pipeline, resources, ShapeOf(*method, *resource),
                                               std::move(rules));
  pipeline.HandleStream(path, [import](rpc::Call& call, const Message&, rpc::Stream& stream) {
    return import->Run(call, stream);
  });
}

}  // namespace sqm::resource
