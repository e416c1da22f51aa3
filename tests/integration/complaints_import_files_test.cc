// Import of cases from files, the real ones among them, through the command line.
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/integration/complaints_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kRefused = 1;  // exit code of the command line when rows are refused

class ComplaintsImportFilesTest : public ComplaintsWorld {
 protected:
  Finished Sqm(std::vector<std::string> words) {
    words.insert(words.begin(), {SQM_BIN_DIR "/sqm", "--login", server_->login_file()});
    return RunProgram(words, {{"HOME", dir_.path()}, {"LC_ALL", "C.UTF-8"}, {"LANG", "C.UTF-8"}});
  }
  Finished Import(const std::string& file, const std::string& mapping,
                  const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"complaints", "import", file, "--mapping", mapping};
    words.insert(words.end(), more.begin(), more.end());
    return Sqm(words);
  }
  // The summary of an import that was asked for as JSON.
  static json Summary(const Finished& finished) {
    json summary = json::parse(finished.out, nullptr, false);
    EXPECT_TRUE(summary.is_object()) << finished.out << finished.err;
    return summary.is_object() ? summary : json::object();
  }
  static json Figures(const std::string& what, const std::string& file) {
    Finished python =
        RunProgram({"python3", SQM_SOURCE_DIR "/tests/integration/case_figures.py", what, file});
    EXPECT_EQ(python.exit_code, 0) << python.err;
    return json::parse(python.out, nullptr, false);
  }
  // The rows as a CSV file that has their columns.
  static std::string Csv(const json& rows, const std::vector<std::string>& columns) {
    std::string text;
    const auto add = [&text](const std::string& value, bool last) {
      absl::StrAppend(&text, "\"", absl::StrReplaceAll(value, {{"\"", "\"\""}}), "\"",
                      last ? "\n" : ",");
    };
    for (const std::string& column : columns) add(column, column == columns.back());
    for (const json& row : rows) {
      for (const std::string& column : columns) {
        add(row[column].get<std::string>(), column == columns.back());
      }
    }
    return text;
  }

  TempDir dir_;
};
int64_t Number(const json& value) {
  int64_t number = 0;
  if (value.is_string() && absl::SimpleAtoi(value.get<std::string>(), &number)) return number;
  return value.is_number() ? value.get<int64_t>() : 0;
}

const v1::DeadlineStatus* FirstResolution(const v1::Case& one) {
  for (const v1::DeadlineStatus& status : one.deadlines()) {
    if (status.kind() == v1::DEADLINE_KIND_FIRST_RESOLUTION) return &status;
  }
  return nullptr;
}

TEST_F(ComplaintsImportFilesTest, ServiceRequestsOfNewYork) {
  const std::string file = SQM_SOURCE_DIR "/../shared/data/nyc311_service_requests.csv";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is absent";
  const json expected = Figures("nyc311", file);
  const json rows = Figures("rows", file);
  const std::string rejects = dir_.File("rejects.csv");
  const size_t contradictory = expected["contradictory"].size();
  const size_t good = rows.size() - contradictory;

  Finished first = Import(file, "nyc311_service_requests",
                          {"--create-categories", "--rejects", rejects, "-o", "json"});
  EXPECT_EQ(first.exit_code, kRefused) << first.err;
  json summary = Summary(first);
  EXPECT_EQ(summary["created"], good) << first.out;
  EXPECT_EQ(summary["rejected"], contradictory) << first.out;
  EXPECT_EQ(summary["total"], rows.size());

  // Every refused row is explained, and is one that contradicts itself.
  json refused = Figures("rows", rejects);
  ASSERT_EQ(refused.size(), contradictory);
  for (size_t i = 0; i < contradictory; ++i) {
    EXPECT_EQ(refused[i]["reject_line"], std::to_string(expected["contradictory"][i].get<int>()));
    EXPECT_EQ(refused[i]["reject_column"], "Closed Date");
    EXPECT_EQ(refused[i]["reject_value"], refused[i]["Closed Date"]);
    EXPECT_THAT(refused[i]["reject_reason"].get<std::string>(),
                ::testing::AnyOf(HasSubstr("must not be before the case came in"),
                                 HasSubstr("the case is open")));
  }

  // The deadline compliance is that of the file, case by case.
  std::map<std::string, bool> in_time;
  size_t overdue = 0;
  std::map<std::string, std::set<std::string>> numbers;
  for (const v1::Case& one : AllCases()) {
    numbers[one.number().substr(0, 6)].insert(one.number());
    EXPECT_FALSE(one.category().empty());
    const v1::DeadlineStatus* status = FirstResolution(one);
    EXPECT_EQ(status != nullptr, one.has_promised_time()) << one.external_id();
    if (status == nullptr) continue;
    if (one.state() == v1::CASE_STATE_CLOSED) {
      EXPECT_TRUE(status->has_in_time());
      in_time[one.external_id().substr(7)] = status->in_time();
    } else {
      overdue += status->state() == v1::DEADLINE_STATE_BREACHED ? 1 : 0;
    }
  }
  EXPECT_EQ(in_time, (expected["in_time"].get<std::map<std::string, bool>>()));
  EXPECT_GT(in_time.size(), 250u);
  EXPECT_EQ(overdue, expected["overdue"].get<size_t>());
  for (const auto& [year, count] : expected["years"].items()) {
    EXPECT_EQ(numbers["C-" + year].size(), count.get<size_t>()) << year;
  }
  EXPECT_EQ(numbers["C-2014"].count("C-2014-000001"), 1u);

  // And that of the report of a day, once it has read them all.
  const json& day = expected["day"];
  json counted, judged;
  const bool read = Eventually([&] {
    const Finished made = Sqm({"report", "daily", "--date", day["date"].get<std::string>(),
                               "--zone", "America/New_York", "-o", "json"});
    const json report = json::parse(made.out, nullptr, false);
    if (!report.is_object()) return false;
    // Lists that are empty are left out.
    const json cases = report.value("cases", json::object());
    for (const json& row : cases.value("by_kind", json::array())) {
      if (row["kind"] == "complaint") counted = row;
    }
    for (const json& row : cases.value("deadlines", json::array())) {
      if (row["deadline"] == "first_resolution") judged = row["in_time"];
    }
    return counted.is_object() &&
           Number(counted.value("opened", json(0))) == day["opened"].get<int64_t>() &&
           Number(counted.value("closed", json(0))) == day["closed"].get<int64_t>();
  });
  EXPECT_TRUE(read) << counted.dump();
  EXPECT_EQ(Number(judged["count"]), day["met"].get<int64_t>()) << judged.dump();
  EXPECT_EQ(Number(judged["n"]), day["met"].get<int64_t>() + day["missed"].get<int64_t>());

  // People see what became of it.
  Finished shown = Sqm({"complaints", "show", "C-2014-000001", "--zone", "America/New_York"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("(in the system that it comes from)"));

  // The same file again changes nothing, from either command.
  Finished again =
      Sqm({"import", "cases", file, "--mapping", "nyc311_service_requests", "-o", "jsonl"});
  EXPECT_EQ(again.exit_code, kRefused) << again.err;
  summary = Summary(again);
  EXPECT_EQ(summary["unchanged"], good) << again.out;
  EXPECT_EQ(summary["rejected"], contradictory) << again.out;

  // The rejects without their false dates; the columns that say why are left as they are.
  for (json& row : refused) row["Closed Date"] = "";
  std::vector<std::string> columns;
  for (const auto& [column, value] : refused[0].items()) columns.push_back(column);
  WriteFile(rejects, Csv(refused, columns));
  Finished repaired = Import(rejects, "nyc311_service_requests");
  EXPECT_EQ(repaired.exit_code, 0) << repaired.out << repaired.err;
  EXPECT_EQ(AllCases().size(), rows.size());
}

TEST_F(ComplaintsImportFilesTest, ComplaintsOfTheConsumerBureau) {
  const std::string file = SQM_SOURCE_DIR "/../shared/data/cfpb_complaints.csv";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is absent";
  const json rows = Figures("rows", file);
  const std::string rejects = dir_.File("rejects.csv");
  Finished first =
      Import(file, "cfpb_complaints", {"--create-categories", "--rejects", rejects, "-o", "json"});
  EXPECT_EQ(first.exit_code, kRefused) << first.err;
  const json summary = Summary(first);
  const size_t created = summary["created"].get<size_t>();
  const size_t rejected = summary["rejected"].get<size_t>();
  EXPECT_EQ(created + rejected, rows.size()) << first.out;
  const json refused = Figures("rows", rejects);
  ASSERT_EQ(refused.size(), rejected);
  for (const json& row : refused) {
    int line = 0;
    ASSERT_TRUE(absl::SimpleAtoi(row["reject_line"].get<std::string>(), &line));
    EXPECT_EQ(rows[line - 2]["Date sent to company"], row["reject_value"]);
    EXPECT_EQ(row["reject_column"], "Date sent to company");
    EXPECT_EQ(row["reject_reason"], "must not be before the case came in");
  }
  Finished again = Import(file, "cfpb_complaints", {"-o", "json"});
  EXPECT_EQ(Summary(again)["unchanged"], created) << again.out;
  EXPECT_EQ(Summary(again)["created"], 0);
  // When they were closed is not known: none is judged by it.
  const std::vector<v1::Case> cases = AllCases();
  EXPECT_EQ(cases.size(), created);
  size_t open = 0;
  for (const v1::Case& one : cases) {
    EXPECT_FALSE(one.has_close_time());
    open += one.state() == v1::CASE_STATE_INVESTIGATING ? 1 : 0;
  }
  size_t in_progress = 0;
  for (const json& row : rows) {
    in_progress += row["Company response to consumer"] == "In progress" ? 1 : 0;
  }
  EXPECT_EQ(open, in_progress);
}

constexpr char kHeader[] =
    "Unique Key,Created Date,Closed Date,Agency,Agency Name,Complaint Type,Descriptor,"
    "Location Type,Incident Zip,Incident Address,City,Status,Due Date,Resolution Description,"
    "Community Board,Borough,Open Data Channel Type\n";
std::string RequestRow(int key) {
  return absl::StrCat(key,
                      ",06/26/2018 10:58:54 AM,06/26/2018 12:50:01 PM,NYPD,Police,Noise,Loud,"
                      "Street,11421,91 STREET,WOODHAVEN,Closed,06/26/2018 06:58:54 PM,Done,"
                      "09 QUEENS,QUEENS,PHONE\n");
}

TEST_F(ComplaintsImportFilesTest, UnknownCategoriesAreNamedOrAdded) {
  const std::string file = dir_.File("requests.csv");
  WriteFile(file, kHeader + RequestRow(1) + RequestRow(2));
  Finished refused = Import(file, "nyc311_service_requests", {"-o", "json"});
  EXPECT_EQ(refused.exit_code, kRefused);
  EXPECT_THAT(refused.err, HasSubstr("--create-categories"));
  const json summary = Summary(refused);
  EXPECT_EQ(summary["rejected"], 2);
  EXPECT_EQ(summary["reasons"][0]["column"], "Complaint Type");
  EXPECT_EQ(summary["reasons"][0]["reason"], "categories/noise does not exist");
  EXPECT_THAT(AllCases(), IsEmpty());
  // A dry run says the same, and no more is there after it.
  EXPECT_EQ(Import(file, "nyc311_service_requests", {"--validate-only"}).exit_code, kRefused);
  EXPECT_EQ(
      Import(file, "nyc311_service_requests", {"--validate-only", "--create-categories"}).exit_code,
      2);
  Finished made = Import(file, "nyc311_service_requests", {"--create-categories", "-o", "json"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(Summary(made)["categories"], 1);
  v1::GetCategoryRequest request;
  request.set_name("categories/noise");
  auto category = manager_->Call(&Stub::GetCategory, request);
  ASSERT_TRUE(category.ok()) << category.status();
  EXPECT_EQ(category->label().en(), "Noise");
}

// 300 of the longest texts: more than a message of the import holds, and than a page of a list.
TEST_F(ComplaintsImportFilesTest, LongRowsMakeSmallerBatchesAndPages) {
  ASSERT_TRUE(CreateCategory("noise").ok());
  std::string text =
      "Case Id;Kind;Channel;Received;Acknowledged;Assigned;Answered;Ended;State;Outcome;Category;"
      "Severity;Priority;Subject;Text;Customer;Name;Class;Team;Owner;Answer;Satisfaction;"
      "Language\n";
  std::string longest;
  for (int i = 0; i < 20000; ++i) longest += "投";
  for (int i = 0; i < 300; ++i) {
    absl::StrAppend(&text, "L-", i,
                    ";praise;web;2026-01-05 10:00:00;;;;2026-01-06 10:00:00;closed;;",
                    "noise;;;Thanks;", longest, ";c-1;;;;;;;\n");
  }
  const std::string file = dir_.File("long.csv");
  WriteFile(file, text);
  const Finished made = Import(file, "sqm_sample_cases", {"-o", "json"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(Summary(made)["created"], 300);
  v1::ListCasesRequest request;
  request.set_page_size(1000);
  const auto page = manager_->Call(&Stub::ListCases, request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_LT(page->ByteSizeLong(), size_t{4} << 20);
  EXPECT_GT(page->cases_size(), 40);
  EXPECT_EQ(AllCases().size(), 300u);
  // Where little of each is told there are as many as ever.
  v1::ListCustomerHistoryRequest history;
  history.set_name(page->cases(0).name());
  history.set_page_size(1000);
  const auto told = manager_->Call(&Stub::ListCustomerHistory, history);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->cases_size(), 300);
}

TEST_F(ComplaintsImportFilesTest, SaysWhatItCannotDo) {
  const std::string file = dir_.File("requests.csv");
  WriteFile(file, kHeader + RequestRow(1));
  EXPECT_EQ(Import(file, "contact_centre_calls").exit_code, 2);
  EXPECT_EQ(Import(file, "nyc311_service_requests", {"-o", "csv"}).exit_code, 2);
  Finished other = Sqm({"import", "contacts", file, "--mapping", "nyc311_service_requests"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("complaints/Case"));
}

TEST_F(ComplaintsImportFilesTest, TwoImportsAtOnceStoreEveryRowOnce) {
  ASSERT_TRUE(CreateCategory("noise").ok());
  std::string text = kHeader;
  for (int key = 1; key <= 2000; ++key) text += RequestRow(key);
  const std::string file = dir_.File("requests.csv");
  WriteFile(file, text);
  std::vector<Finished> finished(2);
  std::vector<std::thread> threads;
  for (Finished& one : finished) {
    threads.emplace_back([&] {
      one = Import(file, "nyc311_service_requests", {"-o", "json", "--batch", "50"});
    });
  }
  for (std::thread& thread : threads) thread.join();
  int created = 0, unchanged = 0;
  for (const Finished& one : finished) {
    EXPECT_EQ(one.exit_code, 0) << one.err;
    created += Summary(one)["created"].get<int>();
    unchanged += Summary(one)["unchanged"].get<int>();
  }
  EXPECT_EQ(created, 2000);
  EXPECT_EQ(unchanged, 2000);
  EXPECT_EQ(AllCases().size(), 2000u);
}

}  // namespace
}  // namespace sqm::testing
