#include "common/feed/consumer.h"

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "common/base/status.h"
#include "common/feed/methods.h"
#include "common/feed/resume_token.h"
#include "common/observe/log.h"
#include "common/rpc/client_stream.h"

namespace sqm::feed {
namespace {

// The token can no longer be followed, whatever the reason: the sink begins anew.
bool IsLost(const absl::Status& status) {
  Reason reason = ReasonOf(status);
  return reason == type::v1::ERROR_REASON_HISTORY_LOST ||
         reason == type::v1::ERROR_REASON_INVALID_RESUME_TOKEN;
}

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace

// Shared by the consumer and its coroutines. The coroutines are counted: Stop waits for the last.
class Consumer::State : public std::enable_shared_from_this<State> {
 public:
  State(std::shared_ptr<grpc::Channel> channel, ConsumerOptions options, Sink& sink,
        Executor& executor, Timer& timer, const Clock& clock, IdSource& ids)
      : channel_(std::move(channel)),
        options_(std::move(options)),
        sink_(sink),
        executor_(executor),
        timer_(timer),
        clock_(clock),
        ids_(ids) {}

  void Start() {
    absl::MutexLock lock(&mutex_);
    if (stopping_ || started_) return;
    started_ = true;
    Spawn(Discover(shared_from_this()));
  }

  void Stop() {
    std::vector<std::shared_ptr<rpc::ClientStream>> streams;
    std::map<uint64_t, Sleeper> sleepers;
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
      for (const auto& [key, stream] : streams_) streams.push_back(stream);
      sleepers.swap(sleepers_);
    }
    // Outside of the lock: both may run what waits on this thread.
    for (const auto& stream : streams) stream->Cancel();
    for (const auto& [key, sleeper] : sleepers) {
      timer_.Cancel(sleeper.timer);
      Resume(sleeper.woken->SetQuietly(true));
    }
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](State* self)
             ABSL_EXCLUSIVE_LOCKS_REQUIRED(self->mutex_) { return self->running_ == 0; },
        this));
  }

  std::vector<Progress> progress() const {
    absl::MutexLock lock(&mutex_);
    std::vector<Progress> all;
    for (const auto& [tenant, follower] : followers_) all.push_back(follower->progress);
    return all;
  }

  Counters counters() const {
    return {batches_, changes_, streams_opened_, resets_, apply_errors_};
  }

 private:
  // One tenant. Only its coroutine touches what is not guarded.
  struct Follower {
    std::string tenant;
    Progress progress;   // guarded by the state's mutex_
    int64_t oldest = 0;  // guarded by the state's mutex_: oldest position kept, as last listed
    std::string epoch;   // guarded by the state's mutex_: of the source, as last listed
    // Guarded by the state's mutex_: since when the stream is waited for; InfiniteFuture = is not.
    absl::Time reading_since = absl::InfiniteFuture();
    bool lost = false;   // the history after the stored token, or from the beginning, is gone
    bool moved = false;  // the session applied something
  };
  struct Sleeper {
    OneShot<bool>* woken = nullptr;
    uint64_t timer = 0;
  };

  bool stopping() const {
    absl::MutexLock lock(&mutex_);
    return stopping_;
  }

  // Starts a coroutine on the executor.
  void Spawn(Task<void> task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ++running_;
    // The frame may outlive the count by a moment; it holds nothing but the state then.
    executor_.Post([self = shared_from_this(), task = std::move(task)]() mutable {
      sqm::Start(std::move(task), [self] {
        absl::MutexLock lock(&self->mutex_);
        --self->running_;
      });
    });
  }

  void Resume(std::coroutine_handle<> waiter) {
    if (waiter) executor_.Post([waiter] { waiter.resume(); });
  }

  // Waits for `delay` or until Stop.
  Task<void> Pause(absl::Duration delay) {
    OneShot<bool> woken;
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) co_return;
      uint64_t key = next_sleeper_++;
      std::weak_ptr<State> weak = weak_from_this();
      uint64_t timer = timer_.After(delay, [weak, key] {
        if (std::shared_ptr<State> state = weak.lock()) state->WakeSleeper(key);
      });
      sleepers_[key] = Sleeper{&woken, timer};
    }
    co_await woken;
  }
  void WakeSleeper(uint64_t key) {
    OneShot<bool>* woken = nullptr;
    {
      absl::MutexLock lock(&mutex_);
      auto it = sleepers_.find(key);
      if (it == sleepers_.end()) return;
      woken = it->second.woken;
      sleepers_.erase(it);
    }
    Resume(woken->SetQuietly(true));
  }

  // A stream that Stop can cancel. Null: stopping, or there is no authorization.
  absl::StatusOr<std::shared_ptr<rpc::ClientStream>> Open(const char* path,
                                                          const std::string& tenant,
                                                          absl::Duration time) {
    rpc::CallOptions options;
    ASSIGN_OR_RETURN(options.authorization, options_.authorization());
    options.tenant = tenant;
    options.executor = &executor_;
    // Deadlines are the system's time.
    if (time != absl::InfiniteDuration()) options.deadline = absl::Now() + time;
    auto stream = std::make_shared<rpc::ClientStream>(channel_, path, std::move(options));
    absl::MutexLock lock(&mutex_);
    if (stopping_) return absl::CancelledError("stopping");
    streams_[stream.get()] = stream;
    return stream;
  }
  void Close(const std::shared_ptr<rpc::ClientStream>& stream) {
    absl::MutexLock lock(&mutex_);
    streams_.erase(stream.get());
  }

  static Task<void> Discover(std::shared_ptr<State> self);
  static Task<void> Follow(std::shared_ptr<State> self, Follower* follower);
  Task<absl::StatusOr<v1::ListFeedsResponse>> ListFeeds();
  void TakeFeeds(const v1::ListFeedsResponse& feeds);
  void CancelSilent();
  Task<absl::StatusOr<v1::WatchChangesRequest>> NewRequest(Follower* follower);
  Task<void> Acknowledge(const Follower* follower, std::string token);
  Task<absl::Status> Session(Follower* follower);
  Task<absl::Status> ReadAll(Follower* follower, std::shared_ptr<rpc::ClientStream> stream);

  const std::shared_ptr<grpc::Channel> channel_;
  const ConsumerOptions options_;
  Sink& sink_;
  Executor& executor_;
  Timer& timer_;
  const Clock& clock_;
  IdSource& ids_;
  std::atomic<uint64_t> batches_{0}, changes_{0}, streams_opened_{0}, resets_{0}, apply_errors_{0};

  mutable absl::Mutex mutex_;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;  // coroutines
  std::map<std::string, std::unique_ptr<Follower>> followers_ ABSL_GUARDED_BY(mutex_);
  std::map<rpc::ClientStream*, std::shared_ptr<rpc::ClientStream>> streams_ ABSL_GUARDED_BY(mutex_);
  std::map<rpc::ClientStream*, Follower*> watched_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, Sleeper> sleepers_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_sleeper_ ABSL_GUARDED_BY(mutex_) = 1;
};

// ---- Finding tenants -------------------------------------------------------------------------

Task<absl::StatusOr<v1::ListFeedsResponse>> Consumer::State::ListFeeds() {
  auto opened = Open(kListFeeds, "", rpc::kDefaultCallTime);
  if (!opened.ok()) co_return opened.status();
  std::shared_ptr<rpc::ClientStream> stream = *std::move(opened);
  v1::ListFeedsRequest request;
  request.set_service(options_.source);
  v1::ListFeedsResponse response;
  // Within a process the answer may be there before the end of the request was sent: only reading
  // tells.
  (void)co_await stream->WriteLast(request);
  bool ok = co_await stream->Read(response);
  v1::ListFeedsResponse none;
  if (ok) (void)co_await stream->Read(none);
  absl::Status status = co_await stream->Finish();
  Close(stream);
  if (!status.ok()) co_return status;
  if (!ok) co_return absl::InternalError("no answer");
  co_return response;
}

void Consumer::State::TakeFeeds(const v1::ListFeedsResponse& feeds) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return;
  for (const auto& feed : feeds.feeds()) {
    std::unique_ptr<Follower>& follower = followers_[feed.tenant()];
    bool is_new = follower == nullptr;
    if (is_new) {
      follower = std::make_unique<Follower>();
      follower->tenant = feed.tenant();
      follower->progress.tenant = feed.tenant();
    }
    follower->oldest = feed.oldest();
    follower->epoch = feeds.epoch();
    follower->progress.head = std::max(follower->progress.head, feed.head());
    if (is_new) Spawn(Follow(shared_from_this(), follower.get()));
  }
}

void Consumer::State::CancelSilent() {
  std::vector<std::shared_ptr<rpc::ClientStream>> silent;
  {
    absl::MutexLock lock(&mutex_);
    absl::Time before = clock_.Now() - options_.silence;
    for (const auto& [stream, follower] : watched_) {
      if (follower->reading_since < before) silent.push_back(streams_.at(stream));
    }
  }
  for (const auto& stream : silent) stream->Cancel();
}

Task<void> Consumer::State::Discover(std::shared_ptr<State> self) {
  while (!self->stopping()) {
    if (!self->options_.follows()) {
      co_await self->Pause(self->options_.least_backoff);
      continue;
    }
    auto feeds = co_await self->ListFeeds();
    if (feeds.ok()) {
      self->TakeFeeds(*feeds);
    } else if (!self->stopping()) {
      observe::Log(
          observe::Level::kWarning, "cannot list feeds",
          {{"source", self->options_.source}, {"error", std::string(feeds.status().message())}});
    }
    self->CancelSilent();
    co_await self->Pause(self->options_.discover_period);
  }
}

// ---- Following one ---------------------------------------------------------------------------

Task<void> Consumer::State::Follow(std::shared_ptr<State> self, Follower* follower) {
  absl::Duration backoff = self->options_.least_backoff;
  while (!self->stopping()) {
    if (!self->options_.follows()) {
      follower->lost = false;  // whoever follows now sees to it
      co_await self->Pause(self->options_.least_backoff);
      continue;
    }
    follower->moved = false;
    absl::Status status = co_await self->Session(follower);
    if (self->stopping()) co_return;
    if (IsLost(status)) follower->lost = true;
    // A server that stops, a connection that has reached its age, a token that has expired in the
    // middle: nothing to warn of.
    bool expected = status.ok() || status.code() == absl::StatusCode::kUnavailable ||
                    (follower->moved && status.code() == absl::StatusCode::kUnauthenticated);
    observe::Log(expected ? observe::Level::kInfo : observe::Level::kWarning, "feed interrupted",
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

// Not to be heard costs the source space, and only after the lease the reader its history.
Task<void> Consumer::State::Acknowledge(const Follower* follower, std::string token) {
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

Task<absl::Status> Consumer::State::ReadAll(Follower* follower,
                                            std::shared_ptr<rpc::ClientStream> stream) {
  v1::ChangeBatch batch;
  std::string stored;  // the last token given to the sink
  absl::Time stored_at = absl::InfinitePast();
  absl::Time acknowledged_at = absl::InfinitePast();
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
    bool due = now - stored_at >=
               (batch.resume_token() != stored ? options_.mark_period : options_.still_period);
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
    bool acknowledge =
        !options_.name.empty() && !stored.empty() && now - acknowledged_at >= options_.mark_period;
    if (acknowledge) {
      co_await Acknowledge(follower, stored);
      acknowledged_at = now;
    }
    follower->moved = true;
    if (!batch.resume_token().empty()) follower->lost = false;
    auto point = ParseResumeToken(batch.resume_token(), follower->tenant);
    absl::MutexLock lock(&mutex_);
    follower->progress.head = batch.head();
    if (point.ok()) {
      follower->progress.applied = point->position;
      follower->progress.as_of = TimeOf(batch.time());
    }
  }
}

// ---- The consumer ----------------------------------------------------------------------------

Consumer::Consumer(std::shared_ptr<grpc::Channel> channel, ConsumerOptions options, Sink& sink,
                   Executor& executor, Timer& timer, const Clock& clock, IdSource& ids)
    : state_(std::make_shared<State>(std::move(channel), std::move(options), sink, executor, timer,
                                     clock, ids)) {}

Consumer::~Consumer() { Stop(); }

void Consumer::Start() { state_->Start(); }
void Consumer::Stop() { state_->Stop(); }

std::vector<Progress> Consumer::progress() const { return state_->progress(); }

Consumer::Counters Consumer::counters() const { return state_->counters(); }

}  // namespace sqm::feed
