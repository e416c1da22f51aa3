#include "common/observe/log.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "common/observe/log_format.h"

namespace sqm::observe {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Captured final : public LogSink {
 public:
  void Write(absl::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;  // Write's calls never overlap
};

class LogTest : public ::testing::Test {
 protected:
  json Only() {
    EXPECT_EQ(sink_->lines.size(), 1u);
    return json::parse(sink_->lines.at(0));
  }

  FakeClock clock_{absl::FromUnixMicros(1610712000123456)};
  std::shared_ptr<Captured> sink_ = std::make_shared<Captured>();
  Logger logger_{sink_, Logger::Form::kJson, clock_};
};

TEST_F(LogTest, WritesOneJsonObjectALine) {
  const std::string method = "GetContact";
  logger_.Log(Level::kInfo, "call ended",
              {{"method", method},
               {"code", "OK"},
               {"n", 3},
               {"bytes", size_t{1} << 63},
               {"ratio", 0.1},
               {"cached", true},
               {"elapsed_seconds", absl::Milliseconds(1500)}});
  EXPECT_EQ(sink_->lines.at(0),
            "{\"time\":\"2021-01-15T12:00:00.123456Z\",\"level\":\"info\",\"message\":\"call "
            "ended\",\"method\":\"GetContact\",\"code\":\"OK\",\"n\":3,"
            "\"bytes\":9223372036854775808,\"ratio\":0.1,\"cached\":true,"
            "\"elapsed_seconds\":1.5}\n");
}

TEST_F(LogTest, TheLevelFilters) {
  logger_.Log(Level::kDebug, "quiet");
  logger_.SetLevel(Level::kError);
  logger_.Log(Level::kWarning, "quiet");
  EXPECT_TRUE(sink_->lines.empty());
  logger_.SetLevel(Level::kDebug);
  logger_.Log(Level::kDebug, "heard");
  EXPECT_EQ(Only()["level"], "debug");
  EXPECT_EQ(LevelOf("warning"), Level::kWarning);
  EXPECT_EQ(LevelOf("loud"), std::nullopt);
}

TEST_F(LogTest, NumbersThatJsonLacksBecomeWords) {
  logger_.Log(Level::kInfo, "m",
              {{"a", std::nan("")},
               {"b", -std::numeric_limits<double>::infinity()},
               {"c", std::numeric_limits<int64_t>::min()}});
  const json line = Only();
  EXPECT_EQ(line["a"], "NaN");
  EXPECT_EQ(line["b"], "-Infinity");
  EXPECT_EQ(line["c"], std::numeric_limits<int64_t>::min());
}

TEST_F(LogTest, HostileStringsStayInsideTheirValue) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a\"},\n{\"level\":\"error\"", "a\"},\n{\"level\":\"error\""},
      {std::string("nul\0in", 6), std::string("nul\0in", 6)},
      {"\x1b[2J\x7f", "\x1b[2J\x7f"},
      {"\xC2\x9B"
       "31m",
       "\xC2\x9B"
       "31m"},  // C1 CSI
      // NOLINTNEXTLINE(misc-misleading-bidirectional): a right-to-left override
      {"\xE2\x80\xAEtxt.exe", "\xE2\x80\xAEtxt.exe"},
      {"质量\xF0\x9F\x98\x80", "质量\xF0\x9F\x98\x80"},
      {"\xff\xfe", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // overlong
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // surrogate
      {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xF0\x9F\x98", "\xEF\xBF\xBD"},  // cut short: one replacement
      {"\xE2\x82x", "\xEF\xBF\xBDx"},
  };
  for (const auto& [hostile, kept] : cases) {
    sink_->lines.clear();
    logger_.Log(Level::kInfo, hostile, {{hostile, hostile}});
    const std::string line = sink_->lines.at(0);
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.find("\xC2\x9B"), std::string::npos);
    // NOLINTNEXTLINE(misc-misleading-bidirectional)
    EXPECT_EQ(line.find("\xE2\x80\xAE"), std::string::npos);
    const json parsed = json::parse(line);
    EXPECT_EQ(parsed["message"], kept);
    EXPECT_EQ(parsed[kept], kept);
  }
}

TEST_F(LogTest, EveryByteSequenceGivesValidJson) {
  uint64_t state = 88172645463325252ull;
  for (int i = 0; i < 5000; ++i) {
    std::string noise;
    for (int j = 0; j < i % 40; ++j) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      noise += static_cast<char>(state);
    }
    sink_->lines.clear();
    logger_.Log(Level::kInfo, noise, {{noise, noise}});
    ASSERT_TRUE(json::accept(sink_->lines.at(0)));
  }
}

TEST_F(LogTest, LongValuesAreCutBetweenCharactersWithAMark) {
  std::string text(Logger::kMaxValueBytes - 1, 'x');
  logger_.Log(Level::kInfo, "m", {{"whole", text + "y"}, {"cut", text + "质量"}});
  const json line = Only();
  EXPECT_EQ(line["whole"], text + "y");
  EXPECT_EQ(line["cut"], text + "…[cut]");
}

TEST_F(LogTest, ALineIsBoundedAndSaysWhatItLeftOut) {
  const std::string big(Logger::kMaxValueBytes, '\x01');  // six bytes each when escaped
  logger_.Log(Level::kInfo, big, {{"a", big}, {"b", big}, {"c", big}, {"d", 1}});
  EXPECT_LE(sink_->lines.at(0).size(), Logger::kMaxLineBytes);
  const json line = Only();
  EXPECT_EQ(line["fields_dropped"], 2);
  EXPECT_EQ(line["d"], 1);
  EXPECT_FALSE(line.contains("b"));
}

TEST_F(LogTest, AFieldCannotTakeTheNameOfAFixedOne) {
  logger_.Log(Level::kInfo, "m", {{"level", "error"}, {"time", 0}});
  const json line = Only();
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["field_level"], "error");
  EXPECT_EQ(line["field_time"], 0);
}

TEST_F(LogTest, RepeatedWarningsAreCountedInsteadOfWritten) {
  const auto warn = [this] { logger_.Log(Level::kWarning, "cannot reach redis"); };
  for (int i = 0; i < 500; ++i) warn();
  EXPECT_EQ(sink_->lines.size(), size_t{Logger::kWarningsPerSecond});
  logger_.Log(Level::kWarning, "another place");
  EXPECT_EQ(sink_->lines.size(), size_t{Logger::kWarningsPerSecond} + 1);
  sink_->lines.clear();
  clock_.Advance(absl::Seconds(1));
  warn();
  EXPECT_EQ(Only()["suppressed"], 490);
  for (int i = 0; i < 15; ++i) warn();
  sink_->lines.clear();
  logger_.Flush();
  EXPECT_EQ(Only()["suppressed"], 6);
  EXPECT_EQ(Only()["message"], "cannot reach redis");
  logger_.Flush();
  EXPECT_EQ(sink_->lines.size(), 1u);
}

TEST_F(LogTest, InfoIsNotBounded) {
  for (int i = 0; i < 500; ++i) logger_.Log(Level::kInfo, "call ended");
  EXPECT_EQ(sink_->lines.size(), 500u);
}

TEST_F(LogTest, TheFormForPeopleNamesTheLevelInWords) {
  logger_.SetForm(Logger::Form::kPeople);
  logger_.Log(Level::kWarning, "slow \x1b[31mdisk", {{"ms", 12}, {"path", "a b"}});
  EXPECT_THAT(sink_->lines.at(0), HasSubstr("WARNING"));
  EXPECT_THAT(sink_->lines.at(0), HasSubstr("slow \\u001b[31mdisk ms=12 path=\"a b\""));
}

TEST(FdSink, ThreadsNeverMixTheirLines) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  // Small and non-blocking: writes come back partial and refused.
  fcntl(fds[1], F_SETPIPE_SZ, 4096);
  fcntl(fds[1], F_SETFL, O_NONBLOCK);
  std::string read_back;
  std::thread reader([&] {
    char buffer[512];
    for (ssize_t n; (n = read(fds[0], buffer, sizeof(buffer))) > 0;) {
      read_back.append(buffer, static_cast<size_t>(n));
    }
  });
  {
    Logger logger(std::make_shared<FdSink>(fds[1]), Logger::Form::kJson);
    std::vector<std::thread> writers;
    for (int t = 0; t < 4; ++t) {
      writers.emplace_back([&logger, t] {
        const std::string text(6000, static_cast<char>('a' + t));
        for (int i = 0; i < 50; ++i) logger.Log(Level::kInfo, "m", {{"i", i}, {"text", text}});
      });
    }
    for (auto& writer : writers) writer.join();
  }
  close(fds[1]);
  reader.join();
  close(fds[0]);
  int lines = 0;
  for (absl::string_view line : absl::StrSplit(read_back, '\n', absl::SkipEmpty())) {
    ASSERT_TRUE(json::accept(line.begin(), line.end()));
    ++lines;
  }
  EXPECT_EQ(lines, 200);
}

// What can be read without waiting.
std::string Drain(int fd) {
  std::string text;
  char buffer[4096];
  fcntl(fd, F_SETFL, O_NONBLOCK);
  for (ssize_t n; (n = read(fd, buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, static_cast<size_t>(n));
  }
  return text;
}

// `ends`: to read from, and to log to, which nobody reads for now.
void ExpectNobodyWaitsForItsReader(const int (&ends)[2]) {
  Logger logger(std::make_shared<FdSink>(ends[1]), Logger::Form::kJson);
  constexpr int kLines = 1000;
  const auto began = std::chrono::steady_clock::now();
  const std::string text(1000, 'x');
  for (int i = 0; i < kLines; ++i) logger.Log(Level::kInfo, "m", {{"text", text}});
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  // Who else writes there expects it to block.
  EXPECT_EQ(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
  std::string read_back = Drain(ends[0]);
  logger.Log(Level::kInfo, "after");
  absl::StrAppend(&read_back, Drain(ends[0]));
  logger.Log(Level::kInfo, "said once");
  absl::StrAppend(&read_back, Drain(ends[0]));
  int64_t lines = 0;
  int64_t left_out = 0;
  for (absl::string_view line : absl::StrSplit(read_back, '\n', absl::SkipEmpty())) {
    ASSERT_TRUE(json::accept(line.begin(), line.end())) << line;
    const json read = json::parse(line.begin(), line.end());
    lines += read["message"] == "m" ? 1 : 0;
    if (read.contains("count")) left_out += read["count"].get<int64_t>();
  }
  EXPECT_GT(lines, 0);
  EXPECT_GT(left_out, 0);
  EXPECT_EQ(lines + left_out, kLines);
  EXPECT_THAT(read_back, HasSubstr("after"));
}

TEST(FdSink, NobodyWaitsForTheReaderOfAPipe) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  ExpectNobodyWaitsForItsReader(ends);
  close(ends[0]);
  close(ends[1]);
}

TEST(FdSink, NobodyWaitsForTheReaderOfASocket) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  ExpectNobodyWaitsForItsReader(ends);
  close(ends[0]);
  close(ends[1]);
}

TEST(FdSink, FollowsADescriptorThatIsPutElsewhere) {
  int one[2], two[2];
  ASSERT_EQ(pipe2(one, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(two, O_CLOEXEC), 0);
  Logger logger(std::make_shared<FdSink>(one[1]), Logger::Form::kJson);
  logger.Log(Level::kInfo, "first");
  ASSERT_EQ(dup2(two[1], one[1]), one[1]);
  logger.Log(Level::kInfo, "second");
  EXPECT_EQ(json::parse(Drain(one[0]))["message"], "first");
  EXPECT_EQ(json::parse(Drain(two[0]))["message"], "second");
  for (const int fd : {one[0], one[1], two[0], two[1]}) close(fd);
}

TEST(FdSink, AClosedDescriptorLosesItsLineAndNoOther) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  Logger logger(std::make_shared<FdSink>(-1), Logger::Form::kJson);
  logger.Log(Level::kError, "nobody hears this");
  logger.SetSink(std::make_shared<FdSink>(ends[1]));
  logger.Log(Level::kError, "heard");
  close(ends[1]);
  char text[4096];
  const ssize_t size = read(ends[0], text, sizeof(text));
  close(ends[0]);
  ASSERT_GT(size, 0);
  EXPECT_EQ(json::parse(std::string(text, static_cast<size_t>(size)))["message"], "heard");
}

}  // namespace
}  // namespace sqm::observe
