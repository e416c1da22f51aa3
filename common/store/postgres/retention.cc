// What the PostgreSQL store forgets: old changes, old request ids, old commits. Every process may
// do so at any time: each slice holds the tenant's head while it lasts.
#include <absl/cleanup/cleanup.h>

#include <algorithm>

#include "common/store/decide.h"
#include "common/store/postgres/postgres_store.h"

namespace sqm::store {
namespace {

constexpr int kSweepSlices = 64;
// The outcome of a commit is asked for within seconds; an hour bounds the clocks of all processes.
constexpr absl::Duration kCommitMemory = absl::Hours(1);

}  // namespace

absl::StatusOr<std::pair<int64_t, int64_t>> PostgresStore::TrimSlice(SqlSession& session,
                                                                     const std::string& tenant,
                                                                     const TrimBounds& bounds) {
  const SqlParam of = absl::string_view(tenant);
  int64_t head = 0, oldest = 1;
  RETURN_IF_ERROR(session.Run("SELECT head, oldest FROM heads WHERE tenant = ? FOR UPDATE", {of},
                              [&](const SqlRow& row) {
                                head = row.Int(0);
                                oldest = row.Int(1);
                              }));
  // Everything beyond the count goes, and everything beyond the age, up to the first that is not.
  int64_t aged = std::min(head, oldest + kTrimSlice - 1);
  RETURN_IF_ERROR(session.Run(
      "SELECT position FROM changes WHERE tenant = ? AND position >= ? AND position <= ? "
      "AND time >= ? ORDER BY position LIMIT 1",
      {of, oldest, aged, absl::ToUnixMicros(bounds.older_than)},
      [&](const SqlRow& row) { aged = row.Int(0) - 1; }));
  int64_t last = std::max(aged, head - bounds.keep_changes);
  last = std::min({last, bounds.keep_from.value_or(head + 1) - 1, oldest + kTrimSlice - 1});
  // A request id that is still remembered is answered from its change.
  RETURN_IF_ERROR(session.Run(
      "SELECT min(position) FROM changes WHERE tenant = ? AND position >= ? AND position <= ? "
      "AND time >= ? AND request_id <> ''",
      {of, oldest, last, absl::ToUnixMicros(bounds.remembered_since)}, [&](const SqlRow& row) {
        if (!row.IsNull(0)) last = row.Int(0) - 1;
      }));
  if (last < oldest) return std::make_pair(oldest, oldest);
  // Whole commits only: back to where the one that stays begins.
  int64_t next = last + 1;
  RETURN_IF_ERROR(session.Run("SELECT commit_id FROM changes WHERE tenant = ? AND position = ?",
                              {of, next}, [&](const SqlRow& row) { next = row.Int(0); }));
  RETURN_IF_ERROR(
      session.Run("DELETE FROM changes WHERE tenant = ? AND position >= ? AND position < ?",
                  {of, oldest, next}));
  RETURN_IF_ERROR(session.Run("UPDATE heads SET oldest = ? WHERE tenant = ?", {next, of}));
  return std::make_pair(oldest, next);
}

absl::StatusOr<bool> PostgresStore::SweepRequests(SqlSession& session, absl::Time forgotten) {
  const SqlParam tenant = absl::string_view(sweep_from_.first);
  const SqlParam key = Bytes{sweep_from_.second};
  std::pair<std::string, std::string> last;
  int64_t seen = 0;
  RETURN_IF_ERROR(session.Run(
      "SELECT tenant, key FROM requests WHERE (tenant, key) > (?, ?) ORDER BY tenant, key "
      "LIMIT 5000",
      {tenant, key}, [&](const SqlRow& row) {
        ++seen;
        last = {std::string(row.Text(0)), std::string(row.Text(1))};
      }));
  if (seen == 0) {
    sweep_from_ = {};
    return false;
  }
  RETURN_IF_ERROR(session.Run(
      "DELETE FROM requests WHERE (tenant, key) > (?, ?) AND (tenant, key) <= (?, ?) AND time < ?",
      {tenant, key, absl::string_view(last.first), Bytes{last.second},
       absl::ToUnixMicros(forgotten)}));
  sweep_from_ = std::move(last);
  return true;
}

Task<absl::Status> PostgresStore::Trim(absl::Time older_than, int64_t keep_changes,
                                       std::map<std::string, int64_t> keep_from) {
  if (trimming_.exchange(true)) co_return absl::OkStatus();
  const absl::Cleanup over = [this] { trimming_ = false; };
  const absl::Time now = clock_.Now();
  const absl::Time forgotten = now - options_.committer.request_id_memory;
  std::map<std::string, FeedHead> heads = Heads();
  for (const auto& [tenant, head] : heads) {
    // An hour for calls that are on their way with a time of their own.
    TrimBounds bounds{older_than, keep_changes, std::nullopt, forgotten - absl::Hours(1)};
    if (auto kept = keep_from.find(tenant); kept != keep_from.end()) {
      bounds.keep_from = kept->second;
    }
    // Slice by slice, so that writers get in between.
    bool more = true;
    while (more) {
      if (closing_) co_return absl::OkStatus();
      int64_t oldest = 0;
      std::function<absl::Status(PgSession&)> slice =
          [&, &tenant = tenant](PgSession& session) -> absl::Status {
        ASSIGN_OR_RETURN(auto moved, TrimSlice(session, tenant, bounds));
        more = moved.second > moved.first;
        oldest = moved.second;
        return session.Run("DELETE FROM commits WHERE tenant = ? AND time < ?",
                           {absl::string_view(tenant), absl::ToUnixMicros(now - kCommitMemory)});
      };
      Task<absl::Status> trimming = InBackground(std::move(slice));
      absl::Status status = co_await trimming;
      if (!status.ok()) co_return status;
      listeners_.MoveOldest(tenant, oldest);
    }
  }
  // Request ids by key, so that no index on their time is needed; a bounded number a call, the next
  // one goes on from there.
  bool more = true;
  for (int i = 0; more && i < kSweepSlices && !closing_; ++i) {
    std::function<absl::Status(PgSession&)> slice = [&](PgSession& session) -> absl::Status {
      ASSIGN_OR_RETURN(more, SweepRequests(session, forgotten));
      return absl::OkStatus();
    };
    Task<absl::Status> sweeping = InBackground(std::move(slice));
    absl::Status status = co_await sweeping;
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

}  // namespace sqm::store
