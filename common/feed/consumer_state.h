// What a consumer's coroutines share. For the consumer's own files.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/feed/consumer.h"
#include "common/feed/turns.h"
#include "common/rpc/client_stream.h"

namespace sqm::feed {

// Shared by the consumer and its coroutines. The coroutines are counted: Stop waits for the last.
class Consumer::State : public std::enable_shared_from_this<State> {
 public:
  State(std::shared_ptr<grpc::Channel> channel, ConsumerOptions options, Sink& sink,
        Executor& executor, Timer& timer, const Clock& clock, IdSource& ids);

  void Start();
  void Stop();
  std::vector<Progress> progress() const;
  Counters counters() const;

 private:
  // One tenant. Only its coroutine touches what is not guarded.
  struct Follower {
    std::string tenant;
    // Guarded by the state's mutex_:
    Progress progress;
    int64_t oldest = 0;                           // oldest position kept, as last listed
    std::string epoch;                            // of the source, as last listed
    std::string applied_epoch;                    // of what is applied
    absl::Time listed_at = absl::InfinitePast();  // by the source's clock; InfinitePast: not known
    // Since when the stream is waited for; InfiniteFuture = is not.
    absl::Time reading_since = absl::InfiniteFuture();
    uint64_t resting = 0;  // the sleeper of a tenant that has no stream; 0 = it does not rest

    bool lost = false;         // the history after the stored token, or from the beginning, is gone
    bool moved = false;        // the session applied something
    bool gave_way = false;     // the session ended because another tenant waits
    std::string acknowledged;  // the last token that was, and when
    absl::Time acknowledged_at = absl::InfinitePast();

    bool HasMore() const { return progress.lag() > 0 || epoch != applied_epoch; }
  };
  struct Sleeper {
    OneShot<bool>* woken = nullptr;
    uint64_t timer = 0;
  };

  bool stopping() const;
  // Starts a coroutine on the executor.
  void Spawn(Task<void> task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Resume(std::coroutine_handle<> waiter);
  // Waits for `delay` or until Stop.
  Task<void> Pause(absl::Duration delay);
  // The same, or until the tenant has more to follow; not at all where it has.
  Task<void> PauseWithoutMore(Follower* follower, absl::Duration delay);
  uint64_t AddSleeper(OneShot<bool>* woken, absl::Duration delay)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeSleeper(uint64_t key);

  // A stream that Stop can cancel, until Close. An error: stopping, or there is no authorization.
  absl::StatusOr<std::shared_ptr<rpc::ClientStream>> Open(const char* path,
                                                          const std::string& tenant,
                                                          absl::Duration time);
  void Close(const std::shared_ptr<rpc::ClientStream>& stream);

  static Task<void> Discover(std::shared_ptr<State> self);
  Task<absl::StatusOr<v1::ListFeedsResponse>> ListFeeds();
  void TakeFeeds(const v1::ListFeedsResponse& feeds);
  void CancelSilent();

  static Task<void> Follow(std::shared_ptr<State> self, Follower* follower);
  Task<absl::StatusOr<v1::WatchChangesRequest>> NewRequest(Follower* follower);
  Task<absl::Status> Session(Follower* follower);
  Task<absl::Status> ReadAll(Follower* follower, std::shared_ptr<rpc::ClientStream> stream);
  Task<absl::Status> Rest(Follower* follower);
  // Where it is due.
  Task<void> Acknowledge(Follower* follower, std::string token);
  // How often a token is stored and acknowledged that moved without changes, or that stands.
  absl::Duration PeriodOf(bool moved) const {
    return moved ? options_.mark_period : options_.still_period;
  }

  const std::shared_ptr<grpc::Channel> channel_;
  const ConsumerOptions options_;
  Sink& sink_;
  Executor& executor_;
  Timer& timer_;
  const Clock& clock_;
  IdSource& ids_;
  Turns turns_;  // of tenants at the streams
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

}  // namespace sqm::feed
