// What SQLite does in this process, in steps of its machine: what a call costs, whatever else the
// computer does meanwhile.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>

namespace sqm::testing {

// Counts what is done on databases that are opened while it lives, in statements that have ended.
class SqliteSteps {
 public:
  SqliteSteps() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(Follow)); }
  ~SqliteSteps() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(Follow)); }
  SqliteSteps(const SqliteSteps&) = delete;

  int64_t Now() const { return steps; }

 private:
  static int Count(unsigned, void*, void* statement, void*) {
    steps +=
        sqlite3_stmt_status(static_cast<sqlite3_stmt*>(statement), SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
  }
  static int Follow(sqlite3* database, char**, const void*) {
    return sqlite3_trace_v2(database, SQLITE_TRACE_PROFILE, Count, nullptr);
  }
  static inline std::atomic<int64_t> steps{0};
};

}  // namespace sqm::testing
