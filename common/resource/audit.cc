#include "common/resource/audit.h"

#include "common/auth/principal.h"
#include "common/contract/validate.h"
#include "sqm/audit/v1/audit.pb.h"

namespace sqm::resource {
namespace {

constexpr int kMaxResources = 100;

Task<absl::Status> WriteEntry(const contract::ResourceType& type, store::Store& store,
                              IdSource& ids, rpc::Call& call, std::vector<std::string> names) {
  auto entry = std::make_shared<audit::v1::AuditEntry>();
  std::string id = ids.NewUlid(call.now());
  entry->set_name(type.NameOf(id));
  entry->set_actor(call.principal().subject);
  entry->set_roles(auth::FormatRoles(call.principal().roles));
  entry->set_method(call.method().path);
  entry->set_resource_count(static_cast<int>(names.size()));
  for (size_t i = 0; i < names.size() && i < kMaxResources; ++i) entry->add_resources(names[i]);
  if (call.trace().has_value()) entry->set_trace_id(call.trace()->TraceId());
  contract::SetTimestamp(*entry, type.create_time, call.now());
  entry->set_etag("\"1\"");
  auto record = std::make_shared<store::Record>();
  record->version = 1;
  record->body = entry->SerializeAsString();
  record->message = entry;
  store::Put put;
  put.type = &type;
  put.id = id;
  put.record = std::move(record);
  store::WriteSet write_set;
  write_set.tenant = call.tenant();
  write_set.actor = call.principal().subject;
  write_set.method = call.method().path;
  write_set.time = call.now();
  write_set.puts.push_back(std::move(put));
  Task<store::CommitOutcome> committing = store.Commit(std::move(write_set));
  store::CommitOutcome outcome = co_await committing;
  if (outcome.kind == store::CommitOutcome::kApplied) co_return absl::OkStatus();
  co_return outcome.status.ok() ? absl::InternalError("an audit entry was refused")
                                : outcome.status;
}

}  // namespace

rpc::AuditSink AuditInto(const contract::Registry& registry, store::Store& store, IdSource& ids) {
  const contract::ResourceType* type = registry.FindType(audit::v1::AuditEntry::descriptor());
  return [type, &store, &ids](rpc::Call& call, std::vector<std::string> names) {
    return WriteEntry(*type, store, ids, call, std::move(names));
  };
}

}  // namespace sqm::resource
