// Metrics in Prometheus' form. What a call touches are relaxed adds to cells of its own thread;
// the text is put together when it is scraped.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/observe/sharded.h"

namespace sqm::observe {

// Label names and values of one series, in any order.
using Labels = std::vector<std::pair<std::string, std::string>>;

// A count that only grows: of events, of bytes. Its name ends in _total.
class Counter {
 public:
  Counter() : cells_(1) {}
  void Increment(uint64_t by = 1) { cells_.Add(0, by); }
  uint64_t value() const { return cells_.Sum(0); }

 private:
  ShardedCells cells_;
};

// A value that goes up and down.
class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Counts of observations at or below each bound, and their sum.
class Histogram {
 public:
  // `bounds` ascend strictly; the last bucket (+Inf) is implied.
  explicit Histogram(std::vector<double> bounds);
  void Observe(double value);
  // In seconds, the base unit of every duration exported.
  void Observe(absl::Duration value) { Observe(absl::ToDoubleSeconds(value)); }

  const std::vector<double>& bounds() const { return bounds_; }
  // Of each bucket by itself, +Inf last.
  std::vector<uint64_t> BucketCounts() const;
  double Sum() const { return cells_.SumDouble(static_cast<int>(bounds_.size()) + 1); }

 private:
  const std::vector<double> bounds_;
  ShardedCells cells_;  // one a bucket, then the sum
};

// Upper bounds in seconds from 100 µs to 10 s: the default of every latency histogram.
const std::vector<double>& LatencyBounds();

enum class MethodType { kUnary, kClientStream, kServerStream, kBidiStream };

// The server's metrics of one method, under the names that gRPC dashboards expect.
class MethodMetrics {
 public:
  MethodMetrics();
  // A call arrived.
  void Started() { cells_.Add(kStarted, 1); }
  // It ended. `code`: gRPC's, 0 to 16; anything else counts as UNKNOWN. `elapsed`: from Started.
  void Handled(int code, absl::Duration elapsed);
  // Messages from the client and to it.
  void Received(uint64_t messages = 1) { cells_.Add(kReceived, messages); }
  void Sent(uint64_t messages = 1) { cells_.Add(kSent, messages); }

  static constexpr int kCodes = 17;
  uint64_t started() const { return cells_.Sum(kStarted); }
  uint64_t received() const { return cells_.Sum(kReceived); }
  uint64_t sent() const { return cells_.Sum(kSent); }
  uint64_t handled(int code) const { return cells_.Sum(kFirstCode + code); }
  // Of each bucket of LatencyBounds() by itself, +Inf last.
  std::vector<uint64_t> BucketCounts() const;
  absl::Duration TotalTime() const;

 private:
  enum : int { kStarted, kReceived, kSent, kNanos, kFirstCode, kFirstBucket = kFirstCode + kCodes };
  ShardedCells cells_;  // all of a call's sums side by side
};

// Every metric of a process. Thread-safe. What it hands out lives as long as it does.
//
// Names, labels and kinds are constants of the program: a malformed one, or one name used for two
// kinds, ends the process at start-up. Label values may vary, but a family holds at most
// kMaxSeries series; beyond that they fold into one series whose labels all say "_other".
class Metrics {
 public:
  static constexpr int kMaxSeries = 1000;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The handle of a method: resolve it once. `service` in full, "sqm.monitoring.v1.Monitoring".
  MethodMetrics* ForMethod(absl::string_view service, absl::string_view method, MethodType type);

  // Finds or makes a series. Ours begin with "sqm_" and carry their unit; a counter ends in _total.
  Counter* GetCounter(absl::string_view name, absl::string_view help, Labels labels = {});
  Gauge* GetGauge(absl::string_view name, absl::string_view help, Labels labels = {});
  // Every series of a family has the bounds of the first.
  Histogram* GetHistogram(absl::string_view name, absl::string_view help,
                          const std::vector<double>& bounds = LatencyBounds(), Labels labels = {});

  // Takes a callback out of its family when destroyed, after any scrape that is running it.
  class Registration {
   public:
    Registration() = default;
    explicit Registration(std::function<void()> remove) : remove_(std::move(remove)) {}
    Registration(Registration&& other) noexcept : remove_(std::exchange(other.remove_, nullptr)) {}
    Registration& operator=(Registration&& other) noexcept;
    ~Registration() { Remove(); }
    void Remove();

   private:
    std::function<void()> remove_;
  };

  // A value read at each scrape; several with the same labels are added up. `read` runs under the
  // lock of the metrics: it neither blocks nor calls them. A Registration may outlive the metrics.
  [[nodiscard]] Registration ReadGauge(absl::string_view name, absl::string_view help,
                                       Labels labels, std::function<double()> read);
  [[nodiscard]] Registration ReadCounter(absl::string_view name, absl::string_view help,
                                         Labels labels, std::function<double()> read);

  // The exposition text, as a scrape gets it.
  std::string Text() const;

  // Serves http://`address`/metrics on one thread of its own. `address`: IPv4 and port,
  // "0.0.0.0:9464"; with port 0 the system picks one. At most once, from the thread that owns the
  // metrics.
  absl::Status Expose(absl::string_view address);
  // Whether it is such an address.
  static absl::Status CheckAddress(absl::string_view address);
  // The port that Expose bound; 0 before.
  int port() const;

 private:
  class Families;
  class Server;
  const std::shared_ptr<Families> families_;
  std::unique_ptr<Server> server_;
};

}  // namespace sqm::observe
