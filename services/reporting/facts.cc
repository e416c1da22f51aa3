#include "services/reporting/facts.h"

#include <absl/strings/ascii.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/status.h"
#include "services/reporting/case_facts.h"
#include "services/reporting/fact_parts.h"

namespace sqm::reporting {
namespace {

using monitoring::v1::AnswerState;
using monitoring::v1::EvaluationState;

constexpr absl::string_view kContactType = "monitoring/Contact";
constexpr absl::string_view kEvaluationType = "monitoring/Evaluation";
constexpr absl::string_view kNoteType = "monitoring/ImprovementNote";
constexpr absl::string_view kCaseType = "complaints/Case";
constexpr absl::string_view kComplaints[] = {kCaseType, kCategoryType, kCauseType};
constexpr int kNoteCharacters = 200;
// Items of one evaluation; the contract allows 200.
constexpr int kMaxItems = 200;

const EnumKeys& Channels() {
  static const EnumKeys keys(monitoring::v1::ContactChannel_descriptor());
  return keys;
}
const EnumKeys& AnswerStates() {
  static const EnumKeys keys(monitoring::v1::AnswerState_descriptor());
  return keys;
}
const EnumKeys& Methods() {
  static const EnumKeys keys(monitoring::v1::EvaluationMethod_descriptor());
  return keys;
}
const EnumKeys& NoteStates() {
  static const EnumKeys keys(monitoring::v1::ImprovementNoteState_descriptor());
  return keys;
}

int64_t Milliseconds(const google::protobuf::Duration& duration) {
  return duration.seconds() * 1000 + duration.nanos() / 1000000;
}

std::string Shortened(absl::string_view text) {
  size_t end = 0;
  for (int characters = 0; end < text.size() && characters < kNoteCharacters; ++characters) {
    ++end;
    while (end < text.size() && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) ++end;
  }
  std::string result(text.substr(0, end));
  if (end < text.size()) result += "…";
  return result;
}

}  // namespace

Bucket BucketOf(absl::Time time) {
  return absl::ToUnixSeconds(time) >= 0
             ? absl::ToUnixSeconds(time) / kBucketSeconds
             : -((-absl::ToUnixSeconds(time) + kBucketSeconds - 1) / kBucketSeconds);
}

absl::Time TimeOf(Bucket bucket) { return absl::FromUnixSeconds(bucket * kBucketSeconds); }

absl::Span<const absl::string_view> FactSourceTypes(absl::string_view source) {
  if (source == kComplaintsSource) return kComplaints;
  return {};
}

std::optional<int64_t> TenThousandths(absl::string_view decimal) {
  const bool negative = absl::ConsumePrefix(&decimal, "-");
  int64_t value = 0;
  int digits = 0;
  int places = -1;
  for (char c : decimal) {
    if (c == '.' && places < 0) {
      places = 0;
      continue;
    }
    if (!absl::ascii_isdigit(c) || ++digits > 14) return std::nullopt;
    value = value * 10 + (c - '0');
    if (places >= 0) ++places;
  }
  if (digits == 0 || places == 0 || places > 4) return std::nullopt;
  for (int i = std::max(places, 0); i < 4; ++i) value *= 10;
  return negative ? -value : value;
}

namespace {

// How many dimensions a group has; -1 = no such group.
int DimensionsOf(Group group) {
  switch (group) {
    case Group::kContact:
    case Group::kCase:
      return 5;
    case Group::kEvaluation:
      return 6;
    case Group::kItem:
    case Group::kCompensation:
    case Group::kCaseCause:
      return 2;
    case Group::kNote:
    case Group::kCaseDeadline:
      return 3;
    case Group::kDisclosure:
      return 0;
  }
  return -1;
}

}  // namespace

absl::StatusOr<Dimensions> Dimensions::Decode(absl::string_view encoded) {
  Dimensions result;
  if (!encoded.empty()) {
    result.group = static_cast<Group>(encoded.front());
    wire::Reader in(encoded.substr(1));
    while (in.ok() && !in.done()) result.values.emplace_back(in.Text());
    const int expected = DimensionsOf(result.group);
    if (in.ok() && static_cast<int>(result.values.size()) == expected) return result;
  }
  return Fail(absl::StatusCode::kDataLoss, Reason::ERROR_REASON_INTERNAL,
              "a set of dimensions is damaged");
}

Effect FactReader::Read(const feed::v1::Change& change, Fact& fact) {
  const absl::string_view type = change.resource_type();
  const bool contact = type == kContactType;
  const bool evaluation = !contact && type == kEvaluationType;
  const bool complaint = !contact && !evaluation && type == kCaseType;
  if (!contact && !evaluation && !complaint && type != kNoteType) return Effect::kIgnore;
  fact.spans.clear();
  if (change.kind() == feed::v1::CHANGE_KIND_DELETED) return Effect::kRemove;
  if (complaint && !case_.ParseFromString(change.body())) return Effect::kUnusable;
  return contact      ? ReadContact(change, fact)
         : evaluation ? ReadEvaluation(change, fact)
         : complaint  ? ReadCase(case_, fact)
                      : ReadNote(change, fact);
}

Effect FactReader::ReadContact(const feed::v1::Change& change, Fact& fact) {
  monitoring::v1::Contact& c = contact_;
  if (!c.ParseFromString(change.body()) || !c.has_start_time()) return Effect::kUnusable;
  fact.kind = FactKind::kContact;
  fact.bucket = BucketOf(c.start_time());
  FactPart& part = PartAt(fact, 0);
  fact.parts.resize(1);
  EncodeDimensions(
      Group::kContact,
      {c.agent(), c.team(), Channels()[c.channel()], c.type(), AnswerStates()[c.answer_state()]},
      part.dimensions);

  auto& seen = part.observations;
  seen.push_back({Quantity::kContacts, 1});
  const bool answered = c.answer_state() == AnswerState::ANSWER_STATE_ANSWERED;
  if (answered && c.has_queue_duration()) {
    const int64_t ms = Milliseconds(c.queue_duration());
    seen.push_back({Quantity::kSpeedOfAnswer, ms});
    if (ms <= 20000) seen.push_back({Quantity::kWithin20s, 1});
    if (ms <= 30000) seen.push_back({Quantity::kWithin30s, 1});
  }
  if (answered && c.has_talk_duration()) {
    seen.push_back({Quantity::kHandlingTime, Milliseconds(c.talk_duration()) +
                                                 Milliseconds(c.hold_duration()) +
                                                 Milliseconds(c.after_call_duration())});
  }
  if (answered && c.has_resolved()) {
    seen.push_back({Quantity::kOutcomeKnown, 1});
    if (c.resolved()) seen.push_back({Quantity::kResolved, 1});
  }
  if (c.satisfaction() >= 1 && c.satisfaction() <= 5) {
    const int rated = static_cast<int>(Quantity::kRated1) + c.satisfaction() - 1;
    seen.push_back({static_cast<Quantity>(rated), 1});
    if (answered) seen.push_back({Quantity::kAnsweredRated, 1});
  }
  if (c.simulated()) seen.push_back({Quantity::kSimulatedContacts, 1});
  return Effect::kPut;
}

Effect FactReader::ReadEvaluation(const feed::v1::Change& change, Fact& fact) {
  monitoring::v1::Evaluation& e = evaluation_;
  if (!e.ParseFromString(change.body())) return Effect::kUnusable;
  const bool counts = e.state() == EvaluationState::EVALUATION_STATE_SUBMITTED ||
                      e.state() == EvaluationState::EVALUATION_STATE_RELEASED ||
                      e.state() == EvaluationState::EVALUATION_STATE_ACKNOWLEDGED;
  if (!counts) return Effect::kRemove;
  if (!e.has_submit_time()) return Effect::kUnusable;
  fact.kind = FactKind::kEvaluation;
  fact.bucket = BucketOf(e.submit_time());

  FactPart& whole = PartAt(fact, 0);
  EncodeDimensions(Group::kEvaluation,
                   {e.agent(), e.team(), Methods()[e.method()], e.result().band(),
                    e.scorecard_version(), e.evaluator()},
                   whole.dimensions);
  auto& seen = whole.observations;
  seen.push_back({Quantity::kEvaluations, 1});
  if (const auto score = TenThousandths(e.result().score())) {
    seen.push_back({Quantity::kScore, *score});
    if (e.result().passing()) seen.push_back({Quantity::kPassed, 1});
  }
  if (e.result().fatal_items_failed_size() > 0) seen.push_back({Quantity::kFatal, 1});
  if (e.simulated()) seen.push_back({Quantity::kSimulatedEvaluations, 1});

  size_t parts = 1;
  for (const auto& item : e.result().items()) {
    if (parts > kMaxItems) break;
    const auto earned = TenThousandths(item.earned());
    const auto possible = TenThousandths(item.possible());
    const bool scored = earned.has_value() && possible.value_or(0) > 0;
    if (!scored && !item.not_applicable()) continue;  // free text, bonus or penalty
    FactPart& part = PartAt(fact, parts++);
    EncodeDimensions(Group::kItem, {e.scorecard_version(), item.item_id()}, part.dimensions);
    if (!scored) {
      part.observations.push_back({Quantity::kItemNotApplicable, 1});
      continue;
    }
    const int64_t share = (*earned * 10000 + *possible / 2) / *possible;
    part.observations.push_back({Quantity::kItemShare, share});
    if (*earned < *possible) part.observations.push_back({Quantity::kItemBelowFull, 1});
  }
  fact.parts.resize(parts);
  return Effect::kPut;
}

Effect FactReader::ReadNote(const feed::v1::Change& change, Fact& fact) {
  monitoring::v1::ImprovementNote& n = note_;
  if (!n.ParseFromString(change.body()) || !n.has_create_time()) return Effect::kUnusable;
  fact.kind = FactKind::kNote;
  fact.bucket = BucketOf(n.create_time());
  FactPart& part = PartAt(fact, 0);
  fact.parts.resize(1);
  const absl::string_view state = NoteStates()[n.state()];
  EncodeDimensions(Group::kNote, {n.agent(), n.team(), state}, part.dimensions);
  part.observations.push_back({Quantity::kNotes, 1});
  fact.note.agent = n.agent();
  fact.note.state = std::string(state);
  fact.note.text = Shortened(n.text());
  fact.note.due_ms =
      n.has_due_time() ? n.due_time().seconds() * 1000 + n.due_time().nanos() / 1000000 : 0;
  return Effect::kPut;
}

}  // namespace sqm::reporting
