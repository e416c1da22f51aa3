// Something that is tried again and again and fails: told of when it begins, each minute while it
// lasts, and when it is over, so that a night of it is no hundred thousand lines.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <string>

#include "common/base/steady_wait.h"
#include "common/observe/log.h"

namespace sqm::observe {

// Used by one thread at a time.
class Trouble {
 public:
  // `begun`, `over`: what the lines say, constants of the program. `service`: whose it is.
  Trouble(Level level, const char* begun, const char* over, std::string service)
      : level_(level), begun_(begun), over_(over), service_(std::move(service)) {}

  // How a try ended. `now`: by the steady clock.
  void Note(const absl::Status& status, absl::Time now = SteadyNow());

 private:
  static constexpr absl::Duration kRemind = absl::Minutes(1);

  const Level level_;
  const char* const begun_;
  const char* const over_;
  const std::string service_;
  absl::Time since_ = absl::InfiniteFuture();  // no trouble
  absl::Time told_;
};

}  // namespace sqm::observe
