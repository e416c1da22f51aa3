#include "services/host/health.h"

#include <absl/algorithm/container.h>
#include <absl/strings/str_cat.h>

#include <utility>

#include "common/base/steady_wait.h"
#include "common/base/task.h"

namespace sqm::host {

void Health::Add(std::string name, store::Store& store, std::vector<std::string> services) {
  observe::Trouble trouble(
      observe::Level::kError,
      "the store is not ready: until it is, health says so and who needs it is "
      "answered UNAVAILABLE",
      "the store is ready again", std::move(name));
  stores_.push_back(std::make_unique<Asked>(
      Asked{&store, std::move(services), false, true, {}, std::move(trouble)}));
}

void Health::Look() {
  for (const auto& one : stores_) {
    Asked* asked = one.get();
    {
      absl::MutexLock lock(&mutex_);
      if (asked->asking) {
        const absl::Status hears = asked->store->Hears();
        const absl::Duration asking = SteadyNow() - asked->since;
        if (!hears.ok()) {
          Tell(*asked, hears);
        } else if (asking > patience_) {
          Tell(*asked, absl::UnavailableError(absl::StrCat(
                           "it has been asked whether it takes writes and has not answered for ",
                           absl::FormatDuration(absl::Trunc(asking, absl::Seconds(1))))));
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
  asked.trouble.Note(status);
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
