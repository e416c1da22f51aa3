// The yardstick itself: a load that miscounts would make every ratio wrong.
#include "tests/bench/load.h"

#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "tests/bench/bench.h"
#include "tests/bench/histogram.h"
#include "tests/bench/sample.h"
#include "tests/bench/servers.h"

namespace sqm::bench {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Le;

class LoadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto echo = BaselineServer::StartEcho(bench_);
    ASSERT_TRUE(echo.ok()) << echo.status();
    echo_ = *std::move(echo);
    options_.port = echo_->port();
    options_.path = "/sqm.bench.v1.EchoService/Echo";
    options_.warmup = absl::Milliseconds(50);
    options_.duration = absl::Milliseconds(400);
    options_.message = [this](uint64_t index, std::string* out) {
      ++made_;
      SampleContact(index).AppendToString(out);
    };
  }

  const Bench bench_{SQM_BIN_DIR, true, 1};
  std::unique_ptr<BaselineServer> echo_;
  LoadOptions options_;
  int64_t made_ = 0;
};

TEST_F(LoadTest, ClosedLoopCountsEveryCallAndSendsEachMessageOnce) {
  std::set<std::string> seen;
  int64_t answered = 0;
  options_.sample_every = 1;
  options_.sample = [&](uint64_t index, absl::string_view response) {
    monitoring::v1::Contact contact;
    ASSERT_TRUE(contact.ParseFromString(std::string(response)));
    EXPECT_EQ(contact.external_id(), SampleContact(index).external_id());
    seen.insert(contact.external_id());
    ++answered;
  };
  const auto result = RunLoad(options_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->failures, ::testing::IsEmpty());
  EXPECT_EQ(answered, made_) << "every call is waited for";
  EXPECT_EQ(static_cast<int64_t>(seen.size()), made_);
  EXPECT_THAT(result->calls, AllOf(Gt(100), Le(made_)));
  EXPECT_DOUBLE_EQ(result->per_second, static_cast<double>(result->calls) / result->seconds);
  EXPECT_LE(result->p50_ms, result->p99_ms);
  EXPECT_LE(result->p99_ms, result->max_ms);
}

TEST_F(LoadTest, OpenLoopKeepsItsRate) {
  options_.rate = 500;
  const auto result = RunLoad(options_);
  ASSERT_TRUE(result.ok()) << result.status();
  // 450 ms at 500/s: 225 calls are due, however fast the server is.
  EXPECT_THAT(made_, AllOf(Ge(220), Le(226)));
}

TEST_F(LoadTest, FailuresAreCountedByTheirStatusAndNotAsCalls) {
  options_.path = "/sqm.bench.v1.EchoService/NoSuchMethod";
  const auto result = RunLoad(options_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->calls, 0);
  constexpr int kUnimplemented = 12;
  ASSERT_TRUE(result->failures.contains(kUnimplemented));
  EXPECT_EQ(result->failures.at(kUnimplemented), made_);
}

TEST_F(LoadTest, AServerThatDiesIsAnError) {
  echo_->process().Kill();
  EXPECT_FALSE(RunLoad(options_).ok());
}

TEST(LatenciesTest, QuantilesAreOrderStatistics) {
  Latencies latencies;
  EXPECT_EQ(latencies.Quantile(0.5), 0);
  for (int i = 100; i >= 1; --i) latencies.Add(i * 1'000'000);
  EXPECT_DOUBLE_EQ(latencies.Quantile(0.5), 50);
  EXPECT_DOUBLE_EQ(latencies.Quantile(0.99), 99);
  EXPECT_DOUBLE_EQ(latencies.Quantile(1), 100);
  EXPECT_DOUBLE_EQ(Median({4, 1, 3, 2}), 2.5);
  EXPECT_DOUBLE_EQ(Median({9, 1, 5}), 5);
}

TEST(ReportTest, AnEntryReplacesItsOwnAndKeepsTheOthers) {
  TempDir folder;
  const std::string file = folder.path() + "/bench.json";
  ASSERT_TRUE(WriteJson(file, {{"one", "ratio", {1, 2, 3}, {10, 30, 20}, "calls/s"},
                               {"two", "ms", {5}, {}, ""}})
                  .ok());
  ASSERT_TRUE(WriteJson(file, {{"two", "ms", {7}, {}, ""}}).ok());
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_THAT(text, HasSubstr("\"one\": {\n    \"value\": 2.0,\n    \"unit\": \"ratio\",\n"
                              "    \"min\": 1.0,\n    \"max\": 3.0,\n    \"runs\": 3,\n"
                              "    \"baseline\": 20.0\n"));
  EXPECT_THAT(text, HasSubstr("\"two\": {\n    \"value\": 7.0"));
  EXPECT_THAT(text, HasSubstr("\"machine\""));
}

TEST(SampleTest, AStoredContactIsAboutFourHundredAndFiftyBytes) {
  EXPECT_THAT(StoredContact(123456).ByteSizeLong(), AllOf(Ge(400u), Le(500u)));
}

}  // namespace
}  // namespace sqm::bench
