// Clients that write and read a few resources of monitoring at once, and record what they were
// told.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/history/follower.h"
#include "tests/fault/history/history.h"
#include "tests/fault/history/order.h"
#include "tests/support/suite_process.h"

namespace sqm::testing::history {

// The time of operations: it only ever goes on.
absl::Duration Monotonic();

struct WorkloadOptions {
  uint64_t seed = 1;
  std::vector<std::string> addresses;  // of the replicas
  std::string key_dir;
  int clients = 4;
  int slots = 8;                               // resources that all clients share
  absl::Duration patience = absl::Seconds(2);  // for one call
  // Where readers of the feed connect; empty = to the replicas.
  std::vector<std::string> feed_addresses;
};

class Workload {
 public:
  explicit Workload(WorkloadOptions options);
  ~Workload();

  void Start();
  // Ends the clients.
  void Stop();
  // With all processes up again: sends what was not decided until it is, repeats some of what was
  // acknowledged, and reads every resource from every replica. An error: it was not decided.
  absl::Status Settle();
  // The history, with the feed and the store read from the first replica.
  absl::StatusOr<History> Collect();

  int64_t answered() const { return answered_; }
  // Calls that were refused for want of room.
  int64_t exhausted() const { return exhausted_; }
  // Answers that no fault explains.
  std::vector<std::string> Odd() const;
  const std::string& authorization() const { return authorization_; }

 private:
  // One of the shared resources; another one takes its place once it is deleted.
  struct Slot {
    std::string name;
    int64_t version = 0;
    int generation = 0;
  };
  struct Worker {
    int number = 0;
    std::mt19937_64 random;
    std::vector<std::unique_ptr<Client>> clients;  // one a replica
    std::vector<Operation> operations;
    std::vector<Order> undecided, done;
    int64_t count = 0;
    // One that did not answer in time is left alone for some calls.
    int avoided = -1;
    int avoided_for = 0;
  };

  void Run(Worker& worker);
  void Step(Worker& worker);
  void Mutate(Worker& worker, const Order& order, size_t slot);
  void Read(Worker& worker, const std::string& name, int replica, bool with_position, bool settled);
  // Sends it once and records it.
  Outcome Send(Worker& worker, const Order& order, int replica, bool settled);
  void Finish(Worker& worker, Operation& operation, const grpc::ClientContext& context,
              const grpc::Status& status);
  void Learn(size_t slot, const Order& order, const Operation& told);
  int AnyReplica(Worker& worker) const;
  std::string NewRequestId(Worker& worker) const;
  std::string NameOf(size_t slot, int generation) const;

  const WorkloadOptions options_;
  std::string authorization_;
  monitoring::v1::Scorecard scorecard_;  // what new ones look like
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::vector<std::unique_ptr<Follower>> followers_;
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> position_{0};  // highest that anybody was told
  std::atomic<int64_t> answered_{0}, exhausted_{0};
  mutable absl::Mutex mutex_;
  std::vector<Slot> slots_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> odd_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sqm::testing::history
