// A cell of a rollup: what the facts of one quarter of an hour and one set of dimensions add up to.
//
// Every number is an exact integer and every operation has an inverse, so a fact that is corrected
// or deleted is subtracted and the cell is as if it had never been.
#pragma once

#include <absl/container/inlined_vector.h>
#include <absl/numeric/int128.h>
#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "services/reporting/sketch.h"

namespace sqm::reporting {

// What is added up. The numbers are stored: never reused, never changed.
enum class Quantity : uint8_t {
  kContacts = 1,
  kSpeedOfAnswer = 2,       // ms, distribution
  kWithin20s = 3,           // answered within 20 s, inclusive
  kWithin30s = 4,           // answered within 30 s, inclusive
  kHandlingTime = 5,        // ms, distribution; talk + hold + after-call work
  kOutcomeKnown = 6,        // answered and known whether resolved
  kResolved = 7,            // answered and resolved
  kRated1 = 8,              // rated 1 of 1 to 5
  kRated2 = 9,              //
  kRated3 = 10,             //
  kRated4 = 11,             //
  kRated5 = 12,             //
  kAnsweredRated = 13,      // answered and rated
  kSimulatedContacts = 14,  //
  kEvaluations = 20,        //
  kScore = 21,              // 1/10000 point, sum; 0 to 1,000,000
  kPassed = 22,             //
  kFatal = 23,              //
  kSimulatedEvaluations = 24,
  kItemShare = 30,          // earned of possible in 1/10000, sum; 0 to 10,000
  kItemNotApplicable = 31,  //
  kItemBelowFull = 32,      //
  kNotes = 40,
  kCasesOpened = 50,      //
  kCasesRepeated = 51,    // opened, and the customer had brought the like within 90 days
  kCasesClosed = 52,      // the four ways in which a case ends
  kCasesWithdrawn = 53,   //
  kCasesRejected = 54,    //
  kCasesMerged = 55,      //
  kCasesReopened = 56,    // had ended, and goes on
  kCaseRated1 = 57,       // handling rated 1 of 1 to 5
  kCaseRated2 = 58,       //
  kCaseRated3 = 59,       //
  kCaseRated4 = 60,       //
  kCaseRated5 = 61,       //
  kDeadlinesMet = 62,     // done in time
  kDeadlinesMissed = 63,  // passed before it was done
  kCompensation = 64,     // 1/10000 of the currency, sum
  kCasesAnswered = 65,    // closed, with an answer known, and not reopened since
  kCasesAtOnce = 66,      // of them: the first answer settled it and nothing was asked back
  kCauses = 67,           // closed and not reopened since, by root cause
  kEndsAssumed = 68,      // ended, but when is not known
};

// How a quantity is added up.
enum class QuantityKind : uint8_t {
  kCount,         // n alone
  kSum,           // n, sum and sum of squares
  kDistribution,  // those and a sketch
};
QuantityKind KindOf(Quantity quantity);

// n, sum and sum of squares of integers.
struct Moments {
  int64_t n = 0;
  int64_t sum = 0;
  absl::int128 sum_squares = 0;

  // Arithmetic mean; 0 when empty.
  double Mean() const;
  // Sample variance, divisor n - 1, from exact integers; 0 when n < 2.
  double Variance() const;
  void Add(int64_t value, int64_t count) {
    n += count;
    sum += value * count;
    sum_squares += absl::int128(value) * value * count;
  }
  friend bool operator==(const Moments&, const Moments&) = default;
};

class Cell {
 public:
  // Adds an observation (sign 1) or takes it away again (sign -1). The value of a count is not
  // used.
  void Add(Quantity quantity, int64_t value, int sign);
  void Merge(const Cell& other);
  // Adds an encoded cell. DATA_LOSS when it is damaged; the cell then holds part of it.
  absl::Status MergeEncoded(absl::string_view encoded);

  // No observations: nothing to store.
  bool empty() const { return entries_.empty() && sketches_.empty(); }
  int64_t Count(Quantity quantity) const;
  // Zero when there are none.
  Moments Of(Quantity quantity) const;
  // Empty when there are none.
  const Sketch& SketchOf(Quantity quantity) const;

  // Of cells that are merged, the sum of their fingerprints with one seed (see fingerprint.h).
  uint64_t Fingerprint(uint64_t seed) const;
  // Replaces `out`.
  void Encode(std::string& out) const;

  friend bool operator==(const Cell& a, const Cell& b) {
    return a.entries_ == b.entries_ && a.sketches_ == b.sketches_;
  }

 private:
  struct Entry {
    Quantity quantity;
    Moments moments;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  Entry* Find(Quantity quantity);
  void MergeMoments(Quantity quantity, const Moments& moments);
  Sketch& SketchFor(Quantity quantity);
  void DropIfEmpty(Quantity quantity);

  absl::InlinedVector<Entry, 6> entries_;              // by quantity, none all zero
  std::vector<std::pair<Quantity, Sketch>> sketches_;  // by quantity, none empty
};

}  // namespace sqm::reporting
