// What the server's health says of the stores: each is asked now and then whether it can read and
// write.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/status/status.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/observe/trouble.h"
#include "common/store/store.h"

namespace sqm::host {

// Thread-safe, but for Add.
class Health {
 public:
  // Says whether a gRPC service answers. Must be short and call nobody back.
  using Show = std::function<void(const std::string& service, bool serving)>;
  // `whole`: what needs all stores. `patience`: how long a store may take to answer; much may wait
  // before the question.
  Health(std::vector<std::string> whole, Show show, absl::Duration patience = absl::Seconds(10))
      : whole_(std::move(whole)), show_(std::move(show)), patience_(patience) {}

  // Before the first look. `services`: those that need the store, which must outlive this.
  void Add(std::string name, store::Store& store, std::vector<std::string> services);
  // Asks the stores that are not being asked. One that hangs is told of all the same: once its tail
  // is stale, which is known without asking, or its answer is overdue.
  void Look();
  // Until those that were asked have answered. No look may begin any more.
  void Await();

 private:
  struct Asked {
    store::Store* store;
    std::vector<std::string> services;
    bool asking = false, well = true;
    absl::Time since;  // when it was asked, by the steady clock
    observe::Trouble trouble;
  };
  void Tell(Asked& asked, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::vector<std::string> whole_;
  const Show show_;
  const absl::Duration patience_;
  absl::Mutex mutex_;
  // The elements are guarded by the mutex, their stores immutable.
  std::vector<std::unique_ptr<Asked>> stores_;
  int asking_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sqm::host
