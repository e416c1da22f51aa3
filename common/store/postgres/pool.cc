#include "common/store/postgres/pool.h"

#include "common/base/task.h"

namespace sqm::store {

absl::StatusOr<std::unique_ptr<PgSession>> PgPool::Take(bool fresh) {
  {
    absl::MutexLock lock(&mutex_);
    if (fresh) idle_.clear();
    if (!idle_.empty()) {
      std::unique_ptr<PgSession> session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
  }
  ASSIGN_OR_RETURN(std::unique_ptr<PgConnection> connection, PgConnection::Open(options_));
  if (greet_) RETURN_IF_ERROR(greet_(*connection));
  return std::make_unique<PgSession>(std::move(connection));
}

void PgPool::GiveBack(std::unique_ptr<PgSession> session) {
  if (!session->connection().alive()) return;
  absl::MutexLock lock(&mutex_);
  idle_.push_back(std::move(session));
}

absl::Status PgPool::Run(const bool& again, absl::FunctionRef<absl::Status(PgSession&)> work) {
  for (bool fresh = false;; fresh = true) {
    ASSIGN_OR_RETURN(std::unique_ptr<PgSession> session, Take(fresh));
    absl::Status status = work(*session);
    if (session->connection().alive()) {
      GiveBack(std::move(session));
      return status;
    }
    if (fresh || !again) return status;
  }
}

absl::Status PgPool::Transaction(const char* begin,
                                 absl::FunctionRef<absl::Status(PgSession&)> work) {
  bool again = true;
  return Run(again, [&](PgSession& session) {
    return session.connection().Transaction(begin, [&] {
      again = false;
      return work(session);
    });
  });
}

}  // namespace sqm::store
