#include "services/host/wake_ups.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "common/base/task.h"
#include "common/observe/log.h"

namespace sqm::host {
namespace {

constexpr absl::Duration kGather = absl::Milliseconds(5);

}  // namespace

WakeUps::WakeUps(const std::string& service, std::string holder, store::Store& store,
                 cache::Redis& redis, Timer& timer)
    // Of this history only: other databases may share the Redis.
    : channel_(absl::StrCat("sqm:wake:", service, ":", store.epoch())),
      holder_(std::move(holder)),
      redis_(redis),
      timer_(timer) {
  absl::Status status = redis_.Subscribe(channel_, [this, &store](absl::string_view message) {
    if (message != holder_) store.Wake();
  });
  if (!status.ok()) {
    observe::Log(observe::Level::kWarning, "commits of other replicas are found by looking alone",
                 {{"service", service}, {"error", std::string(status.message())}});
  }
}

void WakeUps::Announce() {
  pending_ = true;  // before it looks: whoever ends the pause then sees it
  if (pausing_.exchange(true)) return;
  pending_ = false;
  Start(redis_.Publish(channel_, holder_), [](const absl::StatusOr<int64_t>&) {});
  timer_.After(kGather, [this] {
    pausing_ = false;
    if (pending_.exchange(false)) Announce();
  });
}

}  // namespace sqm::host
