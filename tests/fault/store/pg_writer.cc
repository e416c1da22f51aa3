// Writes to a store on PostgreSQL until a write is refused, then ends with 0. Says `open` on
// standard output once it has written for the first time, and `refused`.
//   pg_writer CONNINFO
#include <absl/strings/str_cat.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/executor.h"
#include "common/store/postgres/migration.h"
#include "common/store/postgres/postgres_store.h"
#include "tests/support/tickets.h"

namespace sqm::testing {
namespace {

void Say(const std::string& line) {
  if (write(STDOUT_FILENO, line.data(), line.size()) < 0) _exit(4);
}

int Main(int argc, char** argv) {
  if (argc != 2) return 2;
  Tickets tickets;
  Executor executor("writer", 2);
  RandomIds ids;
  store::PostgresOptions options;
  options.connection.conninfo = argv[1];
  options.connection.schema = "clock";
  // Longer than it takes Abseil to look at the system's clock again.
  options.connection.connect_timeout = absl::Seconds(3);
  options.connection.statement_timeout = absl::Milliseconds(1500);
  options.committer.patience = absl::Seconds(3);
  const Clock& clock = SystemClock::Get();
  auto migrated = store::MigratePostgres(tickets.registry(), options.connection,
                                         ids.NewUlid(clock.Now()), false);
  auto store = store::PostgresStore::Open(tickets.registry(), options, executor, clock, ids);
  if (!migrated.ok() || !store.ok()) {
    fprintf(stderr, "%s\n", store.status().ToString().c_str());
    return 3;
  }
  for (int i = 0;; ++i) {
    store::CommitOutcome outcome = Await(
        (*store)->Commit(Tickets::Write(clock.Now(), {tickets.Create(absl::StrCat("t", i))})));
    if (outcome.kind == store::CommitOutcome::kFailed) break;
    if (i == 0) Say("open\n");
  }
  Say("refused\n");
  _exit(0);  // the tail may still wait
}

}  // namespace
}  // namespace sqm::testing

int main(int argc, char** argv) { return sqm::testing::Main(argc, argv); }
