#include "common/observe/trouble.h"

namespace sqm::observe {

void Trouble::Note(const absl::Status& status, absl::Time now) {
  const bool before = since_ != absl::InfiniteFuture();
  if (status.ok()) {
    if (before) Log(Level::kInfo, over_, {{"service", service_}, {"lasted_seconds", now - since_}});
    since_ = absl::InfiniteFuture();
    return;
  }
  if (before && now < told_ + kRemind) return;
  if (!before) since_ = now;
  told_ = now;
  Log(level_, begun_,
      {{"service", service_}, {"error", status.message()}, {"since_seconds", now - since_}});
}

}  // namespace sqm::observe
