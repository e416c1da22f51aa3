// Facts, rollups and cursors in tables of their own, written through a transaction that the caller
// holds.
//
// One transaction applies a batch of a feed, the rollups' differences and the cursor: after a crash
// at any moment each change has counted exactly once. What is written is decided by the database's
// own state, so that a batch that was rolled back is simply applied again.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/store/prepare.h"
#include "common/store/sql.h"
#include "services/reporting/fact_query.h"
#include "services/reporting/facts.h"
#include "services/reporting/rollup.h"
#include "sqm/feed/v1/feed.pb.h"

namespace sqm::reporting {

// What a batch came to.
struct Applied {
  int64_t put = 0;        // facts added or replaced
  int64_t removed = 0;    // facts taken away
  int64_t unchanged = 0;  // known in this version or a later one, or none to take away
  int64_t skipped = 0;    // covered by the cursor, or of a type without facts
  int64_t unusable = 0;   // could not be read; see Effect::kUnusable
  // Name and version of the first of them.
  std::string first_unusable;
  int64_t first_unusable_version = 0;
};

// Writes. Owned by one thread at a time; several stores may write to one database as long as
// transactions that write the same tenant exclude each other, which EnsureTenant's row lock does.
class FactStore {
 public:
  // The tables of facts and rollups, and their indexes.
  static absl::Span<const store::SchemaPart> Schema();

  // Applies what the cursor of (tenant, source) does not cover yet and moves the cursor. `reached`:
  // the position of the batch's resume token, which also covers changes that were not asked for; 0
  // = as far as its changes go. After an error the transaction must be rolled back.
  absl::StatusOr<Applied> ApplyBatch(store::SqlSession& session, absl::string_view tenant,
                                     absl::string_view source, const feed::v1::ChangeBatch& batch,
                                     int64_t reached = 0);

  // Forgets a slice of a source: facts and their part of the rollups. True: it was the last. Before
  // a snapshot that stands in place of lost history, so that what was deleted meanwhile goes as
  // well.
  //
  // A transaction each, for one of all facts would take longer than a statement may, and hold up
  // other writers. From the first slice until a snapshot is complete the cursor has neither token
  // nor position: nobody follows the feed from there, a reset that was interrupted goes on where it
  // was, and reports say that the source is being read anew.
  absl::StatusOr<bool> ResetSlice(store::SqlSession& session, absl::string_view tenant,
                                  absl::string_view source);

 private:
  // Numbers of sets of dimensions, kept only as long as `chain`, a hash over every set in order of
  // its number, is the database's: a rolled-back or foreign write shows there.
  struct Numbering {
    int64_t count = 0;
    int64_t chain = 0;
    absl::flat_hash_map<std::string, DimensionsId> ids;
  };

  absl::StatusOr<Numbering*> EnsureTenant(store::SqlSession& session, absl::string_view tenant);
  absl::StatusOr<DimensionsId> Number(store::SqlSession& session, absl::string_view tenant,
                                      Numbering& numbering, const std::string& dimensions);
  // A change of a fact that is to be written: many together, for each statement may be a round
  // trip.
  struct Waiting {
    const feed::v1::Change* change = nullptr;
    bool removed = false;  // else `fact` is the fact now
    Fact fact;
    std::vector<DimensionsId> ids;  // of its parts
    std::string body;
  };
  Waiting& Wait(const feed::v1::Change& change);
  // `fact_` waits.
  absl::Status Put(store::SqlSession& session, absl::string_view tenant,
                   const feed::v1::Change& change, Numbering& numbering);
  absl::Status WriteWaiting(store::SqlSession& session, absl::string_view tenant,
                            absl::string_view source, Applied& applied);
  // Of resources that may have had a fact before.
  absl::Status ReplaceKnown(store::SqlSession& session, absl::string_view tenant,
                            absl::string_view source, const std::vector<Waiting*>& known,
                            Applied& applied);
  absl::Status WriteDelta(store::SqlSession& session, absl::string_view tenant);

  absl::flat_hash_map<std::string, Numbering> numberings_;  // by tenant
  // Reused from call to call.
  FactReader reader_;
  Fact fact_;
  RollupDelta delta_;
  std::vector<Waiting> waiting_;  // the first `waiting_count_`, of different resources
  size_t waiting_count_ = 0;
  absl::flat_hash_set<absl::string_view> waiting_names_;  // of the batch
};

}  // namespace sqm::reporting
