// The process is killed (SIGKILL) at random moments while 8 threads write. After each restart:
// what was acknowledged is there, nothing is there by half, positions have no gap, unique values
// agree with the rows, and acknowledged request ids give their first result.
#include <absl/random/random.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "common/base/executor.h"
#include "common/store/sqlite/sqlite_store.h"
#include "tests/fault/store/tickets_journal.h"

namespace sqm::testing {
namespace {

using store::CommitOutcome;
using store::RecordPtr;
using store::StoredChange;

constexpr int kRounds = 30;
// Numbers of one round; none writes that many.
constexpr uint64_t kNumbersOfARound = 10'000'000;

class Killing : public ::testing::Test {
 protected:
  Killing() : executor_("test", 2) {
    char name[] = "/tmp/sqm-kill-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~Killing() override {
    store_.reset();
    executor_.Stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  std::string file() const { return directory_ + "/test.db"; }

  // Runs the writer and kills it `after` its first acknowledgement. Returns what it acknowledged:
  // number → position.
  std::map<uint64_t, int64_t> RunAndKill(uint64_t first, absl::Duration after) {
    int pipes[2];
    EXPECT_EQ(pipe(pipes), 0);
    const std::string program = std::string(SQM_BIN_DIR) + "/store_writer", path = file(),
                      number = absl::StrCat(first);
    pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(pipes[1], STDOUT_FILENO);
      close(pipes[0]);
      close(pipes[1]);
      execl(program.c_str(), program.c_str(), path.c_str(), number.c_str(), nullptr);
      _exit(127);
    }
    close(pipes[1]);
    std::string said;
    char buffer[65536];
    absl::Time kill_at = absl::InfiniteFuture();
    bool killed = false;
    while (true) {
      pollfd waiting{pipes[0], POLLIN, 0};
      absl::Duration left = killed ? absl::Seconds(10) : kill_at - absl::Now();
      left = std::min(left, absl::Seconds(20));
      int ready = poll(&waiting, 1, std::max(0, static_cast<int>(absl::ToInt64Milliseconds(left))));
      if (ready > 0) {
        ssize_t size = read(pipes[0], buffer, sizeof(buffer));
        if (size <= 0) break;
        if (said.empty()) kill_at = absl::Now() + after;
        said.append(buffer, static_cast<size_t>(size));
      }
      if (!killed && absl::Now() >= kill_at) {
        kill(child, SIGKILL);
        killed = true;
      } else if (ready == 0 && kill_at == absl::InfiniteFuture()) {
        kill(child, SIGKILL);  // it never began
        break;
      }
    }
    close(pipes[0]);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "the writer ended by itself: " << status;
    std::map<uint64_t, int64_t> acknowledged;
    for (absl::string_view line : absl::StrSplit(said, '\n', absl::SkipEmpty())) {
      std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
      uint64_t done = 0;
      int64_t position = 0;
      EXPECT_TRUE(words.size() == 2 && absl::SimpleAtoi(words[0], &done) &&
                  absl::SimpleAtoi(words[1], &position))
          << line;
      acknowledged[done] = position;
    }
    return acknowledged;
  }

  void Open() {
    store::SqliteOptions options;
    options.path = file();
    auto store =
        store::SqliteStore::Open(tickets_.registry(), options, executor_, SystemClock::Get(), ids_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  // Follows the feed from where the last check ended; remembers what it says of every resource.
  void CheckChanges(std::map<uint64_t, int64_t>& applied) {
    auto changes = Await(store_->ReadChanges("north", checked_, 1 << 30, 1 << 30));
    ASSERT_TRUE(changes.ok()) << changes.status();
    for (size_t i = 0; i < changes->size(); i += 2) {
      ASSERT_LT(i + 1, changes->size()) << "half a commit at the end";
      const StoredChange &first = (*changes)[i], &second = (*changes)[i + 1];
      ASSERT_EQ(first.position, ++checked_);
      ASSERT_EQ(second.position, ++checked_);
      ASSERT_EQ(first.commit_id, first.position);
      ASSERT_EQ(second.commit_id, first.position);
      ASSERT_EQ(first.request_id, second.request_id);
      uint64_t number = 0;
      ASSERT_TRUE(absl::SimpleAtoi(first.request_id, &number));
      ASSERT_EQ(first.id, NewId(number, "a"));
      ASSERT_TRUE(applied.emplace(number, second.position).second) << "applied twice: " << number;
      for (const StoredChange* change : {&first, &second}) {
        std::pair<int64_t, std::string>& latest = latest_[change->type->NameOf(change->id)];
        ASSERT_EQ(change->version, latest.first + 1) << change->id;
        latest = {change->version, change->record->body};
      }
    }
    EXPECT_EQ(store_->Head("north").head, checked_);
  }

  // The rows are what the feed says, no more and no less.
  void CheckRows() {
    size_t rows = 0;
    absl::Status status = Await(store_->Query([&](store::SqlSession& session) -> absl::Status {
      auto check = [&](const contract::ResourceType& type, const store::SqlRow& row) {
        ++rows;
        auto it = latest_.find(type.NameOf(row.Text(0)));
        ASSERT_NE(it, latest_.end()) << row.Text(0);
        ASSERT_EQ(row.Int(1), it->second.first) << row.Text(0);
        ASSERT_EQ(row.Text(2), it->second.second) << row.Text(0);
      };
      RETURN_IF_ERROR(
          session.Run("SELECT id, version, body FROM r_ticket", {},
                      [&](const store::SqlRow& row) { check(tickets_.ticket(), row); }));
      return session.Run("SELECT id, version, body FROM r_comment", {},
                         [&](const store::SqlRow& row) { check(tickets_.comment(), row); });
    }));
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(rows, latest_.size());
  }

  // No two tickets have the same code.
  void CheckUniqueValues() {
    int64_t codes = -1, different = -2;
    absl::Status status = Await(store_->Query([&](store::SqlSession& session) {
      return session.Run(
          "SELECT count(*), count(DISTINCT tenant || '/' || f_code) FROM r_ticket "
          "WHERE f_code <> '' AND delete_time IS NULL",
          {}, [&](const store::SqlRow& row) {
            codes = row.Int(0);
            different = row.Int(1);
          });
    }));
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(codes, different);
  }

  // The request id of every applied write gives its first result.
  void CheckReplays(const std::map<uint64_t, int64_t>& applied) {
    for (const auto& [number, position] : applied) {
      store::WriteSet again = WriteOf(tickets_, number, 1, SystemClock::Get().Now());
      std::string first = again.puts[0].record->body;
      CommitOutcome found = Await(store_->FindReplay("north", *again.idempotency));
      ASSERT_EQ(found.kind, CommitOutcome::kReplayed) << number;
      ASSERT_EQ(found.replay, first) << number;
    }
    // The committer decides the same, for a few: each costs a transaction.
    int sent = 0;
    for (auto it = applied.rbegin(); it != applied.rend() && sent < 20; ++it, ++sent) {
      store::WriteSet again = WriteOf(tickets_, it->first, 1, SystemClock::Get().Now());
      std::string first = again.puts[0].record->body;
      CommitOutcome outcome = Await(store_->Commit(std::move(again)));
      ASSERT_EQ(outcome.kind, CommitOutcome::kReplayed);
      ASSERT_EQ(outcome.replay, first);
    }
    EXPECT_EQ(store_->Head("north").head, checked_) << "a replay writes nothing";
  }

  Tickets tickets_;
  Executor executor_;
  RandomIds ids_;
  std::string directory_;
  std::unique_ptr<store::SqliteStore> store_;
  int64_t checked_ = 0;  // position up to which the feed was checked
  std::map<std::string, std::pair<int64_t, std::string>> latest_;  // name → version, body
};

TEST_F(Killing, LosesNothingThatWasAcknowledged) {
  const uint32_t seed = std::random_device()();
  std::mt19937 random(seed);
  std::cout << "seed " << seed << std::endl;
  size_t acknowledged = 0, unheard = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(absl::StrCat("seed ", seed, " round ", round));
    absl::Duration after = absl::Microseconds(absl::Uniform(random, 0, 250'000));
    std::map<uint64_t, int64_t> acks =
        RunAndKill(static_cast<uint64_t>(round) * kNumbersOfARound, after);
    ASSERT_FALSE(acks.empty());
    Open();
    if (HasFatalFailure()) return;
    std::map<uint64_t, int64_t> applied;
    CheckChanges(applied);
    for (const auto& [number, position] : acks) {
      auto it = applied.find(number);
      ASSERT_NE(it, applied.end()) << "lost: " << number;
      ASSERT_EQ(it->second, position) << number;
    }
    CheckUniqueValues();
    CheckReplays(applied);
    if (round % 10 == 9) CheckRows();
    if (HasFatalFailure()) return;
    store_.reset();
    acknowledged += acks.size();
    unheard += applied.size() - acks.size();
  }
  std::cout << acknowledged << " writes acknowledged, " << unheard
            << " applied that could not be told any more" << std::endl;
}

}  // namespace
}  // namespace sqm::testing
