#include "common/store/postgres/writes.h"

#include "common/store/rows.h"

namespace sqm::store {
namespace {

PgParams TakeAll(std::initializer_list<PgArray*> columns) {
  PgParams params;
  for (PgArray* column : columns) params.Array(column->Take());
  return params;
}

}  // namespace

PgRowArrays::PgRowArrays(const contract::ResourceType& type) : type_(type) {
  for (const query::Field& field : type.fields.fields()) {
    columns_.emplace_back(field.type == query::FieldType::kString   ? pg::kText
                          : field.type == query::FieldType::kDouble ? pg::kDouble
                                                                    : pg::kInt);
  }
}

void PgRowArrays::Add(absl::string_view tenant, const Put& put, absl::Time time) {
  tenants_.Bytes(tenant);
  ids_.Bytes(put.id);
  versions_.Int(put.record->version);
  put.record->deleted ? delete_times_.Int(absl::ToUnixMicros(time)) : delete_times_.Null();
  bodies_.Bytes(put.record->body);
  std::vector<query::Value> values = ColumnValues(type_, *put.record->message);
  for (size_t i = 0; i < values.size(); ++i) columns_[i].Column(values[i]);
}

PgParams PgRowArrays::Take() {
  PgParams params;
  params.Array(tenants_.Take()).Array(ids_.Take()).Array(versions_.Take());
  params.Array(delete_times_.Take()).Array(bodies_.Take());
  for (PgArray& column : columns_) params.Array(column.Take());
  return params;
}

void PgWrites::AddChange(absl::string_view tenant, const StoredChange& change) {
  changes.tenants.Bytes(tenant);
  changes.positions.Int(change.position);
  changes.commit_ids.Int(change.commit_id);
  changes.times.Int(absl::ToUnixMicros(change.time));
  changes.types.Bytes(change.type->type);
  changes.ids.Bytes(change.id);
  changes.versions.Int(change.version);
  changes.kinds.Int(static_cast<int64_t>(change.kind));
  changes.actors.Bytes(change.actor);
  changes.methods.Bytes(change.method);
  changes.request_ids.Bytes(change.request_id);
  changes.bodies.Bytes(change.record->body);
}

std::vector<PgCall> PgWrites::Take(const PgStatements& sql) {
  std::vector<PgCall> calls;
  for (auto& [type, arrays] : rows) {
    const PgTypeStatements& of_type = sql.types[type->number];
    if (!arrays.inserts.empty()) calls.push_back({&of_type.inserts, arrays.inserts.Take()});
    if (!arrays.updates.empty()) calls.push_back({&of_type.updates, arrays.updates.Take()});
  }
  if (auto& in = changes; !in.tenants.empty()) {
    calls.push_back(
        {&sql.put_changes,
         TakeAll({&in.tenants, &in.positions, &in.commit_ids, &in.times, &in.types, &in.ids,
                  &in.versions, &in.kinds, &in.actors, &in.methods, &in.request_ids, &in.bodies})});
  }
  if (auto& in = requests; !in.tenants.empty()) {
    calls.push_back({&sql.put_requests, TakeAll({&in.tenants, &in.keys, &in.payloads, &in.times,
                                                 &in.positions, &in.responses})});
  }
  if (auto& in = guards; !in.tenants.empty()) {
    calls.push_back({&sql.put_guards, TakeAll({&in.tenants, &in.names, &in.positions})});
  }
  return calls;
}

}  // namespace sqm::store
