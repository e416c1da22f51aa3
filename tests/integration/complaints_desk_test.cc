// Assignment by rule and templates of replies, against the running suite.
#include <absl/strings/str_cat.h>

#include <thread>

#include "tests/integration/complaints_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsDeskTest : public ComplaintsWorld {
 protected:
  absl::Status AddHandler(const std::string& id, int capacity, const std::string& skill = "") {
    v1::CreateHandlerRequest request;
    request.mutable_handler()->set_team("north");
    request.mutable_handler()->set_capacity(capacity);
    if (!skill.empty()) request.mutable_handler()->add_skills(skill);
    request.set_handler_id(id);
    return supervisor_->Call(&Stub::CreateHandler, request).status();
  }
  // Classified as categories/billing; its name.
  std::string Classified() {
    auto one = Create(*supervisor_, Sample());
    EXPECT_TRUE(one.ok()) << one.status();
    const std::string name = one->name();
    EXPECT_TRUE(Do<v1::AcknowledgeCaseRequest>(*supervisor_, &Stub::AcknowledgeCase, name).ok());
    EXPECT_TRUE(
        Do<v1::ClassifyCaseRequest>(*supervisor_, &Stub::ClassifyCase, name, [](auto& request) {
          request.set_category("categories/billing");
        }).ok());
    return name;
  }
  absl::StatusOr<v1::Case> AutoAssign(const Client& client, const std::string& name) {
    return Do<v1::AutoAssignCaseRequest>(client, &Stub::AutoAssignCase, name);
  }
};

TEST_F(ComplaintsDeskTest, AssignsByRuleWithItsReason) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  ASSERT_TRUE(CreateCategory("noise").ok());
  EXPECT_TRUE(IsRefused(AutoAssign(*supervisor_, Classified()).status(), Rule("no-handler")));
  EXPECT_TRUE(IsRefused(AddHandler("bob", 3, "categories/none"), kNoReference));
  ASSERT_TRUE(AddHandler("ann", 2, "categories/billing").ok());
  ASSERT_TRUE(AddHandler("otto", 5, "categories/noise").ok());
  const std::string name = Classified();
  auto one = AutoAssign(*supervisor_, name);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->owner(), "staff/ann");
  EXPECT_EQ(Timeline(*supervisor_, name).back().text(),
            "load 0 of 2; suited 1, on shift 1, with room 1");
  // Given back: not to the same one again.
  ASSERT_TRUE(
      Do<v1::RefuseAssignmentRequest>(*agent_, &Stub::RefuseAssignment, name, [](auto& request) {
        request.set_reason("ill");
      }).ok());
  EXPECT_TRUE(IsRefused(AutoAssign(*supervisor_, name).status(), Rule("no-handler")));
}

TEST_F(ComplaintsDeskTest, CapacityHoldsWhateverComesAtOnce) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  ASSERT_TRUE(AddHandler("ann", 2).ok());
  ASSERT_TRUE(AddHandler("otto", 2).ok());
  std::vector<std::string> names;
  for (int i = 0; i < 8; ++i) names.push_back(Classified());
  std::atomic<int> assigned{0}, refused{0};
  std::vector<std::thread> threads;
  for (const std::string& name : names) {
    threads.emplace_back([&, name] {
      auto one = AutoAssign(*supervisor_, name);
      if (one.ok()) {
        ++assigned;
      } else if (IsRefused(one.status(), Rule("no-handler"))) {
        ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(assigned, 4);
  EXPECT_EQ(refused, 4);
  v1::ListQueueRequest mine;
  mine.set_queue(v1::CASE_QUEUE_MINE);
  EXPECT_EQ(agent_->Call(&Stub::ListQueue, mine)->cases_size(), 2);
  EXPECT_EQ(other_->Call(&Stub::ListQueue, mine)->cases_size(), 2);
}

TEST_F(ComplaintsDeskTest, TemplatesBeginAReply) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  v1::CreateReplyTemplateRequest create;
  create.set_reply_template_id("sorry");
  create.mutable_reply_template()->mutable_label()->set_en("Sorry");
  create.mutable_reply_template()->set_body_en("Case {number}: {name}");
  EXPECT_TRUE(IsRefused(manager_->Call(&Stub::CreateReplyTemplate, create).status(),
                        Field("reply_template.body_en")));
  create.mutable_reply_template()->set_body_en("Case {number} ({category})");
  ASSERT_TRUE(manager_->Call(&Stub::CreateReplyTemplate, create).ok());
  auto one = Assigned(Sample(), "staff/ann");
  ASSERT_TRUE(one.ok()) << one.status();
  v1::RenderReplyRequest render;
  render.set_name(one->name());
  render.set_template_("replyTemplates/sorry");
  auto text = agent_->Call(&Stub::RenderReply, render);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(text->text(), absl::StrCat("Case ", one->number(), " (billing)"));
  EXPECT_EQ(text->language(), v1::CASE_LANGUAGE_EN);
  EXPECT_TRUE(IsRefused(other_->Call(&Stub::RenderReply, render).status(), kNotFound));
  render.set_zone("Mars/Olympus");
  EXPECT_TRUE(IsRefused(agent_->Call(&Stub::RenderReply, render).status(), Field("zone")));
  render.clear_zone();
  render.set_language(v1::CASE_LANGUAGE_ZH);
  EXPECT_TRUE(IsRefused(agent_->Call(&Stub::RenderReply, render).status(),
                        Rule("template-language-missing")));
  v1::DeleteReplyTemplateRequest remove;
  remove.set_name("replyTemplates/sorry");
  ASSERT_TRUE(manager_->Call(&Stub::DeleteReplyTemplate, remove).ok());
  EXPECT_TRUE(IsRefused(agent_->Call(&Stub::RenderReply, render).status(), kNoReference));
}

}  // namespace
}  // namespace sqm::testing
