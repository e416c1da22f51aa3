// A consumer's sink over a store, with faults.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "common/base/status.h"
#include "common/feed/consumer.h"
#include "common/store/store.h"

namespace sqm::feed {

// Copies resources and counts changes in tables of a store, with the token in the same transaction.
class StoreSink final : public Sink {
 public:
  explicit StoreSink(store::Store& store) : store_(store) {
    EXPECT_TRUE(Await(store_.Project([](store::SqlSession& session) {
                  RETURN_IF_ERROR(session.Run(
                      "CREATE TABLE IF NOT EXISTS copy (tenant TEXT, name TEXT, version BIGINT, "
                      "PRIMARY KEY (tenant, name))"));
                  return session.Run(
                      "CREATE TABLE IF NOT EXISTS copied (tenant TEXT PRIMARY KEY, token TEXT, "
                      "changes BIGINT)");
                })).ok());
  }

  // One in `fail` applications is refused: before anything, in the middle, or after the commit.
  std::atomic<int> fail{0};
  std::atomic<int> resets{0};
  std::atomic<int> repeats{0};    // live changes of a version that was known
  std::atomic<int> snapshots{0};  // complete ones
  std::atomic<int> running{0};

  Task<absl::StatusOr<std::optional<Position>>> Load(std::string tenant) override {
    std::optional<Position> position;
    std::function<absl::Status(store::SqlSession&)> work = [&](store::SqlSession& session) {
      return session.Run(
          "SELECT token FROM copied WHERE tenant = ?", {store::SqlParam(absl::string_view(tenant))},
          [&](const store::SqlRow& row) { position = Position{std::string(row.Text(0))}; });
    };
    absl::Status status = co_await store_.Query(std::move(work));
    if (!status.ok()) co_return status;
    co_return position;
  }

  Task<absl::Status> Apply(std::string tenant, const v1::ChangeBatch& batch) override {
    ++running;
    int draw = fail > 0 ? static_cast<int>(Draw() % static_cast<unsigned>(fail * 3)) : 99;
    if (draw == 0) {
      --running;
      co_return absl::InternalError("before");
    }
    std::function<absl::Status(store::SqlSession&)> work =
        [&](store::SqlSession& session) -> absl::Status {
      for (const v1::Change& change : batch.changes()) {
        RETURN_IF_ERROR(ApplyOne(session, tenant, change));
      }
      if (draw == 1) return absl::InternalError("in the middle");
      return session.Run(
          "INSERT INTO copied (tenant, token, changes) VALUES (?, ?, ?) ON CONFLICT (tenant) DO "
          "UPDATE SET token = excluded.token, changes = copied.changes + excluded.changes",
          {store::SqlParam(absl::string_view(tenant)),
           store::SqlParam(absl::string_view(batch.resume_token())),
           store::SqlParam(static_cast<int64_t>(batch.changes_size()))});
    };
    absl::Status status = co_await store_.Project(std::move(work));
    if (status.ok() && batch.snapshot_complete()) ++snapshots;
    if (status.ok() && draw == 2) status = absl::InternalError("after");
    --running;
    co_return status;
  }

  Task<absl::Status> Reset(std::string tenant) override {
    ++resets;
    std::function<absl::Status(store::SqlSession&)> work =
        [&](store::SqlSession& session) -> absl::Status {
      RETURN_IF_ERROR(session.Run("DELETE FROM copy WHERE tenant = ?",
                                  {store::SqlParam(absl::string_view(tenant))}));
      return session.Run("DELETE FROM copied WHERE tenant = ?",
                         {store::SqlParam(absl::string_view(tenant))});
    };
    absl::Status status = co_await store_.Project(std::move(work));
    co_return status;
  }

  std::map<std::string, int64_t> Rows(const std::string& tenant) {
    std::map<std::string, int64_t> rows;
    EXPECT_TRUE(Await(store_.Query([&](store::SqlSession& session) {
                  return session.Run("SELECT name, version FROM copy WHERE tenant = ?",
                                     {store::SqlParam(absl::string_view(tenant))},
                                     [&](const store::SqlRow& row) {
                                       rows[std::string(row.Text(0))] = row.Int(1);
                                     });
                })).ok());
    return rows;
  }
  // Changes applied since the last reset.
  int64_t Changes(const std::string& tenant) {
    int64_t changes = 0;
    EXPECT_TRUE(Await(store_.Query([&](store::SqlSession& session) {
                  return session.Run("SELECT changes FROM copied WHERE tenant = ?",
                                     {store::SqlParam(absl::string_view(tenant))},
                                     [&](const store::SqlRow& row) { changes = row.Int(0); });
                })).ok());
    return changes;
  }

 private:
  absl::Status ApplyOne(store::SqlSession& session, const std::string& tenant,
                        const v1::Change& change) {
    if (change.kind() == v1::CHANGE_KIND_DELETED) {
      return session.Run("DELETE FROM copy WHERE tenant = ? AND name = ?",
                         {store::SqlParam(absl::string_view(tenant)),
                          store::SqlParam(absl::string_view(change.name()))});
    }
    RETURN_IF_ERROR(session.Run(
        "INSERT INTO copy (tenant, name, version) VALUES (?, ?, ?) ON CONFLICT (tenant, name) DO "
        "UPDATE SET version = excluded.version WHERE excluded.version > copy.version",
        {store::SqlParam(absl::string_view(tenant)),
         store::SqlParam(absl::string_view(change.name())), store::SqlParam(change.version())}));
    if (session.Changes() == 0) ++repeats;
    return absl::OkStatus();
  }

  unsigned Draw() {
    absl::MutexLock lock(&mutex_);
    return random_();
  }

  store::Store& store_;
  absl::Mutex mutex_;
  std::mt19937 random_ ABSL_GUARDED_BY(mutex_){7};
};

}  // namespace sqm::feed
