// The listening side of Redis: its own connection, re-subscribed whenever it comes back. Inner part
// of Redis.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/cache/redis_connection.h"

namespace sqm::cache {

// Add and Close from any thread, the rest on the event thread.
class RedisSubscriber {
 public:
  RedisSubscriber(const RedisOptions& options, Executor& executor, IdSource& ids);

  absl::Status Add(std::string channel, Redis::MessageCallback callback);
  // No callback runs after this; waits for those that do.
  void Close();

  // Keeps the connection up while something is subscribed and the server's address is known
  // (null: not at the moment).
  void Step(int64_t now, const RedisAddress* address, const std::string& password);
  // When Step is to be called at the latest.
  int64_t NextStep(bool address_known) const;
  RedisConnection& connection() { return connection_; }

  uint64_t messages() const { return messages_.load(std::memory_order_relaxed); }
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Subscription {
    std::string channel;
    Redis::MessageCallback callback;
    std::atomic<int> waiting{0};  // messages handed to the executor
    absl::Mutex running;          // held while the callback runs
    bool closed ABSL_GUARDED_BY(running) = false;
  };

  static void OnMessage(redisAsyncContext* context, void* reply, void* data);
  void Deliver(size_t index, std::string message);

  const RedisOptions& options_;
  Executor& executor_;
  mutable absl::Mutex mutex_;
  std::vector<std::shared_ptr<Subscription>> subscriptions_ ABSL_GUARDED_BY(mutex_);  // only grows
  std::atomic<size_t> size_{0};  // of subscriptions_

  // Owned by the event thread.
  RedisConnection connection_;
  CircuitBreaker breaker_;
  int64_t opened_at_ = 0;
  size_t sent_ = 0;  // subscriptions known to this connection

  std::atomic<uint64_t> messages_{0};
  std::atomic<uint64_t> dropped_{0};
};

}  // namespace sqm::cache
