#include "services/reporting/measures.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <optional>

#include "services/reporting/estimate.h"

namespace sqm::reporting {
namespace {

constexpr v1::MeasureKind kCount = v1::MEASURE_KIND_COUNT;
constexpr v1::MeasureKind kProportion = v1::MEASURE_KIND_PROPORTION;
constexpr v1::MeasureKind kMean = v1::MEASURE_KIND_MEAN;
constexpr v1::MeasureKind kQuantile = v1::MEASURE_KIND_QUANTILE;
constexpr v1::Direction kInforms = v1::DIRECTION_UNSPECIFIED;
constexpr v1::Direction kHigher = v1::DIRECTION_HIGHER;
constexpr v1::Direction kLower = v1::DIRECTION_LOWER;
constexpr double kNoTarget = -1;
constexpr const char* kContactDimensions = "agent,team,channel,contact_type,answer_state";
constexpr const char* kAnsweredDimensions = "agent,team,channel,contact_type";
constexpr const char* kCaseDimensions = "kind,category,severity,channel,team";
constexpr const char* kEvaluationDimensions = "agent,team,method,band,scorecard_version,evaluator";

Measured Counted(int64_t n) { return {static_cast<double>(n), n, std::nullopt}; }

Measured Share(int64_t count, int64_t n) {
  const v1::Proportion share = ProportionOf(count, n);
  if (!share.has_value()) return {};
  return {share.value(), n, share.interval()};
}

Measured MeanFrom(const Moments& moments, const Scale& scale) {
  const v1::Mean mean = MeanOf(moments, scale);
  Measured result;
  result.n = mean.n();
  if (mean.has_value()) result.value = mean.value();
  if (mean.has_interval()) result.interval = mean.interval();
  return result;
}

// Milliseconds to seconds.
Measured QuantileFrom(const Sketch& sketch, double q) {
  const int64_t n = sketch.count();
  if (n == 0) return {};
  return {sketch.Quantile(q) / 1000, n, std::nullopt};
}

// Where the field has a common standard it is the target: resolution at least 95 %, satisfaction at
// least 4.5 of 5, "good" from 85 points.
constexpr MeasureDefinition kMeasures[] = {
    {"contacts", "Contacts", "联络总量", "Contacts that began in the period.",
     "期间内开始的全部联络。", kCount, "1", "count(contacts)", kContactDimensions, kInforms,
     kNoTarget, 0, true,
     [](const Totals& t) { return Counted(t.contacts.Count(Quantity::kContacts)); }},
    {"contact-answer-rate", "Answered", "接通率",
     "Answered contacts of those whose answer state is known.",
     "应答状态已知的联络中，已接听的比例。", kProportion, "%",
     "count(answer_state = answered) / count(answer_state known)", kAnsweredDimensions, kHigher,
     kNoTarget, 30, true,
     [](const Totals& t) { return Share(t.answered.Count(Quantity::kContacts), t.known); }},
    {"speed-of-answer-mean", "Speed of answer", "平均应答时长",
     "Mean time from arrival to answer, of answered contacts.",
     "已接听联络从进入排队到接听的平均时间。", kMean, "s", "mean(queue_duration where answered)",
     kAnsweredDimensions, kLower, kNoTarget, 30, true,
     [](const Totals& t) { return MeanFrom(t.answered.Of(Quantity::kSpeedOfAnswer), kSeconds); }},
    {"speed-of-answer-median", "Speed of answer, median", "应答时长中位数",
     "Half of the answered contacts waited no longer.", "一半已接听联络的等待不超过此值。",
     kQuantile, "s", "quantile(0.5, queue_duration where answered)", kAnsweredDimensions, kLower,
     kNoTarget, 30, false,
     [](const Totals& t) {
       return QuantileFrom(t.answered.SketchOf(Quantity::kSpeedOfAnswer), 0.5);
     }},
    {"speed-of-answer-p90", "Speed of answer, 90th percentile", "应答时长 90 分位",
     "Nine of ten answered contacts waited no longer.", "九成已接听联络的等待不超过此值。",
     kQuantile, "s", "quantile(0.9, queue_duration where answered)", kAnsweredDimensions, kLower,
     kNoTarget, 30, false,
     [](const Totals& t) {
       return QuantileFrom(t.answered.SketchOf(Quantity::kSpeedOfAnswer), 0.9);
     }},
    {"answered-within-20s", "Answered within 20 s", "20 秒内接听率",
     "Of answered contacts whose waiting time is known.", "等待时间已知的已接听联络中的比例。",
     kProportion, "%", "count(queue_duration <= 20 s) / count(queue_duration known), answered",
     kAnsweredDimensions, kHigher, kNoTarget, 30, false,
     [](const Totals& t) {
       return Share(t.answered.Count(Quantity::kWithin20s),
                    t.answered.Count(Quantity::kSpeedOfAnswer));
     }},
    {"answered-within-30s", "Answered within 30 s", "30 秒内接听率",
     "Of answered contacts whose waiting time is known.", "等待时间已知的已接听联络中的比例。",
     kProportion, "%", "count(queue_duration <= 30 s) / count(queue_duration known), answered",
     kAnsweredDimensions, kHigher, kNoTarget, 30, false,
     [](const Totals& t) {
       return Share(t.answered.Count(Quantity::kWithin30s),
                    t.answered.Count(Quantity::kSpeedOfAnswer));
     }},
    {"handling-time-mean", "Handling time", "平均处理时长",
     "Mean of talk, hold and after-call work together, of answered contacts.",
     "已接听联络的通话、保持与话后处理时间之和的均值。", kMean, "s",
     "mean(talk_duration + hold_duration + after_call_duration where answered)",
     kAnsweredDimensions, kInforms, kNoTarget, 30, true,
     [](const Totals& t) { return MeanFrom(t.answered.Of(Quantity::kHandlingTime), kSeconds); }},
    {"handling-time-median", "Handling time, median", "处理时长中位数",
     "Half of the answered contacts took no longer.", "一半已接听联络的处理不超过此值。", kQuantile,
     "s", "quantile(0.5, talk_duration + hold_duration + after_call_duration where answered)",
     kAnsweredDimensions, kInforms, kNoTarget, 30, false,
     [](const Totals& t) {
       return QuantileFrom(t.answered.SketchOf(Quantity::kHandlingTime), 0.5);
     }},
    {"handling-time-p90", "Handling time, 90th percentile", "处理时长 90 分位",
     "Nine of ten answered contacts took no longer.", "九成已接听联络的处理不超过此值。", kQuantile,
     "s", "quantile(0.9, talk_duration + hold_duration + after_call_duration where answered)",
     kAnsweredDimensions, kInforms, kNoTarget, 30, false,
     [](const Totals& t) {
       return QuantileFrom(t.answered.SketchOf(Quantity::kHandlingTime), 0.9);
     }},
    {"first-contact-resolution", "Resolved at first contact", "一次解决率",
     "Settled in the contact itself, of answered contacts whose outcome is known.",
     "结果已知的已接听联络中，当次即解决的比例。", kProportion, "%",
     "count(resolved) / count(resolved known), answered", kAnsweredDimensions, kHigher, 0.95, 30,
     true,
     [](const Totals& t) {
       return Share(t.answered.Count(Quantity::kResolved),
                    t.answered.Count(Quantity::kOutcomeKnown));
     }},
    {"satisfaction-mean", "Satisfaction", "客户满意度", "Mean rating, 1 (worst) to 5 (best).",
     "评分均值，1（最差）至 5（最好）。", kMean, "{point}", "mean(satisfaction)",
     kContactDimensions, kHigher, 4.5, 30, true,
     [](const Totals& t) { return MeanFrom(RatingsOf(t.contacts), kRatings); }},
    {"satisfaction-top-two-box", "Satisfied (4 or 5)", "满意率（4–5 分）",
     "Ratings of 4 or 5 of all ratings given.", "全部评分中 4 分或 5 分的比例。", kProportion, "%",
     "count(satisfaction >= 4) / count(satisfaction)", kContactDimensions, kHigher, kNoTarget, 30,
     false,
     [](const Totals& t) {
       const int64_t top =
           t.contacts.Count(Quantity::kRated5) + t.contacts.Count(Quantity::kRated4);
       return Share(top, RatingsOf(t.contacts).n);
     }},
    {"satisfaction-response-rate", "Ratings given", "评价率",
     "Answered contacts with a rating, of all answered.", "已接听联络中有评分的比例。", kProportion,
     "%", "count(satisfaction known) / count(contacts), answered", kAnsweredDimensions, kHigher,
     kNoTarget, 30, false,
     [](const Totals& t) {
       return Share(t.answered.Count(Quantity::kAnsweredRated),
                    t.answered.Count(Quantity::kContacts));
     }},
    {"evaluations", "Evaluations", "监听记录数",
     "Evaluations submitted in the period and not voided.", "期间内提交且未作废的监听记录。",
     kCount, "1", "count(evaluations)", kEvaluationDimensions, kInforms, kNoTarget, 0, true,
     [](const Totals& t) { return Counted(t.evaluations.Count(Quantity::kEvaluations)); }},
    {"evaluation-score-mean", "Monitoring score", "监控平均分",
     "Mean score of the evaluations that have one, 0 to 100.",
     "有得分的监听记录的平均分，0 至 100。", kMean, "{point}", "mean(score)", kEvaluationDimensions,
     kHigher, 85, 5, true,
     [](const Totals& t) { return MeanFrom(t.evaluations.Of(Quantity::kScore), kScores); }},
    {"evaluation-pass-rate", "Evaluations passed", "监控合格率",
     "Evaluations in a passing band, of those that have a score.", "有得分的监听记录中合格的比例。",
     kProportion, "%", "count(passing) / count(score)", kEvaluationDimensions, kHigher, kNoTarget,
     5, false,
     [](const Totals& t) {
       return Share(t.evaluations.Count(Quantity::kPassed), t.evaluations.Of(Quantity::kScore).n);
     }},
    {"improvement-notes", "Improvement notes", "改进建议单", "Improvement notes written.",
     "期间内开具的改进建议单。", kCount, "1", "count(improvement_notes)", "agent,team,state",
     kInforms, kNoTarget, 0, false,
     [](const Totals& t) { return Counted(t.notes.Count(Quantity::kNotes)); }},
    {"cases-opened", "Cases opened", "新增个案", "Cases that came in, disclosures left out.",
     "期间内收到的个案，不含举报。", kCount, "1", "count(cases received)", kCaseDimensions,
     kInforms, kNoTarget, 0, false,
     [](const Totals& t) { return Counted(t.cases.Count(Quantity::kCasesOpened)); }},
    {"cases-closed", "Cases closed", "办结个案",
     "Cases that ended: closed, withdrawn, rejected or merged.",
     "期间内结束的个案：办结、撤回、驳回或合并。", kCount, "1", "count(steps that end a case)",
     kCaseDimensions, kInforms, kNoTarget, 0, false,
     [](const Totals& t) { return Counted(EndedOf(t.cases)); }},
    {"cases-reopened", "Cases reopened", "重开个案", "Cases that had ended and went on.",
     "期间内结束后又继续处理的个案。", kCount, "1", "count(steps that reopen an ended case)",
     kCaseDimensions, kLower, kNoTarget, 0, false,
     [](const Totals& t) { return Counted(t.cases.Count(Quantity::kCasesReopened)); }},
    {"cases-open", "Cases open at the end", "期末未结个案",
     "Cases that were open at the end of the period.", "期末仍未结束的个案。", kCount, "1",
     "count(cases open at the end) = before + opened + reopened - closed", "kind", kLower,
     kNoTarget, 0, false, [](const Totals& t) { return Counted(t.open); }},
    {"cases-overdue", "Cases overdue at the end", "期末超时个案",
     "Open cases with a deadline that had passed at the end of the period, undone.",
     "期末未结且已有时效超时的个案。", kCount, "1",
     "count(cases with breach_time < end and not done)", "kind", kLower, kNoTarget, 0, false,
     [](const Totals& t) { return Counted(t.overdue); }},
    {"case-deadline-compliance", "Case deadlines met", "个案时效达成率",
     "Done in time, of the first responses and first resolutions that were done or passed.",
     "期间内完成或超时的首次响应与首次办结中，按时完成的比例。", kProportion, "%",
     "count(in time) / count(in time or passed)", "kind,deadline,team", kHigher, kNoTarget, 30,
     false,
     [](const Totals& t) {
       const int64_t met = t.deadlines.Count(Quantity::kDeadlinesMet);
       return Share(met, met + t.deadlines.Count(Quantity::kDeadlinesMissed));
     }},
    {"case-deadlines-missed", "Case deadlines passed", "个案新增超时",
     "First responses and first resolutions whose time passed in the period.",
     "期间内超时的首次响应与首次办结。", kCount, "1", "count(breach_time in the period)",
     "kind,deadline,team", kLower, kNoTarget, 0, false,
     [](const Totals& t) { return Counted(t.deadlines.Count(Quantity::kDeadlinesMissed)); }},
    {"complaint-repeat-share", "Repeat complaints", "重复投诉率",
     "Complaints whose customer had complained of the like in the 90 days before, of those opened.",
     "新增投诉中，客户在此前 90 天内就同类问题投诉过的比例。", kProportion, "%",
     "count(repeat_count > 0) / count(complaints received)", kCaseDimensions, kLower, kNoTarget, 30,
     false,
     [](const Totals& t) {
       return Share(t.complaints.Count(Quantity::kCasesRepeated),
                    t.complaints.Count(Quantity::kCasesOpened));
     }},
    {"complaint-first-contact-resolution", "Complaints settled at first contact", "投诉一次解决率",
     "Closed complaints that the first answer settled: nothing was asked back, none was answered "
     "twice or reopened. Of those closed whose answers are known.",
     "已办结且回复记录已知的投诉中，首次回复即解决的比例：未再向客户询问，未二次回复，未重开。",
     kProportion, "%",
     "count(answers = 1 and never waited for the customer and never reopened) / count(answers >= "
     "1), closed complaints",
     kCaseDimensions, kHigher, kNoTarget, 30, false,
     [](const Totals& t) {
       return Share(t.complaints.Count(Quantity::kCasesAtOnce),
                    t.complaints.Count(Quantity::kCasesAnswered));
     }},
    {"case-satisfaction-mean", "Satisfaction with the handling", "处理满意度",
     "Mean of the marks that customers gave to the handling, 1 (worst) to 5 (best).",
     "客户对处理结果的评分均值，1（最差）至 5（最好）。", kMean, "{point}",
     "mean(satisfaction given in the period)", kCaseDimensions, kHigher, 4.5, 30, false,
     [](const Totals& t) { return MeanFrom(CaseRatingsOf(t.cases), kRatings); }},
    {"case-satisfaction-top-two-box", "Satisfied with the handling (4 or 5)",
     "处理满意率（4–5 分）", "Marks of 4 or 5 of all that were given to the handling.",
     "全部处理评分中 4 分或 5 分的比例。", kProportion, "%",
     "count(satisfaction >= 4) / count(satisfaction given in the period)", kCaseDimensions, kHigher,
     kNoTarget, 30, false,
     [](const Totals& t) {
       const int64_t top =
           t.cases.Count(Quantity::kCaseRated4) + t.cases.Count(Quantity::kCaseRated5);
       return Share(top, CaseRatingsOf(t.cases).n);
     }},
};
// How many of them, the last ones, are of cases.
constexpr size_t kCaseMeasures = 11;

v1::TargetStatus StatusOf(const MeasureDefinition& definition, const Measured& measured) {
  if (definition.target < 0 || !measured.value.has_value()) return v1::TARGET_STATUS_UNSPECIFIED;
  if (measured.n < definition.min_n) return v1::TARGET_STATUS_INSUFFICIENT;
  const bool met = definition.direction == kLower ? *measured.value <= definition.target
                                                  : *measured.value >= definition.target;
  return met ? v1::TARGET_STATUS_MET : v1::TARGET_STATUS_MISSED;
}

}  // namespace

Totals TotalsOf(const CellSet& cells, const std::function<bool(const Dimensions&)>& include) {
  Totals totals;
  for (const CellSet::Row& row : cells.rows()) {
    if (include && !include(row.dimensions)) continue;
    switch (row.dimensions.group) {
      case Group::kContact: {
        totals.contacts.Merge(row.total);
        const std::string& state = row.dimensions.values[dimension::kAnswerState];
        if (state == "answered") totals.answered.Merge(row.total);
        if (!state.empty()) totals.known += row.total.Count(Quantity::kContacts);
        break;
      }
      case Group::kEvaluation:
        totals.evaluations.Merge(row.total);
        break;
      case Group::kItem:
        totals.items.Merge(row.total);
        break;
      case Group::kNote:
        totals.notes.Merge(row.total);
        break;
      case Group::kCase:
        totals.cases.Merge(row.total);
        if (row.dimensions.values[dimension::kCaseKind] == "complaint") {
          totals.complaints.Merge(row.total);
        }
        break;
      case Group::kCaseDeadline:
        totals.deadlines.Merge(row.total);
        break;
      case Group::kDisclosure:
        totals.disclosures.Merge(row.total);
        break;
      case Group::kCompensation:  // amounts of different currencies have no sum
      case Group::kCaseCause:     // the same cases again
        break;
    }
  }
  return totals;
}

void AddStanding(const StandingCases& standing, Totals& totals) {
  for (const auto& [kind, count] : standing) {
    if (kind == complaints::v1::CASE_KIND_DISCLOSURE) continue;
    totals.open += count.open;
    totals.overdue += count.overdue;
  }
}

absl::Span<const MeasureDefinition> Measures() { return kMeasures; }

absl::Span<const MeasureDefinition> CaseMeasures() {
  return Measures().subspan(Measures().size() - kCaseMeasures);
}

v1::Measure ToProto(const MeasureDefinition& definition) {
  v1::Measure measure;
  measure.set_name(absl::StrCat("measures/", definition.id));
  measure.mutable_title()->set_en(definition.title_en);
  measure.mutable_title()->set_zh(definition.title_zh);
  measure.mutable_description()->set_en(definition.description_en);
  measure.mutable_description()->set_zh(definition.description_zh);
  measure.set_kind(definition.kind);
  measure.set_unit(definition.unit);
  measure.set_formula(definition.formula);
  for (absl::string_view name : absl::StrSplit(definition.dimensions, ',')) {
    measure.add_dimensions(std::string(name));
  }
  measure.set_direction(definition.direction);
  if (definition.target >= 0) measure.set_target(definition.target);
  measure.set_min_n(definition.min_n);
  measure.set_definition_version(kDefinitionVersion);
  return measure;
}

v1::Figure FigureOf(const MeasureDefinition& definition, const Totals& totals,
                    const Totals& previous, Language language) {
  const Measured now = definition.measure(totals);
  const Measured before = definition.measure(previous);
  v1::Figure figure;
  figure.set_measure(definition.id);
  figure.set_title(language == Language::kChinese ? definition.title_zh : definition.title_en);
  figure.set_kind(definition.kind);
  figure.set_unit(definition.unit);
  if (now.value.has_value()) figure.set_value(*now.value);
  figure.set_n(now.n);
  if (now.interval.has_value()) *figure.mutable_interval() = *now.interval;
  if (definition.target >= 0) figure.set_target(definition.target);
  figure.set_status(StatusOf(definition, now));
  figure.set_direction(definition.direction);
  if (before.value.has_value()) figure.set_previous_value(*before.value);
  figure.set_previous_n(before.n);
  return figure;
}

}  // namespace sqm::reporting
