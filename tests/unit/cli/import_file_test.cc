// The shipped mapping over the real file, and over rows that are bad in every way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/import/row_mapper.h"
#include "cli/import/summary.h"
#include "sqm/monitoring/v1/contact.pb.h"

namespace sqm::cli {
namespace {

using monitoring::v1::Contact;

constexpr char kHeader[] =
    "Call Id;Agent;DATE;Time;Topic;Answered (Y/N);Resolved;Speed of answer in seconds;"
    "AvgTalkDuration;Satisfaction rating\n";

struct Outcome {
  std::vector<Contact> good;
  std::vector<std::pair<CsvRow, std::vector<Issue>>> bad;
};

class ImportFileTest : public ::testing::Test {
 protected:
  ImportFileTest() {
    for (const ShippedMapping& shipped : ShippedMappings()) {
      if (shipped.name == "contact_centre_calls")
        mapping_ = *ParseMapping(shipped.json, catalogue_);
    }
    context_.zone = absl::UTCTimeZone();
  }

  Outcome Read(std::istream& in) {
    CsvReader reader(in, {.separator = mapping_.separator});
    CsvRow row;
    EXPECT_TRUE(reader.Next(row));
    mapper_ = *RowMapper::Bind(mapping_, row.fields, context_);
    Outcome outcome;
    while (reader.Next(row)) {
      Contact contact;
      std::vector<Issue> issues = mapper_->Map(row, contact);
      if (issues.empty()) {
        outcome.good.push_back(std::move(contact));
      } else {
        outcome.bad.emplace_back(row, std::move(issues));
      }
    }
    return outcome;
  }

  const Catalogue catalogue_ = *Catalogue::Load();
  Mapping mapping_;
  ConvertContext context_;
  std::optional<RowMapper> mapper_;
};

TEST_F(ImportFileTest, RealFile) {
  const std::string path = SQM_SOURCE_DIR "/../shared/data/contact_centre_calls.csv";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  std::ifstream in(path, std::ios::binary);
  const Outcome outcome = Read(in);
  EXPECT_EQ(outcome.good.size(), 3388u);
  EXPECT_TRUE(outcome.bad.empty());

  // The same figures from the text itself, apart from the mapping.
  std::ifstream again(path, std::ios::binary);
  std::string line;
  int64_t rows = 0, answered = 0, resolved = 0, wait = 0, talk = 0, rating = 0;
  while (std::getline(again, line)) {
    std::vector<std::string> parts;
    std::stringstream split(line);
    for (std::string part; std::getline(split, part, ';');) parts.push_back(part);
    if (parts.size() < 9 || parts[2] != "2021-01-15") continue;
    ++rows;
    if (parts[5] != "Y") continue;
    ++answered;
    resolved += parts[6] == "Y" ? 1 : 0;
    wait += std::stoi(parts[7]);
    talk += std::stoi(parts[8].substr(0, 2)) * 3600 + std::stoi(parts[8].substr(3, 2)) * 60 +
            std::stoi(parts[8].substr(6, 2));
    rating += std::stoi(parts[9]);
  }
  ASSERT_EQ(rows, 46);
  const absl::Time begin = absl::FromCivil(absl::CivilDay(2021, 1, 15), context_.zone);
  const absl::Time end = absl::FromCivil(absl::CivilDay(2021, 1, 16), context_.zone);
  for (const Contact& contact : outcome.good) {
    EXPECT_EQ(contact.channel(), monitoring::v1::CONTACT_CHANNEL_VOICE);
    EXPECT_THAT(contact.agent(), ::testing::StartsWith("staff/"));
    const absl::Time start = absl::FromUnixSeconds(contact.start_time().seconds());
    if (start < begin || start >= end) continue;
    --rows;
    if (contact.answer_state() != monitoring::v1::ANSWER_STATE_ANSWERED) {
      EXPECT_FALSE(contact.has_satisfaction());
      EXPECT_FALSE(contact.has_queue_duration());
      continue;
    }
    --answered;
    resolved -= contact.resolved() ? 1 : 0;
    wait -= contact.queue_duration().seconds();
    talk -= contact.talk_duration().seconds();
    rating -= contact.satisfaction();
  }
  EXPECT_THAT((std::vector<int64_t>{rows, answered, resolved, wait, talk, rating}),
              ::testing::Each(0));
}

TEST_F(ImportFileTest, FirstRow) {
  std::istringstream in(std::string(kHeader) +
                        "ID0001;Diane;2021-01-01;09:12:58;Contract related;Y;Y;109;00:02:23;3\n");
  const Outcome outcome = Read(in);
  ASSERT_EQ(outcome.good.size(), 1u);
  const Contact& contact = outcome.good[0];
  EXPECT_EQ(contact.external_id(), "ID0001");
  EXPECT_EQ(contact.agent(), "staff/diane");
  EXPECT_EQ(contact.type(), "Contract related");
  EXPECT_EQ(contact.start_time().seconds(), 1609492378);
  EXPECT_EQ(contact.queue_duration().seconds(), 109);
  EXPECT_EQ(contact.talk_duration().seconds(), 143);
  EXPECT_TRUE(contact.resolved());
  EXPECT_EQ(contact.satisfaction(), 3);
  EXPECT_EQ(contact.source(), "contact_centre_calls");
}

TEST_F(ImportFileTest, EachBadRowSaysLineColumnValueAndReasonAndSparesItsNeighbours) {
  struct Case {
    std::string row;
    std::string column;
    std::string value;
    std::string reason;
  };
  const std::vector<Case> cases = {
      {";Diane;2021-01-01;09:12:58;T;Y;Y;109;00:02:23;3", "Call Id", "", "a value is required"},
      {"B1;王芳;2021-01-01;09:12:58;T;Y;Y;1;00:02:23;3", "Agent", "王芳",
       "cannot be made into an id (letters a-z, digits, at most 63)"},
      {"B2;Diane;2021-02-30;09:12:58;T;Y;Y;1;00:02:23;3", "DATE + Time", "2021-02-30 09:12:58",
       "is no date and time such as 2026-12-31 14:30:00"},
      {"B3;Diane;2021-01-01;09:12:58;T;maybe;Y;1;00:02:23;3", "Answered (Y/N)", "maybe",
       "must be one of: N, Y"},
      {"B4;Diane;2021-01-01;09:12:58;T;Y;?;1;00:02:23;3", "Resolved", "?", "must be one of: N, Y"},
      {"B5;Diane;2021-01-01;09:12:58;T;Y;Y;soon;00:02:23;3", "Speed of answer in seconds", "soon",
       "is no duration of the form seconds"},
      {"B6;Diane;2021-01-01;09:12:58;T;Y;Y;-5;00:02:23;3", "Speed of answer in seconds", "-5",
       "must be between 0 and 86400"},
      {"B7;Diane;2021-01-01;09:12:58;T;Y;Y;1;2:23;3", "AvgTalkDuration", "2:23",
       "is no duration of the form HH:MM:SS"},
      {"B8;Diane;2021-01-01;09:12:58;T;Y;Y;1;00:02:23;9", "Satisfaction rating", "9",
       "must be between 1 and 5"},
      {"B9;Diane;2021-01-01;09:12:58;T;Y;Y;1;00:02:23", "", "9",
       "the row has 9 columns, the header has 10"},
      {"B10;Diane;2021-01-01;09:12:58;T;Y;Y;1;00:02:23;3;x", "", "11",
       "the row has 11 columns, the header has 10"},
      {"B11;\"Di\"ane;2021-01-01;09:12:58;T;Y;Y;1;00:02:23;3", "", "",
       "text follows a closing quote"},
      {"B12;Diane;2021-01-01;09:12:58;T\xFF;Y;Y;1;00:02:23;3", "Topic", "T\xFF",
       "is not valid UTF-8"},
      {"B13;Diane;2021-01-01;09:12:58;\"T;Y;Y;1;00:02:23;3", "", "",
       "a quote is opened and never closed"},
  };
  std::string text = kHeader;
  for (size_t i = 0; i < cases.size(); ++i) {
    text += "OK" + std::to_string(i) + ";Diane;2021-01-01;09:12:58;T;Y;Y;109;00:02:23;3\n";
    text += cases[i].row + "\n";
  }
  text += "LAST;Diane;2021-01-01;09:12:58;T;N;N;;;\n";
  std::istringstream in(text);
  const Outcome outcome = Read(in);
  EXPECT_EQ(outcome.good.size(), cases.size() + 1);
  ASSERT_EQ(outcome.bad.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto& [row, issues] = outcome.bad[i];
    ASSERT_EQ(issues.size(), 1u) << cases[i].row;
    EXPECT_EQ(row.line, static_cast<int64_t>(3 + 2 * i));
    EXPECT_EQ(issues[0].column, cases[i].column);
    EXPECT_EQ(issues[0].value, cases[i].value);
    EXPECT_EQ(issues[0].reason, cases[i].reason);
  }
}

TEST_F(ImportFileTest, RejectsCanBeRepairedAndImportedAgain) {
  std::istringstream in(std::string(kHeader) +
                        "A;Diane;2021-01-01;09:12:58;\"x;y\";Y;Y;bad;00:02:23;9\n"
                        "B;Dan;2021-01-01;09:12:58;T;Y;Y;1;00:02:23;3;extra\n");
  Outcome outcome = Read(in);
  ASSERT_EQ(outcome.bad.size(), 2u);
  std::ostringstream out;
  CsvWriter writer(out, {.separator = ';'});
  writer.Write(RejectHeader(*mapper_));
  for (const auto& [row, issues] : outcome.bad) writer.Write(RejectRow(*mapper_, row, issues));
  std::string text = out.str();
  EXPECT_THAT(text, ::testing::HasSubstr(";2;Speed of answer in seconds;bad;"));
  EXPECT_THAT(text, ::testing::HasSubstr("Satisfaction rating: must be between 1 and 5"));
  EXPECT_THAT(text, ::testing::HasSubstr("\"3;extra\""));
  // Repaired as a person would, the added columns left as they are.
  const auto replace = [&](const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace("bad;00:02:23;9", "7;00:02:23;4");
  replace("\"3;extra\"", "3");
  std::istringstream again(text);
  outcome = Read(again);
  EXPECT_TRUE(outcome.bad.empty());
  ASSERT_EQ(outcome.good.size(), 2u);
  EXPECT_EQ(outcome.good[0].type(), "x;y");
  EXPECT_EQ(outcome.good[0].queue_duration().seconds(), 7);
  EXPECT_EQ(outcome.good[1].external_id(), "B");
  EXPECT_EQ(mapper_->original_header().size(), 10u);
}

TEST_F(ImportFileTest, MissingAndDoubleColumnsAreNamed) {
  const auto missing = RowMapper::Bind(mapping_, {"Call Id", "Agent"}, context_);
  EXPECT_THAT(std::string(missing.status().message()),
              ::testing::StartsWith("the file lacks the columns: DATE, Time, Topic"));
  // Once, although two fields come from it.
  Mapping twice = mapping_;
  twice.fields.insert(twice.fields.end(), mapping_.fields.begin(), mapping_.fields.end());
  EXPECT_EQ(RowMapper::Bind(twice, {"Call Id", "Agent"}, context_).status(), missing.status());
  std::vector<std::string> header = {"Call Id", "Call Id"};
  EXPECT_EQ(RowMapper::Bind(mapping_, header, context_).status().message(),
            "the header names the column `Call Id` twice");
}

TEST_F(ImportFileTest, ServerFieldsAreColumns) {
  std::istringstream in(kHeader);
  Read(in);
  EXPECT_EQ(mapper_->ColumnOfField("contacts[3].start_time"), "DATE + Time");
  EXPECT_EQ(mapper_->ColumnOfField("type"), "Topic");
  EXPECT_EQ(mapper_->ColumnOfField("nothing"), "");
}

TEST(ImportSummaryTest, GroupsByReason) {
  ImportSummary summary;
  summary.created = 7;
  for (int line = 2; line < 5; ++line) summary.Reject(line, {{"A", "x", "bad"}});
  summary.Reject(9, {{"B", "y", "worse"}, {"A", "x", "bad"}});
  EXPECT_EQ(summary.total(), 11);
  EXPECT_EQ(summary.Reasons(Language::kEnglish).Format(Terminal()),
            "Column  Reason  Rows  First line\n"
            "──────  ──────  ────  ──────────\n"
            "A       bad        3           2\n"
            "B       worse      1           9\n");
}

TEST(ImportSummaryTest, IsOneObjectForPrograms) {
  ImportSummary summary;
  summary.created = 7;
  summary.unchanged = 2;
  summary.Reject(9, {{"A\xFF", "y", "bad"}});
  EXPECT_EQ(summary.Json(false),
            "{\"created\":7,\"unchanged\":2,\"updated\":0,\"rejected\":1,\"total\":10,"
            "\"categories\":0,\"reasons\":[{\"column\":\"A\xEF\xBF\xBD\",\"reason\":\"bad\","
            "\"rows\":1,\"first_line\":9}]}\n");
}

}  // namespace
}  // namespace sqm::cli
