#include "cli/text/table.h"

#include <absl/strings/match.h>
#include <absl/strings/str_split.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "cli/text/width.h"

namespace sqm::cli {
namespace {

TEST(WidthTest, CountsTerminalColumns) {
  EXPECT_EQ(DisplayWidth(""), 0u);
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("客服代表"), 8u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);               // e and a combining accent
  EXPECT_EQ(DisplayWidth("😀"), 2u);                     // emoji
  EXPECT_EQ(DisplayWidth("👩\u200D🔬"), 2u);              // joined by ZWJ
  EXPECT_EQ(DisplayWidth("\U0001F1E8\U0001F1F3"), 2u);  // a flag
  EXPECT_EQ(DisplayWidth("a\xFF"
                         "b"),
            3u);                        // an invalid byte is one column
  EXPECT_EQ(DisplayWidth("，。"), 4u);  // full-width punctuation
}

TEST(WidthTest, TruncatesAtWholeClusters) {
  EXPECT_EQ(Truncate("abcdef", 6), "abcdef");
  EXPECT_EQ(Truncate("abcdef", 4), "abc…");
  EXPECT_EQ(Truncate("监控标准", 6), "监控…");
  EXPECT_EQ(Truncate("监控标准", 5), "监控…");
  EXPECT_EQ(Truncate("监控标准", 2), "…");
  EXPECT_EQ(Truncate("abc", 0), "");
}

TEST(WidthTest, PrintableHidesWhatATerminalWouldObey) {
  EXPECT_EQ(Printable("a\nb\tc"), "a b c");
  EXPECT_EQ(Printable("\x1b[2Jx"), "\uFFFD[2Jx");
  // NOLINTNEXTLINE(misc-misleading-bidirectional): a right-to-left override
  EXPECT_EQ(Printable("a\xE2\x80\xAE"
                      "b"),
            "a\uFFFDb");  // from right to left from here on
  EXPECT_EQ(Printable("a\xC3("), "a\uFFFD(");
  EXPECT_TRUE(IsUtf8("客服"));
  EXPECT_FALSE(IsUtf8("\xC0\xAF"));
}

Table Sample() {
  Table table({{"Name", Align::kLeft, true}, {"等级"}, {"n", Align::kRight}});
  table.Add({"contacts/1", "优秀", "3"});
  table.Add({"contacts/22", {"不合格", Tone::kBad}, "120"});
  return table;
}

TEST(TableTest, AlignsMixedScripts) {
  EXPECT_EQ(Sample().Format(Terminal()),
            "Name         等级        n\n"
            "───────────  ────────  ───\n"
            "contacts/1   优秀        3\n"
            "contacts/22  ✗ 不合格  120\n");
}

TEST(TableTest, ColoursOnlyWhereWelcomeAndNeverAlone) {
  const std::string plain = Sample().Format(Terminal());
  EXPECT_FALSE(absl::StrContains(plain, "\x1b"));
  EXPECT_TRUE(absl::StrContains(plain, "✗"));
  const std::string coloured = Sample().Format({.interactive = true, .width = 80, .colour = true});
  EXPECT_TRUE(absl::StrContains(coloured, "\x1b[31m✗ 不合格\x1b[0m"));
}

TEST(TableTest, FitsTheTerminal) {
  Table table({{"Name", Align::kLeft, true}, {"Text"}, {"More"}});
  table.Add({"contacts/01JD0000000000000000000001", std::string(100, 'x'),
             "服务质量服务质量服务质量服务质量服务质量"});
  for (const int width : {70, 80, 100, 120}) {
    const std::string text = table.Format({.interactive = true, .width = width});
    for (const auto& line : absl::StrSplit(text, '\n')) {
      EXPECT_LE(DisplayWidth(line), static_cast<size_t>(width));
    }
    EXPECT_TRUE(absl::StrContains(text, "contacts/01JD0000000000000000000001")) << width;
    EXPECT_TRUE(absl::StrContains(text, "…"));
  }
  EXPECT_TRUE(absl::StrContains(table.Format(Terminal()), std::string(100, 'x')));
}

TEST(TableTest, ManyColumnsFitATerminalOfOrdinaryWidth) {
  Table table({{"资源名", Align::kLeft, true},
               {"监听记录"},
               {"客服代表"},
               {"开具人姓名"},
               {"截止时间"},
               {"自动开具"},
               {"监控标准"},
               {"等级名称"}});
  const std::string name = "improvementNotes/01M8FRTTV28EW0G4851XAN";
  table.Add({name, name, "staff/ada-lovelace", "staff/developer", "2026-12-05 08:28:16",
             "不适用情形", "contact-centre-call", "needs-improvement"});
  for (const auto& line :
       absl::StrSplit(table.Format({.interactive = true, .width = 80}, 2026), '\n')) {
    EXPECT_LE(DisplayWidth(line), 80u) << line;
  }
}

TEST(TableTest, TimesAreShortenedAndNeverCut) {
  Table table({{"number", Align::kLeft, true}, {"subject"}, {"due_time"}, {"close_time"}});
  table.Add({"C-2026-000001", std::string(60, 'x'), "2026-12-01 14:30:05", "2025-11-02 08:00:00"});
  table.Add({"C-2026-000002", "Charged twice", "2026-12-02 09:15:00", ""});
  const auto at = [&](int width, int64_t year = 2026) {
    const std::string text = table.Format({.interactive = true, .width = width}, year);
    for (const auto& line : absl::StrSplit(text, '\n')) {
      EXPECT_LE(DisplayWidth(line), static_cast<size_t>(width));
    }
    const std::vector<std::string> lines = absl::StrSplit(text, '\n');
    return lines[2];
  };
  // What else may be cut is cut first, while it can be read.
  EXPECT_EQ(at(71), "C-2026-000001  xxxxxxxxxxxxx…  2026-12-01 14:30:05  2025-11-02 08:00:00");
  EXPECT_EQ(at(70), "C-2026-000001  xxxxxxxxxxxxx…  2026-12-01 14:30  2025-11-02 08:00:00");
  EXPECT_EQ(at(67), "C-2026-000001  xxxxxxxxxxxxx…  2026-12-01 14:30  2025-11-02 08:00");
  // The year is left out only where it is this one, and what comes last is not cut either.
  EXPECT_EQ(at(60), "C-2026-000001  xxxxxxxxxxxxx…  12-01 14:30  2025-11-02 08:00");
  EXPECT_EQ(at(54), "C-2026-000001  xxxxxxx…  12-01 14:30  2025-11-02 08:00");
  EXPECT_TRUE(absl::StrContains(table.Format({.interactive = true, .width = 20}, 2027),
                                "2026-12-01 14:30  2025-11-02 08:00"));
}

TEST(TableTest, NamesLoseTheirCollectionBeforeTheyAreCut) {
  Table table({{"number", Align::kLeft, true}, {"category"}, {"place"}});
  table.Add({"C-2026-000001", "categories/billing-error", "either/or, or neither"});
  EXPECT_TRUE(absl::StrContains(table.Format({.interactive = true, .width = 62}),
                                "C-2026-000001  categories/billing-error  either/or"));
  const std::string narrow = table.Format({.interactive = true, .width = 45});
  EXPECT_TRUE(absl::StrContains(narrow, "  billing-error  ")) << narrow;
  EXPECT_TRUE(absl::StrContains(narrow, "  either/or, or…\n")) << narrow;
}

TEST(WidthTest, NoLineIsWiderAndNothingIsLost) {
  const std::vector<std::string> pieces = {"a", "b", " ", "宽", "，", "\n", "cd", "é", "."};
  const auto letters = [](std::string text) {
    text.erase(
        std::remove_if(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\n'; }),
        text.end());
    return text;
  };
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same each time
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (size_t i = random() % 24; i > 0; --i) text += pieces[random() % pieces.size()];
    const size_t width = 2 + random() % 9;
    std::string joined;
    for (const std::string& line : Wrap(text, width)) {
      ASSERT_LE(DisplayWidth(line), width) << "width " << width << " of:" << text;
      joined += line;
    }
    ASSERT_EQ(letters(joined), letters(text));
  }
  EXPECT_EQ(Wrap("宽", 1), std::vector<std::string>{"宽"});  // for ever, else
}

TEST(WidthTest, WrapsWholeWordsAndLetters) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(Wrap("", 10), Lines{""});
  EXPECT_EQ(Wrap("We have looked into it", 10), (Lines{"We have", "looked", "into it"}));
  EXPECT_EQ(Wrap("one\n\ntwo", 10), (Lines{"one", "", "two"}));
  EXPECT_EQ(Wrap("abcdefghij", 4), (Lines{"abcd", "efgh", "ij"}));
  // A line of Chinese may end anywhere, but not before a stop.
  EXPECT_EQ(Wrap("宽带自周一起中断，", 8), (Lines{"宽带自周", "一起中", "断，"}));
  EXPECT_EQ(Wrap("宽带（家庭）中断", 6), (Lines{"宽带", "（家", "庭）中", "断"}));
  EXPECT_EQ(Wrap("编号 C-2026-000005 已办结", 14), (Lines{"编号", "C-2026-000005", "已办结"}));
  EXPECT_EQ(Printable("a\nb\x1b", true), "a\nb\uFFFD");
}

TEST(TableTest, LettersGoOnInFurtherLinesOnATerminal) {
  Table table({{"Field", Align::kLeft, true}, {"Value", Align::kLeft, false, true}});
  table.Add({"reply", "Dear customer,\nit is paid back."});
  table.Add({"state", "Replied"});
  EXPECT_EQ(table.Format({.interactive = true, .width = 21}),
            "Field  Value\n"
            "─────  ──────────────\n"
            "reply  Dear customer,\n"
            "       it is paid\n"
            "       back.\n"
            "state  Replied\n");
  EXPECT_TRUE(absl::StrContains(table.Format(Terminal()), "Dear customer, it is paid back.\n"));
  const char* const keys[] = {"field", "value"};
  EXPECT_TRUE(absl::StrContains(table.Data("jsonl", keys), "customer, it is"));
}

TEST(TableTest, FillsAndDropsCells) {
  Table table({{"A"}, {"B"}});
  table.Add({"1"});
  table.Add({"1", "2", "3"});
  EXPECT_EQ(table.Format(Terminal()), "A  B\n─  ─\n1\n1  2\n");
  EXPECT_EQ(table.rows(), 2u);
}

}  // namespace
}  // namespace sqm::cli
