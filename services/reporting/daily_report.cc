#include "services/reporting/daily_report.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/substitute.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "services/reporting/bands.h"
#include "services/reporting/daily_agents.h"
#include "services/reporting/daily_cases.h"
#include "services/reporting/estimate.h"
#include "services/reporting/format.h"
#include "services/reporting/measures.h"
#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/improvement_note.pb.h"

namespace sqm::reporting {
namespace {

constexpr int64_t kServiceLevels[] = {20, 30};  // s

using CountByKey = std::map<std::string, int64_t>;

void SetTime(absl::Time time, google::protobuf::Timestamp& out) {
  const int64_t us = absl::ToUnixMicros(time);
  const int64_t seconds = us >= 0 ? us / 1000000 : -((-us + 999999) / 1000000);
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>((us - seconds * 1000000) * 1000));
}

v1::Count CountOf(absl::string_view key, std::string label, int64_t count) {
  v1::Count result;
  result.set_key(std::string(key));
  result.set_label(std::move(label));
  result.set_count(count);
  return result;
}

// Most first; equal ones by key.
std::vector<std::pair<std::string, int64_t>> MostFirst(const CountByKey& counts) {
  std::vector<std::pair<std::string, int64_t>> result(counts.begin(), counts.end());
  std::stable_sort(result.begin(), result.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return result;
}

v1::DurationSummary Durations(const Cell& cell, Quantity quantity) {
  return DurationsOf(cell.Of(quantity), cell.SketchOf(quantity));
}

class Builder {
 public:
  explicit Builder(const DailyInput& input)
      : input_(input),
        language_(input.language),
        totals_(TotalsOf(input.cells)),
        bands_(BandsOf(input.scorecards)) {
    AddStanding(input.standing, totals_);
  }

  v1::DailyReport Build() {
    Head();
    Contacts();
    Satisfaction();
    Monitoring();
    AddAgents(input_, bands_, report_);
    Items();
    Notes();
    AddCases(input_, totals_, report_);
    Notices();
    return std::move(report_);
  }

 private:
  std::string Said(absl::string_view key) const { return std::string(Say(language_, key)); }

  std::string TypeLabel(const std::string& type) const {
    return type.empty() ? Said("type.none") : type;
  }

  void Head() {
    report_.set_date(input_.day.date);
    report_.set_zone(input_.day.zone);
    report_.set_language(std::string(TagOf(language_)));
    SetTime(input_.day.start, *report_.mutable_start_time());
    SetTime(input_.day.end, *report_.mutable_end_time());
    report_.set_definition_version(kDefinitionVersion);
    report_.set_title(Said("title.daily"));
    report_.set_min_evaluations(input_.min_evaluations);
    const Totals before = TotalsOf(input_.previous);
    for (const MeasureDefinition& measure : Measures()) {
      if (measure.key_figure) {
        *report_.add_key_figures() = FigureOf(measure, totals_, before, language_);
      }
    }
    for (const Cursor& cursor : input_.sources) {
      v1::SourcePosition& position = *report_.add_sources();
      position.set_source(cursor.source);
      position.set_position(cursor.position);
      if (cursor.time != absl::InfinitePast()) SetTime(cursor.time, *position.mutable_time());
    }
  }

  void Contacts() {
    CountByKey by_state;
    CountByKey by_channel;
    std::map<std::string, CountByKey> state_by_type;
    std::map<std::string, Cell> answered_by_type;
    std::map<std::string, Cell> all_by_type;
    std::vector<CountByKey> state_by_hour(input_.day.hours.size());
    CountByKey by_type;
    for (const CellSet::Row& row : input_.cells.rows()) {
      if (row.dimensions.group != Group::kContact) continue;
      const std::string& state = row.dimensions.values[dimension::kAnswerState];
      const std::string& type = row.dimensions.values[dimension::kType];
      const int64_t n = row.total.Count(Quantity::kContacts);
      by_state[state] += n;
      by_channel[row.dimensions.values[dimension::kChannel]] += n;
      by_type[type] += n;
      state_by_type[type][state] += n;
      all_by_type[type].Merge(row.total);
      if (state == "answered") answered_by_type[type].Merge(row.total);
      for (size_t i = 0; i < row.contacts_by_slot.size() && i < state_by_hour.size(); ++i) {
        state_by_hour[i][state] += row.contacts_by_slot[i];
      }
    }
    OrderStates(by_state);

    v1::ContactSection& section = *report_.mutable_contacts();
    section.set_total(totals_.contacts.Count(Quantity::kContacts));
    AddStates(by_state, *section.mutable_by_answer_state());
    for (const auto& [channel, n] : MostFirst(by_channel)) {
      *section.add_by_channel() = CountOf(
          channel, EnumLabel(language_, monitoring::v1::ContactChannel_descriptor(), channel), n);
    }
    for (const auto& [type, n] : MostFirst(by_type)) {
      v1::ContactTypeRow& row = *section.add_by_type();
      row.set_type(type);
      row.set_label(TypeLabel(type));
      row.set_total(n);
      AddStates(state_by_type[type], *row.mutable_by_answer_state());
      *row.mutable_resolved() = ResolvedOf(answered_by_type[type]);
      *row.mutable_handling_time() = Durations(answered_by_type[type], Quantity::kHandlingTime);
      *row.mutable_satisfaction() = MeanOf(RatingsOf(all_by_type[type]), kRatings);
    }
    for (size_t i = 0; i < input_.day.hours.size(); ++i) {
      v1::HourRow& row = *section.add_by_hour();
      SetTime(input_.day.hours[i].start, *row.mutable_start_time());
      row.set_label(input_.day.hours[i].label);
      int64_t total = 0;
      for (const auto& [state, n] : state_by_hour[i]) total += n;
      row.set_total(total);
      AddStates(state_by_hour[i], *row.mutable_by_answer_state());
    }
    const Cell& answered = totals_.answered;
    *section.mutable_answered() = ProportionOf(answered.Count(Quantity::kContacts), totals_.known);
    *section.mutable_speed_of_answer() = Durations(answered, Quantity::kSpeedOfAnswer);
    *section.mutable_handling_time() = Durations(answered, Quantity::kHandlingTime);
    *section.mutable_resolved_at_first_contact() = ResolvedOf(answered);
    for (int64_t seconds : kServiceLevels) {
      v1::ServiceLevel& level = *section.add_service_levels();
      level.mutable_threshold()->set_seconds(seconds);
      const Quantity within = seconds == 20 ? Quantity::kWithin20s : Quantity::kWithin30s;
      *level.mutable_within() =
          ProportionOf(answered.Count(within), answered.Count(Quantity::kSpeedOfAnswer));
    }
  }

  // The states that occur, in the order of the contract, what is not known last.
  void OrderStates(const CountByKey& by_state) {
    for (absl::string_view state : {"answered", "abandoned"}) {
      if (by_state.contains(std::string(state))) states_.emplace_back(state);
    }
    for (const auto& [state, n] : by_state) {
      if (std::find(states_.begin(), states_.end(), state) == states_.end()) {
        states_.push_back(state);
      }
    }
  }

  void AddStates(const CountByKey& counts, google::protobuf::RepeatedPtrField<v1::Count>& out) {
    for (const std::string& state : states_) {
      const auto it = counts.find(state);
      *out.Add() =
          CountOf(state, EnumLabel(language_, monitoring::v1::AnswerState_descriptor(), state),
                  it == counts.end() ? 0 : it->second);
    }
  }

  void Satisfaction() {
    v1::SatisfactionSection& section = *report_.mutable_satisfaction();
    const Moments ratings = RatingsOf(totals_.contacts);
    *section.mutable_mean() = MeanOf(ratings, kRatings);
    *section.mutable_top_two_box() = ProportionOf(
        totals_.contacts.Count(Quantity::kRated4) + totals_.contacts.Count(Quantity::kRated5),
        ratings.n);
    for (int rating = 1; rating <= 5; ++rating) {
      const auto quantity = static_cast<Quantity>(static_cast<int>(Quantity::kRated1) + rating - 1);
      *section.add_distribution() =
          CountOf(absl::StrCat(rating), Said(absl::StrCat("rating.", rating)),
                  totals_.contacts.Count(quantity));
    }
    *section.mutable_response_rate() =
        ProportionOf(totals_.answered.Count(Quantity::kAnsweredRated),
                     totals_.answered.Count(Quantity::kContacts));
  }

  // Two versions may give the same words to different scores.
  std::string OwnBandLabel(const BandRule& band) const {
    const std::string& label = Pick(language_, band.label);
    return absl::StrCat(label.empty() ? band.code : label, " ≥ ",
                        Plain(static_cast<double>(band.lower_bound) / kScores.per_unit, 2));
  }

  void Monitoring() {
    std::map<std::string, Cell> by_method;
    std::map<std::string, std::vector<BandRule>> own_bands;  // by scorecard version
    for (const auto& version : input_.scorecards) own_bands[version.name()] = BandsOfOne(version);
    CountByKey by_band;
    // Those whose scorecard version has other bounds than the report, by code and bound.
    std::map<std::pair<std::string, int64_t>, v1::BandRow> others;
    std::set<std::string> agents;
    for (const CellSet::Row& row : input_.cells.rows()) {
      if (row.dimensions.group != Group::kEvaluation) continue;
      by_method[row.dimensions.values[dimension::kMethod]].Merge(row.total);
      if (const int64_t n = row.total.Of(Quantity::kScore).n; n > 0) {
        const std::string& code = row.dimensions.values[dimension::kBand];
        const BandRule* applied = BandOfCode(bands_, code);
        const BandRule* own =
            BandOfCode(own_bands[row.dimensions.values[dimension::kEvaluationScorecard]], code);
        if (own == nullptr || (applied != nullptr && applied->lower_bound == own->lower_bound)) {
          by_band[code] += n;
        } else {
          v1::BandRow& other = others[{code, own->lower_bound}];
          other.set_band(code);
          other.set_label(OwnBandLabel(*own));
          other.set_count(other.count() + n);
        }
      }
      agents.insert(row.dimensions.values[dimension::kAgent]);
    }
    v1::MonitoringSection& section = *report_.mutable_monitoring();
    const Cell& all = totals_.evaluations;
    const int64_t monitored = all.Count(Quantity::kEvaluations);
    section.set_monitored(monitored);
    section.set_agents_monitored(static_cast<int64_t>(agents.size()));
    // The three methods always stand there: a method that was not used is a finding.
    for (absl::string_view method : {"live_side_by_side", "remote", "recorded"}) {
      by_method.try_emplace(std::string(method));
    }
    const auto add = [&](const std::string& method, const Cell& cell) {
      v1::MethodRow& row = *section.add_by_method();
      row.set_method(method);
      row.set_label(EnumLabel(language_, monitoring::v1::EvaluationMethod_descriptor(), method));
      row.set_count(cell.Count(Quantity::kEvaluations));
      *row.mutable_share() = ProportionOf(row.count(), monitored);
      *row.mutable_score() = MeanOf(cell.Of(Quantity::kScore), kScores);
    };
    for (const char* method : {"live_side_by_side", "remote", "recorded"}) {
      add(method, by_method.at(method));
      by_method.erase(method);
    }
    for (const auto& [method, cell] : by_method) add(method, cell);
    *section.mutable_score() = MeanOf(all.Of(Quantity::kScore), kScores);
    for (const BandRule& band : bands_) {
      v1::BandRow& row = *section.add_by_band();
      row.set_band(band.code);
      row.set_label(Pick(language_, band.label));
      row.set_count(by_band[band.code]);
      row.set_lower_bound(static_cast<double>(band.lower_bound) / kScores.per_unit);
      by_band.erase(band.code);
    }
    for (const auto& [band, n] : by_band) {
      v1::BandRow& row = *section.add_by_band();
      row.set_band(band);
      row.set_label(band.empty() ? Said("band.none") : band);
      row.set_count(n);
    }
    for (auto& [key, row] : others) *section.add_by_band() = std::move(row);
    section.set_fatal(all.Count(Quantity::kFatal));
    section.set_simulated(all.Count(Quantity::kSimulatedEvaluations));
  }

  void Items() {
    struct Item {
      double mean;
      v1::ItemRow row;
    };
    std::vector<Item> items;
    std::map<std::pair<std::string, std::string>, std::string> titles;
    for (const auto& version : input_.scorecards) {
      for (const auto& group : version.content().groups()) {
        for (const auto& item : group.items()) {
          titles[{version.name(), item.id()}] = Pick(language_, item.title());
        }
      }
    }
    for (const CellSet::Row& row : input_.cells.rows()) {
      if (row.dimensions.group != Group::kItem) continue;
      const Moments share = row.total.Of(Quantity::kItemShare);
      Item& item = items.emplace_back();
      item.mean = share.n == 0 ? 2 * kShares.per_unit * kShares.most : share.Mean();
      item.row.set_scorecard_version(row.dimensions.values[dimension::kScorecard]);
      item.row.set_item(row.dimensions.values[dimension::kItem]);
      const auto title = titles.find({item.row.scorecard_version(), item.row.item()});
      item.row.set_label(title == titles.end() || title->second.empty() ? item.row.item()
                                                                        : title->second);
      *item.row.mutable_score() = MeanOf(share, kShares);
      item.row.set_not_applicable(row.total.Count(Quantity::kItemNotApplicable));
      item.row.set_below_full(row.total.Count(Quantity::kItemBelowFull));
    }
    std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
      if (a.mean != b.mean) return a.mean < b.mean;
      if (a.row.scorecard_version() != b.row.scorecard_version()) {
        return a.row.scorecard_version() < b.row.scorecard_version();
      }
      return a.row.item() < b.row.item();
    });
    for (Item& item : items) *report_.add_items() = std::move(item.row);
  }

  void Notes() {
    CountByKey by_state;
    for (const CellSet::Row& row : input_.cells.rows()) {
      if (row.dimensions.group != Group::kNote) continue;
      by_state[row.dimensions.values[dimension::kNoteState]] += row.total.Count(Quantity::kNotes);
    }
    const auto* states = monitoring::v1::ImprovementNoteState_descriptor();
    v1::NoteSection& section = *report_.mutable_notes();
    section.set_total(totals_.notes.Count(Quantity::kNotes));
    for (const auto& [state, n] : MostFirst(by_state)) {
      *section.add_by_state() = CountOf(state, EnumLabel(language_, states, state), n);
    }
    for (const NoteEntry& entry : input_.notes) {
      v1::NoteRow& row = *section.add_notes();
      row.set_name(entry.name);
      row.set_agent(AgentLabel(language_, entry.note.agent));
      row.set_state(entry.note.state);
      row.set_state_label(EnumLabel(language_, states, entry.note.state));
      row.set_text(entry.note.text);
      if (entry.note.due_ms != 0) {
        row.set_due_date(absl::FormatTime("%Y-%m-%d", absl::FromUnixMillis(entry.note.due_ms),
                                          input_.day.time_zone));
      }
    }
    section.set_omitted(section.total() - section.notes_size());
  }

  void AddNotice(absl::string_view key, std::string text) {
    v1::Notice& notice = *report_.add_notices();
    notice.set_key(std::string(key));
    notice.set_text(std::move(text));
  }

  void Notices() {
    const v1::MonitoringSection& monitoring = report_.monitoring();
    if (monitoring.simulated() > 0) {
      AddNotice("simulated-scores",
                absl::Substitute(Say(language_, "notice.simulated-scores"),
                                 Whole(monitoring.simulated()), Whole(monitoring.monitored())));
    }
    if (const int64_t n = totals_.contacts.Count(Quantity::kSimulatedContacts); n > 0) {
      AddNotice("simulated-contacts",
                absl::Substitute(Say(language_, "notice.simulated-contacts"), Whole(n),
                                 Whole(report_.contacts().total())));
    }
    for (const Cursor& cursor : input_.sources) {
      if (cursor.token.empty()) {
        AddNotice(kReadAnew, absl::Substitute(Say(language_, "notice.read-anew"),
                                              SourceText(language_, cursor.source)));
        continue;
      }
      if (cursor.time == absl::InfinitePast() || cursor.time >= input_.day.end) continue;
      const std::string read =
          absl::FormatTime("%Y-%m-%d %H:%M", cursor.time, input_.day.time_zone);
      AddNotice("incomplete-day", absl::Substitute(Say(language_, "notice.incomplete-day"),
                                                   SourceText(language_, cursor.source), read));
    }
    if (const int64_t n = totals_.cases.Count(Quantity::kEndsAssumed); n > 0) {
      AddNotice("ends-assumed", absl::Substitute(Say(language_, "notice.ends-assumed"), Whole(n),
                                                 Whole(EndedOf(totals_.cases))));
    }
    if (input_.sources.empty()) AddNotice("no-source", Said("notice.no-source"));
    if (report_.contacts().total() == 0) AddNotice("no-contacts", Said("notice.no-contacts"));
    const int64_t minutes = absl::ToInt64Minutes(input_.day.end - input_.day.start);
    if (minutes != 24 * 60) {
      const std::string hours =
          minutes % 60 == 0 ? absl::StrCat(minutes / 60) : absl::StrCat(minutes / 60.0);
      AddNotice("clock-change", absl::Substitute(Say(language_, "notice.clock-change"), hours));
    }
    if (report_.notes().omitted() > 0) {
      AddNotice("notes-omitted", absl::Substitute(Say(language_, "notice.notes-omitted"),
                                                  Whole(report_.notes().notes_size()),
                                                  Whole(report_.notes().total())));
    }
  }

  const DailyInput& input_;
  const Language language_;
  Totals totals_;
  const std::vector<BandRule> bands_;
  std::vector<std::string> states_;  // answer states that occur, in order
  v1::DailyReport report_;
};

}  // namespace

std::vector<std::string> ScorecardVersionsOf(const CellSet& cells) {
  std::set<std::string> names;
  for (const CellSet::Row& row : cells.rows()) {
    if (row.dimensions.group == Group::kEvaluation) {
      names.insert(row.dimensions.values[dimension::kEvaluationScorecard]);
    }
  }
  return {names.begin(), names.end()};
}

v1::DailyReport BuildDailyReport(const DailyInput& input) { return Builder(input).Build(); }

}  // namespace sqm::reporting
