// What the server's health says of stores that answer, fail and hang.
#include "services/host/health.h"

#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "common/base/ids.h"
#include "common/store/sqlite/sqlite_store.h"
#include "tests/support/forwarding_store.h"
#include "tests/support/log_lines.h"
#include "tests/support/tickets.h"

namespace sqm::host {
namespace {

using ::testing::HasSubstr;

// Answers the question when the test says so.
class AskedStore : public testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Task<absl::Status> Check() override {
    OneShot<absl::Status> answer;
    answer_ = &answer;
    absl::Status status = co_await answer;
    co_return status;
  }
  absl::Status Hears() const override { return hears; }
  void Answer(const absl::Status& status) { answer_->Set(status); }

  absl::Status hears;

 private:
  OneShot<absl::Status>* answer_ = nullptr;  // of the question that was asked last
};

class HealthTest : public ::testing::Test {
 protected:
  std::unique_ptr<AskedStore> Open() {
    auto store = store::SqliteStore::Open(tickets_.registry(), {}, executor_, clock_, ids_);
    EXPECT_TRUE(store.ok()) << store.status();
    return std::make_unique<AskedStore>(*std::move(store));
  }
  Health::Show Show() {
    return [this](const std::string& service, bool serving) { shown_[service] = serving; };
  }

  testing::Tickets tickets_;
  FakeClock clock_{absl::FromUnixSeconds(1767225600)};
  SequenceIds ids_;
  Executor executor_{"test", 1};
  std::map<std::string, bool> shown_;
};

TEST_F(HealthTest, SaysWhatAStoreAnswers) {
  std::unique_ptr<AskedStore> store = Open();
  Health health({""}, Show());
  health.Add("one", *store, {"One", "Two"});
  health.Look();
  EXPECT_TRUE(shown_.empty());
  store->Answer(absl::OkStatus());
  EXPECT_TRUE(shown_["One"]);
  EXPECT_TRUE(shown_["Two"]);
  EXPECT_TRUE(shown_[""]);
  health.Look();
  store->Answer(absl::UnavailableError("away"));
  EXPECT_FALSE(shown_["One"]);
  EXPECT_FALSE(shown_["Two"]);
  health.Await();
}

TEST_F(HealthTest, TheWholeIsWellWhereAllStoresAre) {
  std::unique_ptr<AskedStore> one = Open(), two = Open();
  Health health({"", "Feed"}, Show());
  health.Add("one", *one, {"One"});
  health.Add("two", *two, {"Two"});
  health.Look();
  one->Answer(absl::UnavailableError("away"));
  two->Answer(absl::OkStatus());
  EXPECT_FALSE(shown_["One"]);
  EXPECT_TRUE(shown_["Two"]);
  EXPECT_FALSE(shown_[""]);
  EXPECT_FALSE(shown_["Feed"]);
  health.Look();
  one->Answer(absl::OkStatus());
  EXPECT_TRUE(shown_[""]);
  EXPECT_TRUE(shown_["Feed"]);
  two->Answer(absl::OkStatus());
  EXPECT_TRUE(shown_["Feed"]);
  health.Await();
}

// The question was asked just before the tail was stale, and is not answered.
TEST_F(HealthTest, AStaleTailIsToldThoughAnAnswerIsAwaited) {
  const testing::LogLines log;
  std::unique_ptr<AskedStore> store = Open();
  Health health({""}, Show());
  health.Add("one", *store, {"One"});
  health.Look();
  health.Look();
  EXPECT_TRUE(shown_.empty()) << "it may still answer";
  store->hears = absl::UnavailableError("the server is silent");
  health.Look();
  ASSERT_TRUE(shown_.contains("One"));
  EXPECT_FALSE(shown_["One"]);
  EXPECT_THAT(log.text(), HasSubstr(R"("error":"the server is silent")"));
  store->Answer(absl::OkStatus());
  EXPECT_TRUE(shown_["One"]);
  health.Await();
}

TEST_F(HealthTest, AnAnswerThatIsOverdueIsNone) {
  const testing::LogLines log;
  std::unique_ptr<AskedStore> store = Open();
  Health health({""}, Show(), absl::ZeroDuration());
  health.Add("one", *store, {"One"});
  health.Look();
  health.Look();
  ASSERT_TRUE(shown_.contains("One"));
  EXPECT_FALSE(shown_["One"]);
  EXPECT_THAT(log.text(), HasSubstr("it has been asked whether it takes writes"));
  store->Answer(absl::OkStatus());
  EXPECT_TRUE(shown_["One"]);
  health.Await();
}

TEST_F(HealthTest, WhatIsAwayIsToldOfWhenItGoesAndWhenItIsBack) {
  const testing::LogLines log;
  std::unique_ptr<AskedStore> store = Open();
  Health health({""}, Show());
  health.Add("one", *store, {"One"});
  for (const bool well : {true, false, false, false, true, true}) {
    health.Look();
    store->Answer(well ? absl::OkStatus() : absl::UnavailableError("away"));
  }
  health.Await();
  const std::vector<std::string> lines = absl::StrSplit(log.text(), '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 2u) << log.text();
  EXPECT_THAT(lines[0], HasSubstr(R"("service":"one","error":"away")"));
  EXPECT_THAT(lines[1], HasSubstr("the store is ready again"));
}

}  // namespace
}  // namespace sqm::host
