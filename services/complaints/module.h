// The complaints service as a part of a process.
#pragma once

#include <memory>
#include <string>

#include "services/complaints/complaints_service.h"
#include "services/complaints/deadline_engine.h"
#include "services/host/host.h"

namespace sqm::complaints {

// The service with what it computes deadlines by, and what works on them.
struct Opened {
  Opened(host::Host& host, host::Module& module, std::string secret)
      : books(*module.resources),
        service(*module.pipeline, *module.resources, books, std::move(secret)),
        engine(*module.resources, books, host.executor(), host.timer()) {}

  DeadlineBooks books;
  ComplaintsService service;
  DeadlineEngine engine;
};

// Opens the store and registers the handlers. The result must live until the host has stopped.
absl::StatusOr<std::shared_ptr<Opened>> Open(host::Host& host);

// Works on deadlines as long as it lives: between the start of the server and its stop.
class Working {
 public:
  explicit Working(Opened& opened) : engine_(opened.engine) { engine_.Start(); }
  ~Working() { engine_.Stop(); }
  Working(const Working&) = delete;

 private:
  DeadlineEngine& engine_;
};

}  // namespace sqm::complaints
