// A client of a redis-server of the test's own.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/cache/redis.h"
#include "tests/support/redis_server.h"

namespace sqm::cache {

template <typename Condition>
bool Eventually(Condition condition, absl::Duration within = absl::Seconds(10)) {
  const absl::Time end = absl::Now() + within;
  while (!condition()) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(1));
  }
  return true;
}

// What `on_change` was given.
class Told {
 public:
  void Hear(RedisOptions& options) {
    options.connect_timeout = absl::Seconds(20);  // that the machine is busy is nothing to tell
    options.on_change = [this](const absl::Status& status) {
      absl::MutexLock lock(&mutex_);
      told_.push_back(status);
    };
  }
  std::vector<absl::Status> all() const {
    absl::MutexLock lock(&mutex_);
    return told_;
  }
  std::string last() const { return all().empty() ? "" : std::string(all().back().message()); }

 private:
  mutable absl::Mutex mutex_;
  std::vector<absl::Status> told_ ABSL_GUARDED_BY(mutex_);
};

class RedisTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::RedisServer::Available()) GTEST_SKIP() << "no redis-server on this machine";
  }
  void Run(std::vector<std::string> args = {}, RedisOptions options = {}) {
    server_ = std::make_unique<testing::RedisServer>(std::move(args));
    if (options.unix_socket.empty() && options.host.empty()) {
      options.unix_socket = server_->socket();
    }
    redis_ = std::make_unique<Redis>(options, executor_, ids_);
    EXPECT_TRUE(Connected());
  }
  bool Connected() {
    return Eventually([this] { return redis_->state() == CircuitBreaker::State::kClosed; });
  }
  static RedisOptions Patient() {
    RedisOptions options;
    options.deadline = absl::Seconds(5);
    options.stall_timeout = absl::Seconds(20);
    return options;
  }

  Executor executor_{"test", 2};
  RandomIds ids_;
  Told told_;
  std::unique_ptr<testing::RedisServer> server_;
  std::unique_ptr<Redis> redis_;
};

}  // namespace sqm::cache
