// Moves what the log holds into the database file, beside the committer.
//
// Copying a full log takes long; were the committer to do it, every write would wait for it. Here a
// thread with its own connection copies what is there while the committer goes on writing; the
// committer itself copies only what came in meanwhile, after which SQLite begins the log anew.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/functional/any_invocable.h>
#include <absl/synchronization/mutex.h>

#include <string>
#include <thread>

#include "common/store/sqlite/database.h"

namespace sqm::store {

class Checkpointer {
 public:
  // `finish` has the committer run Finish soon; it may be called until Stop returns.
  Checkpointer(std::string path, int threshold_pages, absl::AnyInvocable<void()> finish);
  // Waits for the pass that runs.
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;

  // The log now has so many pages. On the committer.
  void LogGrew(int pages);
  // Copies the rest. On the committer, outside a transaction, with its connection.
  void Finish(SqliteDatabase& writer);

 private:
  void Run();

  const std::string path_;
  const int threshold_pages_;
  absl::AnyInvocable<void()> finish_;
  int next_ = 0;  // committer only: the length at which the next pass begins
  absl::Mutex mutex_;
  bool wanted_ ABSL_GUARDED_BY(mutex_) = false;  // a pass waits or runs, or its end is not finished
  bool pending_ ABSL_GUARDED_BY(mutex_) = false;  // the thread has not taken it up yet
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace sqm::store
