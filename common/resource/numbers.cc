#include "common/resource/numbers.h"

#include <algorithm>
#include <functional>

#include "common/store/prepare.h"

namespace sqm::resource {
namespace {

// Of a block. It grows at most so many times at once.
constexpr int64_t kLeast = 16;
constexpr int64_t kMost = 8192;
constexpr int64_t kGrowth = 8;

constexpr store::SchemaPart kTable[] = {
    {"number_series",
     "CREATE TABLE IF NOT EXISTS number_series (tenant TEXT NOT NULL, series TEXT NOT NULL,"
     " next BIGINT NOT NULL, PRIMARY KEY (tenant, series))"}};
// In one statement, so that of processes that take at once each gets a block of its own.
constexpr char kTake[] =
    "INSERT INTO number_series AS known (tenant, series, next) VALUES (?, ?, ?)"
    " ON CONFLICT (tenant, series) DO UPDATE SET next = known.next + excluded.next - 1"
    " RETURNING next";

}  // namespace

std::optional<int64_t> Numbers::Series::Draw() {
  if (current.left() == 0) std::swap(current, ahead);
  if (current.left() == 0) return std::nullopt;
  return current.next++;
}

int64_t Numbers::Series::Wanted(absl::Time now) const {
  if (taking || ahead.left() > 0 || current.left() * 2 > size) return 0;
  const double seconds = std::max(absl::ToDoubleSeconds(now - taken_time), 0.0);
  const double lasting = seconds > 0 ? static_cast<double>(size) / seconds : kMost;
  const int64_t most = std::clamp(size * kGrowth, kLeast, kMost);
  return std::clamp(static_cast<int64_t>(std::min<double>(lasting, kMost)), kLeast, most);
}

// The first number of a new block.
Task<absl::StatusOr<int64_t>> Numbers::Take(std::string tenant, std::string series, int64_t size) {
  int64_t next = 0;
  const auto work = [&](store::SqlSession& session) {
    return session.Run(kTake,
                       {absl::string_view(tenant), absl::string_view(series), int64_t{1 + size}},
                       [&](const store::SqlRow& row) { next = row.Int(0); });
  };
  if (!prepared_) {
    Task<absl::Status> making = store::Prepare(store_, kTable);
    absl::Status made = co_await making;
    if (!made.ok()) co_return made;
  }
  Task<absl::Status> taking = store_.Note(work);
  absl::Status status = co_await taking;
  prepared_ = status.ok();
  if (!status.ok()) co_return status;
  co_return next - size;
}

Task<absl::StatusOr<int64_t>> Numbers::Next(std::string tenant, std::string series,
                                            absl::Time now) {
  const std::pair<std::string, std::string> key(tenant, series);
  while (true) {
    OneShot<absl::Status> taken;
    std::optional<int64_t> mine;
    int64_t size = 0;  // of the block that this one takes
    {
      absl::MutexLock lock(&mutex_);
      Series& one = series_[key];
      mine = one.Draw();
      size = one.Wanted(now);
      if (size > 0) {
        one.taking = true;
      } else if (mine) {
        co_return *mine;
      } else {
        one.waiting.push_back(&taken);
      }
    }
    if (size == 0) {
      absl::Status status = co_await taken;
      if (!status.ok()) co_return status;
      continue;
    }
    Task<absl::StatusOr<int64_t>> taking = Take(tenant, series, size);
    absl::StatusOr<int64_t> first = co_await taking;
    std::vector<OneShot<absl::Status>*> waiting;
    {
      absl::MutexLock lock(&mutex_);
      Series& one = series_[key];
      one.taking = false;
      waiting.swap(one.waiting);
      if (first.ok()) {
        one.ahead = Block{*first, *first + size};
        one.size = size;
        one.taken_time = now;
      }
    }
    for (OneShot<absl::Status>* waiter : waiting) waiter->Set(first.status());
    // Without a new block those have a number still who draw from the old one.
    if (mine) co_return *mine;
    if (!first.ok()) co_return first.status();
  }
}

}  // namespace sqm::resource
