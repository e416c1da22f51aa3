#include "common/store/sqlite/batch.h"

#include <absl/strings/str_cat.h>

#include "common/base/task.h"

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

bool SameValue(const UniqueKey& a, const UniqueKey& b) {
  return a.type == b.type && a.field == b.field && a.value == b.value;
}

// Whether the write set takes the claimed value away from its holder.
bool Releases(const WriteSet& write_set, const UniqueKey& claim, absl::string_view holder) {
  for (const UniqueKey& release : write_set.releases) {
    if (release.id == holder && SameValue(release, claim)) return true;
  }
  return false;
}

// The id for which the write set claims the same value earlier; empty where it does not.
std::string ClaimedEarlier(const WriteSet& write_set, const UniqueKey& claim) {
  for (const UniqueKey& other : write_set.claims) {
    if (&other == &claim) return "";
    if (SameValue(other, claim)) return other.id;
  }
  return "";
}

CommitOutcome Refuse(CommitOutcome::Kind kind, std::string subject, int64_t current = 0) {
  CommitOutcome outcome;
  outcome.kind = kind;
  outcome.subject = std::move(subject);
  outcome.current = current;
  return outcome;
}

}  // namespace

absl::StatusOr<CommitOutcome> SqliteBatch::Remembered(SqliteDatabase& database,
                                                      const Idempotency& idempotency,
                                                      absl::Time forgotten_before) {
  CommitOutcome outcome;
  SqliteStatement statement = database.Prepare(kSelectRequest);
  statement.BindBlob(1, BytesOf(idempotency.key));
  ASSIGN_OR_RETURN(bool found, statement.Step());
  if (!found || statement.Int(1) < absl::ToUnixMicros(forgotten_before)) return outcome;
  if (statement.Text(0) != BytesOf(idempotency.payload)) {
    outcome.kind = CommitOutcome::kRequestIdReused;
  } else {
    outcome.kind = CommitOutcome::kReplayed;
    outcome.replay = std::string(statement.Text(3));
  }
  return outcome;
}

absl::StatusOr<int64_t> SqliteBatch::VersionOf(const contract::ResourceType& type, int64_t tenant,
                                               const std::string& id) {
  SqliteStatement statement = database_.Prepare(sql_[type.number].version.c_str());
  statement.Bind(1, tenant);
  statement.Bind(2, absl::string_view(id));
  ASSIGN_OR_RETURN(bool found, statement.Step());
  return found ? statement.Int(0) : 0;
}

absl::StatusOr<CommitOutcome> SqliteBatch::Decide(const WriteSet& write_set, int64_t tenant) {
  if (write_set.idempotency.has_value()) {
    ASSIGN_OR_RETURN(CommitOutcome remembered, Remembered(database_, *write_set.idempotency,
                                                          write_set.time - request_id_memory_));
    if (remembered.kind != CommitOutcome::kFailed) return remembered;
  }
  for (const Put& put : write_set.puts) {
    ASSIGN_OR_RETURN(int64_t version, VersionOf(*put.type, tenant, put.id));
    if (version == put.expected) continue;
    return Refuse(put.expected == 0 ? CommitOutcome::kExists : CommitOutcome::kConflict,
                  put.type->NameOf(put.id), version);
  }
  for (const Require& require : write_set.requires_) {
    ASSIGN_OR_RETURN(int64_t version, VersionOf(*require.type, tenant, require.id));
    if (version == require.version) continue;
    return Refuse(CommitOutcome::kConflict, require.type->NameOf(require.id), version);
  }
  for (const UniqueKey& claim : write_set.claims) {
    SqliteStatement statement = database_.Prepare(sql_[claim.type->number].HolderOf(claim.field));
    statement.Bind(1, tenant);
    statement.Bind(2, absl::string_view(claim.value));
    ASSIGN_OR_RETURN(bool held, statement.Step());
    std::string holder;
    if (held && !Releases(write_set, claim, statement.Text(0))) {
      holder = std::string(statement.Text(0));
    }
    if (holder.empty()) holder = ClaimedEarlier(write_set, claim);
    if (!holder.empty() && holder != claim.id) {
      CommitOutcome outcome = Refuse(CommitOutcome::kTaken, claim.field);
      outcome.replay = claim.type->NameOf(holder);
      return outcome;
    }
  }
  for (const Guard& guard : write_set.guards) {
    SqliteStatement statement = database_.Prepare(kSelectGuard);
    statement.Bind(1, tenant);
    statement.Bind(2, absl::string_view(guard.name));
    ASSIGN_OR_RETURN(bool found, statement.Step());
    int64_t position = found ? statement.Int(0) : 0;
    if (position != guard.expected) {
      return Refuse(CommitOutcome::kConflict, guard.name, position);
    }
  }
  return Refuse(CommitOutcome::kApplied, "");
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
  ASSIGN_OR_RETURN(CommitOutcome outcome, Decide(write_set, head.no));
  if (outcome.kind != CommitOutcome::kApplied) return outcome;
  int64_t commit_id = head.position + 1;
  for (const Put& put : write_set.puts) {
    int64_t position = ++head.position;
    RETURN_IF_ERROR(WritePut(write_set, head.no, put));
    RETURN_IF_ERROR(WriteChange(write_set, put, SeqOf(head.no, position), commit_id));
    StoredChange change;
    change.position = position;
    change.commit_id = commit_id;
    change.time = write_set.time;
    change.type = put.type;
    change.id = put.id;
    change.version = put.record->version;
    change.kind = put.kind;
    change.actor = write_set.actor;
    change.method = write_set.method;
    change.request_id = write_set.request_id;
    change.record = put.record;
    changes.push_back(std::move(change));
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
