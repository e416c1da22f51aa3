// The main job with the real programs on real input: a file of calls in, the report of a day out.
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/monitoring_samples.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

using nlohmann::json;

const std::string kCalls = SQM_SOURCE_DIR "/../shared/data/contact_centre_calls.csv";
constexpr char kDay[] = "2021-01-15";
constexpr int kRefused = 1;  // exit code of the command line when the server refuses something

class ReportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kCalls)) GTEST_SKIP() << kCalls << " is absent";
    auto server = ServerProcess::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  Finished Sqm(std::vector<std::string> words) {
    words.insert(words.begin(), {SQM_BIN_DIR "/sqm", "--login", server_->login_file()});
    return RunProgram(words, {{"HOME", dir_.path()}, {"LC_ALL", "C.UTF-8"}, {"LANG", "C.UTF-8"}});
  }
  Finished ImportFile(const std::string& file, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"import", "contacts", file, "--mapping",
                                      "contact_centre_calls"};
    words.insert(words.end(), more.begin(), more.end());
    return Sqm(words);
  }
  // The number that stands in the line of the summary that begins with `word`; -1 = no such line.
  static int64_t Count(const Finished& finished, absl::string_view word) {
    for (absl::string_view line : absl::StrSplit(finished.out, '\n')) {
      std::vector<absl::string_view> parts = absl::StrSplit(line, ' ', absl::SkipWhitespace());
      int64_t count = -1;
      for (size_t i = 0; i + 1 < parts.size(); ++i) {
        if (parts[i] == word && absl::SimpleAtoi(parts.back(), &count)) return count;
      }
    }
    return -1;
  }
  // A document of the day, from the command line.
  std::string Report(const std::string& form, const std::string& language = "en") {
    const std::string file = dir_.File(absl::StrCat("report-", language, ".", form));
    Finished made = Sqm({"report", "daily", "--date", kDay, "--zone", "UTC", "-o", form, "--lang",
                         language, "--out", file, "--wait", "30"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return ReadFile(file);
  }

  TempDir dir_;
  std::unique_ptr<ServerProcess> server_;
};

// 64-bit numbers are strings in protobuf's JSON.
int64_t Number(const json& value) {
  int64_t number = -1;
  if (value.is_string() && absl::SimpleAtoi(value.get<std::string>(), &number)) return number;
  return value.is_number() ? value.get<int64_t>() : 0;
}
double Seconds(const json& duration) {
  double seconds = -1;
  std::string text = duration.get<std::string>();
  EXPECT_TRUE(absl::SimpleAtod(text.substr(0, text.size() - 1), &seconds)) << text;
  return seconds;
}

void ExpectProportion(const json& shown, const json& computed) {
  EXPECT_EQ(Number(shown["count"]), computed["count"].get<int64_t>());
  EXPECT_EQ(Number(shown["n"]), computed["n"].get<int64_t>());
  EXPECT_NEAR(shown["value"].get<double>(), computed["value"].get<double>(), 1e-12);
  EXPECT_NEAR(shown["interval"]["lower"].get<double>(), computed["lower"].get<double>(), 1e-9);
  EXPECT_NEAR(shown["interval"]["upper"].get<double>(), computed["upper"].get<double>(), 1e-9);
}

TEST_F(ReportTest, FiguresAreThoseOfTheFile) {
  Finished python =
      RunProgram({"python3", SQM_SOURCE_DIR "/tests/integration/daily_figures.py", kCalls, kDay});
  ASSERT_EQ(python.exit_code, 0) << python.err;
  const json expected = json::parse(python.out);

  Finished imported = ImportFile(kCalls);
  ASSERT_EQ(imported.exit_code, 0) << imported.out << imported.err;
  EXPECT_EQ(Count(imported, "created"), 3388) << imported.out;
  EXPECT_EQ(Count(imported, "rejected"), 0);

  const json report = json::parse(Report("json"));
  EXPECT_EQ(report["date"], kDay);
  const json& contacts = report["contacts"];
  EXPECT_EQ(Number(contacts["total"]), expected["calls"].get<int64_t>());
  ASSERT_EQ(contacts["by_type"].size(), expected["topics"].size());
  for (const json& row : contacts["by_type"]) {
    const std::string topic = row["type"].get<std::string>();
    ASSERT_TRUE(expected["topics"].contains(topic)) << topic;
    const json& states = expected["topics"][topic];
    int64_t total = 0;
    for (const json& state : row["by_answer_state"]) {
      const std::string key = state["key"].get<std::string>();
      const int64_t count = state.contains("count") ? Number(state["count"]) : 0;
      EXPECT_EQ(count, states[key].get<int64_t>()) << topic << " " << key;
      total += count;
    }
    EXPECT_EQ(Number(row["total"]), total) << topic;
    EXPECT_EQ(total, states["answered"].get<int64_t>() + states["abandoned"].get<int64_t>());
  }
  ExpectProportion(contacts["answered"], expected["answered"]);
  EXPECT_NEAR(Seconds(contacts["speed_of_answer"]["mean"]),
              expected["mean_speed_of_answer"].get<double>(), 1e-6);
  EXPECT_NEAR(Seconds(contacts["handling_time"]["mean"]), expected["mean_talk"].get<double>(),
              1e-6);
  ExpectProportion(contacts["service_levels"][0]["within"], expected["within_20"]);
  ExpectProportion(contacts["resolved_at_first_contact"], expected["resolved"]);
  EXPECT_NEAR(report["satisfaction"]["mean"]["value"].get<double>(),
              expected["satisfaction_mean"].get<double>(), 1e-12);
  EXPECT_EQ(Number(report["satisfaction"]["mean"]["n"]), expected["satisfaction_n"].get<int64_t>());
  ExpectProportion(report["satisfaction"]["top_two_box"], expected["top_two"]);
  ASSERT_EQ(report["agents"].size(), expected["agents"].size());
  for (const json& agent : report["agents"]) {
    const std::string name =
        absl::StrReplaceAll(agent["agent"].get<std::string>(), {{"staff/", ""}});
    EXPECT_EQ(Number(agent["contacts"]), expected["agents"][name].get<int64_t>()) << name;
  }
  int64_t in_hours = 0;
  for (const json& hour : contacts["by_hour"]) {
    const std::string key = hour["label"].get<std::string>().substr(0, 2);
    const int64_t total = hour.contains("total") ? Number(hour["total"]) : 0;
    EXPECT_EQ(total, expected["hours"].value(key, int64_t{0})) << key;
    in_hours += total;
  }
  EXPECT_EQ(in_hours, expected["calls"].get<int64_t>());

  // The tables of a terminal say the same: words of the line that begins with a label.
  const std::string table = Report("table");
  const auto words = [&](const json& label) {
    for (absl::string_view line : absl::StrSplit(table, '\n')) {
      if (!absl::StartsWith(line, absl::StrCat(label.get<std::string>(), "  "))) continue;
      return std::vector<std::string>(absl::StrSplit(line, ' ', absl::SkipWhitespace()));
    }
    return std::vector<std::string>();
  };
  for (const json& row : contacts["by_type"]) {
    EXPECT_THAT(words(row["label"]), ::testing::Contains(absl::StrCat(Number(row["total"]))));
  }
  for (const json& agent : report["agents"]) {
    const std::vector<std::string> shown = words(agent["label"]);
    ASSERT_GE(shown.size(), 2u) << agent["label"] << "\n" << table;
    EXPECT_EQ(shown[1], absl::StrCat(Number(agent["contacts"])));
  }

  // The same file again changes nothing, in the store or in the report but for how far it is read.
  const auto figures = [&] {
    json made = json::parse(Report("json"));
    made.erase("sources");
    return made;
  };
  const json before = figures();
  Finished again = ImportFile(kCalls);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(Count(again, "unchanged"), 3388) << again.out;
  EXPECT_EQ(Count(again, "created"), 0);
  EXPECT_EQ(figures(), before);
}

TEST_F(ReportTest, RejectsAreTellingAndCanBeImportedAgain) {
  std::ifstream in(kCalls);
  std::string text;
  std::vector<std::string> lines;
  for (std::string line; lines.size() < 101 && std::getline(in, line);) lines.push_back(line);
  auto replace = [&](size_t line, const std::string& from, const std::string& to) {
    ASSERT_TRUE(absl::StrContains(lines[line], from)) << lines[line];
    lines[line] = absl::StrReplaceAll(lines[line], {{from, to}});
  };
  replace(10, "2021-01-01", "2021-13-01");
  replace(20, ";Y;", ";Perhaps;");
  lines[30] = absl::StrCat(lines[30].substr(0, lines[30].rfind(';')), ";9");  // a rating
  lines[40] = absl::StrCat(";", lines[40].substr(lines[40].find(';') + 1));   // without id
  for (const std::string& line : lines) absl::StrAppend(&text, line, "\n");
  const std::string broken = dir_.File("broken.csv");
  const std::string rejects = dir_.File("rejects.csv");
  WriteFile(broken, text);
  Finished first = ImportFile(broken, {"--rejects", rejects});
  EXPECT_EQ(first.exit_code, kRefused) << first.err;
  EXPECT_EQ(Count(first, "created"), 96) << first.out;
  EXPECT_EQ(Count(first, "rejected"), 4) << first.out;
  const std::string refused = ReadFile(rejects);
  std::vector<std::string> rows = absl::StrSplit(refused, '\n', absl::SkipWhitespace());
  ASSERT_EQ(rows.size(), 5u) << refused;
  EXPECT_TRUE(absl::StrContains(rows[0], "reject_line")) << rows[0];
  EXPECT_TRUE(absl::StrContains(rows[1], "2021-13-01")) << rows[1];
  EXPECT_TRUE(absl::StrContains(rows[1], ";11;")) << rows[1];  // the line in the file
  EXPECT_TRUE(absl::StrContains(rows[2], "Perhaps")) << rows[2];
  EXPECT_TRUE(absl::StrContains(rows[3], "Satisfaction rating")) << rows[3];
  EXPECT_TRUE(absl::StrContains(rows[4], "Call Id")) << rows[4];
  // Repaired in place, the reject columns left as they are.
  WriteFile(rejects, absl::StrReplaceAll(refused, {{"2021-13-01;", "2021-01-01;"},
                                                   {";Perhaps;", ";Y;"},
                                                   {"\n;", "\nID-REPAIRED;"},
                                                   {";9;", ";4;"}}));
  Finished second = ImportFile(rejects);
  EXPECT_EQ(second.exit_code, 0) << second.out << second.err << ReadFile(rejects);
  EXPECT_EQ(Count(second, "created"), 4) << second.out;
  Client manager(*server_, As(auth::Role::kManager));
  auto stored = ListAll(manager, "");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->size(), 100u);
}

TEST_F(ReportTest, DocumentsInBothLanguages) {
  ASSERT_EQ(ImportFile(kCalls).exit_code, 0);
  const bool browser = RunProgram({"chromium", "--version"}).exit_code == 0;
  for (const char* language : {"en", "zh-CN"}) {
    const std::string html = Report("html", language);
    EXPECT_TRUE(absl::StrContains(html, absl::StrCat("lang=\"", language, "\""))) << language;
    EXPECT_TRUE(absl::StrContains(html, "<svg")) << language;
    EXPECT_TRUE(absl::StrContains(html, "Technical Support"));
    EXPECT_EQ(absl::StrContains(html, "满意度"), language[0] == 'z');
    // One file: nothing is loaded from elsewhere, nothing runs.
    EXPECT_FALSE(absl::StrContains(html, "src=\"http"));
    EXPECT_FALSE(absl::StrContains(html, "<link"));
    EXPECT_FALSE(absl::StrContains(html, "<script"));
    if (!browser) continue;
    const std::string png = dir_.File(absl::StrCat(language, ".png"));
    Finished shot =
        RunProgram({"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                    absl::StrCat("--user-data-dir=", dir_.File("browser")),
                    "--window-size=1000,1400", absl::StrCat("--screenshot=", png),
                    absl::StrCat("file://", dir_.File(absl::StrCat("report-", language, ".html")))},
                   {{"HOME", dir_.path()}});
    const std::string image = ReadFile(png);
    ASSERT_TRUE(absl::StartsWith(image, "\x89PNG")) << shot.err;
    // A blank page of this size compresses to a few kilobytes.
    EXPECT_GT(image.size(), 40000u) << language;
  }
  EXPECT_TRUE(absl::StartsWith(Report("csv"), "\xEF\xBB\xBF"));
  EXPECT_TRUE(absl::StrContains(Report("table"), "Technical Support"));
  if (!browser) GTEST_SKIP() << "chromium is absent: the documents were not rendered";
}

}  // namespace
}  // namespace sqm::testing
