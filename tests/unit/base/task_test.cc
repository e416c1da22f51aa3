#include "common/base/task.h"

#include <gtest/gtest.h>

#include <thread>

#include "common/base/executor.h"

namespace sqm {
namespace {

Task<int64_t> Plus(int64_t a, int64_t b) { co_return a + b; }

Task<int64_t> SumTo(int64_t n) {
  int64_t sum = 0;
  for (int64_t i = 1; i <= n; ++i) {
    int64_t next = co_await Plus(sum, i);
    sum = next;
  }
  co_return sum;
}

TEST(Task, ReadyChildrenDoNotDeepenTheStack) { EXPECT_EQ(Await(SumTo(1000000)), 500000500000); }

TEST(Task, ResumesAcrossThreads) {
  Executor executor("test", 2);
  auto hop = [](Executor& executor, int n) -> Task<int> {
    for (int i = 0; i < n; ++i) co_await executor.Hop();
    co_return n;
  };
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(Await(hop(executor, 20)), 20);
  }
}

TEST(OneShot, SetBeforeAndAfterTheWait) {
  auto wait = [](OneShot<int>& shot) -> Task<int> {
    int value = co_await shot;
    co_return value;
  };
  OneShot<int> early;
  early.Set(7);
  EXPECT_EQ(Await(wait(early)), 7);
  for (int i = 0; i < 500; ++i) {
    OneShot<int> late;
    std::thread setter([&late, i] { late.Set(i); });
    EXPECT_EQ(Await(wait(late)), i);
    setter.join();
  }
}

}  // namespace
}  // namespace sqm
