// How the PostgreSQL store reads: records, lists, unique values, changes.
#include "common/base/status.h"
#include "common/store/postgres/postgres_store.h"
#include "common/store/rows.h"

namespace sqm::store {
namespace {

PgParams TenantAnd(absl::string_view tenant, Oid element, absl::string_view key) {
  PgArray keys(element);
  keys.Bytes(key);
  PgParams params;
  params.Text(tenant).Array(keys.Take());
  return params;
}

// Appends the rows of one range of the query, in order. `limit`: what bounds the time for it; may
// be null.
absl::Status ListRange(PgConnection& connection, PgView& view, const ListQuery& query,
                       const query::OrderBy& order, const query::SqlText& range,
                       const PgCall* limit, ListedRows& list) {
  // What holds a text to one value finds the rows by that.
  const bool whole = query.filter != nullptr && query::HoldsText(*query.filter);
  const ListStatement wanted =
      StatementOf(query, order, PartsOf(query, whole), range, query.tenant, list.Left());
  PgStatement statement{NumberPlaceholders(wanted.sql), {}, false};
  PgParams params;
  for (const query::Value& value : wanted.parameters) {
    statement.types.push_back(std::holds_alternative<int64_t>(value)  ? pg::kInt
                              : std::holds_alternative<double>(value) ? pg::kDouble
                                                                      : pg::kText);
    params.Column(value);
  }
  std::vector<PgCall> calls;
  if (limit != nullptr) calls.push_back(*limit);
  calls.push_back({&statement, std::move(params)});
  ASSIGN_OR_RETURN(std::vector<PgResult> results, view.Run(connection, std::move(calls)));
  const PgResult& result = results.back();
  for (int row = 0; row < result.rows(); ++row) {
    RETURN_IF_ERROR(list.Add(result.Text(row, 0), result.Int(row, 1), result.Int(row, 2) != 0,
                             result.Text(row, 3)));
  }
  return absl::OkStatus();
}

}  // namespace

Task<absl::StatusOr<RecordPtr>> PostgresStore::Read(const contract::ResourceType& type,
                                                    std::string tenant, std::string id) {
  RecordPtr found;
  ViewWork work = [&](PgSession& session, PgView& view) -> absl::Status {
    ASSIGN_OR_RETURN(std::vector<PgResult> results,
                     view.Run(session.connection(),
                              {{&sql_.types[type.number].read, PgParams().Text(tenant).Text(id)}}));
    const PgResult& result = results[0];
    if (result.rows() == 0) {
      return view.on_standby() ? absl::NotFoundError("not on the standby") : absl::OkStatus();
    }
    auto record = std::make_shared<Record>();
    record->version = result.Int(0, 0);
    record->deleted = result.Int(0, 1) != 0;
    record->body = std::string(result.Text(0, 2));
    RETURN_IF_ERROR(ParseBody(type, *record));
    found = std::move(record);
    return absl::OkStatus();
  };
  Task<absl::Status> reading = OnAnyServer(tenant, true, std::move(work));
  absl::Status status = co_await reading;
  if (!status.ok()) co_return status;
  co_return std::move(found);
}

Task<absl::StatusOr<std::vector<Listed>>> PostgresStore::List(ListQuery query) {
  static const query::OrderBy kById;
  const query::OrderBy& order = query.order == nullptr ? kById : *query.order;
  // Each range is served by one run over an index; together they are all rows after the last one.
  std::vector<query::SqlText> ranges(1);
  if (query.after.has_value()) {
    CO_ASSIGN_OR_RETURN(ranges, query::RangesAfter(order, *query.after));
  }
  std::vector<Listed> rows;
  const PgCall short_list{
      &sql_.set_timeout,
      PgParams().Text(absl::StrCat(absl::ToInt64Milliseconds(options_.short_list)))};
  const PgCall* limit = &short_list;
  bool is_long = false;
  auto read = [&](PgSession& session, PgView& view) -> absl::Status {
    if (query.abandoned && query.abandoned()) return Abandoned();
    // Another server would take as long.
    if (limit != nullptr && is_long) return absl::CancelledError("it goes on aside");
    ListedRows list(query);
    for (const query::SqlText& range : ranges) {
      if (list.Left() <= 0) break;
      absl::Status status = ListRange(session.connection(), view, query, order, range, limit, list);
      // That a list is long speaks against no standby.
      if (session.connection().TimedOut() && (limit != nullptr || view.on_standby())) {
        is_long = true;
        return absl::CancelledError("it goes on aside, or on the primary");
      }
      RETURN_IF_ERROR(status);
    }
    rows = std::move(list.rows);
    return absl::OkStatus();
  };
  ViewWork work = read;
  if (ranges.size() > 1) {
    work = [&read](PgSession& session, PgView& view) {
      return session.connection().Transaction(kBeginSnapshot, [&] { return read(session, view); });
    };
  }
  Task<absl::Status> reading = OnAnyServer(query.tenant, query.may_lag, work);
  absl::Status status = co_await reading;
  if (is_long) {
    if (query.goes_aside) query.goes_aside();
    limit = nullptr;
    std::function<absl::Status()> again = [&] {
      return OnAnyServerNow(query.tenant, query.may_lag, work);
    };
    Task<absl::Status> running = long_lists_.Run(std::move(again));
    status = co_await running;
    co_await readers_.Hop();
  }
  if (!status.ok()) co_return status;
  co_return std::move(rows);
}

Task<absl::StatusOr<std::string>> PostgresStore::FindUnique(const contract::ResourceType& type,
                                                            std::string tenant, std::string field,
                                                            std::string value) {
  std::string id;
  std::function<absl::Status(PgSession&)> work = [&](PgSession& session) -> absl::Status {
    ASSIGN_OR_RETURN(PgResult result,
                     session.connection().Run(sql_.types[type.number].HoldersOf(field),
                                              TenantAnd(tenant, pg::kText, value)));
    id = result.rows() == 0 ? "" : std::string(result.Text(0, 0));
    return absl::OkStatus();
  };
  Task<absl::Status> reading = OnReader(std::move(work));
  absl::Status status = co_await reading;
  if (!status.ok()) co_return status;
  co_return id;
}

Task<absl::StatusOr<int64_t>> PostgresStore::ReadGuard(std::string tenant, std::string name) {
  int64_t position = 0;
  std::function<absl::Status(PgSession&)> work = [&](PgSession& session) -> absl::Status {
    ASSIGN_OR_RETURN(PgResult result,
                     session.connection().Run(sql_.guards, TenantAnd(tenant, pg::kText, name)));
    position = result.rows() == 0 ? 0 : result.Int(0, 1);
    return absl::OkStatus();
  };
  Task<absl::Status> reading = OnReader(std::move(work));
  absl::Status status = co_await reading;
  if (!status.ok()) co_return status;
  co_return position;
}

Task<CommitOutcome> PostgresStore::FindReplay(std::string tenant, Idempotency idempotency) {
  CommitOutcome outcome;
  const absl::Time forgotten = clock_.Now() - options_.committer.request_id_memory;
  std::function<absl::Status(PgSession&)> work = [&](PgSession& session) -> absl::Status {
    ASSIGN_OR_RETURN(PgResult result,
                     session.connection().Run(
                         sql_.requests, TenantAnd(tenant, pg::kBytes, BytesOf(idempotency.key))));
    if (result.rows() == 0) return absl::OkStatus();
    outcome = Recall(idempotency, result.Text(0, 1), absl::FromUnixMicros(result.Int(0, 2)),
                     result.Text(0, 3), forgotten);
    return listeners_.Reach(session.connection(), tenant);
  };
  Task<absl::Status> reading = OnReader(std::move(work));
  absl::Status status = co_await reading;
  if (!status.ok()) {
    // Nor is it a replay whose position this process has not heard of.
    outcome = CommitOutcome();
    outcome.status = status;
  }
  if (outcome.kind == CommitOutcome::kFailed && outcome.status.ok()) {
    outcome.status = absl::NotFoundError("not seen before");
  }
  co_return outcome;
}

Task<absl::StatusOr<std::vector<StoredChange>>> PostgresStore::ReadChanges(std::string tenant,
                                                                           int64_t after,
                                                                           int max_changes,
                                                                           int max_bytes) {
  std::vector<StoredChange> changes;
  std::function<absl::Status(PgSession&)> work = [&](PgSession& session) -> absl::Status {
    ASSIGN_OR_RETURN(changes, ReadChangesAfter(session.connection(), sql_, registry_, tenant, after,
                                               max_changes, max_bytes));
    return absl::OkStatus();
  };
  Task<absl::Status> reading = OnReader(std::move(work));
  absl::Status status = co_await reading;
  if (!status.ok()) co_return status;
  co_return std::move(changes);
}

}  // namespace sqm::store
