#include "services/complaints/tenant_work.h"

#include <absl/container/flat_hash_set.h>
#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "common/observe/trouble.h"

namespace sqm::complaints {
namespace {

// So soon after its time something happens, when there is not too much of it.
constexpr absl::Duration kTick = absl::Milliseconds(250);
// After a failure it is tried again.
constexpr absl::Duration kRetry = absl::Seconds(2);

absl::Status OfTenant(const std::string& tenant, const absl::Status& status) {
  return {status.code(), absl::StrCat("tenant ", tenant, ": ", status.message())};
}

}  // namespace

TenantWork::TenantWork(std::string what, resource::Resources& resources, schedule::Lease& lease,
                       Executor& executor, Timer& timer, Work work)
    : what_(std::move(what)),
      resources_(resources),
      lease_(lease),
      executor_(executor),
      timer_(timer),
      work_(std::move(work)) {
  // Commits that were not heard of may have brought something.
  resources_.store().OnGap([this](const std::string&, int64_t) { gap_ = true; });
}

TenantWork::~TenantWork() { Stop(); }

void TenantWork::Start() {
  started_ = true;
  sqm::Start(Run(), [this] { stopped_.Notify(); });
}

void TenantWork::Stop() {
  if (!started_) return;
  stopping_ = true;
  stopped_.WaitForNotification();
  started_ = false;
}

void TenantWork::WakeAt(const std::string& tenant, absl::Time time) {
  absl::MutexLock lock(&mutex_);
  auto [wake, fresh] = wake_.emplace(tenant, time);
  if (!fresh && time < wake->second) wake->second = time;
}

void TenantWork::WakeAll() {
  for (const auto& [tenant, head] : resources_.store().Heads()) {
    WakeAt(tenant, absl::InfinitePast());
  }
}

std::vector<std::string> TenantWork::TakeDueTenants(absl::Time now) {
  std::vector<std::string> due;
  absl::MutexLock lock(&mutex_);
  for (auto wake = wake_.begin(); wake != wake_.end();) {
    if (wake->second > now) {
      ++wake;
      continue;
    }
    due.push_back(wake->first);
    wake = wake_.erase(wake);  // whoever has something from here on says so again
  }
  return due;
}

Task<void> TenantWork::Run() {
  observe::Trouble trouble(observe::Level::kWarning,
                           "what falls due by itself cannot be worked on; it is tried again",
                           "what falls due by itself is worked on again", what_);
  absl::flat_hash_set<std::string> failing;
  bool works = false;
  while (!stopping_) {
    co_await timer_.Sleep(kTick);
    co_await executor_.Hop();
    const bool held = lease_.Held();
    if (held && (gap_.exchange(false) || !works)) WakeAll();
    works = held;
    if (!works) continue;
    const absl::Time now = resources_.clock().Now();
    for (const std::string& tenant : TakeDueTenants(now)) {
      if (stopping_) break;
      Task<absl::Status> working = work_(tenant, now);
      absl::Status status = co_await working;
      if (status.ok()) {
        failing.erase(tenant);
        if (failing.empty()) trouble.Note(status);
      } else {
        failing.insert(tenant);
        WakeAt(tenant, now + kRetry);
        trouble.Note(OfTenant(tenant, status));
      }
    }
  }
}

}  // namespace sqm::complaints
