#include "common/store/postgres/tail.h"

#include <pthread.h>

#include "common/base/task.h"

namespace sqm::store {

PgTail::PgTail(const PgConnectionOptions& connection, absl::Duration period,
               const PgStatements& sql, PgListeners& listeners, absl::Time looked)
    : connection_options_(connection),
      period_(period),
      sql_(sql),
      listeners_(listeners),
      looked_ns_(absl::ToUnixNanos(looked)),
      thread_([this] { Run(); }) {}

void PgTail::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void PgTail::Wake() {
  absl::MutexLock lock(&mutex_);
  woken_ = true;
  changed_.NotifyAll();
}

bool PgTail::Wait() {
  absl::MutexLock lock(&mutex_);
  // Sooner at most: a look more does no harm.
  if (!woken_ && !stopping_) changed_.WaitWithTimeout(mutex_, period_);
  woken_ = false;
  return !stopping_;
}

void PgTail::Run() {
  pthread_setname_np(pthread_self(), "feed tail");
  while (Wait()) {
    // Read before the look: what it finds was committed before, and perhaps more.
    const absl::Time now = SteadyNow();
    absl::Status status = Look();
    if (status.ok()) looked_ns_ = absl::ToUnixNanos(now);
    absl::MutexLock lock(&mutex_);
    status_ = std::move(status);
  }
}

absl::Status PgTail::Look() {
  if (connection_ == nullptr || !connection_->alive()) {
    connection_.reset();
    ASSIGN_OR_RETURN(connection_, PgConnection::Open(connection_options_));
  }
  ASSIGN_OR_RETURN(PgResult heads, connection_->Run(sql_.heads, PgParams()));
  for (int row = 0; row < heads.rows(); ++row) {
    RETURN_IF_ERROR(listeners_.CatchUp(*connection_, std::string(heads.Text(row, 0)),
                                       FeedHead{heads.Int(row, 1), heads.Int(row, 2)}));
  }
  return absl::OkStatus();
}

}  // namespace sqm::store
