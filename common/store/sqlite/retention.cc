// What the SQLite store forgets: old changes and old request ids.
#include <absl/cleanup/cleanup.h>

#include "common/store/decide.h"
#include "common/store/sqlite/batch.h"
#include "common/store/sqlite/sqlite_store.h"

namespace sqm::store {

absl::StatusOr<int64_t> SqliteStore::TrimSlice(SqliteDatabase& database, const Tenant& tenant,
                                               const TrimBounds& bounds) {
  const int64_t no = tenant.no, oldest = tenant.feed.oldest;
  // Everything beyond the count goes, and everything beyond the age, up to the first that is not; a
  // slice of it at a time, for which no more is read than what goes.
  int64_t aged = std::min(tenant.feed.head, oldest + kTrimSlice - 1);
  RETURN_IF_ERROR(database.Run(
      "SELECT seq FROM changes WHERE seq >= ? AND seq <= ? AND time >= ? ORDER BY seq LIMIT 1",
      {SqlParam(SeqOf(no, oldest)), SqlParam(SeqOf(no, aged)),
       SqlParam(absl::ToUnixMicros(bounds.older_than))},
      [&](const SqlRow& row) { aged = PositionOf(row.Int(0)) - 1; }));
  int64_t last = std::max(aged, tenant.feed.head - bounds.keep_changes);
  last = std::min({last, bounds.keep_from - 1, oldest + kTrimSlice - 1});
  // A request id that is still remembered is answered from its change.
  RETURN_IF_ERROR(database.Run(
      "SELECT seq FROM changes WHERE seq >= ? AND seq <= ? AND time >= ? AND request_id <> '' "
      "ORDER BY seq LIMIT 1",
      {SqlParam(SeqOf(no, oldest)), SqlParam(SeqOf(no, last)),
       SqlParam(absl::ToUnixMicros(bounds.remembered_since))},
      [&](const SqlRow& row) { last = PositionOf(row.Int(0)) - 1; }));
  if (last < oldest) return oldest;
  // Whole commits only: back to where the one that stays begins.
  int64_t next = last + 1;
  RETURN_IF_ERROR(database.Run("SELECT commit_id FROM changes WHERE seq = ?",
                               {SqlParam(SeqOf(no, next))},
                               [&](const SqlRow& row) { next = row.Int(0); }));
  RETURN_IF_ERROR(database.Run("DELETE FROM changes WHERE seq >= ? AND seq < ?",
                               {SqlParam(SeqOf(no, oldest)), SqlParam(SeqOf(no, next))}));
  RETURN_IF_ERROR(
      database.Run("UPDATE tenants SET oldest=? WHERE no=?", {SqlParam(next), SqlParam(no)}));
  return next;
}

absl::StatusOr<bool> SqliteStore::SweepRequests(SqliteDatabase& database, absl::Time forgotten) {
  Hash128 last{};
  int64_t seen = 0;
  RETURN_IF_ERROR(database.Run(
      "SELECT max(key), count(*) FROM (SELECT key FROM requests WHERE key > ? ORDER BY key "
      "LIMIT 5000)",
      {SqlParam(Bytes{BytesOf(sweep_from_)})}, [&](const SqlRow& row) {
        seen = row.Int(1);
        if (row.Text(0).size() == last.size()) {
          std::copy(row.Text(0).begin(), row.Text(0).end(), last.begin());
        }
      }));
  if (seen == 0) {
    sweep_from_ = Hash128{};
    return false;
  }
  RETURN_IF_ERROR(
      database.Run("DELETE FROM requests WHERE key > ? AND key <= ? AND time < ?",
                   {SqlParam(Bytes{BytesOf(sweep_from_)}), SqlParam(Bytes{BytesOf(last)}),
                    SqlParam(absl::ToUnixMicros(forgotten))}));
  sweep_from_ = last;
  return true;
}

Task<absl::Status> SqliteStore::Trim(absl::Time older_than, int64_t keep_changes,
                                     std::map<std::string, int64_t> keep_from) {
  if (trimming_.exchange(true)) co_return absl::OkStatus();
  const absl::Cleanup over = [this] { trimming_ = false; };
  absl::Time forgotten = clock_.Now() - options_.request_id_memory;
  std::map<std::string, FeedHead> heads = Heads();
  for (const auto& [name, head] : heads) {
    auto kept = keep_from.find(name);
    // An hour for calls that are on their way with a time of their own.
    TrimBounds bounds{older_than, keep_changes,
                      kept == keep_from.end() ? head.head + 1 : kept->second,
                      forgotten - absl::Hours(1)};
    // Slice by slice, so that writers get in between.
    bool more = true;
    while (more) {
      std::function<absl::Status(SqliteDatabase&)> job =
          [this, &name = name, &bounds, &more](SqliteDatabase& database) -> absl::Status {
        Tenant& tenant = tenants_.find(name)->second;
        int64_t next = 0;
        RETURN_IF_ERROR(database.Transaction([&]() -> absl::Status {
          ASSIGN_OR_RETURN(next, TrimSlice(database, tenant, bounds));
          return absl::OkStatus();
        }));
        more = next > tenant.feed.oldest;
        tenant.feed.oldest = next;
        absl::MutexLock lock(&known_mutex_);
        known_[name].feed.oldest = next;
        return absl::OkStatus();
      };
      absl::Status status = co_await OnWriter(std::move(job));
      if (!status.ok()) co_return status;
    }
  }
  // Request ids by key, so that no index on their time is needed; a bounded number a call, the next
  // one goes on from there.
  bool more = true;
  for (int slice = 0; more && slice < 64; ++slice) {
    std::function<absl::Status(SqliteDatabase&)> job =
        [this, forgotten, &more](SqliteDatabase& database) -> absl::Status {
      ASSIGN_OR_RETURN(more, SweepRequests(database, forgotten));
      return absl::OkStatus();
    };
    absl::Status status = co_await OnWriter(std::move(job));
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

}  // namespace sqm::store
