#include "services/monitoring/note_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <vector>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/monitoring/states.h"
#include "tests/unit/monitoring/forms.h"

namespace sqm::monitoring {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Actor kNoteAgent{.staff = "staff/ann"};
const Actor kLead{.staff = "staff/leo"};
const Actor kNoteManager{.staff = "staff/max", .is_manager = true};

v1::Evaluation Submitted(const v1::ScorecardContent& content, const Answers& answers) {
  v1::Evaluation evaluation;
  evaluation.set_name("evaluations/1");
  evaluation.set_agent("staff/ann");
  evaluation.set_team("north");
  evaluation.set_evaluator("staff/eve");
  evaluation.set_simulated(true);
  evaluation.set_state(v1::EVALUATION_STATE_SUBMITTED);
  const absl::StatusOr<v1::EvaluationResult> result = Score(content, answers);
  EXPECT_TRUE(result.ok()) << result.status();
  *evaluation.mutable_result() = result.value_or(v1::EvaluationResult());
  evaluation.set_band(evaluation.result().band());
  return evaluation;
}

TEST(NoteForTest, FollowsFromALowBand) {
  const v1::ScorecardContent content = Form({Scale("a"), YesNo("b"), Scale("c")});
  Answers answers;
  Number(answers, "a", "8");
  Yes(answers, "b", false);
  Number(answers, "c", "0");
  const auto note = NoteFor(Submitted(content, answers), content, NoteLanguage::kEnglish, kNow);
  ASSERT_TRUE(note.has_value());
  EXPECT_EQ(note->evaluation(), "evaluations/1");
  EXPECT_EQ(note->agent(), "staff/ann");
  EXPECT_EQ(note->team(), "north");
  EXPECT_EQ(note->issuer(), "staff/eve");
  EXPECT_EQ(note->band(), "fail");
  EXPECT_EQ(note->state(), v1::IMPROVEMENT_NOTE_STATE_OPEN);
  EXPECT_TRUE(note->automatic());
  EXPECT_TRUE(note->simulated());
  EXPECT_THAT(note->items(), ElementsAre("c", "a", "b"));  // most points lost first
  EXPECT_EQ(FromTimestamp(note->due_time()), kNow + absl::Hours(24 * kDefaultNoteDays));
  EXPECT_EQ(note->text(),
            "Score 38.10 (Band fail). To improve:\n- Question c: 0.00 / 10.00\n"
            "- Question a: 8.00 / 10.00\n- Question b: 0.00 / 1.00");
}

TEST(NoteForTest, SpeaksChinese) {
  v1::ScorecardItem fatal = YesNo("b");
  fatal.set_fatal(true);
  const v1::ScorecardContent content = Form({Scale("a"), fatal});
  Answers answers;
  Number(answers, "a", "0");
  Yes(answers, "b", false);
  const auto note = NoteFor(Submitted(content, answers), content, NoteLanguage::kChinese, kNow);
  ASSERT_TRUE(note.has_value());
  EXPECT_EQ(note->text(),
            "得分 0.00（不合格）。请改进：\n- 问题 b：0.00 / 1.00（一票否决）\n"
            "- 问题 a：0.00 / 10.00");
}

TEST(NoteForTest, NoneFromAGoodBand) {
  const v1::ScorecardContent content = Form({Scale("a")});
  Answers answers;
  Number(answers, "a", "9");
  EXPECT_EQ(NoteFor(Submitted(content, answers), content, NoteLanguage::kEnglish, kNow),
            std::nullopt);
}

TEST(NoteForTest, FollowsFromAFailedCriticalItemInAnyBand) {
  v1::ScorecardItem critical = YesNo("b");
  critical.set_critical(true);
  const v1::ScorecardContent content = Form({Scale("a"), critical});
  Answers answers;
  Number(answers, "a", "10");
  Yes(answers, "b", false);
  const v1::Evaluation evaluation = Submitted(content, answers);
  EXPECT_EQ(evaluation.band(), "excellent");
  const auto note = NoteFor(evaluation, content, NoteLanguage::kEnglish, kNow);
  ASSERT_TRUE(note.has_value());
  EXPECT_THAT(note->items(), ElementsAre("b"));
}

TEST(NoteForTest, NoneWithoutAScore) {
  v1::ScorecardItem item = YesNo("a");
  item.set_na_allowed(true);
  const v1::ScorecardContent content = Form({item});
  Answers answers;
  NotApplicable(answers, "a");
  EXPECT_EQ(NoteFor(Submitted(content, answers), content, NoteLanguage::kEnglish, kNow),
            std::nullopt);
}

TEST(NoteForTest, DueByTheBandAndBoundedText) {
  std::vector<v1::ScorecardItem> items;
  Answers answers;
  for (int i = 0; i < 30; ++i) {
    items.push_back(YesNo(absl::StrCat("i", i)));
    std::string title;
    for (int c = 0; c < 2000; ++c) title += "长";
    items.back().mutable_title()->set_zh(title);
    Yes(answers, absl::StrCat("i", i), false);
  }
  v1::ScorecardContent content = Form(items);
  content.mutable_bands(3)->set_note_due_days(3);
  const auto note = NoteFor(Submitted(content, answers), content, NoteLanguage::kChinese, kNow);
  ASSERT_TRUE(note.has_value());
  EXPECT_EQ(note->items_size(), 10);
  EXPECT_EQ(FromTimestamp(note->due_time()), kNow + absl::Hours(72));
  const auto code_points = std::count_if(note->text().begin(), note->text().end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  EXPECT_LT(code_points, 4000);
}

v1::ImprovementNote NoteIn(v1::ImprovementNoteState state) {
  v1::ImprovementNote note;
  note.set_name("improvementNotes/1");
  note.set_agent("staff/ann");
  note.set_state(state);
  return note;
}

TEST(NoteTransitionsTest, EveryActionInEveryState) {
  struct Action {
    const char* name;
    std::function<absl::Status(v1::ImprovementNote&)> run;
    std::map<v1::ImprovementNoteState, v1::ImprovementNoteState> allowed;
  };
  constexpr auto kOpen = v1::IMPROVEMENT_NOTE_STATE_OPEN;
  constexpr auto kAgreed = v1::IMPROVEMENT_NOTE_STATE_AGREED;
  constexpr auto kInProgress = v1::IMPROVEMENT_NOTE_STATE_IN_PROGRESS;
  constexpr auto kCheck = v1::IMPROVEMENT_NOTE_STATE_EFFECT_CHECK;
  constexpr auto kClosed = v1::IMPROVEMENT_NOTE_STATE_CLOSED;
  constexpr auto kUnset = v1::IMPROVEMENT_NOTE_STATE_UNSPECIFIED;
  const std::vector<Action> actions = {
      {"agree",
       [](v1::ImprovementNote& n) { return AgreeNote(n, "yes", kNoteAgent, kNow); },
       {{kOpen, kAgreed}}},
      {"start",
       [](v1::ImprovementNote& n) { return StartNote(n, kNoteAgent, kNow); },
       {{kAgreed, kInProgress}}},
      {"check",
       [](v1::ImprovementNote& n) { return CheckNote(n, "practised", kNow); },
       {{kInProgress, kCheck}}},
      {"close",
       [](v1::ImprovementNote& n) { return CloseNote(n, true, "better", kLead, kNow); },
       {{kCheck, kClosed}}},
      {"update",
       [](v1::ImprovementNote& n) { return CheckNoteUpdate(n); },
       {{kUnset, kUnset},
        {kOpen, kOpen},
        {kAgreed, kAgreed},
        {kInProgress, kInProgress},
        {kCheck, kCheck}}},
  };
  const std::map<v1::ImprovementNoteState, std::string> next = {{kUnset, ""},
                                                                {kOpen, "AGREED"},
                                                                {kAgreed, "IN_PROGRESS"},
                                                                {kInProgress, "EFFECT_CHECK"},
                                                                {kCheck, "CLOSED"},
                                                                {kClosed, ""}};
  for (const Action& action : actions) {
    for (const auto& [state, allowed_states] : next) {
      SCOPED_TRACE(absl::StrCat(action.name, " in ", StateName(state)));
      v1::ImprovementNote note = NoteIn(state);
      const std::string before = note.SerializeAsString();
      const absl::Status status = action.run(note);
      const auto found = action.allowed.find(state);
      if (found != action.allowed.end()) {
        EXPECT_TRUE(status.ok()) << status;
        EXPECT_EQ(note.state(), found->second);
        continue;
      }
      EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_WRONG_STATE);
      EXPECT_EQ(MetadataOf(status, "current_state"), StateName(state));
      EXPECT_EQ(MetadataOf(status, "allowed_states"), allowed_states);
      EXPECT_EQ(note.SerializeAsString(), before);
    }
  }
}

TEST(NoteActorsTest, WhoMayDoWhat) {
  v1::ImprovementNote open = NoteIn(v1::IMPROVEMENT_NOTE_STATE_OPEN);
  EXPECT_EQ(MetadataOf(AgreeNote(open, "", kNoteManager, kNow), "rule"), "not-the-agent");
  v1::ImprovementNote agreed = NoteIn(v1::IMPROVEMENT_NOTE_STATE_AGREED);
  EXPECT_EQ(MetadataOf(StartNote(agreed, kLead, kNow), "rule"), "not-the-agent");
  EXPECT_TRUE(StartNote(agreed, kNoteManager, kNow).ok());
  v1::ImprovementNote check = NoteIn(v1::IMPROVEMENT_NOTE_STATE_EFFECT_CHECK);
  EXPECT_EQ(MetadataOf(CloseNote(check, true, "", kNoteAgent, kNow), "rule"), "own-note");
  v1::ImprovementNote progress = NoteIn(v1::IMPROVEMENT_NOTE_STATE_IN_PROGRESS);
  EXPECT_EQ(ReasonOf(CheckNote(progress, "", kNow)), type::v1::ERROR_REASON_INVALID_FIELD);
}

TEST(CloseNoteTest, KeepsWhetherItHelped) {
  v1::ImprovementNote note = NoteIn(v1::IMPROVEMENT_NOTE_STATE_EFFECT_CHECK);
  ASSERT_TRUE(CloseNote(note, false, "no change", kLead, kNow).ok());
  EXPECT_TRUE(note.has_effective());
  EXPECT_FALSE(note.effective());
  EXPECT_EQ(note.close_comment(), "no change");
  EXPECT_EQ(FromTimestamp(note.close_time()), kNow);
}

TEST(BeginNoteTest, TakesFromAReleasedEvaluation) {
  const v1::ScorecardContent content = Form({YesNo("a")});
  Answers answers;
  Yes(answers, "a");
  v1::Evaluation evaluation = Submitted(content, answers);
  evaluation.set_state(v1::EVALUATION_STATE_RELEASED);
  v1::ImprovementNote note;
  *note.mutable_due_time() = ToTimestamp(kNow + absl::Hours(1));
  ASSERT_TRUE(BeginNote(evaluation, kLead, kNow, note).ok());
  EXPECT_EQ(note.agent(), "staff/ann");
  EXPECT_EQ(note.issuer(), "staff/leo");
  EXPECT_EQ(note.band(), "excellent");
  EXPECT_FALSE(note.automatic());
  EXPECT_EQ(note.state(), v1::IMPROVEMENT_NOTE_STATE_OPEN);
  EXPECT_THAT(note.items(), IsEmpty());

  EXPECT_EQ(ReasonOf(BeginNote(evaluation, kLead, kNow + absl::Hours(1), note)),
            type::v1::ERROR_REASON_INVALID_FIELD);
  for (const auto state : {v1::EVALUATION_STATE_ASSIGNED, v1::EVALUATION_STATE_IN_PROGRESS,
                           v1::EVALUATION_STATE_SUBMITTED, v1::EVALUATION_STATE_VOIDED}) {
    evaluation.set_state(state);
    EXPECT_EQ(MetadataOf(BeginNote(evaluation, kLead, kNow, note), "rule"),
              "evaluation-not-released");
  }
}

}  // namespace
}  // namespace sqm::monitoring
