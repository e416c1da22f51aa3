// Two stores on one database.
#pragma once

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "tests/unit/store/store_suite.h"

namespace sqm::store {

class Replicas : public StoreSuite {
 protected:
  void SetUp() override {
    if (!testing::PostgresServer::Available()) GTEST_SKIP() << "no PostgreSQL server is installed";
    Open();
    other_ = Another();
  }
  ~Replicas() override { other_.reset(); }

  std::unique_ptr<PostgresStore> Another(absl::Duration tail_period = absl::Milliseconds(20)) {
    PostgresOptions options = OptionsOfPostgres(directory_);
    options.tail_period = tail_period;
    auto store = PostgresStore::Open(tickets_.registry(), options, executor_, clock_, ids_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  CommitOutcome CommitOn(Store& store, Put put) {
    return Await(store.Commit(Write({std::move(put)})));
  }
  // What a store's listeners hear: every position once, in order.
  struct Heard {
    absl::Mutex mutex;
    std::vector<int64_t> positions ABSL_GUARDED_BY(mutex);
    void Listen(Store& store) {
      store.OnCommit([this](const CommittedBatchPtr& batch) {
        absl::MutexLock lock(&mutex);
        for (const StoredChange& change : batch->changes) {
          EXPECT_NE(change.record->message, nullptr);
          positions.push_back(change.position);
        }
      });
    }
    void WaitFor(size_t count) {
      absl::MutexLock lock(&mutex);
      auto there = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return positions.size() >= count; };
      mutex.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(30));
    }
    std::vector<int64_t> Take() {
      absl::MutexLock lock(&mutex);
      return positions;
    }
  };
  static std::vector<int64_t> UpTo(int64_t last) {
    std::vector<int64_t> all;
    for (int64_t i = 1; i <= last; ++i) all.push_back(i);
    return all;
  }
  // Writers on both stores until `stop`; what was acknowledged, by id.
  struct Written {
    std::map<std::string, int64_t> applied;  // id → position
    std::set<std::string> unknown;           // answered with an error
    std::set<std::string> refused;           // answered with an outcome that is no error
  };
  Written WriteUntil(const std::atomic<bool>& stop, int writers) {
    absl::Mutex mutex;
    Written written;
    std::vector<std::thread> threads;
    for (int w = 0; w < writers; ++w) {
      threads.emplace_back([&, w] {
        Store& store = w % 2 == 0 ? *store_ : *other_;
        for (int i = 0; !stop; ++i) {
          std::string id = absl::StrCat("w", w, "-", i);
          WriteSet write_set = Write({tickets_.Create(id, absl::StrCat("text: \"", id, "\""))});
          write_set.request_id = id;
          write_set.idempotency = testing::Tickets::Request(std::hash<std::string>()(id));
          CommitOutcome outcome = Await(store.Commit(std::move(write_set)));
          absl::MutexLock lock(&mutex);
          if (outcome.kind == CommitOutcome::kApplied) {
            written.applied[id] = outcome.position;
          } else if (outcome.kind == CommitOutcome::kFailed) {
            written.unknown.insert(id);
          } else {
            written.refused.insert(id);
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return written;
  }
  // Nothing acknowledged is lost, nothing is there twice, no position is missing.
  void Check(const Written& written) {
    EXPECT_TRUE(written.refused.empty()) << "a retry met its own first attempt";
    std::vector<StoredChange> changes = Changes();
    std::map<std::string, int64_t> stored;
    for (size_t i = 0; i < changes.size(); ++i) {
      ASSERT_EQ(changes[i].position, static_cast<int64_t>(i) + 1);
      ASSERT_TRUE(stored.emplace(changes[i].id, changes[i].position).second) << changes[i].id;
      ASSERT_TRUE(written.applied.contains(changes[i].id) ||
                  written.unknown.contains(changes[i].id));
    }
    for (const auto& [id, position] : written.applied) {
      ASSERT_EQ(stored[id], position) << id;
      ASSERT_EQ(Version(id), 1) << id;
    }
  }

  std::unique_ptr<PostgresStore> other_;
};

}  // namespace sqm::store
