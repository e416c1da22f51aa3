#include "cli/text/faults.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace sqm::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Where a call or a list ends that begins at `at`, after its bracket: its arguments, as written.
std::vector<std::string> ArgumentsAt(const std::string& code, size_t at) {
  std::vector<std::string> arguments(1);
  int depth = 0;
  bool quoted = false;
  for (; at < code.size(); ++at) {
    const char c = code[at];
    if (quoted && c == '\\') {
      arguments.back() += c;
      arguments.back() += code[++at];
      continue;
    }
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '(' || c == '{')) ++depth;
    if (!quoted && (c == ')' || c == '}') && --depth < 0) return arguments;
    if (!quoted && depth == 0 && c == ',') {
      arguments.emplace_back();
    } else if (quoted || c != '\n') {
      arguments.back() += c;
    }
  }
  return arguments;
}

// What a piece of code can say: all choices of `c ? "a" : "b"`, neighbouring literals joined, what
// is known only later as `…`; nothing for a text from elsewhere.
std::vector<std::string> TextsOf(const std::string& code) {
  static const std::regex literal(R"re("((?:[^"\\]|\\.)*)"( *))re");
  absl::string_view rest = absl::StripLeadingAsciiWhitespace(code);
  const bool is_format = absl::ConsumePrefix(&rest, "absl::StrFormat(");
  if (is_format || absl::ConsumePrefix(&rest, "absl::StrCat(")) {
    std::vector<std::string> texts = {""};
    for (const std::string& part : ArgumentsAt(code, code.size() - rest.size())) {
      std::vector<std::string> choices = TextsOf(part);
      if (choices.empty()) choices = {"…"};
      std::vector<std::string> longer;
      for (const std::string& text : texts) {
        for (const std::string& choice : choices) longer.push_back(text + choice);
      }
      texts = std::move(longer);
      if (is_format) break;
    }
    for (std::string& text : texts) text = std::regex_replace(text, std::regex("%[ds]"), "…");
    return texts;
  }
  const bool is_choice = code.find('?') < code.find('"');
  const bool is_text = code.find_first_not_of(' ') == code.find('"');
  if (!is_choice && !is_text) return {};
  std::vector<std::string> texts;
  size_t end = std::string::npos;
  for (std::sregex_iterator found(code.begin(), code.end(), literal), none; found != none;
       ++found) {
    if (static_cast<size_t>(found->position()) == end) {
      texts.back() += (*found)[1];
    } else {
      texts.push_back((*found)[1]);
    }
    end = found->position() + found->length();
  }
  return texts;
}

// What code says is wrong: the last argument of a refusal, or that of another number.
std::vector<std::string> FaultsIn(std::string code, const std::regex& refusal, size_t number) {
  static const std::regex comment("//[^\n]*");
  code = std::regex_replace(code, comment, "");
  std::vector<std::string> faults;
  for (std::sregex_iterator found(code.begin(), code.end(), refusal), none; found != none;
       ++found) {
    const std::vector<std::string> arguments =
        ArgumentsAt(code, found->position() + found->length());
    for (std::string& text :
         TextsOf(number < arguments.size() ? arguments[number] : arguments.back())) {
      faults.push_back(std::move(text));
    }
  }
  return faults;
}

// What the code of a service can find wrong with a field.
std::vector<std::string> FaultsIn(const std::string& code) {
  static const std::regex refusal(R"re(\b(InvalidField\(|errors_?\.Add\(|Refuse\(entry))re");
  return FaultsIn(code, refusal, std::string::npos);
}

TEST(FaultsTest, TheTextsOfACallAreFound) {
  EXPECT_THAT(FaultsIn(R"(
      // errors.Add("comment", "not this one");
      if (a) return InvalidField(absl::StrCat("list[", i, "]"), "must be (so, \"or\") so");
      errors_.Add(path, absl::StrCat("has ", size, full ? " rows" : " rooms",
                                     ", more "
                                     "than that"));
      errors.Add("d", absl::StrFormat("%d of %s", 1, x));
      errors.Add(field, status.message());)"),
              ElementsAre(R"(must be (so, \"or\") so)", "has … rows, more than that",
                          "has … rooms, more than that", "… of …"));
}

// Reads the services themselves: whoever adds a fault is told here that its Chinese is missing.
TEST(FaultsTest, WhateverAServiceFindsWrongIsSaidInChinese) {
  const std::filesystem::path source = SQM_SOURCE_DIR;
  std::vector<std::string> english;
  int all = 0;
  for (const auto* folder : {"common", "services"}) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(source / folder)) {
      // What is wrong with a contract or a configuration is told to whoever starts the program.
      if (file.path().extension() != ".cc" || file.path().filename() == "registry.cc") continue;
      std::ifstream stream(file.path());
      for (const std::string& fault : FaultsIn({std::istreambuf_iterator<char>(stream), {}})) {
        ++all;
        if (FaultText(fault, Language::kChinese) != fault) continue;
        english.push_back(absl::StrCat(file.path().filename().string(), ": ", fault));
      }
    }
  }
  EXPECT_GT(all, 150);
  EXPECT_THAT(english, IsEmpty()) << "add them to cli/text/faults.def";
}

TEST(FaultsTest, WhateverIsWrongWithAFilterOrASortOrderIsSaidInChinese) {
  static const std::regex refusal(R"re(\bError\()re");
  int all = 0;
  for (const char* file : {"filter_parser.cc", "order_by.cc"}) {
    std::ifstream stream(absl::StrCat(SQM_SOURCE_DIR, "/common/query/", file));
    for (std::string fault : FaultsIn({std::istreambuf_iterator<char>(stream), {}}, refusal, 1)) {
      ++all;
      // As it is written in code.
      fault = std::regex_replace(fault, std::regex(R"re(\\([\\"]))re"), "$1");
      EXPECT_NE(FaultText(fault, Language::kChinese), fault) << file;
    }
  }
  EXPECT_GT(all, 20);
  EXPECT_EQ(FaultText("filter: 'x' is no value of talk_duration; expected seconds such as 20s or "
                      "1.5s, at most 315576000000s (at position 16)",
                      Language::kChinese),
            "筛选条件：'x' 不是 talk_duration 的值，应为秒数，例如 20s 或 1.5s，最大 "
            "315576000000s（位置 16）");
  EXPECT_EQ(FaultText("filter: foo is not an indexed field; indexed are: agent, team (at position "
                      "0)",
                      Language::kChinese),
            "筛选条件：foo 不是已建索引的字段；可用字段：agent, team（位置 0）");
}

TEST(FaultsTest, ValuesStandWhereTheyBelong) {
  const auto chinese = [](const char* text) { return FaultText(text, Language::kChinese); };
  EXPECT_EQ(chinese("is longer than 200 characters"), "不得超过 200 个字符");
  EXPECT_EQ(chinese("must match [A-Z]{3}"), "格式须为 [A-Z]{3}");
  EXPECT_EQ(chinese("must be at least 1 and at most 9"), "应为 1 至 9");
  EXPECT_EQ(chinese("must be at least 1"), "不得小于 1");
  EXPECT_EQ(chinese("item `a` must be from 0 to 5 in steps of 1/2"),
            "评分项“a”：应为 0 至 5，步长 1/2");
  EXPECT_EQ(chinese("COUNT: must be a number from 1 to 9"), "COUNT：应为 1 至 9 的数字");
  EXPECT_EQ(chinese("has a } at byte 7 without its other"), "第 7 字节处的 } 不成对");
  EXPECT_EQ(chinese("'Mars/Base' is not an IANA time zone, e.g. Asia/Shanghai"),
            "“Mars/Base”不是 IANA 时区名称（如 Asia/Shanghai）");
  EXPECT_EQ(chinese("is something new"), "is something new");
  EXPECT_EQ(FaultText("is required", Language::kEnglish), "is required");
}

}  // namespace
}  // namespace sqm::cli
