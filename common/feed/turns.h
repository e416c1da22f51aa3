// Places that many take in turns.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <deque>

#include "common/base/executor.h"
#include "common/base/task.h"

namespace sqm::feed {

// A bounded number of places. Who waits gets one in the order of asking; who has one and could do
// without asks now and then whether to give way. Any thread.
class Turns {
 public:
  // The executor is where those who waited go on; it must outlive this.
  Turns(int places, Executor& executor) : executor_(executor), free_(places) {}
  Turns(const Turns&) = delete;

  // Waits for a place. False: Close was called, and there is none.
  Task<bool> Take();
  // Gives the place back.
  void Give();
  // Whether somebody waits for whom nobody gives way yet. Who is told so gives its place back.
  bool GiveWay();
  // Nobody waits any longer.
  void Close();

 private:
  void Tell(OneShot<bool>* waiter, bool taken);

  Executor& executor_;
  absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int free_ ABSL_GUARDED_BY(mutex_);
  size_t leaving_ ABSL_GUARDED_BY(mutex_) = 0;  // were told to give way and have not yet
  std::deque<OneShot<bool>*> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sqm::feed
