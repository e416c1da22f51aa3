#include "common/resource/standard.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "common/auth/permissions.h"
#include "common/base/check.h"
#include "common/base/proto_copy.h"
#include "common/base/status.h"
#include "common/contract/field_mask.h"
#include "common/contract/redact.h"
#include "common/contract/validate.h"
#include "common/rpc/personal_fields.h"
#include "google/rpc/status.pb.h"

namespace sqm::resource {

using contract::FieldDescriptor;
using contract::ResourceType;
using google::protobuf::Reflection;

// Which fields of a method's messages mean what; resolved at start-up.
struct StandardMethods::Shape {
  const contract::MethodInfo* method = nullptr;
  const ResourceType* type = nullptr;
  const Hooks* hooks = nullptr;
  const FieldDescriptor* name = nullptr;       // Get, Delete
  const FieldDescriptor* names = nullptr;      // BatchGet
  const FieldDescriptor* parent = nullptr;     // List, Create of nested resources
  const FieldDescriptor* resource = nullptr;   // Create, Update
  const FieldDescriptor* id = nullptr;         // Create
  const FieldDescriptor* mask = nullptr;       // Update
  const FieldDescriptor* etag = nullptr;       // Delete
  const FieldDescriptor* page_size = nullptr;  // List
  const FieldDescriptor* page_token = nullptr;
  const FieldDescriptor* filter = nullptr;
  const FieldDescriptor* order_by = nullptr;
  const FieldDescriptor* show_deleted = nullptr;
  // Of the resource; null where lists do not say when it was deleted.
  const FieldDescriptor* delete_time = nullptr;
  const FieldDescriptor* rows = nullptr;       // of the response: List, BatchGet
  const FieldDescriptor* next_page = nullptr;  // of the response: List
  const FieldDescriptor* requests = nullptr;   // BatchCreate
  const FieldDescriptor* results = nullptr;    // of the response: BatchCreate
  const FieldDescriptor* result_status = nullptr;
  const FieldDescriptor* result_resource = nullptr;
  std::unique_ptr<Shape> element;  // BatchCreate: of one request
};

namespace {

constexpr int kMaxBatch = 1000;

std::string StringOf(const Message& message, const FieldDescriptor* field) {
  return field == nullptr ? std::string() : message.GetReflection()->GetString(message, field);
}

const FieldDescriptor* FindResource(const contract::Descriptor* message, const ResourceType& type) {
  for (int i = 0; i < message->field_count(); ++i) {
    if (message->field(i)->message_type() == type.descriptor) return message->field(i);
  }
  return nullptr;
}

rpc::Reply ReplyOf(std::shared_ptr<const Message> message) {
  rpc::Reply reply;
  reply.message = std::move(message);
  return reply;
}

}  // namespace

void StandardMethods::SetHooks(absl::string_view type, Hooks hooks) {
  const ResourceType* hooked = resources_.registry().FindType(type);
  Check(hooked != nullptr, absl::StrCat("no resource type ", type));
  if (hooks.looks_at_referrers) resources_.GuardReferences(*hooked);
  hooks_[std::string(type)] = std::move(hooks);
}

void StandardMethods::Register(absl::string_view package) {
  for (const auto& method : resources_.registry().methods()) {
    if (method->options.standard() == options::v1::STANDARD_METHOD_UNSPECIFIED) continue;
    if (method->descriptor->file()->package() != std::string(package)) continue;
    pipeline_.Handle(method->path, HandlerOf(*method));
  }
}

rpc::UnaryHandler StandardMethods::HandlerOf(const contract::MethodInfo& method) {
  static const Hooks kNoHooks;
  auto resolve = [this](const contract::MethodInfo& method, const contract::Descriptor* request) {
    auto shape = std::make_shared<Shape>();
    shape->method = &method;
    shape->type = method.resource;
    auto hooks = hooks_.find(method.resource->type);
    shape->hooks = hooks == hooks_.end() ? &kNoHooks : &hooks->second;
    shape->name = request->FindFieldByName("name");
    shape->names = request->FindFieldByName("names");
    shape->parent = request->FindFieldByName("parent");
    shape->resource = FindResource(request, *method.resource);
    shape->id = request->FindFieldByName(absl::StrCat(method.resource->singular, "_id"));
    shape->mask = request->FindFieldByName("update_mask");
    shape->etag = request->FindFieldByName("etag");
    shape->page_size = request->FindFieldByName("page_size");
    shape->page_token = request->FindFieldByName("page_token");
    shape->filter = request->FindFieldByName("filter");
    shape->order_by = request->FindFieldByName("order_by");
    shape->show_deleted = request->FindFieldByName("show_deleted");
    shape->delete_time = method.resource->descriptor->FindFieldByName("delete_time");
    shape->requests = request->FindFieldByName("requests");
    return shape;
  };
  const contract::Descriptor* request = method.request->GetDescriptor();
  const contract::Descriptor* response = method.response->GetDescriptor();
  std::shared_ptr<Shape> shape = resolve(method, request);
  shape->rows = FindResource(response, *method.resource);
  shape->next_page = response->FindFieldByName("next_page_token");
  auto need = [&](bool has, absl::string_view what) {
    Check(has, absl::StrCat(method.path, " needs ", what));
  };
  bool nested = method.resource->parent != nullptr;
  switch (method.options.standard()) {
    case options::v1::STANDARD_METHOD_GET:
      need(shape->name != nullptr, "a name");
      return [this, shape](rpc::Call& call, const Message& request) {
        return Get(call, request, *shape);
      };
    case options::v1::STANDARD_METHOD_LIST:
      need(shape->page_size && shape->page_token && shape->filter && shape->order_by &&
               shape->rows && shape->next_page && (!nested || shape->parent),
           "page_size, page_token, filter, order_by; resources, next_page_token");
      need(!shape->delete_time || method.resource->update_time,
           "an update_time of what has a delete_time");
      return [this, shape](rpc::Call& call, const Message& request) {
        return List(call, request, *shape);
      };
    case options::v1::STANDARD_METHOD_CREATE:
      need(shape->resource && (!nested || shape->parent), "the resource, and a parent if nested");
      return [this, shape](rpc::Call& call, const Message& request) {
        return Create(call, request, *shape);
      };
    case options::v1::STANDARD_METHOD_UPDATE:
      need(shape->resource && shape->mask, "the resource and update_mask");
      return [this, shape](rpc::Call& call, const Message& request) {
        return Update(call, request, *shape);
      };
    case options::v1::STANDARD_METHOD_DELETE:
      need(shape->name && shape->etag, "a name and an etag");
      return [this, shape](rpc::Call& call, const Message& request) {
        return Delete(call, request, *shape);
      };
    case options::v1::STANDARD_METHOD_BATCH_GET:
      need(shape->names && shape->rows, "names; resources");
      return [this, shape](rpc::Call& call, const Message& request) {
        return BatchGet(call, request, *shape);
      };
    case options::v1::STANDARD_METHOD_BATCH_CREATE: {
      need(shape->requests != nullptr, "requests");
      shape->element = std::make_unique<Shape>();
      std::shared_ptr<Shape> element = resolve(method, shape->requests->message_type());
      *shape->element = std::move(*element);
      shape->results = response->FindFieldByName("results");
      need(shape->element->resource && shape->results, "requests with the resource; results");
      shape->result_status = shape->results->message_type()->FindFieldByName("status");
      shape->result_resource = FindResource(shape->results->message_type(), *method.resource);
      need(shape->result_status && shape->result_resource, "results with status or resource");
      return [this, shape](rpc::Call& call, const Message& request) {
        return BatchCreate(call, request, *shape);
      };
    }
    default:
      Check(false, absl::StrCat(method.path, ": unknown standard method"));
      return nullptr;
  }
}

Task<absl::StatusOr<rpc::Reply>> StandardMethods::Get(rpc::Call& call, const Message& request,
                                                      const Shape& shape) {
  std::string name = StringOf(request, shape.name);
  Task<absl::StatusOr<store::RecordPtr>> reading =
      resources_.GetRecord(call, *shape.type, std::move(name));
  absl::StatusOr<store::RecordPtr> record = co_await reading;
  if (!record.ok()) co_return record.status();
  rpc::Reply reply;
  reply.record = *std::move(record);
  reply.type = shape.type;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> StandardMethods::List(rpc::Call& call, const Message& request,
                                                       const Shape& shape) {
  const Reflection* reflection = request.GetReflection();
  ListOptions options;
  options.filter = StringOf(request, shape.filter);
  options.order_by = StringOf(request, shape.order_by);
  options.page_token = StringOf(request, shape.page_token);
  options.page_size = reflection->GetInt32(request, shape.page_size);
  if (shape.show_deleted != nullptr) {
    options.show_deleted = reflection->GetBool(request, shape.show_deleted);
  }
  if (shape.type->parent != nullptr) {
    std::string parent = StringOf(request, shape.parent);
    CO_ASSIGN_OR_RETURN(options.parent_id, shape.type->parent->IdOf(parent));
    // `-` stands for every parent.
    if (options.parent_id == "-") options.parent_id.clear();
  }
  Task<absl::StatusOr<Page>> listing = resources_.List(call, *shape.type, std::move(options));
  absl::StatusOr<Page> page = co_await listing;
  if (!page.ok()) co_return page.status();
  std::shared_ptr<Message> response(shape.method->response->New());
  const Reflection* out = response->GetReflection();
  for (const store::Listed& row : page->rows) {
    Message* shown = out->AddMessage(response.get(), shape.rows);
    shown->MergeFrom(*row.record->message);
    // The deletion was its last change.
    if (row.record->deleted && shape.delete_time != nullptr) {
      contract::SetTimestamp(*shown, shape.delete_time,
                             contract::GetTimestamp(*shown, shape.type->update_time));
    }
  }
  out->SetString(response.get(), shape.next_page, page->next_page_token);
  co_return ReplyOf(std::move(response));
}

// The resource of a create request, complete and checked.
Task<absl::StatusOr<Mutation>> StandardMethods::Guarded(const rpc::Call& call, std::string guard) {
  Mutation mutation;
  if (guard.empty()) co_return mutation;
  Task<absl::StatusOr<int64_t>> reading = resources_.ReadGuard(call, guard);
  absl::StatusOr<int64_t> position = co_await reading;
  if (!position.ok()) co_return position.status();
  mutation.Guard(guard, *position);
  co_return mutation;
}

Task<absl::StatusOr<Mutation>> StandardMethods::Draft(rpc::Call& call, const Message& request,
                                                      const Shape& shape) {
  const ResourceType& type = *shape.type;
  std::unique_ptr<Message> resource =
      CopyOf(request.GetReflection()->GetMessage(request, shape.resource));
  contract::ClearOutputOnly(resources_.registry(), *resource);
  std::string wanted = StringOf(request, shape.id);
  if (!wanted.empty() && type.options.id_kind() == options::v1::ID_KIND_SERVER_ONLY) {
    co_return InvalidField(shape.id->name(), "the server gives the id");
  }
  if (wanted.empty() && type.options.id_kind() == options::v1::ID_KIND_CALLER_REQUIRED) {
    co_return InvalidField(shape.id->name(), "is required");
  }
  std::string id = resources_.NewId(call, wanted);
  if (type.parent != nullptr) {
    std::string parent = StringOf(request, shape.parent);
    CO_ASSIGN_OR_RETURN(std::string parent_id, type.parent->IdOf(parent));
    id = absl::StrCat(parent_id, "/", id);
  }
  resource->GetReflection()->SetString(resource.get(), type.name, type.NameOf(id));
  Task<absl::StatusOr<Mutation>> guarding = Guarded(call, shape.hooks->guard);
  absl::StatusOr<Mutation> mutation = co_await guarding;
  if (!mutation.ok()) co_return mutation.status();
  if (shape.hooks->on_create) {
    Task<absl::Status> checking = shape.hooks->on_create(call, *resource);
    absl::Status status = co_await checking;
    if (!status.ok()) co_return status;
  }
  mutation->Create(std::shared_ptr<Message>(std::move(resource)));
  co_return mutation;
}

Task<absl::StatusOr<rpc::Reply>> StandardMethods::Create(rpc::Call& call, const Message& request,
                                                         const Shape& shape) {
  Task<absl::StatusOr<Mutation>> drafting = Draft(call, request, shape);
  absl::StatusOr<Mutation> mutation = co_await drafting;
  if (!mutation.ok()) co_return mutation.status();
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, *std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> StandardMethods::Update(rpc::Call& call, const Message& request,
                                                         const Shape& shape) {
  const ResourceType& type = *shape.type;
  const Reflection* reflection = request.GetReflection();
  const std::unique_ptr<Message> patch = CopyOf(reflection->GetMessage(request, shape.resource));
  std::string name = StringOf(*patch, type.name);
  Task<absl::StatusOr<store::RecordPtr>> reading = resources_.GetRecord(call, type, name);
  absl::StatusOr<store::RecordPtr> record = co_await reading;
  if (!record.ok()) co_return record.status();
  const Message& before = *(*record)->message;
  CO_RETURN_IF_ERROR(resources_.CheckEtag(before, StringOf(*patch, type.etag)));
  std::unique_ptr<Message> after = CopyOf(before);
  const auto& mask =
      static_cast<const google::protobuf::FieldMask&>(reflection->GetMessage(request, shape.mask));
  // What the caller was shown masked and sends back is what it stands for.
  const auto may_see = [&](options::v1::PersonalClass personal) {
    return rpc::MaySee(call, type, personal);
  };
  contract::RestoreMasked(type, may_see, before, *patch);
  CO_ASSIGN_OR_RETURN(bool changed, contract::ApplyUpdate(type, mask, *patch, *after));
  if (!changed) {
    rpc::Reply reply;
    reply.record = *std::move(record);
    reply.type = &type;
    reply.nothing_written = true;
    co_return reply;
  }
  FieldErrors errors;
  contract::CheckNotMasked(type, may_see, before, absl::StrCat(type.singular, "."), *after, errors);
  contract::Validate(resources_.registry(), *after, absl::StrCat(type.singular, "."), errors);
  CO_RETURN_IF_ERROR(errors.ToStatus());
  Task<absl::StatusOr<Mutation>> guarding = Guarded(call, shape.hooks->guard);
  absl::StatusOr<Mutation> mutation = co_await guarding;
  if (!mutation.ok()) co_return mutation.status();
  if (shape.hooks->on_update) {
    Task<absl::Status> checking = shape.hooks->on_update(call, before, *after);
    absl::Status status = co_await checking;
    if (!status.ok()) co_return status;
  }
  mutation->Update(*after);
  if (shape.hooks->with_update) shape.hooks->with_update(call, before, *after, *mutation);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, *std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

Task<absl::StatusOr<rpc::Reply>> StandardMethods::Delete(rpc::Call& call, const Message& request,
                                                         const Shape& shape) {
  const ResourceType& type = *shape.type;
  std::string name = StringOf(request, shape.name);
  Task<absl::StatusOr<store::RecordPtr>> reading = resources_.GetRecord(call, type, name);
  absl::StatusOr<store::RecordPtr> record = co_await reading;
  if (!record.ok()) co_return record.status();
  const Message& resource = *(*record)->message;
  CO_RETURN_IF_ERROR(resources_.CheckEtag(resource, StringOf(request, shape.etag)));
  Task<absl::StatusOr<Mutation>> guarding =
      Guarded(call, shape.hooks->looks_at_referrers ? Resources::ReferenceGuard(name) : "");
  absl::StatusOr<Mutation> mutation = co_await guarding;
  if (!mutation.ok()) co_return mutation.status();
  if (shape.hooks->on_delete) {
    Task<absl::Status> checking = shape.hooks->on_delete(call, resource);
    absl::Status status = co_await checking;
    if (!status.ok()) co_return status;
  }
  std::shared_ptr<Message> empty(shape.method->response->New());
  mutation->Delete(resource).Respond(*empty);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, *std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  if (!reply.ok()) co_return reply.status();
  co_return ReplyOf(std::move(empty));
}

Task<absl::StatusOr<rpc::Reply>> StandardMethods::BatchGet(rpc::Call& call, const Message& request,
                                                           const Shape& shape) {
  const Reflection* reflection = request.GetReflection();
  std::shared_ptr<Message> response(shape.method->response->New());
  for (int i = 0; i < reflection->FieldSize(request, shape.names); ++i) {
    std::string name = reflection->GetRepeatedString(request, shape.names, i);
    Task<absl::StatusOr<store::RecordPtr>> reading =
        resources_.GetRecord(call, *shape.type, std::move(name));
    absl::StatusOr<store::RecordPtr> record = co_await reading;
    if (!record.ok()) co_return record.status();
    response->GetReflection()
        ->AddMessage(response.get(), shape.rows)
        ->MergeFrom(*(*record)->message);
  }
  co_return ReplyOf(std::move(response));
}

Task<absl::StatusOr<rpc::Reply>> StandardMethods::BatchCreate(rpc::Call& call,
                                                              const Message& request,
                                                              const Shape& shape) {
  const Reflection* reflection = request.GetReflection();
  int size = reflection->FieldSize(request, shape.requests);
  if (size == 0 || size > kMaxBatch) {
    co_return InvalidField("requests",
                           absl::StrCat("has ", size, " elements; give 1 to ", kMaxBatch));
  }
  std::vector<absl::Status> refused(size);
  std::vector<Mutation> mutations;
  std::vector<int> indexes;
  for (int i = 0; i < size; ++i) {
    const Message& element = reflection->GetRepeatedMessage(request, shape.requests, i);
    const std::string within = absl::StrCat(shape.requests->name(), "[", i, "].");
    FieldErrors errors(within);
    contract::Validate(resources_.registry(), element, "", errors);
    if (!errors.empty()) {
      refused[i] = errors.ToStatus();
      continue;
    }
    Task<absl::StatusOr<Mutation>> drafting = Draft(call, element, *shape.element);
    absl::StatusOr<Mutation> mutation = co_await drafting;
    if (!mutation.ok()) {
      refused[i] = WithinRequest(within, mutation.status());
      continue;
    }
    mutation->OfElement(static_cast<size_t>(i));
    mutations.push_back(*std::move(mutation));
    indexes.push_back(i);
  }
  Task<std::vector<absl::StatusOr<rpc::Reply>>> committing =
      resources_.CommitAll(call, std::move(mutations));
  std::vector<absl::StatusOr<rpc::Reply>> replies = co_await committing;
  std::shared_ptr<Message> response(shape.method->response->New());
  size_t next = 0;
  for (int i = 0; i < size; ++i) {
    Message* result = response->GetReflection()->AddMessage(response.get(), shape.results);
    const Reflection* out = result->GetReflection();
    absl::Status status = refused[i];
    if (status.ok()) {
      absl::StatusOr<rpc::Reply>& reply = replies[next++];
      if (reply.ok()) {
        const Message& made = reply->record ? *reply->record->message : *reply->message;
        out->MutableMessage(result, shape.result_resource)->MergeFrom(made);
        continue;
      }
      status = reply.status();
    }
    out->MutableMessage(result, shape.result_status)->MergeFrom(pipeline_.Tell(call, status));
  }
  co_return ReplyOf(std::move(response));
}

}  // namespace sqm::resource
