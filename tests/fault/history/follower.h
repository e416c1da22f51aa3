// Readers of the feed of monitoring.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/status/status.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/history/history.h"
#include "tests/support/suite_process.h"

namespace sqm::testing::history {

// A batch as the feed gives it.
Batch BatchOf(const feed::v1::ChangeBatch& batch);

// All of the feed, at least up to `head`, by one reader.
absl::StatusOr<std::vector<Batch>> ReadFeed(const Client& client, int64_t head);

// Follows the feed from its beginning, from one address after the other: whenever a stream ends it
// goes on at the next with its token.
class Follower {
 public:
  Follower(std::vector<std::string> addresses, std::string authorization, uint64_t seed);
  ~Follower();

  // Waits until it has heard of `head`, then ends it. An error: it has not within `patience`.
  absl::Status Finish(int64_t head, absl::Duration patience = absl::Seconds(60));
  // After Finish.
  const std::vector<Batch>& batches() const { return batches_; }
  int streams() const { return streams_; }

 private:
  void Run();

  const std::vector<std::string> addresses_;
  const std::string authorization_;
  std::mt19937_64 random_;
  std::vector<Batch> batches_;
  std::atomic<int64_t> position_{0};
  std::atomic<int> streams_{0};
  std::atomic<bool> stop_{false};
  absl::Mutex mutex_;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
  absl::Status refused_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace sqm::testing::history
