// The reporting service as a part of a process.
#pragma once

#include <memory>
#include <string>

#include "common/feed/consumer.h"
#include "services/host/host.h"
#include "services/reporting/fact_sink.h"
#include "services/reporting/reporting_service.h"

namespace sqm::reporting {

struct Opened {
  host::Module* module;
  schedule::Lease* lease;  // who holds it follows the feeds
  std::unique_ptr<ReportingService> service;
};

// Opens the store and registers the handlers. The result must live until the host has stopped.
absl::StatusOr<std::shared_ptr<Opened>> Open(host::Host& host);

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
