// Counts from several threads, with a Mutex or without one.
//   sanitizer_race guarded|unguarded
#include <absl/strings/string_view.h>
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>

#include <thread>

#include "common/base/executor.h"

namespace sqm {
namespace {

constexpr int kCounts = 2000;

// Everything that the suite waits and locks with.
bool CountGuarded() {
  Executor executor("count", 4);
  Timer timer;
  absl::Mutex mutex;
  int count = 0;
  bool rung = false, read = false;
  absl::Notification done;
  for (int i = 0; i < kCounts; ++i) {
    executor.Post([&] {
      absl::MutexLock lock(&mutex);
      ++count;
    });
  }
  timer.After(absl::Milliseconds(5), [&] {
    absl::MutexLock lock(&mutex);
    rung = true;
  });
  auto all = [&] { return count == kCounts && rung; };
  executor.Post([&] {
    mutex.ReaderLockWhen(absl::Condition(&all));
    read = true;
    mutex.ReaderUnlock();
    done.Notify();
  });
  mutex.LockWhen(absl::Condition(&all));
  mutex.Unlock();
  done.WaitForNotification();
  return read;
}

bool CountUnguarded() {
  int count = 0;
  auto work = [&count] {
    for (int i = 0; i < kCounts; ++i) ++count;
  };
  std::thread other(work);
  work();
  other.join();
  return count > 0;
}

}  // namespace
}  // namespace sqm

int main(int argc, char** argv) {
  bool guarded = argc > 1 && absl::string_view(argv[1]) == "guarded";
  return (guarded ? sqm::CountGuarded() : sqm::CountUnguarded()) ? 0 : 1;
}
