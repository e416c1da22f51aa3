// The reporting service as a part of a process.
#pragma once

#include <memory>
#include <string>

#include "common/base/config.h"
#include "common/feed/consumer.h"
#include "services/host/host.h"
#include "services/reporting/fact_sink.h"
#include "services/reporting/reporting_service.h"
#include "services/reporting/rollup_watch.h"

namespace sqm::reporting {

struct Settings {
  // When rollups are compared with their facts, `HH:MM` in UTC.
  std::string comparison_time = "01:30";
};

// Adds every key of `settings` to `spec`.
void Describe(Settings& settings, ConfigSpec& spec);

struct Opened {
  host::Module* module;
  schedule::Lease* lease;  // who holds it follows the feeds
  std::unique_ptr<ReportingService> service;
  std::unique_ptr<RollupWatch> watch;
  std::vector<observe::Metrics::Registration> metrics;
};

// Opens the store and registers the handlers. The result must live until the host has stopped.
absl::StatusOr<std::shared_ptr<Opened>> Open(host::Host& host, const Settings& settings);

// Compares rollups with their facts at night as long as it lives: between the start of the server
// and its stop.
class Watching {
 public:
  explicit Watching(Opened& opened) : watch_(*opened.watch) { watch_.Start(); }
  ~Watching() { watch_.Stop(); }
  Watching(const Watching&) = delete;

 private:
  RollupWatch& watch_;
};

// Follows the feed of `source` over `channel` until destroyed, while this process holds the lease.
class Following {
 public:
  Following(host::Host& host, Opened& reporting, const std::string& source,
            std::shared_ptr<grpc::Channel> channel);
  ~Following() { consumer_.Stop(); }

 private:
  FactSink sink_;
  observe::Metrics::Registration unusable_;
  feed::Consumer consumer_;
  observe::Metrics::Registration behind_;
};

}  // namespace sqm::reporting
