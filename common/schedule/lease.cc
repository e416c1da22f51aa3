#include "common/schedule/lease.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <chrono>
#include <utility>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/observe/log.h"
#include "common/store/prepare.h"

namespace sqm::schedule {

using store::CommitOutcome;
using store::SqlParam;
using store::SqlRow;
using store::SqlSession;

namespace {

constexpr store::SchemaPart kTable[] = {
    {"job_leases",
     "CREATE TABLE IF NOT EXISTS job_leases (job TEXT NOT NULL, holder TEXT NOT NULL,"
     " term BIGINT NOT NULL, beat BIGINT NOT NULL, free BIGINT NOT NULL, PRIMARY KEY (job))"}};
constexpr char kRead[] = "SELECT holder, term, beat, free FROM job_leases WHERE job = ?";
constexpr char kFirst[] =
    "INSERT INTO job_leases (job, holder, term, beat, free) VALUES (?, ?, 1, 0, 0)"
    " ON CONFLICT (job) DO NOTHING";
// Each names what it was decided on, so that of two that decide at once only one changes the row.
constexpr char kRenew[] =
    "UPDATE job_leases SET beat = beat + 1 WHERE job = ? AND holder = ? AND term = ? AND free = 0";
constexpr char kTake[] =
    "UPDATE job_leases SET holder = ?, term = term + 1, beat = 0, free = 0"
    " WHERE job = ? AND term = ? AND beat = ? AND free = ?";
constexpr char kRelease[] =
    "UPDATE job_leases SET free = 1 WHERE job = ? AND holder = ? AND term = ?";

}  // namespace

absl::Status PrepareLeases(store::Store& store) { return Await(store::Prepare(store, kTable)); }

Lease::Lease(const LeaseParts& parts, std::string job)
    : parts_(parts),
      job_(std::move(job)),
      type_(parts.registry->FindType(v1::JobTerm::descriptor())) {}

bool Lease::Held() const {
  const absl::Time now = parts_.clock->Now();
  absl::MutexLock lock(&mutex_);
  return term_ > 0 && now < until_;
}

void Lease::Won(int64_t term, absl::Time began) {
  absl::MutexLock lock(&mutex_);
  if (term != term_) fences_.clear();
  if (term != last_won_) ++terms_taken_;
  last_won_ = term_ = term;
  until_ = HeldUntil(parts_.times, began);
}

void Lease::Lost() {
  absl::MutexLock lock(&mutex_);
  term_ = 0;
  fences_.clear();
}

absl::Status Lease::NotHeld() const {
  return WithRetry(Fail(absl::StatusCode::kAborted, type::v1::ERROR_REASON_CONFLICT,
                        absl::StrCat("another process works on ", job_)),
                   parts_.times.lease);
}

void Lease::Forget(const std::string& tenant) {
  absl::MutexLock lock(&mutex_);
  fences_.erase(tenant);
}

// ---- The lease -------------------------------------------------------------------------------

absl::Status Lease::BeatIn(SqlSession& session, absl::Time now) {
  const SqlParam job = absl::string_view(job_), self = absl::string_view(parts_.holder);
  std::optional<LeaseRow> row;
  RETURN_IF_ERROR(session.Run(kRead, {job}, [&](const SqlRow& found) {
    row = LeaseRow{std::string(found.Text(0)), found.Int(1), found.Int(2), found.Int(3) != 0};
  }));
  if (!row) {
    RETURN_IF_ERROR(session.Run(kFirst, {job, self}));
    if (session.Changes() == 1) Won(1, now);
    return absl::OkStatus();
  }
  if (row->holder == parts_.holder && !row->free) {
    RETURN_IF_ERROR(session.Run(kRenew, {job, self, row->term}));
    if (session.Changes() == 1) {
      Won(row->term, now);
    } else {
      Lost();
    }
    return absl::OkStatus();
  }
  Lost();
  bool takes = false;
  {
    absl::MutexLock lock(&mutex_);
    // The first sighting of a sole process is that of somebody who is gone.
    takes = parts_.sole && !sighting_;
    sighting_ = Seen(sighting_, *row, now);
    takes = takes || MayTake(*row, *sighting_, parts_.times, now);
  }
  if (!takes) return absl::OkStatus();
  RETURN_IF_ERROR(
      session.Run(kTake, {self, job, row->term, row->beat, int64_t{row->free ? 1 : 0}}));
  if (session.Changes() == 1) Won(row->term + 1, now);
  return absl::OkStatus();
}

Task<absl::Status> Lease::Beat() {
  // Before the transaction: what it takes counts against the holder, not for it.
  const absl::Time began = parts_.clock->Now();
  std::function<absl::Status(SqlSession&)> work = [this, began](SqlSession& session) {
    return BeatIn(session, began);
  };
  Task<absl::Status> writing = parts_.store->Note(std::move(work));
  absl::Status status = co_await writing;
  // Whether it was written is not known: until the next beat it is not relied on.
  if (!status.ok()) Lost();
  co_return status;
}

Task<absl::Status> Lease::Release() {
  int64_t term = 0;
  {
    absl::MutexLock lock(&mutex_);
    term = std::exchange(term_, 0);
    fences_.clear();
  }
  if (term == 0) co_return absl::OkStatus();
  std::function<absl::Status(SqlSession&)> work = [this, term](SqlSession& session) {
    return session.Run(kRelease, {absl::string_view(job_), absl::string_view(parts_.holder), term});
  };
  Task<absl::Status> writing = parts_.store->Note(std::move(work));
  absl::Status status = co_await writing;
  co_return status;
}

// ---- The fence -------------------------------------------------------------------------------

Task<absl::StatusOr<v1::JobTerm>> Lease::Fence(std::string tenant) {
  const absl::Time now = parts_.clock->Now();
  int64_t term = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (now < until_) term = term_;
    auto known = fences_.find(tenant);
    if (term > 0 && known != fences_.end()) co_return known->second;
  }
  if (term == 0) co_return NotHeld();
  Task<absl::StatusOr<store::RecordPtr>> reading = parts_.store->Read(*type_, tenant, job_);
  absl::StatusOr<store::RecordPtr> record = co_await reading;
  if (!record.ok()) co_return record.status();
  absl::StatusOr<v1::JobTerm> fence = NotHeld();
  const auto* found =
      *record == nullptr ? nullptr : static_cast<const v1::JobTerm*>((*record)->message.get());
  if (found != nullptr && found->term() > term) {
    Lost();
  } else if (found != nullptr && found->term() == term && found->holder() == parts_.holder) {
    fence = *found;
  } else {
    Task<absl::StatusOr<v1::JobTerm>> writing = WriteFence(tenant, term, *std::move(record));
    fence = co_await writing;
  }
  if (!fence.ok()) co_return fence.status();
  absl::MutexLock lock(&mutex_);
  if (term_ == term) fences_[tenant] = *fence;
  co_return fence;
}

Task<absl::StatusOr<v1::JobTerm>> Lease::WriteFence(std::string tenant, int64_t term,
                                                    store::RecordPtr before) {
  const absl::Time now = parts_.clock->Now();
  const int64_t version = before == nullptr ? 0 : before->version;
  auto fence = std::make_shared<v1::JobTerm>();
  if (before != nullptr) fence->CopyFrom(*before->message);
  fence->set_name(type_->NameOf(job_));
  fence->set_holder(parts_.holder);
  fence->set_term(term);
  *fence->mutable_update_time() = ToTimestamp(now);
  if (!fence->has_create_time()) *fence->mutable_create_time() = ToTimestamp(now);
  fence->set_etag(absl::StrCat("\"", version + 1, "\""));
  auto record = std::make_shared<store::Record>();
  record->version = version + 1;
  record->body = fence->SerializeAsString();
  record->message = fence;
  store::Put put;
  put.type = type_;
  put.id = job_;
  put.expected = version;
  put.kind = version == 0 ? store::ChangeKind::kCreated : store::ChangeKind::kUpdated;
  put.record = std::move(record);
  store::WriteSet write_set;
  write_set.tenant = std::move(tenant);
  write_set.actor = parts_.holder;
  write_set.method = job_;
  write_set.time = now;
  write_set.puts.push_back(std::move(put));
  Task<CommitOutcome> committing = parts_.store->Commit(std::move(write_set));
  CommitOutcome outcome = co_await committing;
  if (outcome.kind == CommitOutcome::kApplied) co_return *fence;
  if (outcome.kind == CommitOutcome::kFailed) co_return outcome.status;
  co_return NotHeld();
}

// ---- All leases of a store -------------------------------------------------------------------

Lease& Leases::Add(std::string job) {
  leases_.push_back(std::make_unique<Lease>(parts_, std::move(job)));
  return *leases_.back();
}

absl::Status Leases::Start() {
  if (leases_.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(PrepareLeases(*parts_.store));
  Await(BeatAll());
  started_ = true;
  sqm::Start(Run(), [this] { stopped_.Notify(); });
  return absl::OkStatus();
}

Task<void> Leases::BeatAll() {
  absl::Status first;
  for (const auto& lease : leases_) {
    Task<absl::Status> beating = lease->Beat();
    absl::Status status = co_await beating;
    first.Update(status);
  }
  trouble_.Note(first);
}

Task<void> Leases::Run() {
  while (!stopping_) {
    const auto began = std::chrono::steady_clock::now();
    co_await timer_.Sleep(parts_.times.beat);
    co_await executor_.Hop();
    // A timer that is stopped wakes its sleepers at once: the process is about to end.
    const auto slept = absl::FromChrono(std::chrono::steady_clock::now() - began);
    if (stopping_ || slept < parts_.times.beat / 2) break;
    Task<void> beating = BeatAll();
    co_await beating;
  }
  for (const auto& lease : leases_) {
    Task<absl::Status> releasing = lease->Release();
    absl::Status status = co_await releasing;
    if (status.ok()) continue;
    observe::Log(observe::Level::kWarning, "a lease could not be given back; it will run out",
                 {{"job", lease->job()}, {"error", std::string(status.message())}});
  }
}

void Leases::Stop() {
  if (!started_) return;
  started_ = false;
  stopping_ = true;
  stopped_.WaitForNotification();
}

}  // namespace sqm::schedule
