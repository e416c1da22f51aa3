#include <algorithm>
#include <utility>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/feed/consumer_state.h"
#include "common/feed/methods.h"
#include "common/feed/resume_token.h"
#include "common/observe/log.h"

namespace sqm::feed {
namespace {

// The token can no longer be followed, whatever the reason: the sink begins anew.
bool IsLost(const absl::Status& status) {
  Reason reason = ReasonOf(status);
  return reason == type::v1::ERROR_REASON_HISTORY_LOST ||
         reason == type::v1::ERROR_REASON_INVALID_RESUME_TOKEN;
}

}  // namespace

Task<void> Consumer::State::Follow(std::shared_ptr<State> self, Follower* follower) {
  absl::Duration backoff = self->options_.least_backoff;
  while (!self->stopping()) {
    if (!self->options_.follows()) {
      follower->lost = false;  // whoever follows now sees to it
      co_await self->Pause(self->options_.discover_period);
      continue;
    }
    follower->moved = false;
    follower->gave_way = false;
    bool taken = co_await self->turns_.Take();
    if (!taken) co_return;
    absl::Status status = co_await self->Session(follower);
    self->turns_.Give();
    if (follower->gave_way) {
      status = co_await self->Rest(follower);
      if (status.ok()) continue;
    }
    if (self->stopping()) co_return;
    if (IsLost(status)) follower->lost = true;
    // A server that stops, a connection that has reached its age, a token that has expired in the
    // middle: nothing to warn of.
    bool expected = status.ok() || status.code() == absl::StatusCode::kUnavailable ||
                    (follower->moved && status.code() == absl::StatusCode::kUnauthenticated);
    observe::Log(expected ? observe::Level::kDebug : observe::Level::kWarning, "feed interrupted",
                 {{"source", self->options_.source},
                  {"tenant", follower->tenant},
                  {"error", std::string(status.message())}});
    backoff = follower->moved ? self->options_.least_backoff
                              : std::min(backoff * 2, self->options_.most_backoff);
    double part = 0.5 + 0.5 * static_cast<double>(self->ids_.Random() % 1024) / 1024;
    co_await self->Pause(backoff * part);
  }
}

Task<absl::StatusOr<v1::WatchChangesRequest>> Consumer::State::NewRequest(Follower* follower) {
  v1::WatchChangesRequest request;
  request.set_service(options_.source);
  for (const std::string& type : options_.resource_types) request.add_resource_types(type);
  request.mutable_gather_duration()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(options_.gather)));
  auto position = co_await sink_.Load(follower->tenant);
  if (!position.ok()) co_return position.status();
  bool known = position->has_value() && !(*position)->token.empty();
  if (known && !follower->lost) {
    request.set_resume_token((*position)->token);
    co_return request;
  }
  if (position->has_value()) {
    absl::Status reset = co_await sink_.Reset(follower->tenant);
    if (!reset.ok()) co_return reset;
    ++resets_;
  }
  absl::MutexLock lock(&mutex_);
  follower->progress.applied = 0;
  follower->progress.as_of = absl::InfinitePast();
  if (!position->has_value() && follower->oldest == 1 && !follower->lost) {
    // All history is kept: the first time from its beginning. By token rather than from_oldest, so
    // that a trim that comes first is an error and not a gap.
    request.set_resume_token(FormatResumeToken(ResumePoint{follower->epoch, 0}, follower->tenant));
  } else {
    request.set_include_snapshot(true);
  }
  co_return request;
}

Task<absl::Status> Consumer::State::Session(Follower* follower) {
  auto request = co_await NewRequest(follower);
  if (!request.ok()) co_return request.status();
  auto opened = Open(kWatchChanges, follower->tenant, absl::InfiniteDuration());
  if (!opened.ok()) co_return opened.status();
  std::shared_ptr<rpc::ClientStream> stream = *std::move(opened);
  ++streams_opened_;
  {
    absl::MutexLock lock(&mutex_);
    watched_[stream.get()] = follower;
  }
  (void)co_await stream->WriteLast(*request);
  absl::Status applied = co_await ReadAll(follower, stream);
  absl::Status finished = co_await stream->Finish();
  {
    absl::MutexLock lock(&mutex_);
    watched_.erase(stream.get());
    follower->progress.connected = false;
  }
  Close(stream);
  co_return applied.ok() ? finished : applied;
}

Task<absl::Status> Consumer::State::ReadAll(Follower* follower,
                                            std::shared_ptr<rpc::ClientStream> stream) {
  v1::ChangeBatch batch;
  const absl::Time began = clock_.Now();
  std::string stored;  // the last token given to the sink
  absl::Time stored_at = absl::InfinitePast();
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) co_return absl::OkStatus();
      follower->reading_since = clock_.Now();
    }
    bool more = co_await stream->Read(batch);
    absl::Time now = clock_.Now();
    {
      absl::MutexLock lock(&mutex_);
      follower->reading_since = absl::InfiniteFuture();
      follower->progress.connected = more;
    }
    if (!more || !options_.follows()) co_return absl::OkStatus();
    bool mark = batch.changes_size() == 0 && !batch.snapshot_complete();
    bool due = now - stored_at >= PeriodOf(batch.resume_token() != stored);
    if (!mark || due) {
      absl::Status status = co_await sink_.Apply(follower->tenant, batch);
      if (!status.ok()) {
        ++apply_errors_;
        co_return status;
      }
      stored = batch.resume_token();
      stored_at = now;
      ++batches_;
      changes_ += static_cast<uint64_t>(batch.changes_size());
    }
    co_await Acknowledge(follower, stored);
    follower->moved = true;
    if (!batch.resume_token().empty()) follower->lost = false;
    auto point = ParseResumeToken(batch.resume_token(), follower->tenant);
    {
      absl::MutexLock lock(&mutex_);
      follower->progress.head = batch.head();
      if (!point.ok()) continue;  // within a snapshot, which is not broken off
      follower->progress.applied = point->position;
      follower->progress.as_of = FromTimestamp(batch.time());
      follower->applied_epoch = point->epoch;
    }
    const bool had_its_turn = mark || now - began >= options_.turn;
    if (had_its_turn && turns_.GiveWay()) {
      follower->gave_way = true;
      co_return absl::OkStatus();
    }
  }
}

// Without a stream, until there is more to follow. As from a stream the sink hears every
// still_period that nothing came; the lists of feeds say so.
Task<absl::Status> Consumer::State::Rest(Follower* follower) {
  absl::Time told = absl::InfinitePast();
  while (true) {
    co_await PauseWithoutMore(follower, options_.still_period);
    if (!options_.follows()) co_return absl::OkStatus();
    v1::ChangeBatch mark;
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_ || follower->HasMore()) co_return absl::OkStatus();
      if (follower->listed_at <= told) continue;  // the source was not heard of
      told = follower->listed_at;
      *mark.mutable_time() = ToTimestamp(told);
      mark.set_head(follower->progress.head);
      mark.set_resume_token(FormatResumeToken(
          ResumePoint{follower->applied_epoch, follower->progress.applied}, follower->tenant));
    }
    absl::Status status = co_await sink_.Apply(follower->tenant, mark);
    if (!status.ok()) {
      ++apply_errors_;
      co_return status;
    }
    ++batches_;
    co_await Acknowledge(follower, mark.resume_token());
  }
}

// Not to be heard costs the source space, and only after the lease the reader its history.
Task<void> Consumer::State::Acknowledge(Follower* follower, std::string token) {
  if (options_.name.empty() || token.empty()) co_return;
  const absl::Time now = clock_.Now();
  if (now - follower->acknowledged_at < PeriodOf(token != follower->acknowledged)) co_return;
  follower->acknowledged = token;
  follower->acknowledged_at = now;
  auto opened = Open(kAcknowledge, follower->tenant, rpc::kDefaultCallTime);
  if (!opened.ok()) co_return;
  std::shared_ptr<rpc::ClientStream> stream = *std::move(opened);
  v1::AcknowledgeChangesRequest request;
  request.set_consumer(options_.name);
  request.set_service(options_.source);
  request.set_resume_token(std::move(token));
  (void)co_await stream->WriteLast(request);
  v1::AcknowledgeChangesResponse response;
  bool ok = co_await stream->Read(response);
  if (ok) (void)co_await stream->Read(response);
  absl::Status status = co_await stream->Finish();
  Close(stream);
  if (!status.ok() && !stopping()) {
    observe::Log(observe::Level::kWarning, "what is applied could not be acknowledged",
                 {{"source", options_.source},
                  {"tenant", follower->tenant},
                  {"error", std::string(status.message())}});
  }
}

}  // namespace sqm::feed
