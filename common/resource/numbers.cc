#include "common/resource/numbers.h"

#include <functional>

namespace sqm::resource {
namespace {

constexpr int64_t kBlock = 256;
constexpr char kTable[] =
    "CREATE TABLE IF NOT EXISTS number_series (tenant TEXT NOT NULL, series TEXT NOT NULL,"
    " next BIGINT NOT NULL, PRIMARY KEY (tenant, series))";
constexpr char kRead[] = "SELECT next FROM number_series WHERE tenant=? AND series=?";
constexpr char kInsert[] = "INSERT INTO number_series (tenant, series, next) VALUES (?, ?, ?)";
constexpr char kUpdate[] = "UPDATE number_series SET next=? WHERE tenant=? AND series=?";

}  // namespace

// The first number of a new block.
Task<absl::StatusOr<int64_t>> Numbers::Take(std::string tenant, std::string series) {
  int64_t first = 1;
  std::function<absl::Status(store::SqlSession&)> work =
      [&](store::SqlSession& session) -> absl::Status {
    const store::SqlParam of = absl::string_view(tenant), in = absl::string_view(series);
    bool found = false;
    RETURN_IF_ERROR(session.Run(kTable));
    RETURN_IF_ERROR(session.Run(kRead, {of, in}, [&](const store::SqlRow& row) {
      first = row.Int(0);
      found = true;
    }));
    return found ? session.Run(kUpdate, {first + kBlock, of, in})
                 : session.Run(kInsert, {of, in, first + kBlock});
  };
  absl::Status status = co_await store_.Project(std::move(work));
  if (!status.ok()) co_return status;
  co_return first;
}

Task<absl::StatusOr<int64_t>> Numbers::Next(std::string tenant, std::string series) {
  const std::pair<std::string, std::string> key(tenant, series);
  while (true) {
    OneShot<absl::Status> taken;
    bool takes = false;
    {
      absl::MutexLock lock(&mutex_);
      Block& block = blocks_[key];
      if (block.next < block.end) co_return block.next++;
      if (block.taking) {
        block.waiting.push_back(&taken);
      } else {
        block.taking = takes = true;
      }
    }
    if (!takes) {
      absl::Status status = co_await taken;
      if (!status.ok()) co_return status;
      continue;
    }
    Task<absl::StatusOr<int64_t>> taking = Take(tenant, series);
    absl::StatusOr<int64_t> first = co_await taking;
    std::vector<OneShot<absl::Status>*> waiting;
    {
      absl::MutexLock lock(&mutex_);
      Block& block = blocks_[key];
      block.taking = false;
      waiting.swap(block.waiting);
      if (first.ok()) {
        block.next = *first + 1;  // the first is ours
        block.end = *first + kBlock;
      }
    }
    for (OneShot<absl::Status>* one : waiting) one->Set(first.status());
    co_return first;
  }
}

}  // namespace sqm::resource
