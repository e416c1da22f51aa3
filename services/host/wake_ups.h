// Tells the other replicas of a service through Redis that this one has committed something, so
// that they look for it at once and not at their next turn. A hint and no more: without Redis they
// look as often as the store does by itself.
#pragma once

#include <atomic>
#include <string>

#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/cache/redis.h"
#include "common/store/store.h"

namespace sqm::host {

class WakeUps {
 public:
  // `holder`: another name for each process, so that nobody wakes himself. All must outlive it.
  WakeUps(const std::string& service, std::string holder, store::Store& store, cache::Redis& redis,
          Timer& timer);
  WakeUps(const WakeUps&) = delete;

  // After a commit of this process: told of at once, those of the next few milliseconds together
  // after them. Thread-safe.
  void Announce();

 private:
  const std::string channel_;
  const std::string holder_;
  cache::Redis& redis_;
  Timer& timer_;
  std::atomic<bool> pausing_{false};  // something was told of a moment ago
  std::atomic<bool> pending_{false};  // something was not told of yet
};

}  // namespace sqm::host
