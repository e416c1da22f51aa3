// The event thread of Redis: takes calls from a bounded queue, writes them to the pipelined
// connection, answers them by reply or by time. Inner part of Redis.
//
// The breaker and the connection are one machine: closed means connected and accepting. Loss of the
// connection, failures in a row or a stall close the connection and open the breaker; a new
// connection that answers AUTH and PING is the half-open probe. While it is not closed, Submit
// refuses at once.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/task.h"
#include "common/cache/circuit_breaker.h"
#include "common/cache/redis_connection.h"
#include "common/cache/redis_subscriber.h"

namespace sqm::cache {

// One command on its way. The coroutine that awaits `done` and the event thread share it.
struct RedisCall {
  using Result = absl::StatusOr<RedisReply>;
  RedisCall(std::vector<std::string> args, size_t bytes, absl::Duration time);

  std::vector<std::string> args;
  size_t bytes;
  int64_t deadline;  // nanoseconds of the steady clock
  OneShot<Result> done;
};
using RedisCallPtr = std::shared_ptr<RedisCall>;

class RedisLoop {
 public:
  RedisLoop(RedisOptions options, Executor& executor, IdSource& ids);
  ~RedisLoop() { Shutdown(); }

  // OK: `call->done` will be set, whatever happens. Else why not.
  absl::Status Submit(const RedisCallPtr& call);
  absl::Status Subscribe(std::string channel, Redis::MessageCallback callback);
  CircuitBreaker::State state() const { return breaker_.state(); }
  RedisStats Stats() const;
  void Shutdown();

  static int64_t SteadyNanos();

 private:
  struct Counters {
    std::atomic<uint64_t> calls{0}, answered{0}, errors{0}, timeouts{0}, refused{0}, overloaded{0},
        lost{0}, late_replies{0}, connects{0}, opened{0};
  };
  struct Sent {
    int64_t at;
    size_t bytes;
  };

  void Wake();
  void Run();
  void Poll();
  int64_t NextWake() const;
  void SendQueued();
  void Expire(int64_t now);
  void Step(int64_t now);
  void Connect(int64_t now);
  // `why`: for whoever listens; OK = nobody is told.
  void Drop(int64_t now, const absl::Status& why);
  // Why the connection does not stand, or is of no use.
  absl::Status Why(absl::string_view unless_known) const;
  void Tell(const absl::Status& what);
  static void OnReply(redisAsyncContext* context, void* reply, void* data);
  void HandleReply(uint64_t id, const redisReply* reply);
  void Finish(const RedisCallPtr& call, RedisCall::Result result);

  const RedisOptions options_;
  Executor& executor_;
  const int wake_fd_;
  Counters counters_;

  absl::Mutex mutex_;
  std::vector<RedisCallPtr> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queue_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool accepting_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // Owned by the event thread.
  CircuitBreaker breaker_;
  bool address_known_ = false;
  RedisAddress address_;
  std::string password_;
  int64_t opened_at_ = 0;
  uint64_t next_id_ = 1;
  absl::flat_hash_map<uint64_t, RedisCallPtr> calls_;        // written, neither answered nor late
  absl::btree_set<std::pair<int64_t, uint64_t>> deadlines_;  // of calls_
  std::deque<Sent> sent_;  // every command without a reply, late ones too; Redis answers in order
  size_t sent_bytes_ = 0;
  std::set<std::string> told_;  // the first words of what listeners were told since it answered
  RedisSubscriber subscriber_;
  RedisConnection connection_;

  absl::Mutex shutdown_;
  std::thread thread_ ABSL_GUARDED_BY(shutdown_);
};

}  // namespace sqm::cache
