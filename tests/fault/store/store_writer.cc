// Writes to a store from many threads until it is killed; says on standard output what was
// acknowledged: a line `number position` each.
//   store_writer FILE FIRST_NUMBER
#include <absl/strings/numbers.h>
#include <stdio.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "common/base/executor.h"
#include "common/store/sqlite/sqlite_store.h"
#include "tests/fault/store/tickets_journal.h"

namespace sqm::testing {
namespace {

constexpr int kWriters = 8;

// Writes kinds 0 to 3 in turn, each until it is applied.
void Write(store::Store& store, Tickets& tickets, uint64_t first) {
  for (uint64_t number = first;; number += number % 4 == 3 ? 4 * kWriters - 3 : 1) {
    while (true) {
      int64_t hot = 0;
      if (number % 4 == 3) {
        auto record = Await(store.Read(tickets.ticket(), "north", HotId(number)));
        hot = record.ok() && *record != nullptr ? (*record)->version : 0;
      }
      store::CommitOutcome outcome =
          Await(store.Commit(WriteOf(tickets, number, hot, SystemClock::Get().Now())));
      if (outcome.kind == store::CommitOutcome::kApplied) {
        std::string line = absl::StrCat(number, " ", outcome.position, "\n");
        // One write of a short line to a pipe is never torn.
        if (write(STDOUT_FILENO, line.data(), line.size()) < 0) return;
        break;
      }
      bool again = number % 4 == 3 && (outcome.kind == store::CommitOutcome::kConflict ||
                                       outcome.kind == store::CommitOutcome::kExists);
      if (!again) {
        fprintf(stderr, "write %lu: outcome %d %s %s\n", number, outcome.kind,
                outcome.subject.c_str(), outcome.status.ToString().c_str());
        _exit(3);
      }
    }
  }
}

int Main(int argc, char** argv) {
  uint64_t first = 0;
  if (argc != 3 || !absl::SimpleAtoi(argv[2], &first)) return 2;
  Tickets tickets;
  Executor executor("writer", 2);
  RandomIds ids;
  store::SqliteOptions options;
  options.path = argv[1];
  auto store =
      store::SqliteStore::Open(tickets.registry(), options, executor, SystemClock::Get(), ids);
  if (!store.ok()) {
    fprintf(stderr, "%s\n", store.status().ToString().c_str());
    return 3;
  }
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] { Write(**store, tickets, first + 4 * static_cast<uint64_t>(w)); });
  }
  for (std::thread& writer : writers) writer.join();
  return 0;
}

}  // namespace
}  // namespace sqm::testing

int main(int argc, char** argv) { return sqm::testing::Main(argc, argv); }
