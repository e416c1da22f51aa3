// `sqm complaints`: a day's work from the command line.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "tests/integration/complaints_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsCliTest : public ComplaintsWorld {
 protected:
  Finished Sqm(const std::vector<std::string>& words, const std::string& language = "en") {
    std::vector<std::string> argv = {SQM_BIN_DIR "/sqm", "--login", server_->login_file(),
                                     "--lang",           language,  "complaints"};
    argv.insert(argv.end(), words.begin(), words.end());
    return RunProgram(argv);
  }
};

TEST_F(ComplaintsCliTest, FromCreateToClose) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  Finished made = Sqm({"create", "--kind", "complaint", "--channel", "phone", "--subject",
                       "Charged twice", "--customer", "AC-1001", "--columns", "number"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const size_t at = made.out.find("C-");
  ASSERT_NE(at, std::string::npos) << made.out;
  const std::string number = made.out.substr(at, 13);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"acknowledge", number, "--text", "We have it"},
           {"classify", number, "--category", "categories/billing", "--severity", "high"},
           {"assign", number, "--to", "dev"},
           {"start", number},
           {"propose", number, "--text", "It is paid back."},
           {"reply", number},
           {"close", number, "--outcome", "upheld", "--cause", "double run"}}) {
    const Finished step = Sqm(words);
    EXPECT_EQ(step.exit_code, 0) << words[0] << step.err;
  }
  const Finished shown = Sqm({"show", number}, "zh");
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_TRUE(absl::StrContains(shown.out, "已办结")) << shown.out;
  EXPECT_TRUE(absl::StrContains(shown.out, "It is paid back.")) << shown.out;
  const Finished json = Sqm({"show", number, "-o", "json"});
  EXPECT_TRUE(absl::StartsWith(json.out, "{\"case\": {")) << json.out;
  EXPECT_TRUE(absl::StrContains(json.out, "CASE_ACTION_REPLY")) << json.out;
  const Finished all = Sqm({"list", "--filter", "state = CLOSED"});
  EXPECT_TRUE(absl::StrContains(all.out, number)) << all.out;
  EXPECT_FALSE(absl::StrContains(Sqm({"queue", "mine"}).out, number));
  v1::Case other = Sample();
  other.mutable_customer()->set_reference("ac1001");
  auto again = Create(*lead_, other);
  ASSERT_TRUE(again.ok()) << again.status();
  other.mutable_customer()->set_reference("AC-2002");
  auto stranger = Create(*lead_, other);
  ASSERT_TRUE(stranger.ok()) << stranger.status();
  const Finished history = Sqm({"history", number});
  EXPECT_TRUE(absl::StrContains(history.out, number)) << history.out;
  EXPECT_TRUE(absl::StrContains(history.out, again->number())) << history.out;
  EXPECT_FALSE(absl::StrContains(history.out, stranger->number())) << history.out;
}

TEST_F(ComplaintsCliTest, SaysWhatIsWrong) {
  const Finished queue = Sqm({"queue", "sideways"});
  EXPECT_EQ(queue.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(queue.err, "due-soon")) << queue.err;
  const Finished none = Sqm({"show", "C-2026-999999"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(none.err, "C-2026-999999")) << none.err;
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok());
  const Finished early = Sqm({"reply", one->name(), "--text", "x"});
  EXPECT_EQ(early.exit_code, 1);
  EXPECT_TRUE(absl::StrContains(early.err, "ACKNOWLEDGED")) << early.err;
}

}  // namespace
}  // namespace sqm::testing
