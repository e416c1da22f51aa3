// The thread that commits: takes all write sets that wait into one transaction and finds out what
// became of it, whatever happens to the connection.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/store/commit_queue.h"
#include "common/store/postgres/batch.h"
#include "common/store/postgres/changes.h"

namespace sqm::store {

struct PgCommitterOptions {
  // Write sets and bytes of one transaction at most.
  int batch_write_sets = 512;
  size_t batch_bytes = 8 << 20;
  // How long writers wait for a database that is away, or for the outcome of a COMMIT that was not
  // answered.
  absl::Duration patience = absl::Seconds(10);
  // How long a request id is remembered.
  absl::Duration request_id_memory = absl::Hours(24);
};

class PgCommitter {
 public:
  // Everything must outlive it.
  PgCommitter(const PgConnectionOptions& connection, PgCommitterOptions options,
              const PgStatements& sql, CommitQueue& queue, PgListeners& listeners,
              const Clock& clock, IdSource& ids);
  ~PgCommitter() { Stop(); }
  // Answers what waits, then ends the thread. Idempotent.
  void Stop();

 private:
  enum class Fate { kCommitted, kNotCommitted, kUnknown };

  void Run();
  // `deadline`: until when it is tried again.
  void Commit(absl::Span<CommitQueue::Pending> batch, absl::Time deadline);
  // Once. OK: applied, and heard by the listeners. `begun`: whether COMMIT may have been sent.
  absl::Status Attempt(absl::Span<CommitQueue::Pending> batch, PgBatch& work, bool* begun);
  // Where the tenant's head is locked by somebody else and others wait: commits what of the batch
  // is of others, and refuses the tenant's with `status`. False: nobody else
  // waits, or the time is over.
  bool SetAside(absl::Span<CommitQueue::Pending> batch, absl::Time deadline,
                const std::string& tenant, const absl::Status& status);
  static void Refuse(absl::Span<CommitQueue::Pending> batch, const absl::Status& status);
  Fate FateOf(const PgBatch& work);
  void Hear(PgBatch& work);
  // Whether there is a connection, made anew where there was none; waits until the deadline, which
  // is of the steady clock, as all of these.
  absl::Status Connect(absl::Time deadline);
  // Until when it makes sense to wait: a database that has been away for long is asked only once.
  absl::Time Deadline() const;

  const PgConnectionOptions connection_options_;
  const PgCommitterOptions options_;
  const PgStatements& sql_;
  CommitQueue& queue_;
  PgListeners& listeners_;
  const Clock& clock_;
  IdSource& ids_;
  // The thread's own.
  std::unique_ptr<PgConnection> connection_;
  absl::Time away_since_ = absl::InfiniteFuture();
  std::thread thread_;
};

}  // namespace sqm::store
