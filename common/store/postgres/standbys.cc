#include "common/store/postgres/standbys.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/base/steady_wait.h"
#include "common/base/task.h"
#include "common/observe/log.h"
#include "common/store/postgres/migration.h"

namespace sqm::store {
namespace {

// For how long one that is away is left alone, the first time and at most.
constexpr absl::Duration kFirstAway = absl::Milliseconds(100);
constexpr absl::Duration kMostAway = absl::Seconds(5);
// The same of one that is behind in a tenant: replay usually takes milliseconds.
constexpr absl::Duration kFirstBehind = absl::Milliseconds(5);
constexpr absl::Duration kMostBehind = absl::Milliseconds(250);
// Tenants that are remembered; beyond it all are asked for anew.
constexpr size_t kMostTenants = 10000;

absl::Status NotAStandby() {
  return Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
              "the server is not a standby: it was promoted, or is a primary");
}

}  // namespace

absl::StatusOr<std::vector<PgResult>> PgView::Run(PgConnection& connection,
                                                  std::vector<PgCall> calls) {
  if (!on_standby()) {
    calls.push_back({&sql_.head, PgParams().Text(tenant_)});
    ASSIGN_OR_RETURN(std::vector<PgResult> results, connection.Run(calls));
    const PgResult& head = results.back();
    if (head.rows() > 0) head_ = FeedHead{head.Int(0, 0), head.Int(0, 1)};
    results.pop_back();
    return results;
  }
  calls.insert(calls.begin(), {&sql_.standby_head, PgParams().Text(tenant_)});
  calls.push_back({&sql_.standby_head, PgParams().Text(tenant_)});
  ASSIGN_OR_RETURN(std::vector<PgResult> results, connection.Run(calls));
  // What happened before the last look happened on a standby, if that was on one.
  if (results.back().Int(0, 2) == 0) return NotAStandby();
  if (results.front().Int(0, 0) < *needed_) {
    behind_ = true;
    return Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
                "the standby is behind");
  }
  head_ = FeedHead{results.back().Int(0, 0), results.back().Int(0, 1)};
  results.pop_back();
  results.erase(results.begin());
  return results;
}

PgStandbys::PgStandbys(std::vector<PgConnectionOptions> servers, const contract::Registry& registry,
                       const PgStatements& sql, std::string epoch)
    : registry_(registry), sql_(sql), epoch_(std::move(epoch)) {
  for (const PgConnectionOptions& options : servers) {
    servers_.push_back(std::make_unique<Server>(
        options, [this, options](PgConnection& connection) { return Greet(options, connection); }));
  }
}

absl::Status PgStandbys::Greet(const PgConnectionOptions& options, PgConnection& connection) const {
  RETURN_IF_ERROR(CheckMigrated(registry_, options, connection));
  ASSIGN_OR_RETURN(const std::string epoch, ReadEpoch(connection));
  if (epoch == epoch_) return absl::OkStatus();
  return absl::FailedPreconditionError("the standby holds another history");
}

void PgStandbys::Pause::Extend(int64_t now, absl::Duration first, absl::Duration most) {
  length = std::clamp(2 * length, absl::ToInt64Nanoseconds(first), absl::ToInt64Nanoseconds(most));
  until = now + length;
}

PgStandbys::Leave PgStandbys::WhatToDo(Server& server, const std::string& tenant) {
  const int64_t now = absl::ToUnixNanos(SteadyNow());
  absl::MutexLock lock(&server.mutex);
  if (server.away.length > 0) {
    if (server.trying || now < server.away.until) return Leave::kLeave;
    server.trying = true;
    return Leave::kTry;
  }
  auto behind = server.behind.find(tenant);
  if (behind != server.behind.end() && now < behind->second.until) return Leave::kLeave;
  return Leave::kAsk;
}

bool PgStandbys::Read(const std::string& tenant, int64_t needed,
                      absl::FunctionRef<absl::Status(PgSession&, PgView&)> work) {
  const uint64_t first = next_.fetch_add(1, std::memory_order_relaxed);
  for (size_t i = 0; i < servers_.size(); ++i) {
    Server& server = *servers_[(first + i) % servers_.size()];
    const Leave leave = WhatToDo(server, tenant);
    if (leave == Leave::kLeave) continue;
    const bool trial = leave == Leave::kTry;
    PgView view(sql_, tenant, needed);
    absl::StatusOr<std::unique_ptr<PgSession>> session = server.pool.Take(trial);
    absl::Status status = session.status();
    if (session.ok()) {
      status = work(**session, view);
      server.pool.GiveBack(*std::move(session));
    }
    Note(server, tenant, status, view.behind(), trial);
    return status.ok();
  }
  return false;
}

void PgStandbys::Note(Server& server, const std::string& tenant, const absl::Status& status,
                      bool behind, bool trial) {
  // What another server would say as well speaks against none.
  const bool failed =
      !behind && (absl::IsUnavailable(status) || absl::IsFailedPrecondition(status));
  if (status.ok()) served_.fetch_add(1, std::memory_order_relaxed);
  if (behind) behind_.fetch_add(1, std::memory_order_relaxed);
  if (failed) failed_.fetch_add(1, std::memory_order_relaxed);
  const int64_t now = absl::ToUnixNanos(SteadyNow());
  bool news = false;
  {
    absl::MutexLock lock(&server.mutex);
    if (trial) server.trying = false;
    if (failed) {
      news = server.away.length == 0;
      // Those who asked at the same time and failed too say nothing new.
      if (trial || news) server.away.Extend(now, kFirstAway, kMostAway);
    } else if (trial) {
      server.away = Pause();
    }
    if (status.ok()) {
      server.behind.erase(tenant);
    } else if (behind) {
      if (server.behind.size() >= kMostTenants) server.behind.clear();
      server.behind[tenant].Extend(now, kFirstBehind, kMostBehind);
    }
  }
  if (!news) return;
  observe::Log(observe::Level::kWarning, "a standby is left alone for a while",
               {{"error", std::string(status.message())}});
}

void PgStandbys::Count(ReadCounts& counts) const {
  counts.standby = served_.load(std::memory_order_relaxed);
  counts.behind = behind_.load(std::memory_order_relaxed);
  counts.failed = failed_.load(std::memory_order_relaxed);
}

}  // namespace sqm::store
