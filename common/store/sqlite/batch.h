// One transaction's work: write sets decided in order against the open transaction.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/store/sqlite/schema.h"
#include "common/store/store.h"

namespace sqm::store {

// Used by the committer between BEGIN and COMMIT. Each write set is either applied whole to the
// transaction or leaves no trace in it: everything is checked before anything is written.
class SqliteBatch {
 public:
  struct Head {
    int64_t no = 0;
    int64_t position = 0;
  };

  SqliteBatch(const std::vector<TypeSql>& sql, SqliteDatabase& database,
              absl::Duration request_id_memory)
      : sql_(sql), database_(database), request_id_memory_(request_id_memory) {}

  // Decides one write set. A status error means that the database failed: roll everything back.
  absl::StatusOr<CommitOutcome> Apply(const WriteSet& write_set, Head& head,
                                      std::vector<StoredChange>& changes);
  // What is remembered of a request id: kReplayed, kRequestIdReused, or kFailed where nothing is.
  static absl::StatusOr<CommitOutcome> Remembered(SqliteDatabase& database,
                                                  const Idempotency& idempotency,
                                                  absl::Time forgotten_before);

 private:
  absl::Status WritePut(const WriteSet& write_set, int64_t tenant, const Put& put);
  absl::Status WriteChange(const WriteSet& write_set, const Put& put, int64_t seq,
                           int64_t commit_id);
  absl::Status WriteRequest(const WriteSet& write_set, int64_t seq);

  const std::vector<TypeSql>& sql_;
  SqliteDatabase& database_;
  const absl::Duration request_id_memory_;
};

// `seq` of a position: tenant number in the upper bits, so that one tree holds every feed.
inline constexpr int kPositionBits = 40;
inline int64_t SeqOf(int64_t tenant_no, int64_t position) {
  return (tenant_no << kPositionBits) | position;
}
inline int64_t PositionOf(int64_t seq) { return seq & ((int64_t{1} << kPositionBits) - 1); }

}  // namespace sqm::store
