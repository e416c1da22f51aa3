// The log that is gathered in memory: where a transaction has ended, all of it is in the file.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "common/base/task.h"
#include "common/store/sqlite/database.h"

namespace sqm::store {
namespace {

class GatheringVfsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/sqm-log-XXXXXX";
    directory_ = mkdtemp(name);
    auto opened = SqliteDatabase::Open(directory_ + "/a.db", SqliteDatabase::Mode::kReadWrite);
    ASSERT_TRUE(opened.ok()) << opened.status();
    database_ = *std::move(opened);
    // A few pages of memory: a larger transaction writes some of its pages before its end.
    const absl::Status made = database_->Execute(
        "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; "
        "PRAGMA synchronous=NORMAL; PRAGMA cache_size=10; "
        "CREATE TABLE pages (id INTEGER PRIMARY KEY, version INTEGER, body BLOB); "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
        "INSERT INTO pages SELECT i, 0, zeroblob(3000) FROM n");
    ASSERT_TRUE(made.ok()) << made;
  }
  void TearDown() override {
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  // Writes every page twice.
  absl::Status WriteTwice(int version) {
    RETURN_IF_ERROR(database_->Execute(absl::StrCat("UPDATE pages SET version = ", version - 1)));
    return database_->Execute(absl::StrCat("UPDATE pages SET version = ", version));
  }
  // The oldest version in the files as they are now, as after a crash.
  int64_t Recovered() {
    for (const char* end : {".db", ".db-wal"}) {
      std::filesystem::copy_file(directory_ + "/a" + end, directory_ + "/b" + end,
                                 std::filesystem::copy_options::overwrite_existing);
    }
    std::filesystem::remove(directory_ + "/b.db-shm");
    auto copy = SqliteDatabase::Open(directory_ + "/b.db", SqliteDatabase::Mode::kReadWrite);
    EXPECT_TRUE(copy.ok()) << copy.status();
    int64_t oldest = -1;
    const absl::Status read = (*copy)->Run("SELECT min(version) FROM pages", {},
                                           [&](const SqlRow& row) { oldest = row.Int(0); });
    EXPECT_TRUE(read.ok()) << read;
    return oldest;
  }

  std::string directory_;
  std::unique_ptr<SqliteDatabase> database_;
};

TEST_F(GatheringVfsTest, ATransactionThatWroteItsPagesTwiceIsInTheFile) {
  for (int version = 2; version <= 6; version += 2) {
    ASSERT_TRUE(database_->Transaction([&] { return WriteTwice(version); }).ok());
    EXPECT_EQ(Recovered(), version);
  }
}

TEST_F(GatheringVfsTest, SoIsOneThatFollowsARollback) {
  ASSERT_TRUE(database_->Transaction([&] { return WriteTwice(2); }).ok());
  EXPECT_FALSE(database_
                   ->Transaction([&]() -> absl::Status {
                     RETURN_IF_ERROR(WriteTwice(4));
                     return absl::AbortedError("rolled back");
                   })
                   .ok());
  EXPECT_EQ(Recovered(), 2);
  ASSERT_TRUE(database_->Execute("UPDATE pages SET version = 5").ok());
  EXPECT_EQ(Recovered(), 5);
  ASSERT_TRUE(database_->Execute("UPDATE pages SET version = 6").ok());
  EXPECT_EQ(Recovered(), 6);
}

TEST_F(GatheringVfsTest, SoIsOneInALogThatBeginsAnew) {
  ASSERT_TRUE(database_->Transaction([&] { return WriteTwice(2); }).ok());
  ASSERT_TRUE(database_->Execute("PRAGMA wal_checkpoint(RESTART)").ok());
  ASSERT_TRUE(database_->Transaction([&] { return WriteTwice(4); }).ok());
  EXPECT_EQ(Recovered(), 4);
}

}  // namespace
}  // namespace sqm::store
