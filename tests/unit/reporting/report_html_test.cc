#include "services/reporting/report_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "services/reporting/daily_source.h"
#include "services/reporting/format.h"
#include "tests/unit/reporting/fixtures.h"
#include "tests/unit/reporting/sqlite_session.h"
#include "tests/unit/reporting/well_formed.h"

namespace sqm::reporting {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A day in which every text that people write is hostile.
v1::DailyReport HostileReport(Language language) {
  const std::string evil = "<script>alert('x')</script>&\"\x01";
  TestSession session;
  EXPECT_TRUE(store::Ensure(session, FactStore::Schema()).ok());
  feed::v1::ChangeBatch batch;
  for (int i = 0; i < 40; ++i) {
    auto contact = MakeContact("staff/" + evil, i * 900, i % 3 != 0);
    contact.set_type(evil);
    *batch.add_changes() = MakeChange("Contact", contact, absl::StrCat("contacts/", i), i * 3 + 1);
    auto evaluation = MakeEvaluation(absl::StrCat("staff/", evil, i % 4), i * 60, "88.5", evil);
    evaluation.set_simulated(true);
    evaluation.mutable_result()->mutable_items(0)->set_item_id(evil);
    *batch.add_changes() =
        MakeChange("Evaluation", evaluation, absl::StrCat("evaluations/", i), i * 3 + 2);
    monitoring::v1::ImprovementNote note;
    note.set_agent(evil);
    note.set_text(evil);
    note.mutable_create_time()->set_seconds(kMidnight);
    *batch.add_changes() =
        MakeChange("ImprovementNote", note, absl::StrCat("improvementNotes/", i), i * 3 + 3);
  }
  batch.set_resume_token("token");
  FactStore store;
  EXPECT_TRUE(store.ApplyBatch(session, "default", evil, batch).ok());
  auto report = MakeDailyReport(session, "default", "2024-01-15", "Asia/Shanghai", language);
  EXPECT_TRUE(report.ok());
  return report.ok() ? *report : v1::DailyReport();
}

TEST(ReportHtmlTest, EveryTextIsEscapedAndTheDocumentWellFormed) {
  for (Language language : {Language::kEnglish, Language::kChinese}) {
    const std::string html = RenderHtml(HostileReport(language));
    EXPECT_EQ(WellFormed(html), "");
    EXPECT_THAT(html, Not(HasSubstr("<script")));
    EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;"));
  }
}

TEST(ReportHtmlTest, NothingIsLoadedFromElsewhere) {
  const std::string html = RenderHtml(HostileReport(Language::kEnglish));
  for (const char* part : {"src=", "href=", "url(", "@import", "https:"}) {
    EXPECT_THAT(html, Not(HasSubstr(part))) << part;
  }
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
}

TEST(ReportHtmlTest, SpeaksBothLanguagesAndSaysWhatIsSimulated) {
  const std::string en = RenderHtml(HostileReport(Language::kEnglish));
  EXPECT_THAT(en, HasSubstr("<html lang=\"en\""));
  EXPECT_THAT(en, HasSubstr("Monday, 15 January 2024"));
  EXPECT_THAT(en, HasSubstr("40 of 40 evaluations are simulated"));
  EXPECT_THAT(en, HasSubstr("Definitions, version 3"));
  EXPECT_THAT(en, HasSubstr("position 120"));
  const std::string zh = RenderHtml(HostileReport(Language::kChinese));
  EXPECT_THAT(zh, HasSubstr("<html lang=\"zh-CN\""));
  EXPECT_THAT(zh, HasSubstr("2024年1月15日 星期一"));
  EXPECT_THAT(zh, HasSubstr("模拟数据"));
  EXPECT_THAT(zh, HasSubstr("指标定义版本 3"));
  // No key of the catalogue was left without its text, wherever it stands.
  const std::regex key(
      "\\b(age|agent|agents|band|cases|category|cause|contacts|footer|item|items|monitoring|note|"
      "notes|notice|rating|satisfaction|service|source|target|team|title|type|unit)\\.[a-z0-9]");
  for (const std::string& html : {en, zh}) {
    std::smatch found;
    const std::string body = html.substr(html.find("<body>"));
    EXPECT_FALSE(std::regex_search(body, found, key))
        << found.str() << found.suffix().str().substr(0, 80);
  }
}

// Types are free text: however many there are, the chart stays one that fits a page.
TEST(ReportHtmlTest, ManyTypesAreOneBarAtTheEnd) {
  v1::DailyReport report;
  report.mutable_contacts()->set_total(23);
  report.mutable_contacts()->add_by_answer_state()->set_label("Answered");
  for (int i = 0; i < 22; ++i) {
    v1::ContactTypeRow& row = *report.mutable_contacts()->add_by_type();
    row.set_label(absl::StrCat("Type ", i, "."));
    row.set_total(i == 0 ? 2 : 1);
    row.add_by_answer_state()->set_count(row.total());
  }
  const std::string html = RenderHtml(report);
  EXPECT_EQ(WellFormed(html), "");
  EXPECT_THAT(html, HasSubstr(">2 more types</text>"));
  EXPECT_THAT(html, HasSubstr(">2 · 8.7%</text>"));
  EXPECT_THAT(html, HasSubstr(">Type 19.</text>"));
  EXPECT_THAT(html, Not(HasSubstr(">Type 20.</text>")));
  EXPECT_THAT(html, HasSubstr(">Type 21.</th>"));
  EXPECT_THAT(html, HasSubstr("first 20 of 22 types"));
}

// What a screen reader goes by: a name for every table and for the box that it scrolls in, and
// headings that leave out no level.
TEST(ReportHtmlTest, TablesHaveNamesAndHeadingsLeaveOutNoLevel) {
  const std::string html = RenderHtml(HostileReport(Language::kChinese));
  EXPECT_THAT(html, Not(HasSubstr("<caption></caption>")));
  EXPECT_THAT(html, Not(HasSubstr("aria-label=\"\"")));
  const auto count = [&html](const std::string& part) {
    int n = 0;
    for (size_t at = 0; (at = html.find(part, at)) != std::string::npos; ++at) ++n;
    return n;
  };
  EXPECT_GT(count("<table"), 10);
  EXPECT_EQ(count("<caption"), count("<table"));
  EXPECT_EQ(count("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\""),
            count("<table"));
  EXPECT_EQ(count("<h1>"), 1);
  EXPECT_THAT(html, HasSubstr("服务质量日报 </span>2024年1月15日 星期一</h1>"));
  char level = '0';
  for (size_t at = 0; (at = html.find("<h", at)) != std::string::npos; ++at) {
    if (html[at + 2] < '1' || html[at + 2] > '6') continue;
    EXPECT_LE(html[at + 2], level + 1) << html.substr(at, 80);
    level = html[at + 2];
  }
}

TEST(ReportHtmlTest, FiguresHaveUnitNAndWhetherTheyMeetTheirTarget) {
  v1::DailyReport report;
  report.set_language("zh-CN");
  v1::Figure& share = *report.add_key_figures();
  share.set_unit("%");
  share.set_kind(v1::MEASURE_KIND_PROPORTION);
  share.set_value(0.9);
  share.set_n(40);
  share.set_previous_value(0.85);
  share.mutable_interval()->set_lower(0.77);
  share.mutable_interval()->set_upper(0.96);
  EXPECT_THAT(RenderHtml(report), HasSubstr("上升</span>\u00a05.0 个百分点"));
  EXPECT_THAT(RenderHtml(report), HasSubstr(">95% 区间 77.0%–96.0% · n\u00a040</div>"));
  v1::Figure& marks = *report.mutable_cases()->add_figures();
  marks.set_measure("case-satisfaction-mean");
  marks.set_unit("{point}");
  marks.set_kind(v1::MEASURE_KIND_MEAN);
  marks.set_value(3.74);
  marks.set_n(19);
  marks.set_target(4.5);
  marks.set_direction(v1::DIRECTION_HIGHER);
  marks.set_status(v1::TARGET_STATUS_INSUFFICIENT);
  EXPECT_THAT(RenderHtml(report), HasSubstr(">3.74 / 5 分</td>"));
  EXPECT_THAT(RenderHtml(report), HasSubstr(">≥ 4.50 · 样本不足</td>"));
  marks.set_status(v1::TARGET_STATUS_MISSED);
  EXPECT_THAT(RenderHtml(report), HasSubstr(">✕ 未达标</span></td>"));
  v1::AgentRow& agent = *report.add_agents();
  agent.mutable_satisfaction()->set_value(4.25);
  agent.mutable_satisfaction()->set_n(8);
  report.mutable_monitoring()->set_monitored(1500);
  EXPECT_THAT(RenderHtml(report), HasSubstr(">4.25 <span class=\"of\">n 8</span></td>"));
  EXPECT_THAT(RenderHtml(report), HasSubstr(">平均分<br/>（满分 100）</th>"));
  EXPECT_THAT(RenderHtml(report), HasSubstr("共 1,500 份监听记录"));
}

TEST(ReportHtmlTest, ChineseHasItsOwnPunctuationAndNotesTheirLines) {
  v1::DailyReport report;
  report.set_language("zh-CN");
  for (const char* source : {"monitoring", "complaints"}) report.add_sources()->set_source(source);
  report.mutable_notes()->set_total(1);
  report.mutable_notes()->add_notes()->set_text("请改进：\n- 问候：0 / 10");
  v1::SatisfactionSection& ratings = *report.mutable_satisfaction();
  ratings.mutable_mean()->set_n(2);
  for (const char* label : {"差", "好"}) ratings.add_distribution()->set_label(label);
  const std::string html = RenderHtml(report);
  EXPECT_EQ(WellFormed(html), "");
  EXPECT_THAT(html, HasSubstr("数据截至：服务质量监控 · 位置 0；投诉管理 · 位置 0<"));
  EXPECT_THAT(html, HasSubstr("差 0；好 0。</desc>"));
  EXPECT_THAT(html, HasSubstr("请改进：<br/>- 问候：0 / 10</td>"));
}

TEST(ReportHtmlTest, ItsTimesAreInUtcTooWhereItsZoneIsAnother) {
  v1::DailyReport report = HostileReport(Language::kEnglish);
  EXPECT_THAT(RenderHtml(report), HasSubstr("<b>2024-01-15 00:00 – 2024-01-16 00:00</b> · Time "
                                            "zone <b>Asia/Shanghai</b> · UTC 2024-01-14 16:00 – "
                                            "2024-01-15 16:00</p>"));
  report.set_zone("UTC");
  EXPECT_THAT(RenderHtml(report), HasSubstr("zone <b>UTC</b></p>"));
}

TEST(ReportHtmlTest, SameReportSameBytes) {
  EXPECT_EQ(RenderHtml(HostileReport(Language::kEnglish)),
            RenderHtml(HostileReport(Language::kEnglish)));
}

TEST(ReportHtmlTest, AnEmptyReportIsADocumentToo) {
  EXPECT_EQ(WellFormed(RenderHtml(v1::DailyReport())), "");
}

TEST(FormatTest, NumbersReadAsPeopleWriteThem) {
  EXPECT_EQ(Whole(0), "0");
  EXPECT_EQ(Whole(-1234567), "-1,234,567");
  EXPECT_EQ(Fixed(1234.5, 2), "1,234.50");
  EXPECT_EQ(Fixed(84.525, 2), "84.53");
  EXPECT_EQ(Fixed(-0.001, 2), "0.00");
  EXPECT_EQ(Percent(0.914), "91.4%");
  EXPECT_EQ(Clock(59.6), "1:00");
  EXPECT_EQ(Clock(3822), "1:03:42");
  EXPECT_EQ(Plain(1.50, 6), "1.5");
  EXPECT_EQ(Plain(-0.0000001, 3), "0");
  EXPECT_EQ(Plain(100, 0), "100");
}

TEST(LabelsTest, LanguagesAreFoundInTagsAndLists) {
  EXPECT_EQ(LanguageOf("zh-Hans-CN"), Language::kChinese);
  EXPECT_EQ(LanguageOf("fr, en-GB;q=0.8"), Language::kEnglish);
  EXPECT_EQ(LanguageOf(""), std::nullopt);
  EXPECT_EQ(LanguageOf("fr"), std::nullopt);
}

}  // namespace
}  // namespace sqm::reporting
