#include "services/reporting/daily_cases.h"

#include <absl/strings/str_format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/reporting/daily_source.h"
#include "services/reporting/report_csv.h"
#include "services/reporting/report_html.h"
#include "sqm/complaints/v1/category.pb.h"
#include "sqm/complaints/v1/cause.pb.h"
#include "tests/unit/reporting/case_fixtures.h"
#include "tests/unit/reporting/sqlite_session.h"
#include "tests/unit/reporting/well_formed.h"

namespace sqm::reporting {
namespace {

namespace cases = complaints::v1;
using ::testing::HasSubstr;
using ::testing::Not;

class DailyCasesTest : public ::testing::Test {
 protected:
  DailyCasesTest() { EXPECT_TRUE(store::Ensure(session_, FactStore::Schema()).ok()); }

  void Put(const cases::Case& one) {
    ++position_;
    *batch_.add_changes() = CaseChange(one, absl::StrCat("cases/", position_), position_);
  }
  void PutCategory(const std::string& name, const char* en, const char* zh,
                   const std::string& parent = "") {
    cases::Category category;
    category.mutable_label()->set_en(en);
    category.mutable_label()->set_zh(zh);
    category.set_parent_category(parent);
    ++position_;
    feed::v1::Change change = MakeChange("", category, name, position_, position_);
    change.set_resource_type("complaints/Category");
    *batch_.add_changes() = std::move(change);
  }
  void PutCause(const std::string& name, const char* en, const char* zh,
                const std::string& parent = "") {
    cases::Cause cause;
    cause.mutable_label()->set_en(en);
    cause.mutable_label()->set_zh(zh);
    cause.set_parent_cause(parent);
    ++position_;
    feed::v1::Change change = MakeChange("", cause, name, position_, position_);
    change.set_resource_type("complaints/Cause");
    *batch_.add_changes() = std::move(change);
  }
  v1::DailyReport Report(Language language = Language::kEnglish, const char* date = "2024-01-15") {
    batch_.set_resume_token("token");
    EXPECT_TRUE(store_.ApplyBatch(session_, "default", "complaints", batch_).ok());
    auto report = MakeDailyReport(session_, "default", date, "UTC", language);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : v1::DailyReport();
  }
  // A day that has something of everything. Hours are those of 15 January.
  void PutDay() {
    PutCategory("categories/billing", "Billing", "账单");
    PutCategory("categories/fees", "Fees", "费用", "categories/billing");
    PutCause("causes/people", "People", "人员");
    PutCause("causes/training", "Lack of skill", "技能不足", "causes/people");
    cases::Case one = MakeCase(9 * kHour, "categories/fees");
    one.set_repeat_count(1);
    Meet(one, cases::DEADLINE_KIND_FIRST_RESPONSE, 10 * kHour);
    Breach(one, cases::DEADLINE_KIND_FIRST_RESOLUTION, 12 * kHour, 14 * kHour);
    Compensate(one, 13 * kHour, "1250.5");
    one.mutable_root_cause()->set_cause("causes/training");
    Step(one, 14 * kHour, cases::CASE_ACTION_REPLY, cases::CASE_STATE_REPLIED);
    Close(one, 14 * kHour);
    Rate(one, 15 * kHour, 4);
    Put(one);
    // Came in five days before, closed and reopened today, overdue at the end.
    cases::Case old = MakeCase(-5 * kDay, "categories/other");
    Breach(old, cases::DEADLINE_KIND_FIRST_RESPONSE, -4 * kDay);
    Close(old, 8 * kHour);
    Reopen(old, 9 * kHour);
    Put(old);
    // Forty days old, untouched.
    Put(MakeCase(-40 * kDay, "categories/other"));
    // Of today, open.
    Put(MakeCase(20 * kHour, "categories/fees"));
    Put(MakeCase(21 * kHour, "categories/apps"));
    Put(MakeCase(22 * kHour, ""));
    cases::Case praise = MakeCase(11 * kHour, "categories/fees", cases::CASE_KIND_PRAISE);
    praise.set_team("south");
    Compensate(praise, 12 * kHour, "0.01", "EUR");
    Step(praise, 12 * kHour, cases::CASE_ACTION_WITHDRAW, cases::CASE_STATE_WITHDRAWN);
    Put(praise);
    // Of tomorrow: not in the report.
    Put(MakeCase(kDay + 1, "categories/fees"));
    cases::Case secret = MakeCase(3 * kHour, "categories/fraud", cases::CASE_KIND_DISCLOSURE);
    secret.set_team("east");
    Put(secret);
  }
  static double Value(const v1::CaseSection& section, const std::string& measure) {
    for (const v1::Figure& figure : section.figures()) {
      if (figure.measure() == measure) return figure.has_value() ? figure.value() : -1;
    }
    ADD_FAILURE() << measure;
    return -2;
  }

  TestSession session_;
  FactStore store_;
  feed::v1::ChangeBatch batch_;
  int64_t position_ = 0;
};

TEST_F(DailyCasesTest, FiguresAreThoseCountedByHand) {
  PutDay();
  const v1::DailyReport report = Report();
  ASSERT_TRUE(report.has_cases());
  const v1::CaseSection& section = report.cases();
  EXPECT_FALSE(section.empty());
  EXPECT_EQ(Value(section, "cases-opened"), 5);
  EXPECT_EQ(Value(section, "cases-closed"), 3);
  EXPECT_EQ(Value(section, "cases-reopened"), 1);
  // 2 from before, 5 opened, 1 reopened, 3 closed.
  EXPECT_EQ(Value(section, "cases-open"), 5);
  EXPECT_EQ(section.figures(3).previous_value(), 2);
  EXPECT_EQ(Value(section, "cases-overdue"), 1);
  EXPECT_EQ(Value(section, "case-deadlines-missed"), 1);
  EXPECT_EQ(Value(section, "case-deadline-compliance"), 0.5);
  EXPECT_EQ(Value(section, "complaint-repeat-share"), 0.25);
  EXPECT_EQ(Value(section, "complaint-first-contact-resolution"), 1);
  EXPECT_EQ(Value(section, "case-satisfaction-mean"), 4);
  EXPECT_EQ(Value(section, "case-satisfaction-top-two-box"), 1);
  // Wilson, 1 of 2 at 95 %: centre 0.5, half z·sqrt(1/8 + z²/16)/(1 + z²/2), z = 1.959964.
  const v1::Figure& compliance = section.figures(5);
  EXPECT_EQ(compliance.n(), 2);
  EXPECT_NEAR(compliance.interval().lower(), 0.094531, 1e-6);
  EXPECT_NEAR(compliance.interval().upper(), 0.905469, 1e-6);

  ASSERT_EQ(section.by_kind_size(), 2);
  EXPECT_EQ(section.by_kind(0).ShortDebugString(),
            "kind: \"complaint\" label: \"Complaint\" opened: 4 closed: 2 reopened: 1 open: 5 "
            "overdue: 1");
  EXPECT_EQ(section.by_kind(1).ShortDebugString(),
            "kind: \"praise\" label: \"Praise\" opened: 1 closed: 1");
  ASSERT_EQ(section.by_end_size(), 2);
  EXPECT_EQ(section.by_end(0).ShortDebugString(), "key: \"closed\" label: \"Closed\" count: 2");
  EXPECT_EQ(section.by_end(1).ShortDebugString(),
            "key: \"withdrawn\" label: \"Withdrawn\" count: 1");
  std::vector<int64_t> ages;
  for (const v1::Count& row : section.ageing()) ages.push_back(row.count());
  EXPECT_THAT(ages, ::testing::ElementsAre(3, 0, 1, 0, 1));
  ASSERT_EQ(section.deadlines_size(), 2);
  EXPECT_EQ(section.deadlines(0).in_time().count(), 1);
  EXPECT_EQ(section.deadlines(0).in_time().n(), 1);
  EXPECT_EQ(section.deadlines(1).in_time().count(), 0);
  EXPECT_EQ(section.deadlines(1).in_time().n(), 1);
  ASSERT_EQ(section.compensation_size(), 2);
  EXPECT_EQ(section.compensation(0).ShortDebugString(),
            "currency: \"CNY\" amount: \"1250.50\" count: 1 kind: \"complaint\" label: "
            "\"Complaint\"");
  EXPECT_EQ(section.compensation(1).ShortDebugString(),
            "currency: \"EUR\" amount: \"0.01\" count: 1 kind: \"praise\" label: \"Praise\"");
  // Complaints only; equal ones by name, that without a category first.
  ASSERT_EQ(section.pareto_size(), 3);
  EXPECT_EQ(section.pareto(0).label(), "Billing › Fees");
  EXPECT_EQ(section.pareto(0).count(), 2);
  EXPECT_EQ(section.pareto(0).share(), 0.5);
  EXPECT_EQ(section.pareto(1).label(), "No category");
  EXPECT_EQ(section.pareto(1).cumulative_share(), 0.75);
  // A category that nobody described.
  EXPECT_EQ(section.pareto(2).label(), "categories/apps");
  EXPECT_EQ(section.pareto(2).cumulative_share(), 1);
  // The one that was reopened is not done with.
  ASSERT_EQ(section.causes_size(), 1);
  EXPECT_EQ(section.causes(0).key(), "causes/training");
  EXPECT_EQ(section.causes(0).label(), "People › Lack of skill");
  EXPECT_EQ(section.causes(0).count(), 1);
  EXPECT_EQ(section.causes(0).cumulative_share(), 1);
  ASSERT_EQ(section.by_team_size(), 2);
  EXPECT_EQ(section.by_team(0).team(), "north");
  EXPECT_EQ(section.by_team(0).opened(), 4);
  EXPECT_EQ(section.by_team(1).team(), "south");
  EXPECT_EQ(section.by_team(1).closed(), 1);
  ASSERT_EQ(section.marks_size(), 5);
  EXPECT_EQ(section.marks(3).count(), 1);
  EXPECT_EQ(section.disclosures().opened(), 1);
  EXPECT_EQ(section.disclosures().open(), 1);
  EXPECT_EQ(section.disclosures().closed(), 0);
}

TEST_F(DailyCasesTest, EndsWithoutAKnownTimeAreSaid) {
  cases::Case one = MakeCase(9 * kHour);
  Close(one, 9 * kHour);
  one.mutable_events(1)->set_time_assumed(true);
  Put(one);
  cases::Case other = MakeCase(9 * kHour);
  Close(other, 10 * kHour);
  Put(other);
  const v1::DailyReport report = Report();
  EXPECT_EQ(Value(report.cases(), "cases-closed"), 2);
  ASSERT_EQ(report.cases().causes_size(), 1);
  EXPECT_EQ(report.cases().causes(0).count(), 1);
  ASSERT_GE(report.notices_size(), 1);
  EXPECT_EQ(report.notices(0).key(), "ends-assumed");
  EXPECT_THAT(report.notices(0).text(), ::testing::HasSubstr("1 of the 2"));
}

TEST_F(DailyCasesTest, DisclosuresAreNowhereElse) {
  PutDay();
  for (Language language : {Language::kEnglish, Language::kChinese}) {
    const v1::DailyReport report = Report(language);
    const std::string html = RenderHtml(report);
    const std::string csv = RenderCsv(report);
    for (const std::string& text : {report.ShortDebugString(), html, csv}) {
      EXPECT_THAT(text, Not(HasSubstr("fraud")));
      EXPECT_THAT(text, Not(HasSubstr("east")));
      EXPECT_THAT(text, Not(HasSubstr("Li Lei")));
    }
    EXPECT_EQ(WellFormed(html), "");
    EXPECT_THAT(html, Not(HasSubstr(">cases.")));
    EXPECT_THAT(csv, HasSubstr("\r\ndisclosures,,,opened,1,1,1,,\r\n"));
    EXPECT_THAT(csv, HasSubstr("\r\ncase-compensation,complaint/CNY,"));
    EXPECT_THAT(csv, HasSubstr(",amount,1250.50,CNY,1,,\r\n"));
    EXPECT_THAT(html,
                HasSubstr(language == Language::kEnglish ? "1 came in, 0 closed, 1 open"
                                                         : "新增 1 件，办结 0 件，未结 1 件"));
  }
}

TEST_F(DailyCasesTest, ADayWithoutCasesSaysSoInOneLine) {
  Put(MakeCase(2 * kDay));
  const v1::DailyReport report = Report();
  ASSERT_TRUE(report.has_cases());
  EXPECT_TRUE(report.cases().empty());
  EXPECT_THAT(RenderHtml(report),
              HasSubstr("<section><h2>Complaints and other cases</h2><p class=\"lead\">No case "
                        "came in, ended or was open on this day.</p></section>"));
  EXPECT_THAT(RenderCsv(report), HasSubstr("No case came in"));
}

TEST_F(DailyCasesTest, ASourceThatWasNeverReadIsSaidToBe) {
  auto report = MakeDailyReport(session_, "default", "2024-01-15", "UTC", Language::kEnglish);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->cases().empty_text(), "No case has been read yet.");
  EXPECT_THAT(RenderHtml(*report), HasSubstr("No case has been read yet."));
  EXPECT_THAT(RenderHtml(v1::DailyReport()), Not(HasSubstr("No case has been read yet.")));
}

TEST_F(DailyCasesTest, TheRestOfTheCategoriesIsOneRow) {
  for (int category = 0; category < 14; ++category) {
    for (int i = 0; i <= category / 2; ++i) {
      Put(MakeCase(kHour, absl::StrFormat("categories/c%02d", category)));
    }
  }
  const v1::DailyReport report = Report(Language::kChinese);
  const auto& pareto = report.cases().pareto();
  ASSERT_EQ(pareto.size(), 11);
  EXPECT_EQ(pareto[0].key(), "categories/c12");
  EXPECT_EQ(pareto[1].key(), "categories/c13");
  EXPECT_EQ(pareto[9].key(), "categories/c05");
  // 1 + 1 + 2 + 2 of 56.
  EXPECT_EQ(pareto[10].count(), 6);
  EXPECT_EQ(pareto[10].merged(), 4);
  EXPECT_EQ(pareto[10].label(), "其余 4 个分类");
  EXPECT_EQ(pareto[10].cumulative_share(), 1);
}

TEST_F(DailyCasesTest, RootCausesAreAChartOfTheirOwn) {
  const auto put = [&](const std::string& cause, int times, cases::CaseKind kind) {
    for (int i = 0; i < times; ++i) {
      cases::Case one = MakeCase(-kDay, "categories/fees", kind);
      if (!cause.empty()) one.mutable_root_cause()->set_cause(cause);
      Close(one, 3 * kHour);
      Put(one);
    }
  };
  put("Staffing <2 agents>", 3, cases::CASE_KIND_COMPLAINT);
  put("", 2, cases::CASE_KIND_COMPLAINT);
  for (int i = 0; i < 10; ++i) put(absl::StrFormat("c%d", i), 1, cases::CASE_KIND_COMPLAINT);
  put("not of a complaint", 9, cases::CASE_KIND_SERVICE_REQUEST);
  const v1::DailyReport report = Report();
  const auto& causes = report.cases().causes();
  ASSERT_EQ(causes.size(), 11);
  EXPECT_EQ(causes[0].count(), 3);
  EXPECT_EQ(causes[0].share(), 0.2);
  EXPECT_EQ(causes[1].label(), "No root cause recorded");
  EXPECT_EQ(causes[10].label(), "2 more causes");
  EXPECT_EQ(causes[10].merged(), 2);
  EXPECT_EQ(causes[10].cumulative_share(), 1);
  EXPECT_EQ(Value(report.cases(), "complaint-first-contact-resolution"), -1)
      << "no answer is known";
  const std::string html = RenderHtml(report);
  EXPECT_EQ(WellFormed(html), "");
  EXPECT_THAT(html, HasSubstr("Complaints that were closed, by root cause"));
  EXPECT_THAT(html, HasSubstr("Staffing &lt;2 agents&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("not of a complaint")));
  EXPECT_THAT(RenderCsv(report),
              HasSubstr("\r\ncomplaint-cause,,No root cause recorded,count,2,1,2,,\r\n"));
}

TEST(AmountTextTest, IsExact) {
  EXPECT_EQ(AmountText(0), "0.00");
  EXPECT_EQ(AmountText(12505000), "1250.50");
  EXPECT_EQ(AmountText(12505001), "1250.5001");
  EXPECT_EQ(AmountText(-100), "-0.01");
  EXPECT_EQ(AmountText(9'999'999'990'000), "999999999.00");
}

}  // namespace
}  // namespace sqm::reporting
