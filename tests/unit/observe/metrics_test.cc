#include "common/observe/metrics.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace sqm::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kService[] = "sqm.monitoring.v1.Monitoring";

// The whole answer to a GET over a real socket.
std::string HttpGet(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) {
    close(fd);
    return "";
  }
  const std::string request =
      absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
    answer.append(buffer, static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}

TEST(MethodMetrics, HaveTheNamesAndLabelsOfGrpcDashboards) {
  Metrics metrics;
  MethodMetrics* method = metrics.ForMethod(kService, "GetContact", MethodType::kUnary);
  EXPECT_EQ(metrics.ForMethod(kService, "GetContact", MethodType::kUnary), method);
  method->Started();
  method->Received();
  method->Sent(2);
  method->Handled(0, absl::Microseconds(100));  // a bound belongs to its bucket
  method->Handled(5, absl::Milliseconds(30));
  method->Handled(99, absl::Seconds(11));
  const std::string text = metrics.Text();
  const std::string labels =
      "grpc_type=\"unary\",grpc_service=\"sqm.monitoring.v1.Monitoring\",grpc_method="
      "\"GetContact\"";
  for (const std::string& line : {
           absl::StrCat("grpc_server_started_total{", labels, "} 1\n"),
           absl::StrCat("grpc_server_msg_received_total{", labels, "} 1\n"),
           absl::StrCat("grpc_server_msg_sent_total{", labels, "} 2\n"),
           absl::StrCat("grpc_server_handled_total{", labels, ",grpc_code=\"OK\"} 1\n"),
           absl::StrCat("grpc_server_handled_total{", labels, ",grpc_code=\"NotFound\"} 1\n"),
           absl::StrCat("grpc_server_handled_total{", labels, ",grpc_code=\"Unknown\"} 1\n"),
           absl::StrCat("grpc_server_handling_seconds_count{", labels, "} 3\n"),
           absl::StrCat("grpc_server_handling_seconds_sum{", labels, "} 11.0301\n"),
           absl::StrCat("grpc_server_handling_seconds_bucket{", labels, ",le=\"0.0001\"} 1\n"),
           absl::StrCat("grpc_server_handling_seconds_bucket{", labels, ",le=\"10\"} 2\n"),
           absl::StrCat("grpc_server_handling_seconds_bucket{", labels, ",le=\"+Inf\"} 3\n"),
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("Internal")));
}

TEST(MethodMetrics, AMethodNobodyCalledShowsZerosButNoHistogram) {
  Metrics metrics;
  metrics.ForMethod(kService, "Watch", MethodType::kServerStream);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("grpc_code=\"OK\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("grpc_type=\"server_stream\""));
  EXPECT_THAT(text, Not(HasSubstr("grpc_server_handling_seconds")));
}

TEST(MethodMetrics, TimeThatRanBackwardsCountsAsNone) {
  MethodMetrics method;
  method.Handled(0, absl::Milliseconds(-5));
  EXPECT_EQ(method.TotalTime(), absl::ZeroDuration());
  EXPECT_EQ(method.BucketCounts()[0], 1u);
}

TEST(MethodMetrics, ManyMethodsFoldIntoOne) {
  Metrics metrics;
  for (int i = 0; i < Metrics::kMaxSeries + 50; ++i) {
    metrics.ForMethod("s", absl::StrCat("M", i), MethodType::kUnary)->Started();
  }
  EXPECT_THAT(metrics.Text(), HasSubstr("grpc_service=\"_other\",grpc_method=\"_other\"} 50\n"));
}

TEST(Metrics, CountersGaugesAndHistograms) {
  Metrics metrics;
  Counter* hits = metrics.GetCounter("sqm_cache_hits_total", "Reads answered from the cache.",
                                     {{"tier", "local"}});
  EXPECT_EQ(metrics.GetCounter("sqm_cache_hits_total", "", {{"tier", "local"}}), hits);
  hits->Increment();
  hits->Increment(41);
  Gauge* lag = metrics.GetGauge("sqm_feed_lag_seconds", "How far the consumer is behind.");
  lag->Set(2.5);
  lag->Add(-1);
  Histogram* sizes = metrics.GetHistogram("sqm_store_batch_rows", "Rows in a commit.", {1, 8, 64},
                                          {{"store", "main"}});
  for (double size : {1.0, 2.0, 8.0, 1000.0}) sizes->Observe(size);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("# HELP sqm_cache_hits_total Reads answered from the cache.\n"
                              "# TYPE sqm_cache_hits_total counter\n"
                              "sqm_cache_hits_total{tier=\"local\"} 42\n"));
  EXPECT_THAT(text, HasSubstr("sqm_feed_lag_seconds 1.5\n"));
  EXPECT_THAT(text, HasSubstr("sqm_store_batch_rows_bucket{store=\"main\",le=\"8\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("sqm_store_batch_rows_sum{store=\"main\"} 1011\n"));
  EXPECT_THAT(text, HasSubstr("sqm_store_batch_rows_count{store=\"main\"} 4\n"));
}

TEST(Metrics, ValuesReadOnScrapeAddUpAndGoWithTheirRegistration) {
  auto metrics = std::make_unique<Metrics>();
  std::atomic<int> depth{3};
  auto first = metrics->ReadGauge("sqm_queue_depth", "Waiting tasks.", {{"queue", "io"}},
                                  [&] { return depth.load(); });
  {
    auto second = metrics->ReadGauge("sqm_queue_depth", "Waiting tasks.", {{"queue", "io"}},
                                     [] { return 4.0; });
    EXPECT_THAT(metrics->Text(), HasSubstr("sqm_queue_depth{queue=\"io\"} 7\n"));
  }
  depth = 5;
  EXPECT_THAT(metrics->Text(), HasSubstr("sqm_queue_depth{queue=\"io\"} 5\n"));
  first.Remove();
  EXPECT_THAT(metrics->Text(), Not(HasSubstr("sqm_queue_depth")));
  first = metrics->ReadCounter("sqm_bytes_total", "Bytes.", {}, [] { return 9.0; });
  EXPECT_THAT(metrics->Text(), HasSubstr("sqm_bytes_total 9\n"));
  metrics.reset();  // the registration may go later
}

TEST(Metrics, HostileLabelValuesAreEscapedAndTheirNumberBounded) {
  Metrics metrics;
  metrics.GetCounter("sqm_rows_total", "", {{"tenant", "a\"}\n\\"}})->Increment();
  for (int i = 0; i < 2 * Metrics::kMaxSeries; ++i) {
    metrics.GetCounter("sqm_rows_total", "", {{"tenant", absl::StrCat(i)}})->Increment();
  }
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("sqm_rows_total{tenant=\"a\\\"}\\n\\\\\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sqm_rows_total{tenant=\"_other\"} 1001\n"));
}

TEST(MetricsDeathTest, MistakesInTheProgramEndIt) {
  Metrics metrics;
  EXPECT_DEATH(metrics.GetGauge("cache_bytes", ""), "a name is sqm_");
  EXPECT_DEATH(metrics.GetGauge("sqm_Bytes", ""), "a name is sqm_");
  EXPECT_DEATH(metrics.GetCounter("sqm_hits", ""), "end in _total");
  EXPECT_DEATH(metrics.GetGauge("sqm_hits_total", ""), "end in _total");
  EXPECT_DEATH(metrics.GetGauge("sqm_a", "", {{"le", "1"}}), "cannot name a label");
  EXPECT_DEATH(metrics.GetGauge("sqm_a", "", {{"x", "1"}, {"x", "2"}}), "stands twice");
  EXPECT_DEATH(metrics.GetHistogram("sqm_a", "", {1, 1}), "ascend");
  metrics.GetGauge("sqm_a", "");
  EXPECT_DEATH(metrics.GetHistogram("sqm_a", "", {1}), "another kind");
}

TEST(Metrics, ThreadsLoseNothingWhileScrapesRun) {
  Metrics metrics;
  constexpr int kThreads = 12;
  constexpr int kCalls = 20'000;
  std::atomic<bool> stop{false};
  std::thread scraper([&] {
    while (!stop) metrics.Text();
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&metrics, t] {
      MethodMetrics* method = metrics.ForMethod(kService, "GetContact", MethodType::kUnary);
      Counter* counter = metrics.GetCounter("sqm_hits_total", "");
      Histogram* histogram = metrics.GetHistogram("sqm_rows", "", {1, 2});
      Gauge* gauge = metrics.GetGauge("sqm_open", "");
      auto registration =
          metrics.ReadGauge("sqm_read", "", {{"t", absl::StrCat(t)}}, [] { return 1.0; });
      for (int i = 0; i < kCalls; ++i) {
        method->Started();
        method->Received();
        method->Sent();
        method->Handled(i % 17, absl::Microseconds(i));
        counter->Increment();
        histogram->Observe(1.5);
        gauge->Add(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  stop = true;
  scraper.join();
  constexpr uint64_t kAll = uint64_t{kThreads} * kCalls;
  MethodMetrics* method = metrics.ForMethod(kService, "GetContact", MethodType::kUnary);
  EXPECT_EQ(method->started(), kAll);
  EXPECT_EQ(method->received(), kAll);
  EXPECT_EQ(method->sent(), kAll);
  uint64_t handled = 0, timed = 0;
  for (int code = 0; code < MethodMetrics::kCodes; ++code) handled += method->handled(code);
  for (uint64_t count : method->BucketCounts()) timed += count;
  EXPECT_EQ(handled, kAll);
  EXPECT_EQ(timed, kAll);
  EXPECT_EQ(method->TotalTime(), kThreads * absl::Microseconds(int64_t{kCalls} * (kCalls - 1) / 2));
  EXPECT_EQ(metrics.GetCounter("sqm_hits_total", "")->value(), kAll);
  EXPECT_EQ(metrics.GetHistogram("sqm_rows", "", {1, 2})->Sum(), 1.5 * kAll);
  EXPECT_EQ(metrics.GetGauge("sqm_open", "")->value(), static_cast<double>(kAll));
}

TEST(Expose, ServesTheTextOverHttp) {
  Metrics metrics;
  metrics.GetCounter("sqm_hits_total", "Hits.")->Increment(7);
  EXPECT_EQ(metrics.port(), 0);
  ASSERT_TRUE(metrics.Expose("127.0.0.1:0").ok());
  ASSERT_GT(metrics.port(), 0);
  const std::string answer = HttpGet(metrics.port(), "/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\nsqm_hits_total 7\n"));
  EXPECT_THAT(HttpGet(metrics.port(), "/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(HttpGet(metrics.port(), "/../../../../etc/passwd"), Not(HasSubstr("root:")));
  EXPECT_EQ(metrics.Expose("127.0.0.1:0").code(), absl::StatusCode::kFailedPrecondition);

  Metrics other;
  const absl::Status taken = other.Expose(absl::StrCat("127.0.0.1:", metrics.port()));
  EXPECT_EQ(taken.code(), absl::StatusCode::kUnavailable) << taken;
}

TEST(Expose, StopsAtOnce) {
  for (const char* address : {"127.0.0.1:0", "0.0.0.0:0"}) {
    auto metrics = std::make_unique<Metrics>();
    ASSERT_TRUE(metrics->Expose(address).ok());
    ASSERT_THAT(HttpGet(metrics->port(), "/metrics"), StartsWith("HTTP/1.1 200 OK\r\n"));
    const absl::Time start = absl::Now();
    metrics.reset();
    EXPECT_LT(absl::Now() - start, absl::Seconds(1));
  }
}

TEST(Expose, RefusesWhatIsNoAddress) {
  for (const char* address :
       {"", "9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:80s",
        "127.0.0.1:0,127.0.0.1:0", "localhost:0", "[::1:0", "::1:0", "1.2.3:1", "127.0.0.1:-1"}) {
    Metrics metrics;
    EXPECT_EQ(metrics.Expose(address).code(), absl::StatusCode::kInvalidArgument) << address;
  }
}

}  // namespace
}  // namespace sqm::observe
