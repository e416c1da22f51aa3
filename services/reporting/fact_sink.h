// Reporting's end of another service's feed: changes become facts, effectively once.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "common/feed/consumer.h"
#include "common/schedule/lease.h"
#include "common/store/store.h"
#include "services/reporting/fact_store.h"

namespace sqm::reporting {

// Creates the tables of facts and rollups that are missing. At start-up; blocks.
absl::Status PrepareStore(store::Store& store);

// Facts, rollups and the cursor change in one transaction of the reporting store, so a crash on
// either side counts nothing twice and loses nothing.
//
// Of several processes with one store the holder of the lease follows. A former holder that was
// paused applies nothing more: within the transaction, which excludes those of other processes, the
// lease must be held and the cursor must stand where this process has left it. Where it does not,
// Apply and Reset give ABORTED, and the cursor is loaded again.
class FactSink final : public feed::Sink {
 public:
  // `source`: the service that the feed is of. Store and lease must outlive the sink.
  FactSink(std::string source, store::Store& store, const schedule::Lease& lease)
      : source_(std::move(source)), store_(store), lease_(lease) {}

  Task<absl::StatusOr<std::optional<feed::Position>>> Load(std::string tenant) override;
  Task<absl::Status> Apply(std::string tenant, const feed::v1::ChangeBatch& batch) override;
  Task<absl::Status> Reset(std::string tenant) override;

  // Changes that could not be read, since the process began: they are in no figure.
  uint64_t unusable() const { return unusable_; }

 private:
  // OK where this process is the one to write.
  absl::Status CheckOwn(store::SqlSession& session, const std::string& tenant) const;
  void Stands(const std::string& tenant, std::optional<std::string> token);
  // A tenant that is read from its beginning.
  struct Anew {
    absl::Time since;
    std::string why;
    bool told = false;
  };
  // That a tenant is read anew, and why, is told when it begins and when it is done; that a new
  // one is read the first time, only where much of it is there already.
  void BeginAnew(const std::string& tenant, absl::string_view why);
  void TellAnew(const std::string& tenant);
  void EndAnew(const std::string& tenant);

  const std::string source_;
  store::Store& store_;
  const schedule::Lease& lease_;
  std::atomic<uint64_t> unusable_{0};
  mutable absl::Mutex mutex_;
  // The token that the cursor of a tenant has as far as this process knows; nothing = no cursor.
  absl::flat_hash_map<std::string, std::optional<std::string>> tokens_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Anew> anew_ ABSL_GUARDED_BY(mutex_);
  FactStore facts_;  // used within Project only, that is on the committer's thread
};

}  // namespace sqm::reporting
