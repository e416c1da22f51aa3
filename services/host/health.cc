#include "services/host/health.h"

#include <absl/algorithm/container.h>

#include <utility>

#include "common/base/steady_wait.h"
#include "common/base/task.h"
#include "common/observe/log.h"

namespace sqm::host {

void Health::Add(std::string name, store::Store& store, std::vector<std::string> services) {
  stores_.push_back(std::make_unique<Asked>(
      Asked{std::move(name), &store, std::move(services), false, true, {}}));
}

void Health::Look() {
  for (const auto& one : stores_) {
    Asked* asked = one.get();
    {
      absl::MutexLock lock(&mutex_);
      if (asked->asking) {
        if (asked->store->Stale()) {
          Tell(*asked, absl::UnavailableError("what other processes commit does not arrive"));
        } else if (SteadyNow() - asked->since > patience_) {
          Tell(*asked, absl::UnavailableError("the store does not answer"));
        }
        continue;
      }
      asked->asking = true;
      asked->since = SteadyNow();
      ++asking_;
    }
    Start(asked->store->Check(), [this, asked](const absl::Status& status) {
      absl::MutexLock lock(&mutex_);
      asked->asking = false;
      Tell(*asked, status);
      --asking_;
    });
  }
}

void Health::Tell(Asked& asked, const absl::Status& status) {
  if (!status.ok()) {
    observe::Log(observe::Level::kError, "the store is not ready",
                 {{"service", asked.name}, {"error", std::string(status.message())}});
  }
  asked.well = status.ok();
  for (const std::string& service : asked.services) show_(service, asked.well);
  const bool all = absl::c_all_of(stores_, [](const auto& one) { return one->well; });
  for (const std::string& service : whole_) show_(service, all);
}

void Health::Await() {
  absl::MutexLock lock(&mutex_);
  auto answered = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return asking_ == 0; };
  mutex_.Await(absl::Condition(&answered));
}

}  // namespace sqm::host
