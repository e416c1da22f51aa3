// A consumer that copies a source's feed into a store of its own.
#pragma once

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "tests/unit/feed/store_sink.h"
#include "tests/unit/feed/world.h"

namespace sqm::feed {

class ConsumerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store::SqliteOptions options;
    options.path = directory_.File("copy.db");
    store_ =
        *store::SqliteStore::Open(TestRegistry(), options, executor_, SystemClock::Get(), ids_);
    sink_ = std::make_unique<StoreSink>(*store_);
  }
  void TearDown() override {
    timer_.Stop();
    executor_.Stop();
    sink_.reset();
    store_.reset();
  }

  ConsumerOptions Options(World& world) {
    ConsumerOptions options;
    options.source = "monitoring";
    options.authorization = [&world]() -> absl::StatusOr<std::string> {
      return world.ServiceToken();
    };
    options.discover_period = absl::Milliseconds(50);
    options.least_backoff = absl::Milliseconds(2);
    options.most_backoff = absl::Milliseconds(50);
    return options;
  }
  std::unique_ptr<Consumer> Begin(World& world, ConsumerOptions options) {
    auto consumer = std::make_unique<Consumer>(world.channel, std::move(options), *sink_, executor_,
                                               timer_, SystemClock::Get(), ids_);
    consumer->Start();
    return consumer;
  }
  std::unique_ptr<Consumer> Begin(World& world) { return Begin(world, Options(world)); }

  // Waits until everything of the tenant is applied.
  static bool CaughtUp(Consumer& consumer, World& world, const std::string& tenant,
                       absl::Duration most = absl::Seconds(20)) {
    absl::Time until = absl::Now() + most;
    while (absl::Now() < until) {
      for (const Progress& progress : consumer.progress()) {
        if (progress.tenant == tenant && progress.applied > 0 &&
            progress.applied == world.store->Head(tenant).head) {
          return true;
        }
      }
      absl::SleepFor(absl::Milliseconds(5));
    }
    return false;
  }

  // What the source holds: undeleted contacts and their versions.
  static std::map<std::string, int64_t> Source(World& world, const std::string& tenant) {
    store::ListQuery query;
    query.type = &ContactType();
    query.tenant = tenant;
    query.limit = 100000;
    auto rows = Await(world.store->List(query));
    EXPECT_TRUE(rows.ok()) << rows.status();
    std::map<std::string, int64_t> source;
    for (const store::Listed& row : *rows) {
      source[absl::StrCat("contacts/", row.id)] = row.record->version;
    }
    return source;
  }

  TempDir directory_;
  Executor executor_{"consumer", 3};
  Timer timer_;
  RandomIds ids_;
  std::unique_ptr<store::SqliteStore> store_;
  std::unique_ptr<StoreSink> sink_;
};

}  // namespace sqm::feed
