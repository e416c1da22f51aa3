#include "common/store/sqlite/checkpointer.h"

#include <pthread.h>

#include <utility>

#include "common/observe/log.h"

namespace sqm::store {
namespace {

// PASSIVE waits for nobody: readers and the writer go on.
constexpr char kCopy[] = "PRAGMA wal_checkpoint(PASSIVE)";

}  // namespace

Checkpointer::Checkpointer(std::string path, int threshold_pages, absl::AnyInvocable<void()> finish)
    : path_(std::move(path)),
      threshold_pages_(threshold_pages),
      finish_(std::move(finish)),
      next_(threshold_pages),
      thread_([this] { Run(); }) {}

Checkpointer::~Checkpointer() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void Checkpointer::LogGrew(int pages) {
  if (pages < threshold_pages_) next_ = threshold_pages_;
  if (pages < next_) return;
  // A reader of an old state keeps the log from beginning anew: try again when it has grown more.
  next_ = pages + threshold_pages_ / 4;
  absl::MutexLock lock(&mutex_);
  if (wanted_) return;
  wanted_ = pending_ = true;
}

void Checkpointer::Finish(SqliteDatabase& writer) {
  (void)writer.Execute(kCopy);
  absl::MutexLock lock(&mutex_);
  wanted_ = false;
}

void Checkpointer::Run() {
  pthread_setname_np(pthread_self(), "checkpointer");
  std::unique_ptr<SqliteDatabase> database;
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || pending_; };
      mutex_.Await(absl::Condition(&ready));
      if (stopping_) return;
      pending_ = false;
    }
    absl::Status status;
    if (database == nullptr) {
      auto opened = SqliteDatabase::Open(path_, SqliteDatabase::Mode::kReadWrite);
      status = opened.status();
      if (opened.ok()) database = *std::move(opened);
    }
    if (status.ok()) status = database->Execute(kCopy);
    // The committer copies all of it then, or fails with an error that its writers see.
    if (!status.ok()) {
      observe::Log(observe::Level::kWarning, "checkpoint failed",
                   {{"path", path_}, {"error", std::string(status.message())}});
    }
    finish_();
  }
}

}  // namespace sqm::store
