// From a change of a feed to what it says in numbers.
//
// A resource has at most one fact, that of its latest version: a correction replaces it, a deletion
// or a state that no longer counts (a voided evaluation) removes it.
#pragma once

#include <absl/container/inlined_vector.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/reporting/cell.h"
#include "sqm/feed/v1/feed.pb.h"
#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/improvement_note.pb.h"

namespace sqm::reporting {

// A quarter of an hour of UTC: floor(seconds since 1970 / 900).
using Bucket = int64_t;
inline constexpr int64_t kBucketSeconds = 900;
Bucket BucketOf(absl::Time time);
absl::Time TimeOf(Bucket bucket);

// Quantities that share their dimensions. The numbers are stored: never reused, never changed.
enum class Group : uint8_t {
  kContact = 1,     // agent, team, channel, type, answer state
  kEvaluation = 2,  // agent, team, method, band, scorecard version, evaluator
  kItem = 3,        // scorecard version, item
  kNote = 4,        // agent, team, state
};

// Positions of the dimensions of each group.
namespace dimension {
inline constexpr int kAgent = 0;
inline constexpr int kTeam = 1;
inline constexpr int kChannel = 2;
inline constexpr int kType = 3;
inline constexpr int kAnswerState = 4;
inline constexpr int kMethod = 2;
inline constexpr int kBand = 3;
inline constexpr int kEvaluationScorecard = 4;
inline constexpr int kEvaluator = 5;
inline constexpr int kScorecard = 0;
inline constexpr int kItem = 1;
inline constexpr int kNoteState = 2;
}  // namespace dimension

// The group and the values of its dimensions, in order. Enum values are their names in lower case
// without prefix (`answered`); what is not known is empty.
struct Dimensions {
  Group group = Group::kContact;
  absl::InlinedVector<std::string, 6> values;

  // The stored form, equal exactly when the dimensions are.
  static absl::StatusOr<Dimensions> Decode(absl::string_view encoded);
  friend bool operator==(const Dimensions&, const Dimensions&) = default;
};

// `value`: count 1, milliseconds, or 1/10000, by the quantity.
struct Observation {
  Quantity quantity;
  int64_t value;
  friend bool operator==(const Observation&, const Observation&) = default;
};

// What one resource adds to one set of dimensions.
struct FactPart {
  std::string dimensions;  // encoded
  absl::InlinedVector<Observation, 8> observations;
};

// Kinds of facts. The numbers are stored.
enum class FactKind : uint8_t { kContact = 1, kEvaluation = 2, kNote = 4 };

// What a report shows of an improvement note beside its count.
struct NoteFact {
  std::string agent;
  std::string state;
  std::string text;    // at most 200 characters and an ellipsis
  int64_t due_ms = 0;  // since 1970; 0 = none
  friend bool operator==(const NoteFact&, const NoteFact&) = default;
};

struct Fact {
  FactKind kind = FactKind::kContact;
  Bucket bucket = 0;
  std::vector<FactPart> parts;
  NoteFact note;  // of kind kNote
};

// What a change means for the fact of its resource.
enum class Effect {
  kIgnore,    // a resource that gives no facts
  kPut,       // `fact` is the fact now
  kRemove,    // there is none now
  kUnusable,  // the body cannot be read or lacks its time: counted, never applied
};

// Turns changes into facts. Reuses its memory: one for each thread.
class FactReader {
 public:
  // Replaces `fact`.
  Effect Read(const feed::v1::Change& change, Fact& fact);

 private:
  Effect ReadContact(const feed::v1::Change& change, Fact& fact);
  Effect ReadEvaluation(const feed::v1::Change& change, Fact& fact);
  Effect ReadNote(const feed::v1::Change& change, Fact& fact);

  monitoring::v1::Contact contact_;
  monitoring::v1::Evaluation evaluation_;
  monitoring::v1::ImprovementNote note_;
};

// Types that give facts or describe them: what a consumer follows.
absl::Span<const absl::string_view> FactSourceTypes();

// `66.67` → 666700; nothing when it is not a decimal of at most four places.
std::optional<int64_t> TenThousandths(absl::string_view decimal);

}  // namespace sqm::reporting
