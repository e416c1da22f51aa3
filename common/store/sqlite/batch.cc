#include "common/store/sqlite/batch.h"

#include "common/base/task.h"
#include "common/store/decide.h"
#include "common/store/rows.h"

namespace sqm::store {
namespace {

constexpr char kSelectRequest[] =
    "SELECT r.payload, r.time, r.response IS NULL, coalesce(r.response, c.body) FROM requests r "
    "LEFT JOIN changes c ON c.seq = r.seq WHERE r.key = ?";
constexpr char kInsertRequest[] =
    "INSERT OR REPLACE INTO requests(key, payload, time, seq, response) VALUES(?, ?, ?, ?, ?)";
constexpr char kSelectGuard[] = "SELECT position FROM guards WHERE tenant=? AND name=?";
constexpr char kMoveGuard[] =
    "INSERT INTO guards(tenant, name, position) VALUES(?, ?, 1) "
    "ON CONFLICT(tenant, name) DO UPDATE SET position = position + 1";
constexpr char kInsertChange[] =
    "INSERT INTO changes(seq, commit_id, time, type, id, version, kind, actor, method, request_id, "
    "body) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

// One tenant's rows as the transaction sees them.
class SqliteState final : public StoredState {
 public:
  SqliteState(const std::vector<TypeSql>& sql, SqliteDatabase& database, int64_t tenant,
              absl::Duration request_id_memory)
      : sql_(sql), database_(database), tenant_(tenant), request_id_memory_(request_id_memory) {}

  absl::StatusOr<CommitOutcome> Remembered(const WriteSet& write_set) override {
    return SqliteBatch::Remembered(database_, *write_set.idempotency,
                                   write_set.time - request_id_memory_);
  }
  absl::StatusOr<int64_t> VersionOf(const contract::ResourceType& type,
                                    const std::string& id) override {
    SqliteStatement statement = database_.Prepare(sql_[type.number].version.c_str());
    statement.Bind(1, tenant_);
    statement.Bind(2, absl::string_view(id));
    ASSIGN_OR_RETURN(bool found, statement.Step());
    return found ? statement.Int(0) : 0;
  }
  absl::StatusOr<std::string> HolderOf(const UniqueKey& claim) override {
    SqliteStatement statement = database_.Prepare(sql_[claim.type->number].HolderOf(claim.field));
    statement.Bind(1, tenant_);
    statement.Bind(2, absl::string_view(claim.value));
    ASSIGN_OR_RETURN(bool held, statement.Step());
    return held ? std::string(statement.Text(0)) : "";
  }
  absl::StatusOr<int64_t> GuardPosition(const std::string& name) override {
    SqliteStatement statement = database_.Prepare(kSelectGuard);
    statement.Bind(1, tenant_);
    statement.Bind(2, absl::string_view(name));
    ASSIGN_OR_RETURN(bool found, statement.Step());
    return found ? statement.Int(0) : 0;
  }

 private:
  const std::vector<TypeSql>& sql_;
  SqliteDatabase& database_;
  const int64_t tenant_;
  const absl::Duration request_id_memory_;
};

}  // namespace

absl::StatusOr<CommitOutcome> SqliteBatch::Remembered(SqliteDatabase& database,
                                                      const Idempotency& idempotency,
                                                      absl::Time forgotten_before) {
  SqliteStatement statement = database.Prepare(kSelectRequest);
  statement.BindBlob(1, BytesOf(idempotency.key));
  ASSIGN_OR_RETURN(bool found, statement.Step());
  if (!found) return CommitOutcome();
  return Recall(idempotency, statement.Text(0), absl::FromUnixMicros(statement.Int(1)),
                statement.Text(3), forgotten_before);
}

absl::Status SqliteBatch::WritePut(const WriteSet& write_set, int64_t tenant, const Put& put) {
  const TypeSql& sql = sql_[put.type->number];
  SqliteStatement statement =
      database_.Prepare(put.expected == 0 ? sql.insert.c_str() : sql.update.c_str());
  std::vector<query::Value> columns = ColumnValues(*put.type, *put.record->message);
  statement.Bind(1, tenant);
  statement.Bind(2, absl::string_view(put.id));
  statement.Bind(3, put.record->version);
  if (put.record->deleted) statement.Bind(4, absl::ToUnixMicros(write_set.time));
  statement.BindBlob(5, put.record->body);
  BindColumns(statement, 6, columns);
  return statement.Run();
}

absl::Status SqliteBatch::WriteChange(const WriteSet& write_set, const Put& put, int64_t seq,
                                      int64_t commit_id) {
  SqliteStatement statement = database_.Prepare(kInsertChange);
  statement.Bind(1, seq);
  statement.Bind(2, commit_id);
  statement.Bind(3, absl::ToUnixMicros(write_set.time));
  statement.Bind(4, absl::string_view(put.type->type));
  statement.Bind(5, absl::string_view(put.id));
  statement.Bind(6, put.record->version);
  statement.Bind(7, static_cast<int64_t>(put.kind));
  statement.Bind(8, absl::string_view(write_set.actor));
  statement.Bind(9, absl::string_view(write_set.method));
  statement.Bind(10, absl::string_view(write_set.request_id));
  statement.BindBlob(11, put.record->body);
  return statement.Run();
}

absl::Status SqliteBatch::WriteRequest(const WriteSet& write_set, int64_t seq) {
  const Idempotency& idempotency = *write_set.idempotency;
  SqliteStatement statement = database_.Prepare(kInsertRequest);
  statement.BindBlob(1, BytesOf(idempotency.key));
  statement.BindBlob(2, BytesOf(idempotency.payload));
  statement.Bind(3, absl::ToUnixMicros(write_set.time));
  statement.Bind(4, seq);
  // Without puts there is no change whose body could stand for the response.
  std::string none;
  if (idempotency.response.has_value()) {
    statement.BindBlob(5, *idempotency.response);
  } else if (write_set.puts.empty()) {
    statement.BindBlob(5, none);
  }
  return statement.Run();
}

absl::StatusOr<CommitOutcome> SqliteBatch::Apply(const WriteSet& write_set, Head& head,
                                                 std::vector<StoredChange>& changes) {
  SqliteState state(sql_, database_, head.no, request_id_memory_);
  ASSIGN_OR_RETURN(CommitOutcome outcome, Decide(write_set, state));
  if (outcome.kind != CommitOutcome::kApplied) return outcome;
  int64_t commit_id = head.position + 1;
  for (const Put& put : write_set.puts) {
    int64_t position = ++head.position;
    RETURN_IF_ERROR(WritePut(write_set, head.no, put));
    RETURN_IF_ERROR(WriteChange(write_set, put, SeqOf(head.no, position), commit_id));
    changes.push_back(ChangeOf(write_set, put, position, commit_id));
  }
  for (const Guard& guard : write_set.guards) {
    RETURN_IF_ERROR(
        database_.Run(kMoveGuard, {SqlParam(head.no), SqlParam(absl::string_view(guard.name))}));
  }
  if (write_set.idempotency.has_value()) {
    RETURN_IF_ERROR(WriteRequest(write_set, SeqOf(head.no, commit_id)));
  }
  outcome.position = head.position;
  return outcome;
}

}  // namespace sqm::store
