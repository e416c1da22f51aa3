// The families of series behind Metrics: finding them, and turning them into what a scrape shows.
// Internal to common/observe.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/observe/metrics.h"

namespace sqm::observe {

class Metrics::Families final : public prometheus::Collectable {
 public:
  MethodMetrics* ForMethod(absl::string_view service, absl::string_view method, MethodType type);
  Counter* GetCounter(absl::string_view name, absl::string_view help, Labels labels);
  Gauge* GetGauge(absl::string_view name, absl::string_view help, Labels labels);
  Histogram* GetHistogram(absl::string_view name, absl::string_view help,
                          const std::vector<double>& bounds, Labels labels);
  // Returns the id that RemoveCallback takes.
  uint64_t AddCallback(prometheus::MetricType type, absl::string_view name, absl::string_view help,
                       Labels labels, std::function<double()> read);
  void RemoveCallback(uint64_t id);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Callback {
    uint64_t id;
    std::function<double()> read;
  };
  struct Series {
    std::variant<std::monostate, std::unique_ptr<Counter>, std::unique_ptr<Gauge>,
                 std::unique_ptr<Histogram>>
        own;
    std::vector<Callback> callbacks;
  };
  struct Family {
    std::string help;
    prometheus::MetricType type;
    std::vector<double> bounds;       // of histograms
    std::map<Labels, Series> series;  // labels sorted by name
  };
  struct MethodKey {
    std::string service, method;
    MethodType type;
    auto operator<=>(const MethodKey&) const = default;
  };

  // Finds or makes the series, checking the name, the labels and the kind.
  Series& Find(absl::string_view name, absl::string_view help, prometheus::MetricType type,
               Labels labels, const std::vector<double>& bounds = {})
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CollectMethods(std::vector<prometheus::MetricFamily>& out) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<std::string, Family, std::less<>> families_ ABSL_GUARDED_BY(mutex_);
  std::map<MethodKey, MethodMetrics> methods_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_callback_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace sqm::observe
