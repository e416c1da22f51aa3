#include "common/store/postgres/committer.h"

#include <absl/strings/str_cat.h>
#include <pthread.h>

#include <algorithm>

#include "common/base/status.h"
#include "common/base/steady_wait.h"
#include "common/base/task.h"

namespace sqm::store {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(20);
constexpr absl::Duration kLongestPause = absl::Seconds(1);

// Every access goes by key: no plan that was made while a table was small may read it whole later.
// Databases that do not know a setting do without.
constexpr const char* kByKey[] = {"SET enable_seqscan TO off", "SET enable_hashjoin TO off",
                                  "SET enable_mergejoin TO off"};

// What is acknowledged is on disk, whatever the role's default is. What waits for standbys stays.
constexpr char kDurable[] =
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'";

absl::Status OutcomeUnknown() {
  return WithRetry(
      Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
           "the database went away during the commit and did not come back: whether the write was "
           "applied is not known; repeat it with the same request_id"),
      absl::Seconds(1));
}

}  // namespace

PgCommitter::PgCommitter(const PgConnectionOptions& connection, PgCommitterOptions options,
                         const PgStatements& sql, CommitQueue& queue, PgListeners& listeners,
                         const Clock& clock, IdSource& ids)
    : connection_options_(connection),
      options_(options),
      sql_(sql),
      queue_(queue),
      listeners_(listeners),
      clock_(clock),
      ids_(ids),
      thread_([this] { Run(); }) {}

void PgCommitter::Stop() {
  queue_.Stop();
  if (thread_.joinable()) thread_.join();
}

void PgCommitter::Run() {
  pthread_setname_np(pthread_self(), "committer");
  while (true) {
    CommitQueue::Work work = queue_.Take(options_.batch_write_sets, options_.batch_bytes);
    if (work.over) return;
    if (!work.batch.empty()) Commit(absl::MakeSpan(work.batch), Deadline());
    queue_.Answer(std::move(work.batch));
    if (work.job) work.job();
  }
}

void PgCommitter::Commit(absl::Span<CommitQueue::Pending> batch, absl::Time deadline) {
  absl::Duration pause = kFirstPause;
  absl::Status status;
  while (true) {
    status = Connect(deadline);
    if (!status.ok()) break;
    PgBatch work(sql_, options_.request_id_memory, ids_.NewUlid(clock_.Now()), clock_.Now());
    bool begun = false;
    status = Attempt(batch, work, &begun);
    const bool lost = !connection_->alive(), again = connection_->MayRunAgain();
    // A server that takes connections and no writes, as a standby does, is away as well.
    away_since_ = lost ? std::min(away_since_, SteadyNow()) : absl::InfiniteFuture();
    if (status.ok()) return;
    connection_->Rollback();
    if (lost && begun) {
      const Fate fate = FateOf(work);
      if (fate == Fate::kCommitted) return Hear(work);
      if (fate == Fate::kUnknown) {
        status = OutcomeUnknown();
        break;
      }
    } else if (!work.locked_out().empty() && SetAside(batch, deadline, work.locked_out(), status)) {
      return;
    } else if (!lost && !again) {
      if (batch.size() == 1) break;
      // One of them cannot be stored: each by itself, so that the others do not suffer.
      for (CommitQueue::Pending& one : batch) Commit(absl::MakeSpan(&one, 1), Deadline());
      return;
    }
    if (SteadyNow() >= deadline || queue_.stopping()) break;
    queue_.Sleep(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
  Refuse(batch, status);
}

void PgCommitter::Refuse(absl::Span<CommitQueue::Pending> batch, const absl::Status& status) {
  for (CommitQueue::Pending& pending : batch) {
    *pending.outcome = CommitOutcome();
    pending.outcome->status = status;
  }
}

bool PgCommitter::SetAside(absl::Span<CommitQueue::Pending> batch, absl::Time deadline,
                           const std::string& tenant, const absl::Status& status) {
  if (SteadyNow() >= deadline) return false;
  const auto own = std::stable_partition(
      batch.begin(), batch.end(),
      [&](const CommitQueue::Pending& one) { return one.write_set->tenant != tenant; });
  const auto others = static_cast<size_t>(own - batch.begin());
  if (others == 0 && !queue_.OthersWait(tenant)) return false;
  Refuse(batch.subspan(others), status);
  if (others > 0) Commit(batch.subspan(0, others), deadline);
  return true;
}

absl::Status PgCommitter::Attempt(absl::Span<CommitQueue::Pending> batch, PgBatch& work,
                                  bool* begun) {
  std::vector<WriteSet*> write_sets;
  for (const CommitQueue::Pending& pending : batch) write_sets.push_back(pending.write_set);
  RETURN_IF_ERROR(work.Read(*connection_, write_sets));
  for (CommitQueue::Pending& pending : batch) *pending.outcome = work.Apply(*pending.write_set);
  *begun = true;
  RETURN_IF_ERROR(work.Write(*connection_));
  Hear(work);
  return absl::OkStatus();
}

void PgCommitter::Hear(PgBatch& work) {
  const absl::Time now = clock_.Now();
  for (auto& [tenant, applied] : work.TakeApplied()) {
    applied.batch->committed = now;
    listeners_.Hear(*connection_, applied.head, applied.batch);
  }
}

PgCommitter::Fate PgCommitter::FateOf(const PgBatch& work) {
  const absl::Time deadline = SteadyNow() + options_.patience;
  while (Connect(deadline).ok()) {
    absl::StatusOr<bool> committed = work.WasCommitted(*connection_);
    if (committed.ok()) return *committed ? Fate::kCommitted : Fate::kNotCommitted;
    if (SteadyNow() >= deadline) break;
    queue_.Sleep(kFirstPause);
  }
  return Fate::kUnknown;
}

absl::Time PgCommitter::Deadline() const {
  return std::min(SteadyNow(), away_since_) + options_.patience;
}

absl::Status PgCommitter::Connect(absl::Time deadline) {
  if (connection_ != nullptr && connection_->alive()) return absl::OkStatus();
  absl::Duration pause = kFirstPause;
  away_since_ = std::min(away_since_, SteadyNow());  // until something was written
  while (true) {
    auto connection = PgConnection::Open(connection_options_);
    if (connection.ok()) {
      connection_ = *std::move(connection);
      for (const char* setting : kByKey) (void)connection_->Execute(setting);
      (void)connection_->Execute(kDurable);
      return absl::OkStatus();
    }
    connection_.reset();
    if (SteadyNow() + pause >= deadline || queue_.stopping()) return connection.status();
    queue_.Sleep(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

}  // namespace sqm::store
