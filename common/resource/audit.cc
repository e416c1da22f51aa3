#include "common/resource/audit.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <map>

#include "common/auth/principal.h"
#include "common/base/task.h"
#include "common/contract/validate.h"
#include "sqm/audit/v1/audit.pb.h"

namespace sqm::resource {
namespace {

using rpc::ShownResource;

constexpr int kMaxResources = 100;
// For whoever may read the trail.
constexpr char kForAll[] = "|";

// Who alone may see what was shown, as `|staff/a|`; empty where that is nobody's alone. What is
// below a resource is seen by those who see that.
Task<absl::StatusOr<std::string>> RestrictedTo(Resources& resources, const rpc::Call& call,
                                               ShownResource shown) {
  const std::vector<std::string> segments = absl::StrSplit(shown.name, '/');
  const auto& types = resources.registry().types();
  const auto top = std::find_if(types.begin(), types.end(), [&](const auto& type) {
    return type->parent == nullptr && type->options.collection() == segments[0];
  });
  if (segments.size() < 2 || top == types.end()) co_return "";
  const auto* field = (*top)->descriptor->FindFieldByName("restricted_to");
  if (field == nullptr) co_return "";
  // What was only tried shows what would be, who would see it included.
  if (shown.restricted_to && call.method().options.read_only()) co_return *shown.restricted_to;
  Task<absl::StatusOr<store::RecordPtr>> reading =
      resources.Read(**top, call.tenant(), segments[1]);
  absl::StatusOr<store::RecordPtr> record = co_await reading;
  if (!record.ok()) co_return record.status();
  if (*record == nullptr) co_return shown.restricted_to.value_or("");
  const Message& stored = *(*record)->message;
  co_return stored.GetReflection()->GetString(stored, field);
}

std::shared_ptr<audit::v1::AuditEntry> EntryOf(const rpc::Call& call,
                                               const std::vector<std::string>& names) {
  auto entry = std::make_shared<audit::v1::AuditEntry>();
  entry->set_actor(call.principal().subject);
  entry->set_roles(auth::FormatRoles(call.principal().roles));
  entry->set_method(call.method().path);
  entry->set_resource_count(static_cast<int>(names.size()));
  for (size_t i = 0; i < names.size() && i < kMaxResources; ++i) entry->add_resources(names[i]);
  if (call.trace().has_value()) entry->set_trace_id(call.trace()->TraceId());
  entry->set_etag("\"1\"");
  return entry;
}

Task<absl::Status> WriteEntries(const contract::ResourceType& type, store::Store& store,
                                IdSource& ids, Resources& resources, rpc::Call& call,
                                std::vector<ShownResource> shown) {
  std::map<std::string, std::vector<std::string>> names;  // by whom they are restricted to
  for (ShownResource& one : shown) {
    const std::string name = one.name;
    Task<absl::StatusOr<std::string>> asking = RestrictedTo(resources, call, std::move(one));
    absl::StatusOr<std::string> restricted_to = co_await asking;
    if (!restricted_to.ok()) co_return restricted_to.status();
    names[restricted_to->empty() ? kForAll : *restricted_to].push_back(name);
  }
  store::WriteSet write_set;
  write_set.tenant = call.tenant();
  write_set.actor = call.principal().subject;
  write_set.method = call.method().path;
  write_set.time = call.now();
  for (const auto& [restricted_to, of_them] : names) {
    std::shared_ptr<audit::v1::AuditEntry> entry = EntryOf(call, of_them);
    const std::string id = ids.NewUlid(call.now());
    entry->set_name(type.NameOf(id));
    entry->set_restricted_to(restricted_to);
    contract::SetTimestamp(*entry, type.create_time, call.now());
    auto record = std::make_shared<store::Record>();
    record->version = 1;
    record->body = entry->SerializeAsString();
    record->message = entry;
    store::Put put;
    put.type = &type;
    put.id = id;
    put.record = std::move(record);
    write_set.puts.push_back(std::move(put));
  }
  Task<store::CommitOutcome> committing = store.Commit(std::move(write_set));
  store::CommitOutcome outcome = co_await committing;
  if (outcome.kind == store::CommitOutcome::kApplied) co_return absl::OkStatus();
  co_return outcome.status.ok() ? absl::InternalError("an audit entry was refused")
                                : outcome.status;
}

}  // namespace

rpc::AuditSink AuditInto(const contract::Registry& registry, store::Store& store, IdSource& ids,
                         Resources& shown) {
  const contract::ResourceType* type = registry.FindType(audit::v1::AuditEntry::descriptor());
  return [type, &store, &ids, &shown](rpc::Call& call, std::vector<ShownResource> of_call) {
    return WriteEntries(*type, store, ids, shown, call, std::move(of_call));
  };
}

std::string EntriesSeenBy(const rpc::Call& call) {
  // Entries of before this was kept do not say who may see what they name: those of the service
  // that has what is restricted are shown to nobody.
  std::string seen =
      "restricted_to = \"|\" OR (NOT restricted_to:* AND NOT method = \"/sqm.complaints.v1.*\")";
  const std::string& staff = call.principal().staff;
  // No reader's name has any of these; one that had would end the quotation.
  if (staff.empty() || staff.find_first_of("\"\\|*") != std::string::npos) return seen;
  return absl::StrCat(seen, " OR restricted_to:\"|", call.principal().StaffName(), "|\"");
}

}  // namespace sqm::resource
