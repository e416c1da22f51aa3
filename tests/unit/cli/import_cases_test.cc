// The shipped mappings of cases over the real files, and over rows made for the purpose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/import/row_mapper.h"
#include "sqm/complaints/v1/case_import.pb.h"

namespace sqm::cli {
namespace {

namespace v1 = complaints::v1;
using ::testing::ElementsAre;

constexpr char kCfpbHeader[] =
    "Date received,Product,Sub-product,Issue,Sub-issue,Company,State,ZIP code,"
    "Consumer consent provided?,Submitted via,Date sent to company,"
    "Company response to consumer,Timely response?,Consumer disputed?\n";
constexpr char kCfpbRow[] =
    "7/29/2013,Mortgage,,\"Loan servicing, payments\",Fees,Big Bank,VA,24540,N/A,Fax,7/30/2013,"
    "Closed with monetary relief,Yes,No\n";

class ImportCasesTest : public ::testing::Test {
 protected:
  struct Outcome {
    std::vector<v1::ImportedCase> good;
    std::vector<std::pair<CsvRow, std::vector<Issue>>> bad;
  };

  Outcome Read(const std::string& name, std::istream& in) {
    for (const ShippedMapping& shipped : ShippedMappings()) {
      if (shipped.name == name) mapping_ = *ParseMapping(shipped.json, catalogue_);
    }
    ConvertContext context;
    EXPECT_TRUE(absl::LoadTimeZone(mapping_.zone, &context.zone));
    context.nonexistent = mapping_.nonexistent;
    context.ambiguous = mapping_.ambiguous;
    CsvReader reader(in, {.separator = mapping_.separator});
    CsvRow row;
    EXPECT_TRUE(reader.Next(row));
    mapper_ = *RowMapper::Bind(mapping_, row.fields, context);
    Outcome outcome;
    while (reader.Next(row)) {
      v1::ImportedCase one;
      std::vector<Issue> issues = mapper_->Map(row, one);
      if (issues.empty()) {
        outcome.good.push_back(std::move(one));
      } else {
        outcome.bad.emplace_back(row, std::move(issues));
      }
    }
    return outcome;
  }
  Outcome ReadText(const std::string& name, const std::string& text) {
    std::istringstream in(text);
    return Read(name, in);
  }

  const Catalogue catalogue_ = *Catalogue::Load();
  Mapping mapping_;
  std::optional<RowMapper> mapper_;
};

TEST_F(ImportCasesTest, RealFilesMapWhole) {
  for (const auto& [name, rows] : std::vector<std::pair<std::string, size_t>>{
           {"nyc311_service_requests", 600}, {"cfpb_complaints", 2200}}) {
    const std::string path = SQM_SOURCE_DIR "/../shared/data/" + name + ".csv";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
    std::ifstream in(path, std::ios::binary);
    const Outcome outcome = Read(name, in);
    EXPECT_EQ(outcome.good.size(), rows) << name;
    EXPECT_TRUE(outcome.bad.empty()) << name << " " << outcome.bad[0].second[0].reason;
    std::set<std::string> ids;
    for (const v1::ImportedCase& one : outcome.good) ids.insert(one.case_().external_id());
    EXPECT_EQ(ids.size(), rows) << name;
  }
}

TEST_F(ImportCasesTest, ARowOfTheConsumerBureau) {
  const Outcome outcome = ReadText("cfpb_complaints", std::string(kCfpbHeader) + kCfpbRow);
  ASSERT_EQ(outcome.good.size(), 1u);
  const v1::ImportedCase& row = outcome.good[0];
  EXPECT_EQ(row.case_().subject(), "Loan servicing, payments: Fees");
  EXPECT_EQ(row.case_().category(), "categories/loan-servicing-payments");
  EXPECT_EQ(row.case_().channel(), v1::CASE_CHANNEL_MAIL);
  EXPECT_EQ(row.case_().product(), "Mortgage");
  EXPECT_EQ(row.case_().text(),
            "Consumer consent provided?: N/A\nTimely response?: Yes\nConsumer disputed?: No");
  // Midnight in Washington.
  EXPECT_EQ(row.case_().received_time().seconds(), 1375070400);
  EXPECT_EQ(row.assign_time().seconds(), 1375156800);
  EXPECT_EQ(row.team(), "Big Bank");
  EXPECT_EQ(row.state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(row.outcome(), v1::CASE_OUTCOME_UPHELD);
  EXPECT_EQ(row.reply(), "Closed with monetary relief");
  EXPECT_FALSE(row.has_close_time());
  EXPECT_EQ(mapper_->ColumnOfField("close_time"), "");
  EXPECT_EQ(mapper_->ColumnOfField("category"), "Issue");
  EXPECT_EQ(mapper_->ColumnOfField("case.received_time"), "Date received");
}

TEST_F(ImportCasesTest, AnIdIsMadeFromTheRowAndEqualRowsAreToldApart) {
  const auto ids = [this](const std::string& rows) {
    std::vector<std::string> ids;
    for (const v1::ImportedCase& one : ReadText("cfpb_complaints", kCfpbHeader + rows).good) {
      ids.push_back(one.case_().external_id());
    }
    return ids;
  };
  const std::string row = kCfpbRow;
  const std::string id = ids(row).at(0);
  EXPECT_TRUE(::testing::Matches(::testing::MatchesRegex("cfpb-[0-9a-f]{32}"))(id)) << id;
  EXPECT_THAT(ids(row + row + row), ElementsAre(id, id + "-2", id + "-3"));
  // Where one value ends and the next begins counts.
  std::string moved = row;
  moved.replace(moved.find("VA,24540"), 8, "VA2,4540");
  EXPECT_THAT(ids(moved + row), ElementsAre(::testing::Ne(id), id));
  // A rejects file has the same ids: what was added to the row is not part of it.
  std::string header = kCfpbHeader;
  header.insert(header.size() - 1, ",reject_line,reject_column,reject_value,reject_reason");
  std::string rejected = row;
  rejected.insert(rejected.size() - 1, ",2,State,VA,nowhere");
  EXPECT_EQ(ReadText("cfpb_complaints", header + rejected).good.at(0).case_().external_id(), id);
}

TEST_F(ImportCasesTest, AComplaintOfTheConsumerBureauKeepsItsIdAsItGoesOn) {
  std::string before = kCfpbRow;
  for (const auto& [from, to] :
       std::map<std::string, std::string>{{"Closed with monetary relief", "In progress"},
                                          {",Yes,No\n", ",N/A,\n"},
                                          {"24540,N/A", "24540,Consent provided"}}) {
    before.replace(before.find(from), from.size(), to);
  }
  const Outcome was = ReadText("cfpb_complaints", kCfpbHeader + before);
  const Outcome is = ReadText("cfpb_complaints", std::string(kCfpbHeader) + kCfpbRow);
  ASSERT_EQ(was.good.size(), 1u);
  ASSERT_EQ(is.good.size(), 1u);
  EXPECT_EQ(was.good[0].state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(is.good[0].state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(was.good[0].case_().external_id(), is.good[0].case_().external_id());
}

// When the clock is set back, the hour from one to two comes twice.
TEST_F(ImportCasesTest, WhatWasClosedInTheHourThatComesTwiceWasClosedAfterItCameIn) {
  const auto row = [](const std::string& created, const std::string& closed) {
    return "1,11/04/2018 " + created + ",11/04/2018 " + closed +
           ",NYPD,Police,Noise,Loud,Street,11421,91 STREET,WOODHAVEN,Closed,,Done,09 QUEENS,QUEENS,"
           "PHONE\n";
  };
  const Outcome outcome =
      ReadText("nyc311_service_requests",
               "Unique Key,Created Date,Closed Date,Agency,Agency Name,Complaint Type,Descriptor,"
               "Location Type,Incident Zip,Incident Address,City,Status,Due Date,"
               "Resolution Description,Community Board,Borough,Open Data Channel Type\n" +
                   row("01:50:00 AM", "01:10:00 AM") + row("01:10:00 AM", "01:50:00 AM") +
                   row("12:50:00 AM", "12:10:00 AM"));
  ASSERT_EQ(outcome.good.size(), 3u);
  std::vector<int64_t> minutes;
  for (const v1::ImportedCase& one : outcome.good) {
    minutes.push_back((one.close_time().seconds() - one.case_().received_time().seconds()) / 60);
  }
  // The last contradicts itself, and stays so: it is refused later on.
  EXPECT_THAT(minutes, ElementsAre(20, 40, -40));
}

TEST_F(ImportCasesTest, BadRowsNameColumnValueAndReason) {
  std::string row = kCfpbRow;
  const auto with = [&row](const std::string& from, const std::string& to) {
    std::string changed = row;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  const Outcome outcome = ReadText(
      "cfpb_complaints", kCfpbHeader + with("Fax", "Pigeon") + with("7/30/2013", "30/7/2013") +
                             row + with("Closed with monetary relief", "Reopened"));
  EXPECT_EQ(outcome.good.size(), 1u);
  ASSERT_EQ(outcome.bad.size(), 3u);
  EXPECT_EQ(outcome.bad[0].first.line, 2);
  EXPECT_EQ(outcome.bad[0].second[0].column, "Submitted via");
  EXPECT_EQ(outcome.bad[0].second[0].value, "Pigeon");
  EXPECT_EQ(outcome.bad[1].second[0].column, "Date sent to company");
  EXPECT_EQ(outcome.bad[1].second[0].reason, "is no date and time such as 12/31/2026");
  // State and outcome both come from the column.
  EXPECT_EQ(outcome.bad[2].second.size(), 2u);
  EXPECT_EQ(outcome.bad[2].second[0].column, "Company response to consumer");
}

}  // namespace
}  // namespace sqm::cli
