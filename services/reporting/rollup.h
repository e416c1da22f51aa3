// Rollups: facts added up by quarter of an hour and set of dimensions, as differences that are
// combined before they reach the database.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "services/reporting/facts.h"

namespace sqm::reporting {

// Number of a set of dimensions within its tenant, from 1.
using DimensionsId = int64_t;

// Which cell.
struct CellKey {
  Bucket bucket;
  DimensionsId dimensions;
  friend bool operator==(const CellKey&, const CellKey&) = default;
  friend bool operator<(const CellKey& a, const CellKey& b) {
    return a.bucket != b.bucket ? a.bucket < b.bucket : a.dimensions < b.dimensions;
  }
  template <typename H>
  friend H AbslHashValue(H h, const CellKey& key) {
    return H::combine(std::move(h), key.bucket, key.dimensions);
  }
};

// A fact as it is stored: small, and enough to take it out of its cells again.
struct StoredFact {
  struct Part {
    DimensionsId dimensions;
    int64_t offset = 0;  // as FactPart
    absl::InlinedVector<Observation, 8> observations;
  };
  Bucket bucket = 0;
  std::vector<Part> parts;
  NoteFact note;
  std::vector<Span> spans;

  // `body` of kind `kind`; the bucket is kept beside it.
  static absl::StatusOr<StoredFact> Decode(FactKind kind, Bucket bucket, absl::string_view body);
};
// The stored form of `fact`, whose parts have the given numbers. Replaces `out`.
void EncodeFact(const Fact& fact, absl::Span<const DimensionsId> dimensions, std::string& out);

// How often each span occurs.
using SpanCounts = std::map<Span, int64_t>;

// Differences of cells and of spans, added up.
class RollupDelta {
 public:
  void Add(const Fact& fact, absl::Span<const DimensionsId> dimensions);
  void Subtract(const StoredFact& fact);
  // Those that change something, by key.
  std::vector<std::pair<CellKey, const Cell*>> Sorted() const;
  // Those that change something.
  const SpanCounts& spans() const { return spans_; }
  void Clear() {
    cells_.clear();
    spans_.clear();
  }

 private:
  void AddSpans(const std::vector<Span>& spans, int64_t sign);

  SpanCounts spans_;  // none zero
  absl::flat_hash_map<CellKey, Cell> cells_;
};

// The cells of a period, added up by set of dimensions, and their contacts by slot of the period.
class CellSet {
 public:
  struct Row {
    Dimensions dimensions;
    Cell total;
    std::vector<int64_t> contacts_by_slot;
  };

  // `slot_starts`: first bucket of every slot, rising; empty = the period has no slots.
  explicit CellSet(std::vector<Bucket> slot_starts = {}) : slot_starts_(std::move(slot_starts)) {}

  // Adds a stored cell. DATA_LOSS when it is damaged.
  absl::Status Add(Bucket bucket, DimensionsId dimensions, absl::string_view encoded);
  // Sets of dimensions seen so far.
  std::vector<DimensionsId> Ids() const;
  // Says what a number stands for; every number needs this before rows() is read.
  void Name(DimensionsId id, Dimensions dimensions) {
    rows_[index_.at(id)].dimensions = std::move(dimensions);
  }
  const std::vector<Row>& rows() const { return rows_; }
  size_t slots() const { return slot_starts_.size(); }

 private:
  std::vector<Bucket> slot_starts_;
  absl::flat_hash_map<DimensionsId, size_t> index_;  // into rows_
  std::vector<Row> rows_;
};

}  // namespace sqm::reporting
