// Connections to one server, reused while they live.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <absl/synchronization/mutex.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "common/store/postgres/session.h"

namespace sqm::store {

// Thread-safe. Holds as many connections as threads use it at once, at most.
class PgPool {
 public:
  // `greet`: looks at each new connection; one that it refuses is not used. May be empty.
  using Greet = std::function<absl::Status(PgConnection&)>;
  explicit PgPool(const PgConnectionOptions& options, Greet greet = nullptr)
      : options_(options), greet_(std::move(greet)) {}

  // A connection: one that was kept, or a new one. `fresh`: a new one, and none that was kept is
  // used again, for where one is dead the others are likely to be.
  absl::StatusOr<std::unique_ptr<PgSession>> Take(bool fresh);
  // Keeps a connection that is alive for the next who needs one.
  void GiveBack(std::unique_ptr<PgSession> session);

  // Runs `work` on a connection; once more, on a new one, where a kept one turned out to be dead
  // and `again`, looked at then, still allows it.
  absl::Status Run(const bool& again, absl::FunctionRef<absl::Status(PgSession&)> work);
  // The same in a transaction: once more only where it had not begun.
  absl::Status Transaction(const char* begin, absl::FunctionRef<absl::Status(PgSession&)> work);

 private:
  const PgConnectionOptions options_;
  const Greet greet_;
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<PgSession>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sqm::store
