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

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/reporting/cell.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/feed/v1/feed.pb.h"
#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/improvement_note.pb.h"

namespace sqm::reporting {

// A quarter of an hour of UTC: floor(seconds since 1970 / 900).
using Bucket = int64_t;
inline constexpr int64_t kBucketSeconds = 900;
inline constexpr Bucket kDayBuckets = 24 * 3600 / kBucketSeconds;
Bucket BucketOf(absl::Time time);
absl::Time TimeOf(Bucket bucket);

// Quantities that share their dimensions. The numbers are stored: never reused, never changed.
enum class Group : uint8_t {
  kContact = 1,     // agent, team, channel, type, answer state
  kEvaluation = 2,  // agent, team, method, band, scorecard version, evaluator
  kItem = 3,        // scorecard version, item
  kNote = 4,        // agent, team, state
  // What a case is and what happened to it; all but disclosures.
  kCase = 5,          // kind, category, severity, channel, team
  kCaseDeadline = 6,  // kind, deadline, team
  kCompensation = 7,  // kind, currency
  kDisclosure = 8,    // nothing: they are counted in all only
  kCaseCause = 9,     // kind, root cause
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
inline constexpr int kCaseKind = 0;  // of the groups of cases
inline constexpr int kCategory = 1;
inline constexpr int kCaseTeam = 4;
inline constexpr int kDeadline = 1;
inline constexpr int kDeadlineTeam = 2;
inline constexpr int kCurrency = 1;
inline constexpr int kCause = 1;
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
  int64_t offset = 0;      // quarters of an hour from the fact's own; 0 but in facts of cases
  std::string dimensions;  // encoded
  absl::InlinedVector<Observation, 8> observations;
};

// Kinds of facts. The numbers are stored.
enum class FactKind : uint8_t { kContact = 1, kEvaluation = 2, kNote = 4, kCase = 5 };

// Rises whenever the same change gives another fact than before: every source is then read anew.
inline constexpr int kFactVersion = 3;

// What a case may be for a while. The numbers are stored.
enum class Standing : uint8_t {
  kOpen = 1,     // not ended
  kOverdue = 2,  // a deadline has passed and what it asks for is not done
};

// The beginning of the last quarter of an hour that spans reach, in the year 2448, and what stands
// for no end.
inline constexpr Bucket kLastBucket = (Bucket{1} << 24) - 1;
inline constexpr Bucket kForever = kLastBucket + 1;

// The quarters of an hour at whose beginning a case was something.
struct Span {
  Standing standing = Standing::kOpen;
  uint8_t kind = 0;  // complaints.v1.CaseKind
  Bucket since = 0;  // when the case came in; 0 where its age is not told
  Bucket first = 1;  // at least 1
  Bucket last = 1;   // at least `first`; kForever = until now
  friend bool operator==(const Span&, const Span&) = default;
  friend auto operator<=>(const Span&, const Span&) = default;
};

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
  NoteFact note;            // of kind kNote
  std::vector<Span> spans;  // of kind kCase
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
  complaints::v1::Case case_;
};

// The services that are followed.
inline constexpr char kMonitoringSource[] = "monitoring";
inline constexpr char kComplaintsSource[] = "complaints";
// The types of a source that a consumer follows; none = all. Of complaints only what gives facts or
// describes them is asked for, so that what people wrote on a case's timeline never comes here; of
// monitoring all, so that its position tells how far every one of its changes is read.
absl::Span<const absl::string_view> FactSourceTypes(absl::string_view source);

// `66.67` → 666700; nothing when it is not a decimal of at most four places.
std::optional<int64_t> TenThousandths(absl::string_view decimal);

}  // namespace sqm::reporting
