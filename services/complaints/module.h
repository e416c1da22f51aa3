// The complaints service as a part of a process.
#pragma once

#include <memory>
#include <string>

#include "common/base/config.h"
#include "services/complaints/anonymiser.h"
#include "services/complaints/complaints_service.h"
#include "services/complaints/deadline_engine.h"
#include "services/complaints/related_resources.h"
#include "services/host/host.h"

namespace sqm::complaints {

struct Settings {
  // How long the personal data of a case is kept after its end; 0 = for ever.
  absl::Duration keep_personal_data;
  // File with the secret of customers' pseudonyms; empty: made in the data directory.
  std::string key_file;
  // Who decides on how much compensation (see CompensationLimits::Parse).
  std::string compensation_limits = std::string(kDefaultCompensationLimits);
};

// Adds every key of `settings` to `spec`.
void Describe(Settings& settings, ConfigSpec& spec);

// The service with what it computes deadlines by, and what works by itself.
struct Opened {
  Opened(host::Host& host, host::Module& module, const Settings& settings,
         std::unique_ptr<RelatedResources> of_monitoring, Installation installation)
      : resources(*module.resources),
        related(std::move(of_monitoring)),
        books(*module.resources),
        service(*module.pipeline, *module.resources, books, related.get(), std::move(installation)),
        engine(*module.resources, books, module.leases->Add("complaints-deadlines"),
               host.executor(), host.timer()),
        anonymiser(*module.resources, module.leases->Add("complaints-anonymisation"),
                   host.executor(), host.timer(), settings.keep_personal_data) {}

  resource::Resources& resources;
  std::unique_ptr<RelatedResources> related;  // null: not checked
  DeadlineBooks books;
  ComplaintsService service;
  DeadlineEngine engine;
  Anonymiser anonymiser;
  std::vector<observe::Metrics::Registration> metrics;
};

// Makes a channel to the monitoring service.
using Connect = std::function<std::shared_ptr<grpc::Channel>()>;

// A channel to the monitoring service at an address as gRPC names targets.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MonitoringAt(const host::Host& host,
                                                            const std::string& address);

// Opens the store and registers the handlers. The result must live until the host has stopped.
// `monitoring`: called when the first case names something of that service; null: what cases name
// there is not checked.
absl::StatusOr<std::shared_ptr<Opened>> Open(host::Host& host, const Settings& settings,
                                             Connect monitoring);

// Works on what falls due as long as it lives: between the start of the server and its stop.
class Working {
 public:
  explicit Working(Opened& opened) : opened_(opened) {
    opened_.engine.Start();
    opened_.anonymiser.Start();
  }
  ~Working() {
    opened_.anonymiser.Stop();
    opened_.engine.Stop();
  }
  Working(const Working&) = delete;

 private:
  Opened& opened_;
};

}  // namespace sqm::complaints
