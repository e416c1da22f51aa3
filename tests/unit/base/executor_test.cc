#include "common/base/executor.h"

#include <absl/synchronization/notification.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace sqm {
namespace {

TEST(Executor, RunsEverythingBeforeItStops) {
  std::atomic<int> ran{0};
  Executor executor("test", 3);
  for (int i = 0; i < 1000; ++i) executor.Post([&ran] { ++ran; });
  executor.Stop();
  EXPECT_EQ(ran, 1000);
  executor.Post([&ran] { ++ran; });
  EXPECT_EQ(ran, 1001) << "work posted after the stop runs inline";
}

TEST(Timer, RunsInOrderOfTime) {
  Timer timer;
  absl::Mutex mutex;
  std::vector<int> order;
  absl::Notification done;
  auto add = [&](int n, bool last) {
    absl::MutexLock lock(&mutex);
    order.push_back(n);
    if (last) done.Notify();
  };
  timer.After(absl::Milliseconds(60), [&] { add(3, true); });
  timer.After(absl::Milliseconds(5), [&] { add(1, false); });
  timer.After(absl::Milliseconds(30), [&] { add(2, false); });
  uint64_t cancelled = timer.After(absl::Milliseconds(20), [&] { add(9, false); });
  EXPECT_TRUE(timer.Cancel(cancelled));
  EXPECT_FALSE(timer.Cancel(cancelled));
  done.WaitForNotification();
  absl::MutexLock lock(&mutex);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Timer, StopResumesSleepersAtOnce) {
  auto timer = std::make_unique<Timer>();
  std::atomic<bool> woke{false};
  auto sleep = [](Timer& timer) -> Task<void> { co_await timer.Sleep(absl::Hours(1)); };
  Start(sleep(*timer), [&woke] { woke = true; });
  timer->Stop();
  EXPECT_TRUE(woke);
}

}  // namespace
}  // namespace sqm
