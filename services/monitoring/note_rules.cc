#include "services/monitoring/note_rules.h"

#include <absl/algorithm/container.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/base/decimal.h"
#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/monitoring/states.h"

namespace sqm::monitoring {
namespace {

constexpr size_t kMaxNamedItems = 10;
// Longest title or label quoted, in code points; keeps the text well under the field's limit.
constexpr size_t kMaxQuoted = 120;

absl::string_view AllowedNext(v1::ImprovementNoteState state) {
  switch (state) {
    case v1::IMPROVEMENT_NOTE_STATE_OPEN:
      return "AGREED";
    case v1::IMPROVEMENT_NOTE_STATE_AGREED:
      return "IN_PROGRESS";
    case v1::IMPROVEMENT_NOTE_STATE_IN_PROGRESS:
      return "EFFECT_CHECK";
    case v1::IMPROVEMENT_NOTE_STATE_EFFECT_CHECK:
      return "CLOSED";
    default:
      return "";
  }
}

absl::Status Refuse(const v1::ImprovementNote& note, absl::string_view attempted) {
  return WrongState(note.name(), StateName(note.state()), AllowedNext(note.state()), attempted);
}

absl::Status Require(const v1::ImprovementNote& note, v1::ImprovementNoteState state,
                     absl::string_view attempted) {
  return note.state() == state ? absl::OkStatus() : Refuse(note, attempted);
}

absl::Status NotTheAgent(const v1::ImprovementNote& note) {
  return RuleViolated("not-the-agent", absl::StrCat("only ", note.agent(), " may do this"),
                      {{"agent", note.agent()}});
}

// The first kMaxQuoted code points of UTF-8 text.
std::string Shortened(absl::string_view text) {
  size_t code_points = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins && ++code_points > kMaxQuoted) return absl::StrCat(text.substr(0, i), "…");
  }
  return std::string(text);
}

std::string In(NoteLanguage language, const type::v1::Text& text) {
  const bool chinese = language == NoteLanguage::kChinese;
  const std::string& wanted = chinese ? text.zh() : text.en();
  const std::string& other = chinese ? text.en() : text.zh();
  return Shortened(wanted.empty() ? other : wanted);
}

// An item that lost points.
struct Loss {
  const v1::ScorecardItem* item = nullptr;
  const v1::ItemScore* score = nullptr;
  Rational lost;
  bool fatal = false;
  bool critical_failed = false;
};

// Fatal ones first, then by points lost; the order of the form among equals.
std::vector<Loss> Losses(const v1::EvaluationResult& result, const v1::ScorecardContent& content) {
  const absl::flat_hash_set<absl::string_view> fatal(result.fatal_items_failed().begin(),
                                                     result.fatal_items_failed().end());
  std::vector<Loss> losses;
  int next = 0;
  for (const v1::ScorecardGroup& group : content.groups()) {
    for (const v1::ScorecardItem& item : group.items()) {
      if (next >= result.items_size()) break;
      const v1::ItemScore& score = result.items(next++);
      const absl::StatusOr<Rational> earned = Rational::ParseDecimal(score.earned(), 2);
      const absl::StatusOr<Rational> possible = Rational::ParseDecimal(score.possible(), 2);
      if (!earned.ok() || !possible.ok() || *earned >= *possible) continue;
      losses.push_back({.item = &item,
                        .score = &score,
                        .lost = *possible - *earned,
                        .fatal = fatal.contains(item.id()),
                        .critical_failed = item.critical() && earned->IsZero()});
    }
  }
  std::stable_sort(losses.begin(), losses.end(), [](const Loss& a, const Loss& b) {
    if (a.fatal != b.fatal) return a.fatal;
    return a.lost > b.lost;
  });
  return losses;
}

std::string TextOf(const v1::EvaluationResult& result, const v1::Band* band,
                   const std::vector<Loss>& named, NoteLanguage language) {
  const bool chinese = language == NoteLanguage::kChinese;
  std::string text;
  if (band != nullptr) {
    text = chinese
               ? absl::StrCat("得分 ", result.score(), "（", In(language, band->label()), "）。")
               : absl::StrCat("Score ", result.score(), " (", In(language, band->label()), ").");
  }
  if (named.empty()) return text;
  absl::StrAppend(&text, chinese ? "请改进：" : " To improve:");
  for (const Loss& loss : named) {
    absl::StrAppend(&text, "\n- ", In(language, loss.item->title()), chinese ? "：" : ": ",
                    loss.score->earned(), " / ", loss.score->possible());
    if (loss.fatal) absl::StrAppend(&text, chinese ? "（一票否决）" : " (fatal)");
  }
  return text;
}

}  // namespace

std::optional<v1::ImprovementNote> NoteFor(const v1::Evaluation& evaluation,
                                           const v1::ScorecardContent& content,
                                           NoteLanguage language, absl::Time now) {
  const v1::EvaluationResult& result = evaluation.result();
  const v1::Band* band = FindBand(content, result.band());
  std::vector<Loss> losses = Losses(result, content);
  const bool wanted =
      (band != nullptr && band->improvement_note()) ||
      absl::c_any_of(losses, [](const Loss& loss) { return loss.fatal || loss.critical_failed; });
  if (!wanted) return std::nullopt;
  if (losses.size() > kMaxNamedItems) losses.resize(kMaxNamedItems);

  v1::ImprovementNote note;
  note.set_evaluation(evaluation.name());
  note.set_agent(evaluation.agent());
  note.set_team(evaluation.team());
  note.set_issuer(evaluation.evaluator());
  note.set_state(v1::IMPROVEMENT_NOTE_STATE_OPEN);
  note.set_automatic(true);
  note.set_band(result.band());
  note.set_simulated(evaluation.simulated());
  note.set_text(TextOf(result, band, losses, language));
  for (const Loss& loss : losses) note.add_items(loss.item->id());
  const int days =
      band != nullptr && band->note_due_days() > 0 ? band->note_due_days() : kDefaultNoteDays;
  *note.mutable_due_time() = ToTimestamp(now + absl::Hours(24) * days);
  return note;
}

absl::Status BeginNote(const v1::Evaluation& evaluation, const Actor& actor, absl::Time now,
                       v1::ImprovementNote& note) {
  if (evaluation.state() != v1::EVALUATION_STATE_RELEASED &&
      evaluation.state() != v1::EVALUATION_STATE_ACKNOWLEDGED) {
    return RuleViolated("evaluation-not-released",
                        absl::StrCat(evaluation.name(), " is ", StateName(evaluation.state()),
                                     ": nothing follows from what its agent may not see"),
                        {{"evaluation", evaluation.name()}});
  }
  if (FromTimestamp(note.due_time()) <= now) {
    return InvalidField("improvement_note.due_time", "must lie ahead");
  }
  note.set_agent(evaluation.agent());
  note.set_team(evaluation.team());
  note.set_issuer(actor.staff);
  note.set_band(evaluation.band());
  note.set_simulated(evaluation.simulated());
  note.set_automatic(false);
  note.set_state(v1::IMPROVEMENT_NOTE_STATE_OPEN);
  return absl::OkStatus();
}

bool GoesWithEvaluation(const v1::ImprovementNote& note) {
  return note.state() != v1::IMPROVEMENT_NOTE_STATE_CLOSED;
}

absl::Status CheckNoteUpdate(const v1::ImprovementNote& note) {
  if (note.state() == v1::IMPROVEMENT_NOTE_STATE_CLOSED) return Refuse(note, "update");
  return absl::OkStatus();
}

absl::Status AgreeNote(v1::ImprovementNote& note, absl::string_view comment, const Actor& actor,
                       absl::Time now) {
  if (absl::Status status = Require(note, v1::IMPROVEMENT_NOTE_STATE_OPEN, "agree"); !status.ok()) {
    return status;
  }
  if (actor.staff != note.agent()) return NotTheAgent(note);
  note.set_state(v1::IMPROVEMENT_NOTE_STATE_AGREED);
  note.set_agree_comment(std::string(comment));
  *note.mutable_agree_time() = ToTimestamp(now);
  return absl::OkStatus();
}

absl::Status StartNote(v1::ImprovementNote& note, const Actor& actor, absl::Time now) {
  if (absl::Status status = Require(note, v1::IMPROVEMENT_NOTE_STATE_AGREED, "start");
      !status.ok()) {
    return status;
  }
  if (!actor.is_manager && actor.staff != note.agent()) return NotTheAgent(note);
  note.set_state(v1::IMPROVEMENT_NOTE_STATE_IN_PROGRESS);
  *note.mutable_progress_time() = ToTimestamp(now);
  return absl::OkStatus();
}

absl::Status CheckNote(v1::ImprovementNote& note, absl::string_view action_taken, absl::Time now) {
  if (absl::Status status = Require(note, v1::IMPROVEMENT_NOTE_STATE_IN_PROGRESS, "check");
      !status.ok()) {
    return status;
  }
  if (action_taken.empty()) return InvalidField("action_taken", "must be given");
  note.set_state(v1::IMPROVEMENT_NOTE_STATE_EFFECT_CHECK);
  note.set_action_taken(std::string(action_taken));
  *note.mutable_check_time() = ToTimestamp(now);
  return absl::OkStatus();
}

absl::Status CloseNote(v1::ImprovementNote& note, bool effective, absl::string_view comment,
                       const Actor& actor, absl::Time now) {
  if (absl::Status status = Require(note, v1::IMPROVEMENT_NOTE_STATE_EFFECT_CHECK, "close");
      !status.ok()) {
    return status;
  }
  if (actor.staff == note.agent()) {
    return RuleViolated("own-note",
                        absl::StrCat(note.agent(), " may not judge the effect on the own work"),
                        {{"agent", note.agent()}});
  }
  note.set_state(v1::IMPROVEMENT_NOTE_STATE_CLOSED);
  note.set_effective(effective);
  note.set_close_comment(std::string(comment));
  *note.mutable_close_time() = ToTimestamp(now);
  return absl::OkStatus();
}

}  // namespace sqm::monitoring
