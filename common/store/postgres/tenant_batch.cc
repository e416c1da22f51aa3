#include "common/store/postgres/tenant_batch.h"

namespace sqm::store {

void PgTenantBatch::Name(const WriteSet& write_set) {
  for (const Put& put : write_set.puts) rows_[{put.type, put.id}];
  for (const Require& require : write_set.requires_) rows_[{require.type, require.id}];
  for (const UniqueKey& claim : write_set.claims) {
    holders_[claim.type][claim.field].try_emplace(claim.value);
  }
  for (const Guard& guard : write_set.guards) guards_[guard.name];
  if (write_set.idempotency.has_value()) requests_[BytesOf(write_set.idempotency->key)];
}

void PgTenantBatch::AskHead(PgQuestions& questions) {
  questions.Ask(sql_.make_head, PgParams().Text(tenant_), [](const PgResult&) {});
  questions.Ask(sql_.lock_head, PgParams().Text(tenant_), [this](const PgResult& result) {
    if (result.rows() == 1) head_ = {result.Int(0, 0), result.Int(0, 1)};
  });
}

void PgTenantBatch::AskState(PgQuestions& questions) {
  std::map<const contract::ResourceType*, std::vector<absl::string_view>> ids;
  for (const auto& [key, row] : rows_) ids[key.first].push_back(key.second);
  for (const auto& [type, named] : ids) {
    questions.Ask(sql_.types[type->number].versions, WithTenant(pg::kText, named),
                  [this, type = type](const PgResult& result) {
                    for (int i = 0; i < result.rows(); ++i) {
                      Row& row = rows_[{type, result.Text(i, 0)}];
                      row.version = result.Int(i, 1);
                      row.stored = true;
                    }
                  });
  }
  for (auto& [type, fields] : holders_) {
    for (auto& [field, values] : fields) {
      std::vector<absl::string_view> named;
      for (const auto& [value, holder] : values) named.push_back(value);
      questions.Ask(sql_.types[type->number].HoldersOf(field), WithTenant(pg::kText, named),
                    [&values = values](const PgResult& result) {
                      for (int i = 0; i < result.rows(); ++i) {
                        values[std::string(result.Text(i, 1))] = std::string(result.Text(i, 0));
                      }
                    });
    }
  }
  if (!guards_.empty()) {
    std::vector<absl::string_view> names;
    for (const auto& [name, guard] : guards_) names.push_back(name);
    questions.Ask(sql_.guards, WithTenant(pg::kText, names), [this](const PgResult& result) {
      for (int i = 0; i < result.rows(); ++i) {
        guards_[result.Text(i, 0)].position = result.Int(i, 1);
      }
    });
  }
  if (!requests_.empty()) {
    std::vector<absl::string_view> keys;
    for (const auto& [key, request] : requests_) keys.push_back(key);
    questions.Ask(sql_.requests, WithTenant(pg::kBytes, keys), [this](const PgResult& result) {
      for (int i = 0; i < result.rows(); ++i) {
        Request& request = requests_[result.Text(i, 0)];
        request.known = true;
        request.payload = std::string(result.Text(i, 1));
        request.time = absl::FromUnixMicros(result.Int(i, 2));
        request.response = std::string(result.Text(i, 3));
      }
    });
  }
}

absl::StatusOr<CommitOutcome> PgTenantBatch::Remembered(const WriteSet& write_set) {
  const Request& request = requests_[BytesOf(write_set.idempotency->key)];
  if (!request.known) return CommitOutcome();
  return Recall(*write_set.idempotency, request.payload, request.time, request.response,
                write_set.time - request_id_memory_);
}

int64_t PgTenantBatch::Apply(const WriteSet& write_set) {
  const int64_t commit_id = head_.head + 1;
  for (const Put& put : write_set.puts) {
    Row& row = rows_[{put.type, put.id}];
    if (row.put == nullptr) written_.push_back(&row);
    row.version = put.record->version;
    row.put = &put;
    row.time = write_set.time;
    MoveHolders(put);
    batch_->changes.push_back(ChangeOf(write_set, put, ++head_.head, commit_id));
  }
  for (const Guard& guard : write_set.guards) {
    GuardState& state = guards_[guard.name];
    ++state.position;
    state.moved = true;
  }
  if (write_set.idempotency.has_value()) Remember(write_set, commit_id);
  return head_.head;
}

void PgTenantBatch::Collect(PgWrites& writes) const {
  for (const Row* row : written_) {
    const contract::ResourceType& type = *row->put->type;
    PgWrites::Rows& rows = writes.rows.try_emplace(&type, type).first->second;
    (row->stored ? rows.updates : rows.inserts).Add(tenant_, *row->put, row->time);
  }
  for (const StoredChange& change : batch_->changes) writes.AddChange(tenant_, change);
  for (const auto& [key, request] : requests_) {
    if (!request.write) continue;
    auto& out = writes.requests;
    out.tenants.Bytes(tenant_);
    out.keys.Bytes(key);
    out.payloads.Bytes(request.payload);
    out.times.Int(absl::ToUnixMicros(request.time));
    out.positions.Int(request.position);
    request.own_response ? out.responses.Bytes(request.response) : out.responses.Null();
  }
  for (const auto& [name, guard] : guards_) {
    if (!guard.moved) continue;
    writes.guards.tenants.Bytes(tenant_);
    writes.guards.names.Bytes(name);
    writes.guards.positions.Int(guard.position);
  }
  if (!batch_->changes.empty()) writes.heads.emplace_back(tenant_, head_.head);
}

PgParams PgTenantBatch::WithTenant(Oid element, const std::vector<absl::string_view>& keys) const {
  PgParams params;
  PgArray array(element);
  for (absl::string_view key : keys) array.Bytes(key);
  params.Text(tenant_).Array(array.Take());
  return params;
}

void PgTenantBatch::MoveHolders(const Put& put) {
  auto fields = holders_.find(put.type);
  if (fields == holders_.end()) return;
  for (auto& [field, values] : fields->second) {
    query::Value value =
        query::ExtractValue(*put.record->message, put.type->fields.Find(field)->source);
    const auto* text = std::get_if<std::string>(&value);
    for (auto& [claimed, holder] : values) {
      const bool holds = !put.record->deleted && text != nullptr && *text == claimed;
      if (holds) {
        holder = put.id;
      } else if (holder == put.id) {
        holder.clear();
      }
    }
  }
}

void PgTenantBatch::Remember(const WriteSet& write_set, int64_t commit_id) {
  const Idempotency& idempotency = *write_set.idempotency;
  Request& request = requests_[BytesOf(idempotency.key)];
  request.known = request.write = true;
  request.payload = std::string(BytesOf(idempotency.payload));
  request.time = write_set.time;
  request.position = commit_id;
  // Without puts there is no change whose body could stand for the response.
  request.own_response = idempotency.response.has_value() || write_set.puts.empty();
  request.response = request.own_response ? idempotency.response.value_or("")
                                          : write_set.puts.front().record->body;
}

}  // namespace sqm::store
