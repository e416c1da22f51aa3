// Tables that a service keeps for itself: Project and Query.
#include <absl/synchronization/notification.h>

#include <thread>

#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

class Projecting : public StoreSuite {
 protected:
  void SetUp() override {
    StoreSuite::SetUp();
    if (store_ == nullptr) return;
    ASSERT_TRUE(
        Project([](SqlSession& session) {
          return session.Run(
              "CREATE TABLE sums(k TEXT PRIMARY KEY, n BIGINT, x DOUBLE PRECISION, b BYTEA)");
        }).ok());
  }
  absl::Status Project(std::function<absl::Status(SqlSession&)> work) {
    return Await(store_->Project(std::move(work)));
  }
  absl::Status Query(std::function<absl::Status(SqlSession&)> work) {
    return Await(store_->Query(std::move(work)));
  }
  static absl::Status Add(SqlSession& session, absl::string_view key, int64_t n) {
    return session.Run("INSERT INTO sums(k, n) VALUES(?, ?)", {SqlParam(key), SqlParam(n)});
  }
  static int64_t Count(SqlSession& session) {
    int64_t count = -1;
    EXPECT_TRUE(
        session.Run("SELECT count(*) FROM sums", {}, [&](const SqlRow& row) { count = row.Int(0); })
            .ok());
    return count;
  }
  int64_t CountNow() {
    int64_t count = -1;
    EXPECT_TRUE(Query([&](SqlSession& session) {
                  count = Count(session);
                  return absl::OkStatus();
                }).ok());
    return count;
  }
};
SQM_ON_EVERY_BACKEND(Projecting);

TEST_P(Projecting, ValuesComeBackAsTheyWere) {
  std::string bytes("\0\xff\x01", 3);
  ASSERT_TRUE(Project([&](SqlSession& session) {
                return session.Run("INSERT INTO sums(k, n, x, b) VALUES(?, ?, ?, ?)",
                                   {SqlParam(absl::string_view("ключ")), SqlParam(int64_t{-5}),
                                    SqlParam(1.25), SqlParam(Bytes{bytes})});
              }).ok());
  int rows = 0;
  ASSERT_TRUE(Query([&](SqlSession& session) {
                return session.RunDynamic("SELECT k, n, x, b, NULL FROM sums WHERE n < ?",
                                          {SqlParam(int64_t{0})}, [&](const SqlRow& row) {
                                            ++rows;
                                            EXPECT_EQ(row.Text(0), "ключ");
                                            EXPECT_EQ(row.Int(1), -5);
                                            EXPECT_EQ(row.Double(2), 1.25);
                                            EXPECT_EQ(row.Text(3), bytes);
                                            EXPECT_TRUE(row.IsNull(4));
                                            EXPECT_FALSE(row.IsNull(0));
                                          });
              }).ok());
  EXPECT_EQ(rows, 1);
}

TEST_P(Projecting, AStatementIsRunForEachSetOfParameters) {
  constexpr int64_t kSets = 700;  // more than are sent together
  std::vector<std::string> keys;
  for (int64_t i = 0; i < kSets; ++i) keys.push_back(absl::StrCat("k", i % 600));
  std::vector<std::vector<SqlParam>> sets;
  for (int64_t i = 0; i < kSets; ++i) sets.push_back({keys[static_cast<size_t>(i)], i});
  std::vector<int64_t> changes;
  ASSERT_TRUE(Project([&](SqlSession& session) {
                return session.RunEach(
                    "INSERT INTO sums(k, n) VALUES(?, ?) ON CONFLICT (k) DO NOTHING", sets,
                    [](size_t, const SqlRow&) {}, &changes);
              }).ok());
  ASSERT_EQ(changes.size(), sets.size());
  for (size_t i = 0; i < changes.size(); ++i) EXPECT_EQ(changes[i], i < 600 ? 1 : 0) << i;
  // Rows with the number of the set that found them; of one that finds none there are none.
  std::vector<std::vector<SqlParam>> wanted = {{"k5"}, {"none"}, {"k599"}, {"k5"}};
  std::vector<std::pair<size_t, int64_t>> found;
  ASSERT_TRUE(Query([&](SqlSession& session) {
                return session.RunEach(
                    "SELECT n FROM sums WHERE k = ?", wanted,
                    [&](size_t i, const SqlRow& row) { found.emplace_back(i, row.Int(0)); });
              }).ok());
  EXPECT_THAT(found, ::testing::ElementsAre(std::pair(0, 5), std::pair(2, 599), std::pair(3, 5)));
  // One that fails is an error of all.
  const absl::Status failed = Project([&](SqlSession& session) {
    return session.RunEach("INSERT INTO sums(k, n) VALUES(?, ?)",
                           {{absl::string_view("new"), int64_t{1}}, {keys[0], int64_t{1}}});
  });
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(CountNow(), 600);
}

TEST_P(Projecting, AnErrorRollsEverythingBack) {
  absl::Status status = Project([](SqlSession& session) {
    EXPECT_TRUE(Add(session, "a", 1).ok());
    EXPECT_EQ(session.Changes(), 1);
    return absl::AbortedError("enough");
  });
  EXPECT_EQ(status, absl::AbortedError("enough"));
  EXPECT_EQ(CountNow(), 0);
  status = Project([](SqlSession& session) {
    EXPECT_TRUE(Add(session, "a", 1).ok());
    return Add(session, "a", 2);
  });
  EXPECT_FALSE(status.ok()) << "the same key twice";
  EXPECT_EQ(CountNow(), 0);
  EXPECT_TRUE(Project([](SqlSession& session) { return Add(session, "a", 1); }).ok());
  EXPECT_EQ(CountNow(), 1);
}

TEST_P(Projecting, AMistakeInTheSqlIsAnError) {
  absl::Status status = Project([](SqlSession& session) { return session.Run("SELEC 1"); });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_INTERNAL);
  status = Query([](SqlSession& session) { return session.Run("SELECT * FROM nothing"); });
  EXPECT_FALSE(status.ok());
  status = Query([](SqlSession& session) {
    return session.RunDynamic("SELECT FROM WHERE", {}, [](const SqlRow&) {});
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(Apply(tickets_.Create("a")), 1) << "and the store goes on";
}

TEST_P(Projecting, AQuerySeesOneState) {
  ASSERT_TRUE(Project([](SqlSession& session) { return Add(session, "a", 1); }).ok());
  std::thread writer;
  absl::Notification written;
  ASSERT_TRUE(Query([&](SqlSession& session) {
                EXPECT_EQ(Count(session), 1);
                writer = std::thread([&] {
                  EXPECT_TRUE(Project([](SqlSession& s) { return Add(s, "b", 1); }).ok());
                  written.Notify();
                });
                // A back end with one connection lets the writer wait.
                written.WaitForNotificationWithTimeout(absl::Milliseconds(200));
                EXPECT_EQ(Count(session), 1);
                return absl::OkStatus();
              }).ok());
  writer.join();
  EXPECT_EQ(CountNow(), 2);
}

TEST_P(Projecting, AQueryChangesNothing) {
  (void)Query([](SqlSession& session) { return Add(session, "a", 1); });
  EXPECT_EQ(CountNow(), 0);
}

}  // namespace
}  // namespace sqm::store
