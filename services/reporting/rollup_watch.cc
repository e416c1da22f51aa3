#include "services/reporting/rollup_watch.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/time/civil_time.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/observe/log.h"
#include "services/reporting/rollup_check.h"

namespace sqm::reporting {
namespace {

using store::SqlRow;
using store::SqlSession;

// How often it is looked whether there is something to do, and how soon a stop is noticed.
constexpr absl::Duration kTick = absl::Milliseconds(250);
// After a failure it is tried again, and of a drift it is looked whether somebody has mended it.
constexpr absl::Duration kRetry = absl::Minutes(1);
constexpr int64_t kRowsAtOnce = 5000;
// Days that a line of the log names.
constexpr size_t kNamedDays = 10;

std::string NamesOf(const std::vector<int64_t>& days) {
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(days.size(), kNamedDays); ++i) {
    names.push_back(absl::FormatCivilTime(absl::CivilDay() + days[i]));
  }
  return absl::StrJoin(names, ", ");
}

void Tell(const std::string& tenant, const RollupCheck& found, absl::Duration took) {
  const auto facts = found.facts;
  if (found.days.empty()) {
    observe::Log(observe::Level::kInfo, "rollups are what their facts add up to",
                 {{"tenant", tenant}, {"facts", facts}, {"took_seconds", took}});
    return;
  }
  observe::Log(observe::Level::kError,
               "rollups are not what their facts add up to: reports of these days are wrong until "
               "they are derived anew (docs/operations.md, Reporting)",
               {{"tenant", tenant},
                {"days", static_cast<int64_t>(found.days.size())},
                {"first", NamesOf(found.days)},
                {"facts", facts},
                {"took_seconds", took}});
}

}  // namespace

absl::StatusOr<absl::Duration> ParseTimeOfDay(absl::string_view text) {
  absl::Time time;
  std::string error;
  // The parser alone would take blanks and single digits, too.
  if (text.size() != 5 || !absl::ascii_isdigit(text[0]) ||
      !absl::ParseTime("%H:%M", text, &time, &error)) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "' is no time of day, e.g. 01:30"));
  }
  return time - absl::FromCivil(absl::CivilDay(), absl::UTCTimeZone());
}

absl::Time LastAt(absl::Duration time_of_day, absl::Time now) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::CivilDay today(absl::ToCivilSecond(now, utc));
  const absl::Time at = absl::FromCivil(today, utc) + time_of_day;
  return at <= now ? at : at - absl::Hours(24);
}

RollupWatch::RollupWatch(store::Store& store, const schedule::Lease& lease, Executor& executor,
                         Timer& timer, const sqm::Clock& clock, absl::Duration time_of_day)
    : store_(store),
      lease_(lease),
      executor_(executor),
      timer_(timer),
      clock_(clock),
      time_of_day_(time_of_day),
      began_(clock.Now()) {
  Shows(0, absl::InfiniteFuture());
}

void RollupWatch::Start() {
  started_ = true;
  sqm::Start(Run(), [this] { stopped_.Notify(); });
}

void RollupWatch::Stop() {
  if (!started_) return;
  stopping_ = true;
  stopped_.WaitForNotification();
  started_ = false;
}

void RollupWatch::Shows(int64_t drifting_days, absl::Time compared) {
  drifting_days_ = drifting_days;
  compared_ = compared == absl::InfiniteFuture() ? std::numeric_limits<int64_t>::max()
                                                 : absl::ToUnixMicros(compared);
}

absl::Time RollupWatch::compared() const {
  const int64_t micros = compared_;
  return micros == std::numeric_limits<int64_t>::max() ? absl::InfiniteFuture()
                                                       : absl::FromUnixMicros(micros);
}

Task<void> RollupWatch::Run() {
  absl::Time again = absl::InfinitePast();
  while (!stopping_) {
    co_await timer_.Sleep(kTick);
    co_await executor_.Hop();
    const absl::Time now = clock_.Now();
    if (now < again) continue;
    Task<absl::Status> looking = Look(now);
    absl::Status status = co_await looking;
    again = status.ok() && drifting_days_ == 0 ? absl::InfinitePast() : now + kRetry;
    if (status.ok() || stopping_) continue;
    observe::Log(observe::Level::kWarning,
                 "rollups could not be compared with their facts; will be again",
                 {{"error", std::string(status.message())}});
  }
}

Task<absl::Status> RollupWatch::Look(absl::Time now) {
  if (!lease_.Held()) {
    Shows(0, absl::InfiniteFuture());
    done_ = absl::InfinitePast();
    co_return absl::OkStatus();
  }
  const absl::Time night = LastAt(time_of_day_, now);
  if (night == done_ && drifting_days_ == 0) co_return absl::OkStatus();
  Task<absl::StatusOr<std::vector<std::string>>> finding = Due(night);
  absl::StatusOr<std::vector<std::string>> due = co_await finding;
  if (!due.ok()) co_return due.status();
  absl::Status failed;
  for (const std::string& tenant : *due) {
    Task<absl::Status> comparing = Compare(tenant, now);
    absl::Status status = co_await comparing;
    failed.Update(status);
  }
  Task<absl::StatusOr<std::vector<std::string>>> looking = Due(night);
  absl::StatusOr<std::vector<std::string>> left = co_await looking;
  failed.Update(left.status());
  if (failed.ok()) done_ = night;
  co_return failed;
}

Task<absl::StatusOr<std::vector<std::string>>> RollupWatch::Due(absl::Time night) {
  std::vector<std::string> due;
  int64_t days = 0;
  absl::Time oldest;
  std::function<absl::Status(SqlSession&)> read = [&](SqlSession& session) {
    due.clear();
    days = 0;
    oldest = absl::InfiniteFuture();
    return session.Run(
        "SELECT t.tenant, c.time, c.days FROM reporting_tenants t"
        " LEFT JOIN reporting_checks c ON c.tenant = t.tenant ORDER BY t.tenant",
        {}, [&](const SqlRow& row) {
          absl::Time compared = began_;
          if (!row.IsNull(1)) {
            compared = absl::FromUnixMicros(row.Int(1));
            oldest = std::min(oldest, compared);
            days += row.Int(2);
          }
          if (compared < night) due.emplace_back(row.Text(0));
        });
  };
  Task<absl::Status> reading = store_.Query(std::move(read));
  absl::Status status = co_await reading;
  if (!status.ok()) co_return status;
  Shows(days, oldest);
  co_return std::move(due);
}

Task<absl::Status> RollupWatch::Compare(std::string tenant, absl::Time now) {
  RollupCheck found;
  const auto abandoned = [this] { return stopping_ || !lease_.Held(); };
  std::function<absl::Status(SqlSession&)> compare = [&](SqlSession& session) -> absl::Status {
    ASSIGN_OR_RETURN(found, CheckRollups(session, tenant, abandoned, kRowsAtOnce));
    return absl::OkStatus();
  };
  const absl::Time began = absl::Now();
  Task<absl::Status> comparing = store_.QueryAside(std::move(compare));
  absl::Status status = co_await comparing;
  if (!status.ok()) co_return status;
  Tell(tenant, found, absl::Now() - began);
  std::function<absl::Status(SqlSession&)> note = [&](SqlSession& session) {
    return session.Run(
        "INSERT INTO reporting_checks (tenant, time, days) VALUES (?, ?, ?)"
        " ON CONFLICT (tenant) DO UPDATE SET time = excluded.time, days = excluded.days",
        {absl::string_view(tenant), absl::ToUnixMicros(now),
         static_cast<int64_t>(found.days.size())});
  };
  Task<absl::Status> noting = store_.Note(std::move(note));
  status = co_await noting;
  co_return status;
}

}  // namespace sqm::reporting
