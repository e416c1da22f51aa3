#include "common/store/postgres/changes.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/status.h"
#include "common/base/task.h"
#include "common/store/rows.h"

namespace sqm::store {
namespace {

// Rows and bytes of one round trip at most (one row may exceed the bytes).
constexpr int64_t kPageRows = 2000;
constexpr int64_t kPageBytes = 8 << 20;
// Changes that listeners are made to catch up with; beyond it, forgetting is cheaper.
constexpr int64_t kMaxCatchUp = 20000;

StoredChange ChangeOfRow(const PgResult& rows, int row, const contract::Registry& registry) {
  StoredChange change;
  change.position = rows.Int(row, 0);
  change.commit_id = rows.Int(row, 1);
  change.time = absl::FromUnixMicros(rows.Int(row, 2));
  change.type = registry.FindType(rows.Text(row, 3));
  change.id = std::string(rows.Text(row, 4));
  change.version = rows.Int(row, 5);
  change.kind = static_cast<ChangeKind>(rows.Int(row, 6));
  change.actor = std::string(rows.Text(row, 7));
  change.method = std::string(rows.Text(row, 8));
  change.request_id = std::string(rows.Text(row, 9));
  auto record = std::make_shared<Record>();
  record->version = change.version;
  record->deleted = change.kind == ChangeKind::kDeleted;
  record->body = std::string(rows.Text(row, 10));
  change.record = std::move(record);
  return change;
}

// Gives the records their messages, which listeners keep.
absl::Status ParseAll(std::vector<StoredChange>& changes) {
  for (StoredChange& change : changes) {
    if (change.type == nullptr) continue;
    auto record = std::make_shared<Record>(*change.record);
    RETURN_IF_ERROR(ParseBody(*change.type, *record));
    change.record = std::move(record);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<StoredChange>> ReadChangesAfter(PgConnection& connection,
                                                           const PgStatements& sql,
                                                           const contract::Registry& registry,
                                                           const std::string& tenant, int64_t after,
                                                           int64_t max_changes, int64_t max_bytes) {
  std::vector<StoredChange> changes;
  int64_t bytes = 0;
  while (true) {
    const int64_t from = changes.empty() ? after : changes.back().position;
    // At least one row beyond a full answer, to see whether its last commit is whole.
    const int64_t rows =
        std::clamp<int64_t>(max_changes - static_cast<int64_t>(changes.size()) + 1, 100, kPageRows);
    std::vector<PgCall> calls = {
        {&sql.changes, PgParams().Text(tenant).Int(from).Int(rows).Int(kPageBytes)},
        {&sql.oldest, PgParams().Text(tenant)}};
    ASSIGN_OR_RETURN(std::vector<PgResult> results, connection.Run(calls));
    // Read after the page: as long as it has not passed, no trim had cut into the page.
    const int64_t oldest = results[1].rows() == 0 ? 1 : results[1].Int(0, 0);
    if (from + 1 < oldest) {
      return Fail(absl::StatusCode::kOutOfRange, type::v1::ERROR_REASON_HISTORY_LOST,
                  absl::StrCat("changes before position ", oldest, " are no longer kept"),
                  {{"oldest", absl::StrCat(oldest)}});
    }
    const PgResult& page = results[0];
    for (int row = 0; row < page.rows(); ++row) {
      const bool full = static_cast<int64_t>(changes.size()) >= max_changes || bytes >= max_bytes;
      if (full && !changes.empty() && page.Int(row, 1) != changes.back().commit_id) return changes;
      changes.push_back(ChangeOfRow(page, row, registry));
      bytes += static_cast<int64_t>(changes.back().record->body.size());
    }
    if (page.rows() == 0) return changes;
  }
}

void PgListeners::OnCommit(std::function<void(const CommittedBatchPtr&)> listener) {
  absl::MutexLock lock(&hearing_);
  listeners_.push_back(std::move(listener));
}

void PgListeners::OnGap(Store::GapListener listener) {
  absl::MutexLock lock(&hearing_);
  gap_listeners_.push_back(std::move(listener));
}

void PgListeners::Begin(const std::string& tenant, FeedHead head) {
  absl::MutexLock lock(&heads_mutex_);
  heads_[tenant] = head;
}

void PgListeners::MoveHead(const std::string& tenant, int64_t head) {
  absl::MutexLock lock(&heads_mutex_);
  MoveHeadLocked(tenant, head);
}

void PgListeners::MoveHeadLocked(const std::string& tenant, int64_t head) {
  FeedHead& known = heads_[tenant];
  known.head = std::max(known.head, head);
}

void PgListeners::MoveOldest(const std::string& tenant, int64_t oldest) {
  absl::MutexLock lock(&heads_mutex_);
  FeedHead& known = heads_[tenant];
  known.oldest = std::max(known.oldest, oldest);
}

void PgListeners::Tell(const CommittedBatchPtr& batch) {
  absl::MutexLock lock(&heads_mutex_);
  MoveHeadLocked(batch->tenant, batch->changes.back().position);
  for (const auto& listener : listeners_) listener(batch);
}

void PgListeners::TellGap(const std::string& tenant, int64_t head) {
  absl::MutexLock lock(&heads_mutex_);
  MoveHeadLocked(tenant, head);
  for (const auto& listener : gap_listeners_) listener(tenant, head);
}

void PgListeners::TellUnheard(const CommittedBatchPtr& batch) {
  const int64_t before = batch->changes.front().position - 1;
  const int64_t heard = Head(batch->tenant).head;
  if (heard == before) return Tell(batch);
  if (heard >= batch->changes.back().position) return;
  auto rest = std::make_shared<CommittedBatch>();
  rest->tenant = batch->tenant;
  rest->committed = batch->committed;
  rest->changes.assign(batch->changes.begin() + (heard - before), batch->changes.end());
  Tell(rest);
}

absl::Status PgListeners::ReadUpTo(PgConnection& connection, const std::string& tenant,
                                   int64_t head) {
  while (true) {
    const int64_t heard = Head(tenant).head;
    if (heard >= head) return absl::OkStatus();
    bool gap = head - heard > kMaxCatchUp;
    auto batch = std::make_shared<CommittedBatch>();
    batch->tenant = tenant;
    if (!gap) {
      auto changes =
          ReadChangesAfter(connection, sql_, registry_, tenant, heard, kPageRows, kPageBytes);
      if (!connection.alive()) return changes.status();
      if (!changes.ok() && ReasonOf(changes.status()) != type::v1::ERROR_REASON_HISTORY_LOST) {
        return changes.status();
      }
      gap = !changes.ok() || changes->empty() || !ParseAll(*changes).ok();
      if (!gap) batch->changes.swap(*changes);
    }
    absl::MutexLock lock(&hearing_);
    if (!gap) {
      TellUnheard(batch);
    } else if (Head(tenant).head == heard) {
      TellGap(tenant, head);
    }
  }
}

absl::Status PgListeners::CatchUp(PgConnection& connection, const std::string& tenant,
                                  const FeedHead& head) {
  RETURN_IF_ERROR(ReadUpTo(connection, tenant, head.head));
  MoveHead(tenant, head.head);
  MoveOldest(tenant, head.oldest);
  return absl::OkStatus();
}

absl::Status PgListeners::Reach(PgConnection& connection, const std::string& tenant) {
  ASSIGN_OR_RETURN(PgResult seen, connection.Run(sql_.head, PgParams().Text(tenant)));
  if (seen.rows() == 0) return absl::OkStatus();
  return Reach(connection, tenant, FeedHead{seen.Int(0, 0), seen.Int(0, 1)});
}

absl::Status PgListeners::Reach(PgConnection& connection, const std::string& tenant,
                                const FeedHead& seen) {
  if (seen.head <= Head(tenant).head) return absl::OkStatus();
  return CatchUp(connection, tenant, seen);
}

void PgListeners::Hear(PgConnection& connection, const FeedHead& head,
                       const CommittedBatchPtr& batch) {
  const int64_t before = batch->changes.empty() ? head.head : batch->changes.front().position - 1;
  const bool read = ReadUpTo(connection, batch->tenant, before).ok();
  absl::MutexLock lock(&hearing_);
  if (!read && Head(batch->tenant).head < before) TellGap(batch->tenant, before);
  // Catching up may have read on, and the tail may have been quicker.
  if (!batch->changes.empty()) TellUnheard(batch);
  MoveHead(batch->tenant, head.head);
  MoveOldest(batch->tenant, head.oldest);
}

std::map<std::string, FeedHead> PgListeners::Heads() const {
  std::map<std::string, FeedHead> heads;
  absl::MutexLock lock(&heads_mutex_);
  for (const auto& [tenant, head] : heads_) heads.emplace(tenant, head);
  return heads;
}

FeedHead PgListeners::Head(absl::string_view tenant) const {
  absl::MutexLock lock(&heads_mutex_);
  auto it = heads_.find(tenant);
  return it == heads_.end() ? FeedHead{} : it->second;
}

}  // namespace sqm::store
