#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "services/reporting/daily_source.h"
#include "services/reporting/estimate.h"
#include "services/reporting/section_parts.h"
#include "tests/unit/reporting/fixtures.h"
#include "tests/unit/reporting/sqlite_session.h"

namespace sqm::reporting {
namespace {

class DailyReportTest : public ::testing::Test {
 protected:
  DailyReportTest() { EXPECT_TRUE(store::Ensure(session_, FactStore::Schema()).ok()); }

  void Add(const char* type, const google::protobuf::Message& body, const std::string& name) {
    *batch_.add_changes() = MakeChange(type, body, name, ++position_);
  }
  v1::DailyReport Make(absl::string_view date, absl::string_view zone,
                       Language language = Language::kEnglish) {
    if (batch_.changes_size() > 0) {
      batch_.set_resume_token("token");
      auto applied = store_.ApplyBatch(session_, "default", "monitoring", batch_);
      EXPECT_TRUE(applied.ok()) << applied.status();
      EXPECT_EQ(applied->unusable, 0);
      batch_.Clear();
    }
    auto report = MakeDailyReport(session_, "default", date, zone, language);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : v1::DailyReport();
  }

  TestSession session_;
  FactStore store_;
  feed::v1::ChangeBatch batch_;
  int64_t position_ = 0;
};

std::vector<std::string> NoticeKeys(const v1::DailyReport& report) {
  std::vector<std::string> keys;
  for (const v1::Notice& notice : report.notices()) keys.push_back(notice.key());
  return keys;
}

TEST_F(DailyReportTest, ADayWithoutAnything) {
  const v1::DailyReport report = Make("2024-01-15", "Asia/Shanghai", Language::kChinese);
  EXPECT_EQ(report.contacts().total(), 0);
  EXPECT_EQ(report.contacts().by_hour_size(), 24);
  EXPECT_EQ(report.monitoring().by_method_size(), 3);
  EXPECT_EQ(report.language(), "zh-CN");
  EXPECT_THAT(NoticeKeys(report), ::testing::ElementsAre("no-source", "no-contacts"));
  EXPECT_EQ(ReasonOf(MakeDailyReport(session_, "default", "x", "", Language::kEnglish).status()),
            Reason::ERROR_REASON_INVALID_FIELD);
}

TEST_F(DailyReportTest, PeriodsFollowTheZone) {
  // 23:59 and 00:00 in Kolkata, and half past.
  Add("Contact", MakeContact("staff/a", -1), "contacts/1");
  Add("Contact", MakeContact("staff/a", 18 * 3600 + 29 * 60 + 59), "contacts/2");
  Add("Contact", MakeContact("staff/a", 18 * 3600 + 30 * 60), "contacts/3");
  EXPECT_EQ(Make("2024-01-15", "UTC").contacts().total(), 2);
  const v1::DailyReport kolkata = Make("2024-01-15", "Asia/Kolkata");
  EXPECT_EQ(kolkata.contacts().total(), 2);
  EXPECT_EQ(kolkata.contacts().by_hour(5).total(), 1);
  EXPECT_EQ(kolkata.contacts().by_hour(23).total(), 1);
  EXPECT_EQ(Make("2024-01-16", "Asia/Kolkata").contacts().total(), 1);
  EXPECT_EQ(kolkata.start_time().seconds(), kMidnight - 19800);
}

TEST_F(DailyReportTest, ContactsByTypeStateAndTime) {
  for (int i = 0; i < 6; ++i) {
    Add("Contact", MakeContact("staff/a", i * 600), absl::StrCat("contacts/", i));
  }
  auto other = MakeContact("", 7200, false);
  other.set_type("Sales, \"new\"");
  Add("Contact", other, "contacts/x");
  auto unresolved = MakeContact("staff/b", 7300);
  unresolved.set_resolved(false);
  unresolved.set_satisfaction(1);
  unresolved.mutable_queue_duration()->set_seconds(25);
  Add("Contact", unresolved, "contacts/y");
  const v1::DailyReport report = Make("2024-01-15", "UTC");
  const v1::ContactSection& section = report.contacts();
  EXPECT_EQ(section.total(), 8);
  ASSERT_EQ(section.by_answer_state_size(), 2);
  EXPECT_EQ(section.by_answer_state(0).key(), "answered");
  EXPECT_EQ(section.by_answer_state(0).label(), "Answered");
  EXPECT_EQ(section.by_answer_state(0).count(), 7);
  ASSERT_EQ(section.by_type_size(), 2);
  EXPECT_EQ(section.by_type(0).type(), "Billing");
  EXPECT_EQ(section.by_type(0).total(), 7);
  EXPECT_EQ(section.by_type(1).by_answer_state(0).count(), 0);
  EXPECT_EQ(section.by_type(1).by_answer_state(1).count(), 1);
  EXPECT_EQ(section.by_hour(0).total(), 6);
  EXPECT_EQ(section.by_hour(2).by_answer_state(1).count(), 1);
  EXPECT_EQ(section.speed_of_answer().n(), 7);
  EXPECT_NEAR(SecondsOf(section.speed_of_answer().mean()), (6 * 12 + 25) / 7.0, 1e-6);
  EXPECT_EQ(section.service_levels(0).within().count(), 6);
  EXPECT_EQ(section.service_levels(1).within().count(), 7);
  EXPECT_EQ(section.resolved_at_first_contact().count(), 6);
  EXPECT_EQ(section.resolved_at_first_contact().n(), 7);
  EXPECT_NEAR(SecondsOf(section.handling_time().mean()), 120, 1e-6);
  EXPECT_EQ(report.satisfaction().top_two_box().count(), 6);
  EXPECT_NEAR(report.satisfaction().mean().value(), 25.0 / 7, 1e-9);
  // The abandoned contact belongs to nobody.
  ASSERT_EQ(report.agents_size(), 2);
  EXPECT_EQ(report.agents(0).label(), "a");
  EXPECT_EQ(report.agents(0).handling_time_n() + report.agents(1).handling_time_n(), 7);
  EXPECT_EQ(report.sources(0).position(), 8);
}

TEST_F(DailyReportTest, AgentsAreRankedOnlyWithEnoughEvaluations) {
  const auto evaluate = [&](const char* agent, std::vector<const char*> scores) {
    for (size_t i = 0; i < scores.size(); ++i) {
      auto evaluation = MakeEvaluation(agent, static_cast<int64_t>(i) * 60, scores[i], "good");
      evaluation.set_simulated(i == 0);
      Add("Evaluation", evaluation, absl::StrCat("evaluations/", agent, i));
    }
  };
  evaluate("staff/few", {"100", "100", "100", "100"});
  evaluate("staff/low", {"74.99", "75", "75", "75", "75"});
  evaluate("staff/tie1", {"89", "90", "90", "90", "91"});
  evaluate("staff/tie2", {"90", "90", "90", "90", "90"});
  const v1::DailyReport report = Make("2024-01-15", "UTC");
  ASSERT_EQ(report.agents_size(), 4);
  EXPECT_EQ(report.agents(0).agent(), "staff/tie1");
  EXPECT_EQ(report.agents(0).rank(), 1);
  EXPECT_EQ(report.agents(0).band(), "excellent");
  EXPECT_EQ(report.agents(1).rank(), 1);
  EXPECT_EQ(report.agents(2).rank(), 3);
  EXPECT_EQ(report.agents(2).band(), "fail");
  EXPECT_EQ(report.agents(3).agent(), "staff/few");
  EXPECT_TRUE(report.agents(3).insufficient_sample());
  EXPECT_EQ(report.agents(3).rank(), 0);
  EXPECT_EQ(report.agents(3).band(), "");
  EXPECT_DOUBLE_EQ(report.agents(3).score().value(), 100);
  EXPECT_EQ(report.monitoring().monitored(), 19);
  EXPECT_EQ(report.monitoring().agents_monitored(), 4);
  EXPECT_EQ(report.monitoring().simulated(), 4);
  EXPECT_EQ(report.monitoring().by_method(2).count(), 19);
  EXPECT_THAT(NoticeKeys(report), ::testing::Contains("simulated-scores"));
  ASSERT_EQ(report.items_size(), 2);
  EXPECT_EQ(report.items(0).label(), "greeting");
  EXPECT_DOUBLE_EQ(report.items(0).score().value(), 50);
  EXPECT_EQ(report.items(0).below_full(), 19);
  EXPECT_EQ(report.items(1).not_applicable(), 19);
}

TEST_F(DailyReportTest, ScorecardsGiveTitlesAndBands) {
  monitoring::v1::ScorecardVersion version;
  version.set_name("scorecards/call/versions/1");
  auto* item = version.mutable_content()->add_groups()->add_items();
  item->set_id("greeting");
  item->mutable_title()->set_en("Greets the customer");
  item->mutable_title()->set_zh("问候客户");
  auto* band = version.mutable_content()->add_bands();
  band->set_code("gold");
  band->mutable_label()->set_zh("金牌");
  band->set_lower_bound("50");
  Add("ScorecardVersion", version, version.name());
  for (int i = 0; i < 5; ++i) {
    Add("Evaluation", MakeEvaluation("staff/a", 60, "60", "gold"), absl::StrCat("evaluations/", i));
  }
  const v1::DailyReport report = Make("2024-01-15", "UTC", Language::kChinese);
  EXPECT_EQ(report.items(0).label(), "问候客户");
  EXPECT_EQ(report.agents(0).band_label(), "金牌");
  ASSERT_EQ(report.monitoring().by_band_size(), 1);
  EXPECT_EQ(report.monitoring().by_band(0).count(), 5);
  EXPECT_EQ(report.monitoring().by_band(0).lower_bound(), 50);
}

// What is excellent from 60 points is not among those from 90.
TEST_F(DailyReportTest, BandsOfOtherBoundsAreApart) {
  const auto version = [&](const char* name, std::vector<std::pair<const char*, const char*>> own) {
    monitoring::v1::ScorecardVersion made;
    made.set_name(name);
    for (const auto& [code, bound] : own) {
      auto* band = made.mutable_content()->add_bands();
      band->set_code(code);
      band->mutable_label()->set_en(absl::StrCat("Own ", code));
      band->set_lower_bound(bound);
    }
    Add("ScorecardVersion", made, made.name());
  };
  version("scorecards/call/versions/1", {{"excellent", "90"}, {"good", "85"}, {"fail", "0"}});
  version("scorecards/chat/versions/1", {{"excellent", "60"}, {"pass", "40"}, {"fail", "0"}});
  Add("Evaluation", MakeEvaluation("staff/a", 60, "95", "excellent"), "evaluations/1");
  for (const auto& [score, band] : {std::pair("70", "excellent"), {"50", "pass"}, {"10", "fail"}}) {
    auto evaluation = MakeEvaluation("staff/a", 60, score, band);
    evaluation.set_scorecard_version("scorecards/chat/versions/1");
    Add("Evaluation", evaluation, absl::StrCat("evaluations/", score));
  }
  const v1::DailyReport report = Make("2024-01-15", "UTC");
  std::vector<std::string> rows;
  for (const v1::BandRow& row : report.monitoring().by_band()) {
    rows.push_back(absl::StrCat(row.label(), ": ", row.count()));
    EXPECT_EQ(row.has_lower_bound(), rows.size() <= 4) << row.label();
  }
  EXPECT_THAT(rows, ::testing::ElementsAre("Excellent: 1", "Good: 0", "Needs improvement: 0",
                                           "Fail: 1", "Own excellent ≥ 60: 1", "Own pass ≥ 40: 1"));
  EXPECT_EQ(BandCss(report, "fail", "f"), "f-b4");
  EXPECT_EQ(BandCss(report, "pass", "f"), "f-neutral");
}

TEST_F(DailyReportTest, NotesAreListedUpToTheLimit) {
  for (int i = 0; i < kMaxNotes + 3; ++i) {
    monitoring::v1::ImprovementNote note;
    note.set_agent("staff/a");
    note.set_text(absl::StrCat("text ", i));
    note.set_state(monitoring::v1::IMPROVEMENT_NOTE_STATE_AGREED);
    note.mutable_create_time()->set_seconds(kMidnight + i * 60);
    // 23:30 UTC is the next day in Berlin.
    note.mutable_due_time()->set_seconds(kMidnight + 86400 * 7 - 1800);
    Add("ImprovementNote", note, absl::StrCat("improvementNotes/", 1000 + i));
  }
  const v1::DailyReport report = Make("2024-01-15", "Europe/Berlin");
  EXPECT_EQ(report.notes().total(), kMaxNotes + 3);
  ASSERT_EQ(report.notes().notes_size(), kMaxNotes);
  EXPECT_EQ(report.notes().omitted(), 3);
  EXPECT_EQ(report.notes().notes(0).text(), "text 0");
  EXPECT_EQ(report.notes().notes(0).due_date(), "2024-01-22");
  EXPECT_EQ(report.notes().notes(0).state_label(), "Agreed");
  EXPECT_THAT(NoticeKeys(report), ::testing::Contains("notes-omitted"));
}

TEST_F(DailyReportTest, ComparesWithTheDayBeforeAndIsDeterministic) {
  Add("Contact", MakeContact("staff/a", -3600), "contacts/1");
  Add("Contact", MakeContact("staff/a", 3600), "contacts/2");
  Add("Contact", MakeContact("staff/a", 3700), "contacts/3");
  const v1::DailyReport report = Make("2024-01-15", "UTC");
  EXPECT_EQ(report.key_figures(0).value(), 2);
  EXPECT_EQ(report.key_figures(0).previous_value(), 1);
  const std::string hash = ContentHash(report);
  EXPECT_EQ(hash.size(), 64u);
  EXPECT_EQ(hash, ContentHash(Make("2024-01-15", "UTC")));
  EXPECT_NE(hash, ContentHash(Make("2024-01-14", "UTC")));
}

TEST_F(DailyReportTest, SaysHowFarItHasRead) {
  Add("Contact", MakeContact("staff/a", 60), "contacts/1");  // changed two days later
  EXPECT_THAT(NoticeKeys(Make("2024-01-15", "UTC")), ::testing::IsEmpty());
  const v1::DailyReport later = Make("2024-01-17", "UTC");
  ASSERT_THAT(NoticeKeys(later), ::testing::ElementsAre("incomplete-day", "no-contacts"));
  EXPECT_THAT(later.notices(0).text(), ::testing::HasSubstr("2024-01-17 00:00"));
  // Nothing more came until the end of the day.
  batch_.set_resume_token("token");
  batch_.set_head(1);
  batch_.mutable_time()->set_seconds(kMidnight + 3 * 86400);
  ASSERT_TRUE(store_.ApplyBatch(session_, "default", "monitoring", batch_).ok());
  EXPECT_THAT(NoticeKeys(Make("2024-01-17", "UTC")), ::testing::ElementsAre("no-contacts"));
  ASSERT_TRUE(*store_.ResetSlice(session_, "default", "monitoring"));
  const v1::DailyReport anew = Make("2024-01-15", "UTC", Language::kChinese);
  EXPECT_THAT(NoticeKeys(anew), ::testing::ElementsAre("read-anew", "no-contacts"));
  EXPECT_EQ(anew.sources(0).position(), 0);
  EXPECT_THAT(anew.notices(0).text(), ::testing::HasSubstr("“服务质量监控”"));
}

TEST_F(DailyReportTest, SaysThatTheClockChanges) {
  const v1::DailyReport longer = Make("2024-10-27", "Europe/Berlin");
  EXPECT_THAT(NoticeKeys(longer), ::testing::Contains("clock-change"));
  EXPECT_EQ(longer.contacts().by_hour_size(), 25);
  const v1::DailyReport shorter = Make("2024-03-31", "Europe/Berlin");
  EXPECT_THAT(NoticeKeys(shorter), ::testing::Contains("clock-change"));
  EXPECT_EQ(shorter.contacts().by_hour_size(), 23);
}

// The figures of one day of the public file, added up here without the rules under test.
TEST_F(DailyReportTest, RealDayEqualsAPlainCount) {
  std::ifstream file(SQM_SOURCE_DIR "/../shared/data/contact_centre_calls.csv");
  if (!file) GTEST_SKIP() << "contact_centre_calls.csv is not there";
  const std::string date = "2021-01-15";
  absl::TimeZone zone;
  ASSERT_TRUE(absl::LoadTimeZone("Asia/Kolkata", &zone));
  int total = 0, answered = 0, resolved = 0, rated = 0, ratings = 0, top = 0;
  double waited = 0, talked = 0;
  std::map<std::string, int> by_type;
  std::string line;
  std::getline(file, line);
  for (int row = 0; std::getline(file, line); ++row) {
    const std::vector<std::string> f = absl::StrSplit(line, ';');
    ASSERT_GE(f.size(), 10u);
    monitoring::v1::Contact contact;
    contact.set_agent("staff/" + absl::AsciiStrToLower(f[1]));
    contact.set_channel(monitoring::v1::CONTACT_CHANNEL_VOICE);
    contact.set_type(f[4]);
    absl::Time time;
    std::string error;
    ASSERT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%S", f[2] + " " + f[3], zone, &time, &error));
    contact.mutable_start_time()->set_seconds(absl::ToUnixSeconds(time));
    const bool yes = f[5] == "Y";
    contact.set_answer_state(yes ? monitoring::v1::ANSWER_STATE_ANSWERED
                                 : monitoring::v1::ANSWER_STATE_ABANDONED);
    contact.set_resolved(f[6] == "Y");
    int wait = 0, rating = 0, h = 0, m = 0, s = 0;
    if (yes) {
      ASSERT_TRUE(absl::SimpleAtoi(f[7], &wait));
      contact.mutable_queue_duration()->set_seconds(wait);
      ASSERT_EQ(sscanf(f[8].c_str(), "%d:%d:%d", &h, &m, &s), 3);
      contact.mutable_talk_duration()->set_seconds(h * 3600 + m * 60 + s);
    }
    if (absl::SimpleAtoi(f[9], &rating)) contact.set_satisfaction(rating);
    Add("Contact", contact, absl::StrCat("contacts/", row));
    if (f[2] != date) continue;
    ++total;
    ++by_type[f[4]];
    answered += yes;
    resolved += yes && f[6] == "Y";
    waited += wait;
    talked += h * 3600 + m * 60 + s;
    rated += rating > 0;
    ratings += rating;
    top += rating >= 4;
  }
  const v1::DailyReport report = Make(date, "Asia/Kolkata");
  EXPECT_GT(total, 0);
  EXPECT_EQ(report.contacts().total(), total);
  for (const v1::ContactTypeRow& row : report.contacts().by_type()) {
    EXPECT_EQ(row.total(), by_type[row.type()]) << row.type();
  }
  EXPECT_EQ(report.contacts().by_type_size(), static_cast<int>(by_type.size()));
  EXPECT_EQ(report.contacts().answered().count(), answered);
  EXPECT_EQ(report.contacts().resolved_at_first_contact().count(), resolved);
  EXPECT_NEAR(SecondsOf(report.contacts().speed_of_answer().mean()), waited / answered, 1e-6);
  EXPECT_NEAR(SecondsOf(report.contacts().handling_time().mean()), talked / answered, 1e-6);
  EXPECT_EQ(report.satisfaction().mean().n(), rated);
  EXPECT_NEAR(report.satisfaction().mean().value(), double(ratings) / rated, 1e-9);
  EXPECT_EQ(report.satisfaction().top_two_box().count(), top);
}

}  // namespace
}  // namespace sqm::reporting
