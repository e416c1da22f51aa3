#include "services/reporting/report_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sqm::reporting {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ReportCsvTest, FieldsFollowRfc4180) {
  EXPECT_EQ(CsvField("plain"), "plain");
  EXPECT_EQ(CsvField("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvField("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(CsvField("two\r\nlines"), "\"two\r\nlines\"");
  EXPECT_EQ(CsvField(""), "");
}

TEST(ReportCsvTest, FormulasAreDefused) {
  EXPECT_EQ(CsvField("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
  EXPECT_EQ(CsvField("+1"), "'+1");
  EXPECT_EQ(CsvField("-1"), "'-1");
  EXPECT_EQ(CsvField("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(CsvField("\tx"), "'\tx");
  EXPECT_EQ(CsvField("＝1"), "'＝1");
  EXPECT_EQ(CsvField("=1,\"2\""), "\"'=1,\"\"2\"\"\"");
}

TEST(ReportCsvTest, OneRowAFigure) {
  v1::DailyReport report;
  report.set_date("2024-01-15");
  report.mutable_contacts()->set_total(3);
  auto& answered = *report.mutable_contacts()->mutable_answered();
  answered.set_count(2);
  answered.set_n(3);
  answered.set_value(2.0 / 3);
  answered.mutable_interval()->set_lower(0.2);
  answered.mutable_interval()->set_upper(0.9);
  auto& type = *report.mutable_contacts()->add_by_type();
  type.set_type("=evil");
  type.set_label("=evil");
  const std::string csv = RenderCsv(report);
  EXPECT_THAT(csv,
              StartsWith("\xef\xbb\xbfsection,key,label,measure,value,unit,n,lower,upper\r\n"));
  EXPECT_THAT(csv, HasSubstr("\r\ncontacts,,,total,3,1,3,,\r\n"));
  EXPECT_THAT(csv, HasSubstr("\r\ncontacts,,,answered,0.666667,1,3,0.2,0.9\r\n"));
  EXPECT_THAT(csv, HasSubstr("\r\ncontact-type,'=evil,'=evil,"));
  EXPECT_EQ(csv.find("\n\n"), std::string::npos);
}

TEST(ReportCsvTest, NStandsBesideWhatRestsOnIt) {
  v1::DailyReport report;
  report.set_definition_version(3);
  v1::AgentRow& ranked = *report.add_agents();
  ranked.set_agent("staff/a");
  ranked.set_label("a");
  ranked.set_answered(5);
  ranked.set_rank(2);
  ranked.mutable_score()->set_n(7);
  ranked.mutable_mean_handling_time()->set_seconds(600);
  ranked.set_handling_time_n(1);
  v1::AgentRow& other = *report.add_agents();
  other.set_agent("staff/b");
  other.set_label("b");
  other.mutable_score()->set_n(4);
  v1::SourcePosition& source = *report.add_sources();
  source.set_source("monitoring");
  source.set_position(80000);
  const std::string csv = RenderCsv(report);
  EXPECT_THAT(csv, HasSubstr("\r\nagent,staff/a,a,handling-time-mean,600,s,1,,\r\n"));
  EXPECT_THAT(csv, HasSubstr("\r\nagent,staff/a,a,rank,2,1,7,,\r\n"));
  // Without a rank there is none: 0 would come before the first.
  EXPECT_THAT(csv, HasSubstr("\r\nagent,staff/b,b,rank,,1,4,,\r\n"));
  EXPECT_THAT(csv, HasSubstr(",definition-version,3,,,,\r\n"));
  EXPECT_THAT(csv, HasSubstr("\r\nsource,monitoring,,position,80000,,,,\r\n"));
}

}  // namespace
}  // namespace sqm::reporting
