// No space left: every write set of the batch gets the error, nothing is half there, and the store
// goes on as soon as there is space again.
#include <absl/strings/str_format.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "tests/unit/store/store_suite.h"

namespace sqm::store {
namespace {

class FullDisk : public StoreSuite {
 protected:
  // Lets the database grow by `pages` of 4 KiB from its present size.
  void Allow(int64_t pages) {
    ASSERT_TRUE(Await(store_->Project([pages](SqlSession& session) -> absl::Status {
                  int64_t now = 0;
                  RETURN_IF_ERROR(session.Run("PRAGMA page_count", {},
                                              [&](const SqlRow& row) { now = row.Int(0); }));
                  return session.RunDynamic(
                      absl::StrFormat("PRAGMA max_page_count=%d", now + pages), {},
                      [](const SqlRow&) {});
                })).ok());
  }
  // Two tickets of 4 KiB each; the first has a code.
  WriteSet Pair(const std::string& id) {
    std::string text = absl::StrCat("text: \"", std::string(4000, 'x'), "\"");
    std::string code = absl::StrCat(" code: \"", id, "\"");
    WriteSet pair =
        Write({tickets_.Create(id + "-1", text + code), tickets_.Create(id + "-2", text)});
    pair.claims = {tickets_.Code(id, id + "-1")};
    pair.idempotency = testing::Tickets::Request(std::hash<std::string>()(id));
    pair.request_id = id;
    return pair;
  }
  // Writes from 4 threads until each was refused 3 times; gives what was applied and what was not.
  void Exhaust(const std::string& tag, std::vector<std::string>& applied,
               std::vector<std::string>& refused, absl::Status& why) {
    absl::Mutex mutex;
    std::vector<std::thread> writers;
    for (int w = 0; w < 4; ++w) {
      writers.emplace_back([&, w] {
        int failures = 0;
        for (int i = 0; failures < 3 && i < 2000; ++i) {
          std::string id = absl::StrCat(tag, w, "-", i);
          CommitOutcome outcome = Commit(Pair(id));
          absl::MutexLock lock(&mutex);
          if (outcome.kind == CommitOutcome::kApplied) {
            applied.push_back(id);
          } else {
            EXPECT_EQ(outcome.kind, CommitOutcome::kFailed);
            why = outcome.status;
            refused.push_back(id);
            ++failures;
          }
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
  }
  void Verify(const std::vector<std::string>& applied, const std::vector<std::string>& refused) {
    for (const std::string& id : applied) {
      ASSERT_EQ(Version(id + "-1"), 1) << id;
      ASSERT_EQ(Version(id + "-2"), 1) << id;
      ASSERT_EQ(HolderOf(id), id + "-1");
    }
    for (const std::string& id : refused) {
      ASSERT_EQ(Version(id + "-1"), 0) << id;
      ASSERT_EQ(Version(id + "-2"), 0) << id;
      ASSERT_EQ(HolderOf(id), "");
      auto request = testing::Tickets::Request(std::hash<std::string>()(id));
      ASSERT_TRUE(absl::IsNotFound(Await(store_->FindReplay("north", request)).status)) << id;
    }
    std::vector<StoredChange> changes = Changes();
    ASSERT_EQ(changes.size(), 2 * applied.size());
    for (size_t i = 0; i < changes.size(); ++i) {
      ASSERT_EQ(changes[i].position, static_cast<int64_t>(i) + 1);
      ASSERT_EQ(changes[i].commit_id, static_cast<int64_t>(i / 2) * 2 + 1);
    }
    EXPECT_EQ(store_->Head("north").head, static_cast<int64_t>(changes.size()));
  }
};
SQM_ON_SQLITE(FullDisk);

TEST_P(FullDisk, RefusesWholeBatchesAndGoesOn) {
  std::vector<std::string> applied, refused;
  absl::Status why;
  Allow(200);
  Exhaust("a", applied, refused, why);
  EXPECT_EQ(why.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(why), type::v1::ERROR_REASON_STORE_FULL);
  EXPECT_FALSE(applied.empty());
  Verify(applied, refused);
  Allow(1 << 20);
  std::vector<std::string> again = std::move(refused);
  refused.clear();
  for (const std::string& id : again) {
    Apply(Pair(id));
    applied.push_back(id);
  }
  Verify(applied, refused);
}

TEST_P(FullDisk, ATenantsFirstWriteMayFail) {
  // Its first write set was refused for another reason, so that its row is there already.
  WriteSet stale = Write({tickets_.Update("nothing", 1)});
  EXPECT_EQ(Commit(stale).kind, CommitOutcome::kConflict);
  Allow(0);
  EXPECT_EQ(ReasonOf(Commit(Pair("a")).status), type::v1::ERROR_REASON_STORE_FULL);
  WriteSet south = Pair("b");
  south.tenant = "south";
  EXPECT_EQ(ReasonOf(Commit(south).status), type::v1::ERROR_REASON_STORE_FULL);
  Allow(1 << 20);
  EXPECT_EQ(Apply(Pair("a")), 2);
  EXPECT_EQ(Apply(south), 2);
  EXPECT_EQ(store_->Heads().size(), 2u);
}

TEST_P(FullDisk, TrimAndProjectionsFailCleanly) {
  for (int i = 0; i < 20; ++i) Apply(Pair(absl::StrCat("a", i)));
  Allow(0);
  absl::Status status = Await(store_->Project([](SqlSession& session) -> absl::Status {
    RETURN_IF_ERROR(session.Run("CREATE TABLE big(b BLOB)"));
    return session.Run("INSERT INTO big(b) VALUES(zeroblob(1000000))");
  }));
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_STORE_FULL);
  ASSERT_TRUE(Await(store_->Check()).ok());
  clock_.Advance(absl::Hours(48));
  EXPECT_TRUE(Await(store_->Trim(absl::InfinitePast(), 2, {})).ok()) << "which gives space back";
  EXPECT_EQ(store_->Head("north").oldest, 39);
  EXPECT_EQ(Apply(Pair("b")), 42);
}

class FullFile : public FullDisk {};
SQM_ON_SQLITE_FILE(FullFile);

TEST_P(FullFile, RefusesWholeBatchesAndGoesOn) {
  signal(SIGXFSZ, SIG_IGN);
  std::vector<std::string> applied, refused;
  absl::Status why;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = std::filesystem::file_size(FileIn(Parts()) + "-wal") + (512 << 10);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  Exhaust("a", applied, refused, why);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(why.code(), absl::StatusCode::kUnavailable) << why;
  Verify(applied, refused);
  std::vector<std::string> again = std::move(refused);
  refused.clear();
  for (const std::string& id : again) {
    Apply(Pair(id));
    applied.push_back(id);
  }
  Verify(applied, refused);
  Open();
  Verify(applied, refused);
}

}  // namespace
}  // namespace sqm::store
