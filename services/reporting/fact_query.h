// Reads facts, rollups and cursors; any thread, on any snapshot.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/store/sql.h"
#include "services/reporting/facts.h"
#include "services/reporting/rollup.h"
#include "sqm/monitoring/v1/scorecard.pb.h"
#include "sqm/type/v1/text.pb.h"

namespace sqm::reporting {

// How far a source's feed has been applied. One whose facts are of another version than
// kFactVersion reads as one whose snapshot is incomplete.
struct Cursor {
  std::string source;
  int64_t position = 0;  // of the last change applied; 0 while a snapshot is incomplete
  std::string token;     // to resume after it; empty while a snapshot is incomplete
  // Everything that the source did until then is applied: when it did what came last, or when it
  // said that nothing more had come.
  absl::Time time = absl::InfinitePast();
};

// An improvement note with its resource name.
struct NoteEntry {
  std::string name;
  NoteFact note;
};

// What is stored of a cursor's token: it says of which version the facts are. A process that knows
// another version, in the middle of an upgrade, does not take it for its own.
std::string StoredToken(absl::string_view token);
// Nothing when the source was never applied.
absl::StatusOr<std::optional<Cursor>> LoadCursor(store::SqlSession& session,
                                                 absl::string_view tenant,
                                                 absl::string_view source);
// Of every source, by name.
absl::StatusOr<std::vector<Cursor>> LoadCursors(store::SqlSession& session,
                                                absl::string_view tenant);
// The cells of the buckets [from, to), with their contacts by slot.
absl::StatusOr<CellSet> LoadCells(store::SqlSession& session, absl::string_view tenant, Bucket from,
                                  Bucket to, std::vector<Bucket> slot_starts = {});
// Improvement notes written in [from, to), oldest first, at most `limit`.
absl::StatusOr<std::vector<NoteEntry>> LoadNotes(store::SqlSession& session,
                                                 absl::string_view tenant, Bucket from, Bucket to,
                                                 int64_t limit);
// A scorecard version; nothing when none of this name was followed.
absl::StatusOr<std::optional<monitoring::v1::ScorecardVersion>> LoadScorecardVersion(
    store::SqlSession& session, absl::string_view tenant, absl::string_view name);
// What a category or cause of cases is called: with its parent's label before its own where it has
// one, `Billing › Fees`. Both languages empty when none of this name was followed.
absl::StatusOr<type::v1::Text> LoadTaxonLabel(store::SqlSession& session, absl::string_view tenant,
                                              absl::string_view name);

}  // namespace sqm::reporting
