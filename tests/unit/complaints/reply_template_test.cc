#include "services/complaints/reply_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

v1::ReplyTemplate Sorry() {
  v1::ReplyTemplate reply;
  reply.set_name("replyTemplates/sorry");
  reply.mutable_label()->set_en("Sorry");
  reply.set_body_zh("{kind} {number}（{category}）{received_date} 收到，{due_date} 前答复。");
  reply.set_body_en("{kind} {number} ({category}) of {received_date}, due {due_date}. {{sic}}");
  return reply;
}

TEST(ReplyTemplates, AreChecked) {
  EXPECT_TRUE(CheckTemplate(Sorry()).ok());
  const auto refused = [](const char* body) {
    v1::ReplyTemplate reply = Sorry();
    reply.set_body_en(body);
    return ReasonOf(CheckTemplate(reply)) == type::v1::ERROR_REASON_INVALID_FIELD;
  };
  EXPECT_TRUE(refused("Dear {customer_name}"));
  v1::ReplyTemplate unknown = Sorry();
  unknown.set_body_zh("{name}");
  EXPECT_EQ(
      CheckTemplate(unknown).message(),
      "reply_template.body_zh: has an unknown field {name}; fields are number, kind, category, "
      "received_date, due_date, answer");
  EXPECT_TRUE(refused("Dear {number"));
  EXPECT_TRUE(refused("Dear number}"));
  EXPECT_TRUE(refused("{}"));
  EXPECT_FALSE(refused("{{number}}"));
  EXPECT_FALSE(refused(""));
  v1::ReplyTemplate empty = Sorry();
  empty.clear_body_zh();
  empty.clear_body_en();
  EXPECT_FALSE(CheckTemplate(empty).ok());
}

TEST(ReplyTemplates, AreFilledInTheCustomersLanguage) {
  v1::Case one = Received();
  v1::Category category;
  category.mutable_label()->set_en("Billing");
  v1::DeadlineStatus& answer = *one.add_deadlines();
  answer.set_kind(v1::DEADLINE_KIND_FIRST_RESPONSE);
  *answer.mutable_due_time() = ToTimestamp(kNow + absl::Hours(20));
  // What is due inside, or was, is not promised to anybody.
  v1::DeadlineStatus& approval = *one.add_deadlines();
  approval.set_kind(v1::DEADLINE_KIND_APPROVAL);
  *approval.mutable_due_time() = ToTimestamp(kNow + absl::Hours(1));
  v1::DeadlineStatus& passed = *one.add_deadlines();
  passed.set_kind(v1::DEADLINE_KIND_NEXT_RESPONSE);
  *passed.mutable_due_time() = ToTimestamp(kNow - absl::Hours(1));
  absl::TimeZone shanghai;
  ASSERT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &shanghai));
  const auto text = [&](const v1::ReplyTemplate& reply, v1::CaseLanguage language) {
    v1::RenderReplyRequest request;
    request.set_language(language);
    auto made = RenderReply(reply, one, &category, request, kNow, shanghai);
    if (!made.ok()) return RuleOf(made.status());
    EXPECT_EQ(made->language() == v1::CASE_LANGUAGE_ZH, made->text() > "\x7f") << made->text();
    return made->text();
  };
  EXPECT_EQ(text(Sorry(), v1::CASE_LANGUAGE_UNSPECIFIED),
            "投诉 C-2026-000001（Billing）2026年3月2日 收到，2026年3月3日 前答复。");
  one.set_language(v1::CASE_LANGUAGE_EN);
  EXPECT_EQ(text(Sorry(), v1::CASE_LANGUAGE_UNSPECIFIED),
            "Complaint C-2026-000001 (Billing) of 2026-03-02, due 2026-03-03. {sic}");
  one.clear_deadlines();
  v1::ReplyTemplate chinese = Sorry();
  chinese.clear_body_en();
  // What the template lacks is taken from the other language, unless one was asked for.
  EXPECT_EQ(text(chinese, v1::CASE_LANGUAGE_UNSPECIFIED),
            "投诉 C-2026-000001（Billing）2026年3月2日 收到，— 前答复。");
  EXPECT_EQ(text(chinese, v1::CASE_LANGUAGE_EN), "template-language-missing");
  chinese.add_kinds(v1::CASE_KIND_PRAISE);
  EXPECT_EQ(text(chinese, v1::CASE_LANGUAGE_ZH), "template-for-other-kinds");
}

TEST(ReplyTemplates, SayWhereWhatWasFoundStandsAndWhatIsMissing) {
  v1::ReplyTemplate reply;
  reply.set_name("replyTemplates/final");
  reply.set_body_en("Case {number}:\n{answer}\n{answer} by {due_date}, {category}.");
  reply.set_body_zh("个案 {number}");
  const v1::Case one = Received();
  v1::RenderReplyRequest request;
  request.set_language(v1::CASE_LANGUAGE_EN);
  auto blank = RenderReply(reply, one, nullptr, request, kNow, absl::UTCTimeZone());
  ASSERT_TRUE(blank.ok()) << blank.status();
  EXPECT_EQ(blank->text(), "Case C-2026-000001:\n—\n— by —, —.");
  EXPECT_THAT(blank->missing(), ::testing::ElementsAre("answer", "due_date", "category"));
  // What is said is not read as a template.
  request.set_answer("Paid back {number} {");
  auto said = RenderReply(reply, one, nullptr, request, kNow, absl::UTCTimeZone());
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->text(),
            "Case C-2026-000001:\nPaid back {number} {\nPaid back {number} { by —, —.");
  EXPECT_THAT(said->missing(), ::testing::ElementsAre("due_date", "category"));
  request.set_language(v1::CASE_LANGUAGE_ZH);
  EXPECT_EQ(RuleOf(RenderReply(reply, one, nullptr, request, kNow, absl::UTCTimeZone()).status()),
            "template-without-answer");
}

TEST(ReplyTemplates, HaveALabelAndAText) {
  v1::ReplyTemplate reply = Sorry();
  reply.clear_label();
  EXPECT_EQ(CheckTemplate(reply).message(),
            "reply_template.label: must be given in at least one language");
  reply.mutable_label()->set_zh("抱歉");
  reply.clear_body_en();
  EXPECT_TRUE(CheckTemplate(reply).ok());
}

}  // namespace
}  // namespace sqm::complaints
