#include "common/observe/families.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>

namespace sqm::observe {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// A mistake in the program's constants, found the first time that the line runs.
[[noreturn]] void Die(absl::string_view name, absl::string_view what) {
  std::fprintf(stderr, "metric \"%s\": %s\n", std::string(name).c_str(), std::string(what).c_str());
  std::abort();
}

bool IsName(absl::string_view text) {
  if (text.empty() || absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
  });
}

void CheckName(absl::string_view name, MetricType type) {
  if (!IsName(name) || !absl::StartsWith(name, "sqm_")) {
    Die(name, "a name is sqm_ and then lower-case words joined by underscores");
  }
  if ((type == MetricType::Counter) != absl::EndsWith(name, "_total")) {
    Die(name, "counters, and only they, end in _total");
  }
}

void CheckLabels(absl::string_view name, const Labels& labels) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (!IsName(labels[i].first) || absl::StartsWith(labels[i].first, "__") ||
        labels[i].first == "le") {
      Die(name, absl::StrCat("\"", labels[i].first, "\" cannot name a label"));
    }
    if (i > 0 && labels[i].first == labels[i - 1].first) {
      Die(name, absl::StrCat("label ", labels[i].first, " stands twice"));
    }
  }
}

std::vector<ClientMetric::Label> ToLabels(const Labels& labels) {
  std::vector<ClientMetric::Label> out;
  for (const auto& [name, value] : labels) out.push_back({name, value});
  return out;
}

ClientMetric::Histogram ToHistogram(const std::vector<double>& bounds,
                                    const std::vector<uint64_t>& counts, double sum) {
  ClientMetric::Histogram out;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    out.bucket.push_back({cumulative, bound});
  }
  // From the buckets themselves, so that the two agree though other threads go on counting.
  out.sample_count = cumulative;
  out.sample_sum = sum;
  return out;
}

absl::string_view NameOf(MethodType type) {
  switch (type) {
    case MethodType::kUnary:
      return "unary";
    case MethodType::kClientStream:
      return "client_stream";
    case MethodType::kServerStream:
      return "server_stream";
    case MethodType::kBidiStream:
      return "bidi_stream";
  }
  return "unknown";
}

// The words that gRPC's Prometheus libraries use for the codes.
constexpr const char* kCodeNames[MethodMetrics::kCodes] = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

}  // namespace

MethodMetrics* Metrics::Families::ForMethod(absl::string_view service, absl::string_view method,
                                            MethodType type) {
  absl::MutexLock lock(&mutex_);
  MethodKey key{std::string(service), std::string(method), type};
  if (auto found = methods_.find(key); found != methods_.end()) return &found->second;
  if (methods_.size() >= static_cast<size_t>(kMaxSeries)) key.service = key.method = "_other";
  return &methods_[key];
}

Metrics::Families::Series& Metrics::Families::Find(absl::string_view name, absl::string_view help,
                                                   MetricType type, Labels labels,
                                                   const std::vector<double>& bounds) {
  CheckName(name, type);
  std::sort(labels.begin(), labels.end());
  CheckLabels(name, labels);
  auto found = families_.find(name);
  if (found == families_.end()) {
    if (std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()) != bounds.end()) {
      Die(name, "bounds ascend strictly");
    }
    found = families_.emplace(std::string(name), Family{std::string(help), type, bounds, {}}).first;
  }
  Family& family = found->second;
  if (family.type != type) Die(name, "is already a metric of another kind");
  if (auto series = family.series.find(labels); series != family.series.end()) {
    return series->second;
  }
  if (family.series.size() >= static_cast<size_t>(kMaxSeries)) {
    for (auto& label : labels) label.second = "_other";
  }
  return family.series[std::move(labels)];
}

Counter* Metrics::Families::GetCounter(absl::string_view name, absl::string_view help,
                                       Labels labels) {
  absl::MutexLock lock(&mutex_);
  auto& own = Find(name, help, MetricType::Counter, std::move(labels)).own;
  if (std::holds_alternative<std::monostate>(own)) own = std::make_unique<Counter>();
  return std::get<std::unique_ptr<Counter>>(own).get();
}

Gauge* Metrics::Families::GetGauge(absl::string_view name, absl::string_view help, Labels labels) {
  absl::MutexLock lock(&mutex_);
  auto& own = Find(name, help, MetricType::Gauge, std::move(labels)).own;
  if (std::holds_alternative<std::monostate>(own)) own = std::make_unique<Gauge>();
  return std::get<std::unique_ptr<Gauge>>(own).get();
}

Histogram* Metrics::Families::GetHistogram(absl::string_view name, absl::string_view help,
                                           const std::vector<double>& bounds, Labels labels) {
  absl::MutexLock lock(&mutex_);
  auto& own = Find(name, help, MetricType::Histogram, std::move(labels), bounds).own;
  if (std::holds_alternative<std::monostate>(own)) {
    own = std::make_unique<Histogram>(families_.find(name)->second.bounds);
  }
  return std::get<std::unique_ptr<Histogram>>(own).get();
}

uint64_t Metrics::Families::AddCallback(MetricType type, absl::string_view name,
                                        absl::string_view help, Labels labels,
                                        std::function<double()> read) {
  absl::MutexLock lock(&mutex_);
  const uint64_t id = next_callback_++;
  Find(name, help, type, std::move(labels)).callbacks.push_back({id, std::move(read)});
  return id;
}

void Metrics::Families::RemoveCallback(uint64_t id) {
  absl::MutexLock lock(&mutex_);
  for (auto& [name, family] : families_) {
    for (auto series = family.series.begin(); series != family.series.end(); ++series) {
      auto& callbacks = series->second.callbacks;
      if (std::erase_if(callbacks, [id](const Callback& c) { return c.id == id; }) == 0) continue;
      if (callbacks.empty() && std::holds_alternative<std::monostate>(series->second.own)) {
        family.series.erase(series);
      }
      return;
    }
  }
}

void Metrics::Families::CollectMethods(std::vector<MetricFamily>& out) const {
  if (methods_.empty()) return;
  MetricFamily started{"grpc_server_started_total", "Calls that arrived.", MetricType::Counter, {}};
  MetricFamily handled{
      "grpc_server_handled_total", "Calls that ended, by code.", MetricType::Counter, {}};
  MetricFamily seconds{"grpc_server_handling_seconds",
                       "Time from arrival to end of a call.",
                       MetricType::Histogram,
                       {}};
  MetricFamily received{
      "grpc_server_msg_received_total", "Messages from clients.", MetricType::Counter, {}};
  MetricFamily sent{"grpc_server_msg_sent_total", "Messages to clients.", MetricType::Counter, {}};
  for (const auto& [key, method] : methods_) {
    ClientMetric metric;
    metric.label = {{"grpc_type", std::string(NameOf(key.type))},
                    {"grpc_service", key.service},
                    {"grpc_method", key.method}};
    const auto add = [&metric](MetricFamily& family, uint64_t count) {
      metric.counter.value = static_cast<double>(count);
      family.metric.push_back(metric);
    };
    add(started, method.started());
    add(received, method.received());
    add(sent, method.sent());
    bool called = false;
    metric.label.push_back({"grpc_code", ""});
    for (int code = 0; code < MethodMetrics::kCodes; ++code) {
      const uint64_t count = method.handled(code);
      called |= count > 0;
      // OK always, so that a rate of success exists from the first scrape on; the others when seen.
      if (count == 0 && code != 0) continue;
      metric.label.back().value = kCodeNames[code];
      add(handled, count);
    }
    metric.label.pop_back();
    // A histogram is 19 lines: not for the methods that nobody calls.
    if (!called) continue;
    metric.histogram = ToHistogram(LatencyBounds(), method.BucketCounts(),
                                   absl::ToDoubleSeconds(method.TotalTime()));
    seconds.metric.push_back(std::move(metric));
  }
  for (MetricFamily* family : {&handled, &seconds, &received, &sent, &started}) {
    if (!family->metric.empty()) out.push_back(std::move(*family));
  }
}

std::vector<MetricFamily> Metrics::Families::Collect() const {
  std::vector<MetricFamily> out;
  absl::MutexLock lock(&mutex_);
  CollectMethods(out);
  for (const auto& [name, family] : families_) {
    MetricFamily shown{name, family.help, family.type, {}};
    for (const auto& [labels, series] : family.series) {
      ClientMetric metric;
      metric.label = ToLabels(labels);
      double value = 0;
      for (const Callback& callback : series.callbacks) value += callback.read();
      if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&series.own)) {
        value += static_cast<double>((*counter)->value());
      } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&series.own)) {
        value += (*gauge)->value();
      } else if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&series.own)) {
        metric.histogram =
            ToHistogram(family.bounds, (*histogram)->BucketCounts(), (*histogram)->Sum());
      }
      metric.counter.value = metric.gauge.value = value;
      shown.metric.push_back(std::move(metric));
    }
    if (!shown.metric.empty()) out.push_back(std::move(shown));
  }
  return out;
}

}  // namespace sqm::observe
