#include "common/cache/circuit_breaker.h"

#include <gtest/gtest.h>

namespace sqm::cache {
namespace {

using State = CircuitBreaker::State;
constexpr int64_t kMs = 1000000;

class CircuitBreakerTest : public ::testing::Test {
 protected:
  void Close(int64_t now) {
    breaker_.BeginProbe();
    breaker_.OnSuccess(now);
  }
  RandomIds ids_;
  CircuitBreaker breaker_{CircuitBreakerOptions{}, ids_};
};

TEST_F(CircuitBreakerTest, StartsWithAProbeAtOnce) {
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_LE(breaker_.probe_at(), 0);
  breaker_.BeginProbe();
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  breaker_.OnSuccess(5 * kMs);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(CircuitBreakerTest, OpensAfterFailuresInARow) {
  Close(0);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker_.OnFailure(10 * kMs));
  breaker_.OnSuccess(11 * kMs);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker_.OnFailure(12 * kMs));
  EXPECT_TRUE(breaker_.OnFailure(13 * kMs));
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_FALSE(breaker_.OnFailure(14 * kMs));
}

TEST_F(CircuitBreakerTest, FailuresSpreadWiderThanTheWindowDoNotOpen) {
  Close(0);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(breaker_.OnFailure(i * 300 * kMs)) << i;
}

TEST_F(CircuitBreakerTest, WaitsDoubleWithJitterUpToTheBound) {
  int64_t now = 0;
  for (int trip = 0; trip < 12; ++trip) {
    breaker_.BeginProbe();
    breaker_.Trip(now);
    const int64_t full = std::min<int64_t>(2000, 20LL << trip) * kMs;
    EXPECT_GE(breaker_.probe_at() - now, full / 2) << trip;
    EXPECT_LE(breaker_.probe_at() - now, full) << trip;
    now = breaker_.probe_at();
  }
  // Closing alone does not shorten the wait: it has to stay closed for a window.
  Close(now);
  breaker_.Trip(now + 10 * kMs);
  EXPECT_GE(breaker_.probe_at() - now, 1000 * kMs);
  now = breaker_.probe_at();
  Close(now);
  now += 1000 * kMs;
  breaker_.Trip(now);
  EXPECT_LE(breaker_.probe_at() - now, 20 * kMs);
}

}  // namespace
}  // namespace sqm::cache
