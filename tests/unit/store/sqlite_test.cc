// What only the SQLite back end does: its schema, its lock, its bounds.
#include <sys/stat.h>

#include <fstream>

#include "tests/support/sqlite_steps.h"
#include "tests/unit/store/sqlite_suite.h"

namespace sqm::store {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::string_view kPlain = R"(
  string name = 1; string etag = 2; string owner = 3 [(sqm.options.v1.field) = {indexed: true}];
  string title = 4; optional int32 priority = 5; double ratio = 6;
  google.protobuf.Timestamp at = 7; )";
constexpr absl::string_view kIndexed = R"(
  string name = 1; string etag = 2; string owner = 3 [(sqm.options.v1.field) = {indexed: true}];
  string title = 4 [(sqm.options.v1.field) = {indexed: true}];
  optional int32 priority = 5 [(sqm.options.v1.field) = {indexed: true}];
  double ratio = 6 [(sqm.options.v1.field) = {indexed: true}];
  google.protobuf.Timestamp at = 7 [(sqm.options.v1.field) = {indexed: true}]; )";
constexpr absl::string_view kNewType = R"(
  message Badge { option (sqm.options.v1.resource) = {type: "test/Badge" collection: "badges"};
                  string name = 1; string etag = 2; string word = 3 [(sqm.options.v1.field) = {indexed: true}]; })";

TEST_F(Sqlite, NewIndexesAreFilledFromWhatIsStored) {
  std::string epoch;
  {
    Tickets tickets(testing::TicketContract(kPlain));
    auto store = Open(tickets);
    ASSERT_TRUE(store.ok()) << store.status();
    epoch = (*store)->epoch();
    std::vector<Put> puts;
    // Titles longer than a small string, so that a borrowed one that is gone would show.
    for (int i = 0; i < 990; ++i) {
      std::string text =
          absl::StrCat("owner: \"o", i % 3, "\" title: \"", std::string(40, 't'), i, "\"");
      if (i % 2 == 0)
        absl::StrAppend(&text, " priority: ", i, " ratio: 0.5 at { seconds: ", i, " }");
      puts.push_back(tickets.Create(absl::StrCat("t", 1000 + i), text));
    }
    ASSERT_EQ(Commit(**store, puts).kind, CommitOutcome::kApplied);
    std::vector<Put> more;
    for (int i = 0; i < 990; ++i) more.push_back(tickets.Create(absl::StrCat("u", 1000 + i)));
    more.push_back(tickets.Create("v", R"(priority: 7)"));
    ASSERT_EQ(Commit(**store, more).kind, CommitOutcome::kApplied);
    ASSERT_EQ(Commit(**store, {tickets.Delete("t1004", 1)}).kind, CommitOutcome::kApplied);
  }
  Tickets tickets(testing::TicketContract(kIndexed, kNewType));
  auto store = Open(tickets);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->epoch(), epoch);
  EXPECT_THAT(Ids(**store, tickets, absl::StrCat("title = ", std::string(40, 't'), "7")),
              ElementsAre("t1007"));
  EXPECT_THAT(Ids(**store, tickets, "priority <= 8"),
              ElementsAre("t1000", "t1002", "t1006", "t1008", "v"));
  EXPECT_THAT(Ids(**store, tickets, "at = 1970-01-01T00:00:02Z"), ElementsAre("t1002"));
  EXPECT_THAT(Ids(**store, tickets, "ratio = 0.5 AND priority = 2"), ElementsAre("t1002"));
  EXPECT_EQ(Ids(**store, tickets, "NOT priority:*").size(), 50u);
  const contract::ResourceType& badge = *tickets.registry().FindType("test/Badge");
  EXPECT_EQ(Commit(**store, {tickets.Create(badge, "b", R"(word: "w")")}).kind,
            CommitOutcome::kApplied);
}

TEST_F(Sqlite, ARowWithoutAValueForANewIndexIsNotWritten) {
  {
    Tickets tickets(testing::TicketContract(kPlain));
    auto store = Open(tickets);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_EQ(Commit(**store, {tickets.Create("a"), tickets.Create("b")}).kind,
              CommitOutcome::kApplied);
    ASSERT_TRUE(Await((*store)->Project([](SqlSession& session) {
                  return session.Run(
                      "CREATE TRIGGER no_writes BEFORE UPDATE ON r_ticket BEGIN SELECT "
                      "RAISE(ABORT, 'a row was written'); END");
                })).ok());
  }
  std::string contract(kPlain);
  for (const std::string plain : {"title = 4;", "priority = 5;"}) {
    contract.replace(
        contract.find(plain), plain.size(),
        plain.substr(0, plain.size() - 1) + " [(sqm.options.v1.field) = {indexed: true}];");
  }
  Tickets tickets(testing::TicketContract(contract));
  auto store = Open(tickets);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_THAT(Ids(**store, tickets, "NOT priority:* AND title = \"\""), ElementsAre("a", "b"));
}

TEST_F(Sqlite, AnIndexBecomesSparseAndGetsASecondField) {
  {
    Tickets tickets(testing::TicketContract(kIndexed));
    auto store = Open(tickets);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_EQ(Commit(**store, {tickets.Create("a", "priority: 2"),
                               tickets.Create("b", R"(title: "x" priority: 3)"),
                               tickets.Create("c", R"(title: "x" priority: 1)")})
                  .kind,
              CommitOutcome::kApplied);
  }
  std::string contract(kIndexed);
  contract.replace(contract.find("title = 4 [(sqm.options.v1.field) = {"),
                   sizeof("title = 4 [(sqm.options.v1.field) = {") - 1,
                   "title = 4 [(sqm.options.v1.field) = {sparse: true indexed_with: \"priority\" ");
  Tickets tickets(testing::TicketContract(contract));
  auto store = Open(tickets);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_THAT(Ids(**store, tickets, "title:*"), ElementsAre("b", "c"));
  EXPECT_THAT(Ids(**store, tickets, "NOT title:*"), ElementsAre("a"));
  EXPECT_THAT(Ids(**store, tickets, "title != x"), ElementsAre("a"));
  std::string plan;
  ASSERT_TRUE(Await((*store)->Query([&](SqlSession& session) {
                return session.Run(
                    "EXPLAIN QUERY PLAN SELECT id FROM r_ticket WHERE tenant=1 AND delete_time IS "
                    "NULL AND f_title='x' ORDER BY f_priority, id",
                    {}, [&](const SqlRow& row) { absl::StrAppend(&plan, row.Text(3), "\n"); });
              })).ok());
  EXPECT_THAT(plan, HasSubstr("r_ticket_f_title_and_f_priority (tenant=? AND f_title=?)"));
  EXPECT_THAT(plan, ::testing::Not(HasSubstr("TEMP B-TREE")));
}

// Of each tenant it is looked for once a minute.
TEST_F(Sqlite, WhatIsNotOldIsNotReadToBeForgotten) {
  testing::SqliteSteps steps;
  Tickets tickets;
  auto store = Open(tickets);
  ASSERT_TRUE(store.ok()) << store.status();
  std::vector<WriteSet> write_sets;
  for (int i = 0; i < 4000; ++i) {
    write_sets.push_back(Tickets::Write(clock_.Now(), {tickets.Create(absl::StrCat("t", i))}));
  }
  Await((*store)->CommitAll(std::move(write_sets)));
  const int64_t before = steps.Now();
  EXPECT_TRUE(Await((*store)->Trim(clock_.Now() - absl::Hours(1), 1000000, {})).ok());
  EXPECT_LT(steps.Now() - before, 1000);
  EXPECT_EQ((*store)->Head("north").oldest, 1);
  EXPECT_TRUE(Await((*store)->Trim(clock_.Now() + absl::Hours(1), 1000000, {})).ok());
  EXPECT_EQ((*store)->Head("north").oldest, 4001);
}

TEST_F(Sqlite, ARemovedIndexOrTypeIsRefused) {
  Tickets before(testing::TicketContract(kIndexed, kNewType));
  ASSERT_TRUE(Open(before).ok());
  Tickets after(testing::TicketContract(kPlain));
  absl::Status status = Open(after).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  for (const char* gone :
       {"r_ticket.f_title:TEXT", "r_ticket.f_at:INTEGER", "r_badge=test/Badge",
        "r_badge.f_word:TEXT", "Run the version that wrote this data directory"}) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(gone));
  }
  EXPECT_TRUE(Open(before).ok()) << "nothing was changed";
}

TEST_F(Sqlite, AnIndexOfAnotherTypeIsRefused) {
  Tickets text(
      testing::TicketContract("string name = 1; string etag = 2; string x = 3 "
                              "[(sqm.options.v1.field) = {indexed: true}];"));
  ASSERT_TRUE(Open(text).ok());
  Tickets number(testing::TicketContract(
      "string name = 1; string etag = 2; int32 x = 4 [(sqm.options.v1.field) = {indexed: true}];"));
  EXPECT_EQ(Open(number).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(Sqlite, WhatCannotBeDecodedStopsANewIndex) {
  {
    Tickets tickets(testing::TicketContract(kPlain));
    auto store = Open(tickets);
    ASSERT_TRUE(store.ok());
    ASSERT_EQ(Commit(**store, {tickets.Create("a", R"(title: "t")")}).kind,
              CommitOutcome::kApplied);
    ASSERT_TRUE(Await((*store)->Project([](SqlSession& session) {
                  return session.Run("UPDATE r_ticket SET body = x'ff'");
                })).ok());
    EXPECT_EQ(Await((*store)->Read(tickets.ticket(), "north", "a")).status().code(),
              absl::StatusCode::kDataLoss);
  }
  Tickets indexed(testing::TicketContract(kIndexed));
  EXPECT_EQ(Open(indexed).status().code(), absl::StatusCode::kDataLoss);
  Tickets plain(testing::TicketContract(kPlain));
  EXPECT_TRUE(Open(plain).ok()) << "the refused one left nothing behind";
}

TEST_F(Sqlite, ASecondUserOfTheFileIsRefused) {
  Tickets tickets;
  auto first = Open(tickets);
  ASSERT_TRUE(first.ok());
  absl::Status status = Open(tickets).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("in use by another process"));
  EXPECT_EQ(Commit(**first, {tickets.Create("a")}).kind, CommitOutcome::kApplied);
  first->reset();
  EXPECT_TRUE(Open(tickets).ok());
}

TEST_F(Sqlite, ANewDatabaseIsForItsUserAlone) {
  using std::filesystem::perms;
  const mode_t before = umask(0);
  {
    Tickets tickets;
    auto store = Open(tickets);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(Commit(**store, {tickets.Create("a")}).kind, CommitOutcome::kApplied);
    size_t files = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      ++files;
      EXPECT_EQ(file.status().permissions() & (perms::group_all | perms::others_all), perms::none)
          << file.path();
    }
    EXPECT_EQ(files, 4u) << "database, log, its index, lock";
  }
  umask(before);
  // Who lets a group read it, for backups, has that kept.
  const std::string path = directory_ + "/test.db";
  std::filesystem::permissions(path, perms::owner_read | perms::owner_write | perms::group_read);
  Tickets tickets;
  ASSERT_TRUE(Open(tickets).ok());
  EXPECT_NE(std::filesystem::status(path).permissions() & perms::group_read, perms::none);
}

TEST_F(Sqlite, ADirectoryThatIsNotThereIsSaid) {
  Tickets tickets;
  directory_ += "/nowhere";
  EXPECT_FALSE(Open(tickets).ok());
}

TEST_F(Sqlite, AFileThatCannotBeUsedIsNamedWithWhatToDo) {
  Tickets tickets;
  ASSERT_TRUE(Open(tickets).ok());
  const std::string file = directory_ + "/test.db";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  absl::Status status = Open(tickets).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(file), HasSubstr("backup")));
  std::ofstream(file) << std::string(8192, 'x');
  status = Open(tickets).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(file), HasSubstr("backup")));
  // Nobody has it: that there is no place for the lock is no sign of another process.
  std::filesystem::remove(file + ".lock");
  std::filesystem::create_directory(file + ".lock");
  status = Open(tickets).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(file), HasSubstr("Is a directory"), HasSubstr("user")));
}

// What is written to a file that was moved or deleted would be acknowledged and never found again.
TEST_F(Sqlite, NothingIsAcknowledgedThatGoesToAFileThatIsGone) {
  Tickets tickets;
  auto opened = Open(tickets);
  ASSERT_TRUE(opened.ok()) << opened.status();
  Store& store = **opened;
  ASSERT_EQ(Commit(store, {tickets.Create("before")}).kind, CommitOutcome::kApplied);
  EXPECT_TRUE(Await(store.Check()).ok());
  for (const std::string& file : {directory_ + "/test.db", directory_ + "/test.db-wal"}) {
    std::filesystem::rename(file, file + ".away");
    for (const bool replaced : {false, true}) {
      if (replaced) std::filesystem::copy(file + ".away", file);
      const absl::Status status = Commit(store, {tickets.Create("lost")}).status;
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
      EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(file), HasSubstr("put it back")));
      EXPECT_TRUE(IsInside(status)) << "no caller needs to know where it lies";
      EXPECT_EQ(Await(store.Check()).code(), absl::StatusCode::kUnavailable);
    }
    std::filesystem::rename(file + ".away", file);
    EXPECT_TRUE(Await(store.Check()).ok());
    ASSERT_EQ(Commit(store, {tickets.Create(file == directory_ + "/test.db" ? "a" : "b")}).kind,
              CommitOutcome::kApplied);
  }
  opened->reset();
  auto again = Open(tickets);
  ASSERT_TRUE(again.ok()) << again.status();
  for (const char* id : {"before", "a", "b"}) {
    auto read = Await((*again)->Read(tickets.ticket(), "north", id));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_NE(*read, nullptr) << id;
  }
  auto lost = Await((*again)->Read(tickets.ticket(), "north", "lost"));
  ASSERT_TRUE(lost.ok()) << lost.status();
  EXPECT_EQ(*lost, nullptr);
}

TEST_F(Sqlite, MoreThanMayWaitIsShed) {
  Tickets tickets;
  SqliteOptions options;
  options.queue_write_sets = 2;
  auto store = Open(tickets, options);
  ASSERT_TRUE(store.ok());
  std::vector<WriteSet> three(3, Tickets::Write(clock_.Now()));
  for (const CommitOutcome& outcome : Await((*store)->CommitAll(three))) {
    EXPECT_EQ(outcome.status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(ReasonOf(outcome.status), type::v1::ERROR_REASON_OVERLOADED);
    EXPECT_TRUE(outcome.status.GetPayload(kRetryInfoUrl).has_value());
  }
  std::vector<WriteSet> two(2, Tickets::Write(clock_.Now()));
  for (const CommitOutcome& outcome : Await((*store)->CommitAll(two))) {
    EXPECT_EQ(outcome.kind, CommitOutcome::kApplied);
  }
}

TEST_F(Sqlite, AnswersWhatWaitsBeforeItCloses) {
  Tickets tickets;
  auto store = Open(tickets);
  ASSERT_TRUE(store.ok());
  std::atomic<int> answered{0};
  for (int i = 0; i < 200; ++i) {
    std::vector<Put> puts = {tickets.Create(absl::StrCat("a", i))};
    WriteSet write_set = Tickets::Write(clock_.Now(), std::move(puts));
    Start((*store)->Commit(std::move(write_set)), [&](CommitOutcome outcome) {
      EXPECT_EQ(outcome.kind, CommitOutcome::kApplied);
      ++answered;
    });
  }
  store->reset();
  executor_.Stop();
  EXPECT_EQ(answered, 200);
}

// A listener keeps the cache: who is shown a position is served from a state that has heard of it.
TEST_F(Sqlite, ListenersHearOfACommitBeforeItsPositionIsShown) {
  Tickets tickets;
  auto opened = Open(tickets);
  ASSERT_TRUE(opened.ok()) << opened.status();
  Store& store = **opened;
  std::vector<int64_t> shown;
  std::vector<absl::StatusOr<RecordPtr>> read;
  store.OnCommit([&](const CommittedBatchPtr& batch) {
    shown.push_back(store.Head("north").head);
    EXPECT_EQ(store.Heads().count("north"), 1u);
    // Who reads because of what he hears finds it, of a new tenant too.
    read.push_back(Await(store.Read(tickets.ticket(), "north", batch->changes.back().id)));
  });
  for (const char* id : {"a", "b"}) {
    ASSERT_EQ(Commit(store, {tickets.Create(id)}).kind, CommitOutcome::kApplied);
  }
  EXPECT_THAT(shown, ElementsAre(0, 1));
  for (const auto& record : read) {
    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_NE(*record, nullptr);
  }
  EXPECT_EQ(store.Head("north").head, 2);
}

// A list that must look at every row.
}  // namespace
}  // namespace sqm::store
