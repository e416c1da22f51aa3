#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cli/client/failure_text.h"

namespace sqm::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

grpc::Status Refused() {
  google::rpc::Status wire;
  wire.set_code(3);
  wire.set_message("2 fields are not valid");
  google::rpc::ErrorInfo info;
  info.set_reason("INVALID_FIELD");
  info.set_domain("sqm");
  (*info.mutable_metadata())["count"] = "2";
  wire.add_details()->PackFrom(info);
  google::rpc::BadRequest bad;
  auto* violation = bad.add_field_violations();
  violation->set_field("contact.channel");
  violation->set_description("must be set\x1b[2J");
  wire.add_details()->PackFrom(bad);
  google::rpc::LocalizedMessage localized;
  localized.set_locale("zh-CN");
  localized.set_message("部分字段无效。");
  wire.add_details()->PackFrom(localized);
  return {grpc::StatusCode::INVALID_ARGUMENT, wire.message(), wire.SerializeAsString()};
}

TEST(FailureTest, ExplainsEverythingThatWasSent) {
  const Failure failure = ReadFailure(Refused());
  EXPECT_EQ(Explain(failure, Language::kChinese),
            "错误：部分字段无效。\n"
            "  INVALID_ARGUMENT / INVALID_FIELD: 2 fields are not valid\n"
            "  - contact.channel：must be set\uFFFD[2J\n"
            "  count = 2\n"
            "→ 请更正这些字段；`sqm describe 资源` 可查看各字段要求。\n");
  EXPECT_EQ(ExitCodeOf(failure), kRefused);
}

TEST(FailureTest, ASingleViolationIsSaidOnce) {
  google::rpc::Status wire;
  wire.set_code(3);
  wire.set_message("contact.channel: must be set");
  google::rpc::BadRequest bad;
  auto* violation = bad.add_field_violations();
  violation->set_field("contact.channel");
  violation->set_description("must be set");
  wire.add_details()->PackFrom(bad);
  EXPECT_EQ(Explain(ReadFailure(wire), Language::kEnglish),
            "Error: The call failed.\n  INVALID_ARGUMENT: contact.channel: must be set\n");
  violation = bad.add_field_violations();
  violation->set_field("contact.agent");
  violation->set_description("must be set");
  wire.clear_details();
  wire.add_details()->PackFrom(bad);
  const std::string both = Explain(ReadFailure(wire), Language::kEnglish);
  EXPECT_THAT(both, HasSubstr("  - contact.channel: must be set\n"));
  EXPECT_THAT(both, HasSubstr("  - contact.agent: must be set\n"));
}

TEST(FailureTest, FaultsAreSaidInChinese) {
  google::rpc::Status wire;
  wire.set_code(3);
  wire.set_message("amount: is required (and 1 more)");
  google::rpc::BadRequest bad;
  for (const char* field : {"amount", "reason"}) {
    auto* violation = bad.add_field_violations();
    violation->set_field(field);
    violation->set_description("is required");
  }
  wire.add_details()->PackFrom(bad);
  const std::string told = Explain(ReadFailure(wire), Language::kChinese);
  EXPECT_THAT(told, HasSubstr(": amount：必填（另有 1 项）\n  - amount：必填\n  - reason：必填\n"));
}

TEST(FailureTest, AnOptionStandsForItsFieldAndForNothingElse) {
  google::rpc::Status wire;
  wire.set_code(3);
  wire.set_message("case.text: must not be case.text.size or other.case.text");
  google::rpc::ErrorInfo info;
  info.set_reason("INVALID_FIELD");
  wire.add_details()->PackFrom(info);
  google::rpc::BadRequest bad;
  bad.add_field_violations()->set_field("case.text");
  bad.add_field_violations()->set_field("case.events");
  wire.add_details()->PackFrom(bad);
  Failure failure = ReadFailure(wire);
  NameOptions(failure, "sqm x", [](absl::string_view path) {
    return std::string(path == "case.text" ? "--text" : "");
  });
  const std::string told = Explain(failure, Language::kEnglish);
  EXPECT_THAT(told, HasSubstr(": --text: must not be case.text.size or other.case.text\n"));
  EXPECT_THAT(told, HasSubstr("  - --text: "));
  EXPECT_THAT(told, HasSubstr("  - case.events: "));
  EXPECT_THAT(told, HasSubstr("→ Correct these options; `sqm x --help`"));
}

TEST(FailureTest, AWrongStateSaysWhatIsPossible) {
  google::rpc::Status wire;
  wire.set_code(9);
  google::rpc::ErrorInfo info;
  info.set_reason("WRONG_STATE");
  (*info.mutable_metadata())["allowed_states"] = "CLOSED,WITHDRAWN";
  wire.add_details()->PackFrom(info);
  EXPECT_THAT(Explain(ReadFailure(wire), Language::kEnglish),
              HasSubstr("→ From there it can become: CLOSED, WITHDRAWN.\n"));
  (*info.mutable_metadata())["resource"] = "cases/1";
  wire.clear_details();
  wire.add_details()->PackFrom(info);
  EXPECT_THAT(Explain(ReadFailure(wire), Language::kEnglish),
              HasSubstr("→ From there it can become: Closed, Withdrawn.\n"));
  EXPECT_THAT(Explain(ReadFailure(wire), Language::kChinese),
              HasSubstr("→ 当前可转入的状态：已办结、已撤回。\n"));
  (*info.mutable_metadata())["allowed_states"] = "";
  wire.clear_details();
  wire.add_details()->PackFrom(info);
  EXPECT_THAT(Explain(ReadFailure(wire), Language::kChinese), HasSubstr("→ 已无后续操作。\n"));
  EXPECT_THAT(Explain(ReadFailure(wire), Language::kChinese), Not(HasSubstr("allowed_states")));
}

TEST(FailureTest, WithoutLocalizedMessageTheCatalogueSpeaks) {
  google::rpc::Status wire;
  wire.set_code(5);
  google::rpc::ErrorInfo info;
  info.set_reason("NOT_FOUND");
  wire.add_details()->PackFrom(info);
  const Failure failure = ReadFailure(wire);
  EXPECT_THAT(Explain(failure, Language::kEnglish), HasSubstr("Error: Not found."));
  EXPECT_THAT(Explain(failure, Language::kChinese), HasSubstr("未找到。"));
}

TEST(FailureTest, AnUnreachableServerIsUnavailable) {
  const Failure failure =
      ReadFailure(grpc::Status(grpc::StatusCode::UNAVAILABLE, "failed to connect"));
  EXPECT_EQ(ExitCodeOf(failure), kUnavailable);
  EXPECT_THAT(Explain(failure, Language::kEnglish), HasSubstr("The server cannot be reached."));
  EXPECT_THAT(Explain(failure, Language::kEnglish), HasSubstr("→ Check that the server runs"));
  EXPECT_EQ(ExitCodeOf(ReadFailure(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, ""))),
            kUnavailable);
}

TEST(FailureTest, ACertificateThatIsNotAcceptedIsNoAbsentServer) {
  const Failure failure = ReadFailure(
      grpc::Status(grpc::StatusCode::UNAVAILABLE,
                   "failed to connect to all addresses; last error: UNKNOWN: Tls handshake failed: "
                   "SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify failed"));
  EXPECT_THAT(Explain(failure, Language::kEnglish), HasSubstr("→ The server shows a certificate"));
  EXPECT_THAT(Explain(failure, Language::kChinese), HasSubstr("→ 服务器出示的证书未被接受"));
}

TEST(FailureTest, WhatIsNotThereIsLookedForInItsCollection) {
  google::rpc::Status wire;
  wire.set_code(9);
  wire.set_message("category: categories/nope does not exist");
  google::rpc::ErrorInfo info;
  info.set_reason("REFERENCE_NOT_FOUND");
  (*info.mutable_metadata())["name"] = "categories/nope";
  wire.add_details()->PackFrom(info);
  const std::string told = Explain(ReadFailure(wire), Language::kEnglish);
  EXPECT_THAT(told, HasSubstr("→ `sqm list categories` shows what there is.\n"));
  wire.set_message("calendar.zone: is no zone");
  info.set_reason("INVALID_FIELD");
  info.mutable_metadata()->clear();
  (*info.mutable_metadata())["field"] = "calendar.zone";
  wire.add_details()->PackFrom(info);
  EXPECT_THAT(Explain(ReadFailure(wire), Language::kEnglish),
              HasSubstr("`sqm describe calendars` shows what each one takes.\n"));
  // Said already.
  EXPECT_THAT(told, Not(HasSubstr("name = ")));
}

TEST(FailureTest, WhatTheAdviceGoesByIsSaidByItself) {
  google::rpc::Status wire;
  wire.set_code(9);
  wire.set_message("staff/ann owns it already, of team/north");
  google::rpc::ErrorInfo info;
  info.set_reason("RULE_VIOLATED");
  info.mutable_metadata()->insert(
      {{"rule", "has-owner"}, {"owner", "staff/ann"}, {"team", "team/north"}});
  wire.add_details()->PackFrom(info);
  for (const Language language : {Language::kEnglish, Language::kChinese}) {
    const std::string told = Explain(ReadFailure(wire), language);
    EXPECT_THAT(told, HasSubstr("  owner = staff/ann\n"));
    EXPECT_THAT(told, HasSubstr("  rule = has-owner\n"));
    EXPECT_THAT(told, Not(HasSubstr("team = ")));
  }
}

TEST(FailureTest, DamagedDetailsStillTellCodeAndMessage) {
  const Failure failure = ReadFailure(grpc::Status(grpc::StatusCode::ABORTED, "stale", "\xFF\xFF"));
  EXPECT_EQ(failure.code, grpc::StatusCode::ABORTED);
  EXPECT_THAT(Explain(failure, Language::kEnglish), HasSubstr("ABORTED: stale"));
  EXPECT_THAT(Explain(failure, Language::kEnglish), Not(HasSubstr("→")));
}

TEST(FailureTest, RetryIsTold) {
  google::rpc::Status wire;
  wire.set_code(8);
  google::rpc::ErrorInfo info;
  info.set_reason("OVERLOADED");
  wire.add_details()->PackFrom(info);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(500'000'000);
  wire.add_details()->PackFrom(retry);
  EXPECT_THAT(Explain(ReadFailure(wire), Language::kEnglish), HasSubstr("Try again after 0.5 s"));
}

grpc::Status Broken(const std::string& reason, std::map<std::string, std::string> metadata) {
  google::rpc::Status wire;
  wire.set_code(9);
  wire.set_message("no");
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("sqm");
  info.mutable_metadata()->insert(metadata.begin(), metadata.end());
  wire.add_details()->PackFrom(info);
  return {grpc::StatusCode::FAILED_PRECONDITION, wire.message(), wire.SerializeAsString()};
}

TEST(FailureTest, ARuleIsSaidInTheReadersLanguageWithWhatToDo) {
  const Failure failure = ReadFailure(Broken("RULE_VIOLATED", {{"rule", "no-owner"}}));
  EXPECT_THAT(Explain(failure, Language::kChinese), HasSubstr("→ 请先分配负责人"));
  EXPECT_THAT(Explain(failure, Language::kEnglish), HasSubstr("→ Assign it first"));
  // One that this client does not know yet is said as the server does.
  const Failure newer = ReadFailure(Broken("RULE_VIOLATED", {{"rule", "of-tomorrow"}}));
  EXPECT_THAT(Explain(newer, Language::kChinese), Not(HasSubstr("→")));
}

TEST(FailureTest, AWrongStateNamesTheCommands) {
  const Failure failure = ReadFailure(
      Broken("WRONG_STATE", {{"resource", "cases/1"},
                             {"current_state", "WAITING_CUSTOMER"},
                             {"allowed_states", "INVESTIGATING,WAITING_THIRD_PARTY,WITHDRAWN"}}));
  EXPECT_THAT(Explain(failure, Language::kEnglish),
              HasSubstr("Commands: sqm complaints resume, wait, withdraw."));
  // One state is come to in several ways.
  const auto commands = [](const char* current, const char* allowed) {
    return Explain(ReadFailure(Broken("WRONG_STATE", {{"resource", "cases/1"},
                                                      {"current_state", current},
                                                      {"allowed_states", allowed}})),
                   Language::kEnglish);
  };
  EXPECT_THAT(commands("RESPONSE_PROPOSED", "INVESTIGATING,APPROVED"),
              HasSubstr("sqm complaints return, approve."));
  EXPECT_THAT(commands("ASSIGNED", "CLASSIFIED,INVESTIGATING"),
              HasSubstr("sqm complaints refuse, start."));
  EXPECT_THAT(commands("REPLIED", "REOPENED,CLOSED"), HasSubstr("sqm complaints escalate, close."));
  EXPECT_THAT(commands("CLOSED", "REOPENED,ARCHIVED"),
              HasSubstr("sqm complaints reopen, archive."));
}

}  // namespace
}  // namespace sqm::cli
