// Reference data through a real Redis: when a snapshot may answer, and when the store must.
#include "common/resource/shared_records.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/resource/resources.h"
#include "common/store/sqlite/sqlite_store.h"
#include "sqm/complaints/v1/reply_template.pb.h"
#include "sqm/schedule/v1/job_term.pb.h"
#include "tests/support/forwarding_store.h"
#include "tests/support/redis_server.h"

namespace sqm::resource {
namespace {

using complaints::v1::ReplyTemplate;
using store::RecordPtr;

class SharedRecordsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::RedisServer::Available()) GTEST_SKIP() << "no redis-server on this machine";
    server_ = std::make_unique<testing::RedisServer>();
    cache::RedisOptions redis;
    redis.unix_socket = server_->socket();
    redis.deadline = absl::Seconds(5);
    redis_ = std::make_unique<cache::Redis>(redis, executor_, ids_);
    cache::RedisTierOptions tier;
    tier.record_ttl = absl::Minutes(5);
    tier_ = std::make_unique<cache::RedisTier>(tier, *redis_, clock_);
    char name[] = "/tmp/sqm-shared-XXXXXX";
    directory_ = mkdtemp(name);
    registry_ = *contract::Registry::Build(
        {ReplyTemplate::descriptor()->file(), schedule::v1::JobTerm::descriptor()->file()});
    type_ = registry_->FindType(ReplyTemplate::descriptor());
    other_ = registry_->FindType(schedule::v1::JobTerm::descriptor());
    store_ = OpenStore("a");
    records_ = std::make_unique<SharedRecords>(*store_, *tier_, clock_);
    while (redis_->state() != cache::CircuitBreaker::State::kClosed) {
      absl::SleepFor(absl::Milliseconds(1));
    }
  }
  void TearDown() override {
    timer_.Stop();
    if (redis_ != nullptr) redis_->Shutdown();
    replicas_.clear();
    caches_.clear();
    records_.reset();
    store_.reset();
    executor_.Stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  std::unique_ptr<store::Store> OpenStore(const std::string& name) {
    store::SqliteOptions options;
    options.path = absl::StrCat(directory_, "/", name, ".db");
    auto store = store::SqliteStore::Open(*registry_, options, executor_, clock_, ids_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  // A cold replica: nothing in its cache.
  void OpenResources() {
    caches_.push_back(std::make_unique<cache::LocalCache>(cache::LocalCacheOptions(), clock_));
    cache::LocalCache* cache = caches_.back().get();
    FollowCommits(*store_, *cache, clock_, timer_);
    ResourcesParts parts;
    parts.registry = registry_.get();
    parts.store = store_.get();
    parts.cache = cache;
    parts.redis = tier_.get();
    parts.clock = &clock_;
    parts.ids = &ids_;
    parts.executor = &executor_;
    replicas_.push_back(std::make_unique<Resources>(parts));
  }

  store::Record Record(int64_t version, const std::string& body, bool deleted = false) {
    ReplyTemplate one;
    one.set_name("replyTemplates/one");
    one.set_etag(absl::StrCat("\"", version, "\""));
    one.mutable_label()->set_en(body);
    store::Record record;
    record.version = version;
    record.deleted = deleted;
    record.body = one.SerializeAsString();
    record.message = std::make_shared<const ReplyTemplate>(one);
    return record;
  }
  // Commits a version of the type under the id; the position.
  int64_t Commit(const contract::ResourceType& type, const std::string& id, int64_t version,
                 const std::string& body = "stored") {
    store::Put put;
    put.type = &type;
    put.id = id;
    put.expected = version - 1;
    put.kind = version == 1 ? store::ChangeKind::kCreated : store::ChangeKind::kUpdated;
    auto record = std::make_shared<store::Record>(Record(version, body));
    if (&type == other_) {
      auto term = std::make_shared<schedule::v1::JobTerm>();
      record->body.clear();
      record->message = term;
    }
    put.record = record;
    store::WriteSet write_set;
    write_set.tenant = "north";
    write_set.time = clock_.Now();
    write_set.puts.push_back(std::move(put));
    store::CommitOutcome outcome = Await(store_->Commit(std::move(write_set)));
    EXPECT_EQ(outcome.kind, store::CommitOutcome::kApplied) << outcome.subject << outcome.status;
    return outcome.position;
  }
  // Until so many puts have been answered by Redis: the first of a server takes two trips, for the
  // script.
  void AwaitPuts(uint64_t puts) {
    const absl::Time limit = absl::Now() + absl::Seconds(10);
    auto answered = [this] {
      const cache::RedisTierStats stats = tier_->Stats();
      return stats.puts + stats.outrun;
    };
    while (answered() < puts && absl::Now() < limit) absl::SleepFor(absl::Milliseconds(1));
    ASSERT_GE(answered(), puts);
  }
  // Shares a record and waits until Redis has it.
  void Share(int64_t version, const std::string& body, int64_t position, bool deleted = false) {
    const cache::RedisTierStats before = tier_->Stats();
    records_->Put(*type_, "north", "one", Record(version, body, deleted), clock_.Now(), position);
    AwaitPuts(before.puts + before.outrun + 1);
  }
  RecordPtr Get() { return Await(records_->Get(*type_, "north", "one")); }
  static std::string BodyOf(const RecordPtr& record) {
    return record == nullptr ? "(none)"
                             : static_cast<const ReplyTemplate&>(*record->message).label().en();
  }
  // What a handler of the last replica reads.
  std::string Read() {
    absl::StatusOr<RecordPtr> record = Await(replicas_.back()->Read(*type_, "north", "one"));
    EXPECT_TRUE(record.ok()) << record.status();
    return record.ok() ? BodyOf(*record) : "(failed)";
  }

  FakeClock clock_{absl::FromUnixSeconds(1767225600)};
  SequenceIds ids_;
  Executor executor_{"test", 4};
  Timer timer_;
  std::string directory_;
  std::unique_ptr<testing::RedisServer> server_;
  std::unique_ptr<cache::Redis> redis_;
  std::unique_ptr<cache::RedisTier> tier_;
  std::unique_ptr<contract::Registry> registry_;
  const contract::ResourceType* type_ = nullptr;
  const contract::ResourceType* other_ = nullptr;  // not shared
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<SharedRecords> records_;
  // The store tells all of them of its commits as long as it lives.
  std::vector<std::unique_ptr<cache::LocalCache>> caches_;
  std::vector<std::unique_ptr<Resources>> replicas_;
};

TEST_F(SharedRecordsTest, WhatIsSharedIsFound) {
  EXPECT_EQ(Get(), nullptr);
  const int64_t position = Commit(*type_, "one", 1);
  Share(1, "shared", position);
  RecordPtr record = Get();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->version, 1);
  EXPECT_FALSE(record->deleted);
  EXPECT_EQ(BodyOf(record), "shared");
  EXPECT_EQ(record->body, Record(1, "shared").body);
  Share(2, "gone", position, true);
  EXPECT_TRUE(Get()->deleted);
}

TEST_F(SharedRecordsTest, NothingOlderThanWhatWasAppliedHere) {
  const int64_t position = Commit(*type_, "one", 1);
  Share(1, "shared", position);
  // A change of the type that the snapshot may not include …
  const int64_t later = Commit(*type_, "two", 1);
  EXPECT_EQ(Get(), nullptr);
  clock_.Advance(absl::Milliseconds(1));
  Share(1, "shared", later);
  EXPECT_NE(Get(), nullptr);
  // … and one of another type, which it cannot lack.
  Commit(*other_, "job", 1);
  EXPECT_NE(Get(), nullptr);
}

TEST_F(SharedRecordsTest, NothingFromBeforeTheProcessBegan) {
  const int64_t position = Commit(*type_, "one", 1);
  const int64_t later = Commit(*other_, "job", 1);
  Share(1, "shared", position);
  EXPECT_NE(Get(), nullptr);
  SharedRecords cold(*store_, *tier_, clock_);
  EXPECT_EQ(Await(cold.Get(*type_, "north", "one")), nullptr);
  clock_.Advance(absl::Milliseconds(1));
  Share(1, "shared", later);
  EXPECT_NE(Await(cold.Get(*type_, "north", "one")), nullptr);
}

// Others' changes that will not be heard of may be of the type.
class GapStore : public testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  void OnGap(GapListener listener) override { gap = std::move(listener); }
  GapListener gap;
};

TEST_F(SharedRecordsTest, NothingFromBeforeWhatWasNotHeardOf) {
  auto owned = std::make_unique<GapStore>(std::move(store_));
  GapStore& store = *owned;
  store_ = std::move(owned);
  SharedRecords replica(store, *tier_, clock_);
  const int64_t position = Commit(*type_, "one", 1);
  const int64_t later = Commit(*other_, "job", 1);
  Share(1, "shared", position);
  store.gap("south", later);
  EXPECT_NE(Await(replica.Get(*type_, "north", "one")), nullptr);
  store.gap("north", later);
  EXPECT_EQ(Await(replica.Get(*type_, "north", "one")), nullptr);
  clock_.Advance(absl::Milliseconds(1));
  Share(1, "shared", later);
  EXPECT_NE(Await(replica.Get(*type_, "north", "one")), nullptr);
}

// What commits while the heads are being noted.
class CommittingStore : public testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  std::map<std::string, store::FeedHead> Heads() const override {
    std::map<std::string, store::FeedHead> heads = ForwardingStore::Heads();
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    return heads;
  }
  mutable std::function<void()> meanwhile;
};

TEST_F(SharedRecordsTest, NothingFromBeforeWhatWasCommittedWhileItBegan) {
  auto owned = std::make_unique<CommittingStore>(std::move(store_));
  CommittingStore& store = *owned;
  store_ = std::move(owned);
  const int64_t position = Commit(*type_, "one", 1);
  Share(1, "shared", position);
  store.meanwhile = [this] { Commit(*type_, "two", 1); };
  SharedRecords cold(store, *tier_, clock_);
  EXPECT_EQ(Await(cold.Get(*type_, "north", "one")), nullptr);
}

// What others committed meanwhile would be heard of later.
class BehindStore : public testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  absl::Time HeardUntil(absl::Time now) const override { return now - behind; }
  absl::Duration behind;
};

TEST_F(SharedRecordsTest, NothingWhereNothingWasHeardForTwoSeconds) {
  auto owned = std::make_unique<BehindStore>(std::move(store_));
  BehindStore& store = *owned;
  store_ = std::move(owned);
  SharedRecords replica(store, *tier_, clock_);
  Share(1, "shared", Commit(*type_, "one", 1));
  store.behind = absl::Milliseconds(1999);
  EXPECT_NE(Await(replica.Get(*type_, "north", "one")), nullptr);
  store.behind = absl::Seconds(2);
  EXPECT_EQ(Await(replica.Get(*type_, "north", "one")), nullptr);
}

TEST_F(SharedRecordsTest, NothingOlderThanTwoSeconds) {
  Share(1, "shared", Commit(*type_, "one", 1));
  clock_.Advance(absl::Milliseconds(1999));
  EXPECT_NE(Get(), nullptr);
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(Get(), nullptr);
}

TEST_F(SharedRecordsTest, NothingOfAnotherStore) {
  Share(1, "shared", Commit(*type_, "one", 1));
  std::unique_ptr<store::Store> other = OpenStore("b");
  SharedRecords stranger(*other, *tier_, clock_);
  EXPECT_EQ(Await(stranger.Get(*type_, "north", "one")), nullptr);
}

TEST_F(SharedRecordsTest, AColdReplicaReadsRedisFirst) {
  const int64_t position = Commit(*type_, "one", 1, "stored");
  Share(1, "shared", position);
  OpenResources();
  EXPECT_EQ(Read(), "shared");
  // From then on it is in its own cache.
  server_->Command({"FLUSHALL"});
  EXPECT_EQ(Read(), "shared");
}

TEST_F(SharedRecordsTest, WhatIsReadFromTheStoreIsShared) {
  Commit(*type_, "one", 1, "stored");
  OpenResources();
  EXPECT_EQ(Read(), "stored");
  AwaitPuts(1);
  EXPECT_EQ(BodyOf(Get()), "stored");
}

TEST_F(SharedRecordsTest, RedisGoneOrEmptyCostsNoAnswer) {
  Commit(*type_, "one", 1, "stored");
  OpenResources();
  server_->Command({"FLUSHALL"});
  EXPECT_EQ(Read(), "stored");
  server_->Kill();
  OpenResources();
  EXPECT_EQ(Read(), "stored");
  EXPECT_EQ(Get(), nullptr);
}

}  // namespace
}  // namespace sqm::resource
