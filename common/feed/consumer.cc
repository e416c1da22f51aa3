#include "common/feed/consumer.h"

#include <algorithm>
#include <utility>

#include "common/base/proto_time.h"
#include "common/feed/consumer_state.h"
#include "common/feed/methods.h"
#include "common/observe/trouble.h"

namespace sqm::feed {

Consumer::State::State(std::shared_ptr<grpc::Channel> channel, ConsumerOptions options, Sink& sink,
                       Executor& executor, Timer& timer, const Clock& clock, IdSource& ids)
    : channel_(std::move(channel)),
      options_(std::move(options)),
      sink_(sink),
      executor_(executor),
      timer_(timer),
      clock_(clock),
      ids_(ids),
      turns_(options_.most_streams, executor) {}

// ---- Begin and end -----------------------------------------------------------------------------

void Consumer::State::Start() {
  absl::MutexLock lock(&mutex_);
  if (stopping_ || started_) return;
  started_ = true;
  Spawn(Discover(shared_from_this()));
}

void Consumer::State::Stop() {
  std::vector<std::shared_ptr<rpc::ClientStream>> streams;
  std::map<uint64_t, Sleeper> sleepers;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (const auto& [key, stream] : streams_) streams.push_back(stream);
    sleepers.swap(sleepers_);
  }
  // Outside of the lock: all three may run what waits on this thread.
  for (const auto& stream : streams) stream->Cancel();
  for (const auto& [key, sleeper] : sleepers) {
    timer_.Cancel(sleeper.timer);
    Resume(sleeper.woken->SetQuietly(true));
  }
  turns_.Close();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](State* self) ABSL_EXCLUSIVE_LOCKS_REQUIRED(self->mutex_) { return self->running_ == 0; },
      this));
}

bool Consumer::State::stopping() const {
  absl::MutexLock lock(&mutex_);
  return stopping_;
}

std::vector<Progress> Consumer::State::progress() const {
  absl::MutexLock lock(&mutex_);
  std::vector<Progress> all;
  for (const auto& [tenant, follower] : followers_) all.push_back(follower->progress);
  return all;
}

Consumer::Counters Consumer::State::counters() const {
  return {batches_, changes_, streams_opened_, resets_, apply_errors_};
}

// ---- Coroutines --------------------------------------------------------------------------------

void Consumer::State::Spawn(Task<void> task) {
  ++running_;
  // The frame may outlive the count by a moment; it holds nothing but the state then.
  executor_.Post([self = shared_from_this(), task = std::move(task)]() mutable {
    sqm::Start(std::move(task), [self] {
      absl::MutexLock lock(&self->mutex_);
      --self->running_;
    });
  });
}

void Consumer::State::Resume(std::coroutine_handle<> waiter) {
  if (waiter) executor_.Post([waiter] { waiter.resume(); });
}

uint64_t Consumer::State::AddSleeper(OneShot<bool>* woken, absl::Duration delay) {
  const uint64_t key = next_sleeper_++;
  std::weak_ptr<State> weak = weak_from_this();
  const uint64_t timer = timer_.After(delay, [weak, key] {
    if (std::shared_ptr<State> state = weak.lock()) state->WakeSleeper(key);
  });
  sleepers_[key] = Sleeper{woken, timer};
  return key;
}

void Consumer::State::WakeSleeper(uint64_t key) {
  Sleeper sleeper;
  {
    absl::MutexLock lock(&mutex_);
    auto it = sleepers_.find(key);
    if (it == sleepers_.end()) return;
    sleeper = it->second;
    sleepers_.erase(it);
  }
  timer_.Cancel(sleeper.timer);
  Resume(sleeper.woken->SetQuietly(true));
}

Task<void> Consumer::State::Pause(absl::Duration delay) {
  OneShot<bool> woken;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) co_return;
    AddSleeper(&woken, delay);
  }
  co_await woken;
}

Task<void> Consumer::State::PauseWithoutMore(Follower* follower, absl::Duration delay) {
  OneShot<bool> woken;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_ || follower->HasMore()) co_return;
    follower->resting = AddSleeper(&woken, delay);
  }
  co_await woken;
  absl::MutexLock lock(&mutex_);
  follower->resting = 0;
}

// ---- Streams -----------------------------------------------------------------------------------

absl::StatusOr<std::shared_ptr<rpc::ClientStream>> Consumer::State::Open(const char* path,
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

void Consumer::State::Close(const std::shared_ptr<rpc::ClientStream>& stream) {
  absl::MutexLock lock(&mutex_);
  streams_.erase(stream.get());
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

// ---- Finding tenants, and what moved -----------------------------------------------------------

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
  const absl::Time listed_at =
      feeds.has_time() ? FromTimestamp(feeds.time()) : absl::InfinitePast();
  std::vector<uint64_t> rested;
  {
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
      follower->listed_at = listed_at;
      follower->progress.head = std::max(follower->progress.head, feed.head());
      if (is_new) Spawn(Follow(shared_from_this(), follower.get()));
      if (follower->resting == 0) continue;
      if (follower->HasMore()) {
        rested.push_back(follower->resting);
      } else {
        follower->progress.as_of = std::max(follower->progress.as_of, listed_at);
      }
    }
  }
  for (uint64_t key : rested) WakeSleeper(key);
}

Task<void> Consumer::State::Discover(std::shared_ptr<State> self) {
  observe::Trouble trouble(observe::Level::kWarning,
                           "a source cannot be followed: its feeds are not listed",
                           "the source is followed again", self->options_.source);
  while (!self->stopping()) {
    if (!self->options_.follows()) {
      co_await self->Pause(self->options_.least_backoff);
      continue;
    }
    auto feeds = co_await self->ListFeeds();
    if (feeds.ok()) self->TakeFeeds(*feeds);
    if (!self->stopping()) trouble.Note(feeds.status());
    self->CancelSilent();
    co_await self->Pause(self->options_.discover_period);
  }
}

// ---- The consumer ------------------------------------------------------------------------------

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
