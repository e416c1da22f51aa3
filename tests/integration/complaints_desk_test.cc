// Assignment by rule and templates of replies, against the running suite.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

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
            "has most room; suited 1, on shift 1, with room 1");
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
  EXPECT_TRUE(text->missing().empty());
  render.set_answer("Paid back");
  EXPECT_TRUE(IsRefused(agent_->Call(&Stub::RenderReply, render).status(),
                        Rule("template-without-answer")));
  render.clear_answer();
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

TEST_F(ComplaintsDeskTest, NobodyIsGivenACaseOutsideHisShift) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  v1::CreateCalendarRequest calendar;
  calendar.set_calendar_id("night");
  calendar.mutable_calendar()->mutable_label()->set_en("Elsewhere");
  calendar.mutable_calendar()->set_zone("UTC");
  v1::WeekdayHours& hours = *calendar.mutable_calendar()->add_weekly();
  // An hour in which nobody is on shift, whatever the time is.
  const int hour = static_cast<int>(absl::ToCivilHour(absl::Now(), absl::UTCTimeZone()).hour());
  for (int day = v1::WEEKDAY_MONDAY; day <= v1::WEEKDAY_SUNDAY; ++day) {
    hours.add_days(static_cast<v1::Weekday>(day));
  }
  const int later = (hour + 12) % 23;
  hours.add_intervals(absl::StrFormat("%02d:00-%02d:30", later, later));
  auto shift = manager_->Call(&Stub::CreateCalendar, calendar);
  ASSERT_TRUE(shift.ok()) << shift.status();
  v1::CreateHandlerRequest request;
  request.mutable_handler()->set_team("north");
  request.mutable_handler()->set_capacity(5);
  request.mutable_handler()->set_shift(shift->name());
  request.set_handler_id("ann");
  ASSERT_TRUE(supervisor_->Call(&Stub::CreateHandler, request).ok());
  const std::string name = Classified();
  absl::Status refused = AutoAssign(*supervisor_, name).status();
  EXPECT_TRUE(IsRefused(refused, Rule("no-handler")));
  EXPECT_EQ(MetadataOf(refused, "suited"), "1");
  EXPECT_EQ(MetadataOf(refused, "on_shift"), "0");
  ASSERT_TRUE(AddHandler("bob", 5).ok());
  auto assigned = AutoAssign(*supervisor_, name);
  ASSERT_TRUE(assigned.ok()) << assigned.status();
  EXPECT_EQ(assigned->owner(), "staff/bob");
}

// Who enters a case sees it until somebody has it.
TEST_F(ComplaintsDeskTest, WhoEntersACaseSeesItUntilItIsAssigned) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  auto one = Create(*agent_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->entered_by(), "staff/ann");
  EXPECT_TRUE(Get(*agent_, one->name()).ok());
  EXPECT_FALSE(Get(*other_, one->name()).ok());
  EXPECT_EQ(agent_->Call(&Stub::ListCases, v1::ListCasesRequest())->cases_size(), 1);
  EXPECT_EQ(Timeline(*agent_, one->name()).size(), 0u);
  ASSERT_TRUE(
      Do<v1::AcknowledgeCaseRequest>(*supervisor_, &Stub::AcknowledgeCase, one->name()).ok());
  ASSERT_TRUE(
      Do<v1::ClassifyCaseRequest>(*supervisor_, &Stub::ClassifyCase, one->name(),
                                  [](auto& request) { request.set_category("categories/billing"); })
          .ok());
  ASSERT_TRUE(
      Do<v1::AssignCaseRequest>(*supervisor_, &Stub::AssignCase, one->name(), [](auto& request) {
        request.set_owner("staff/bob");
      }).ok());
  EXPECT_FALSE(Get(*agent_, one->name()).ok());
  EXPECT_EQ(agent_->Call(&Stub::ListCases, v1::ListCasesRequest())->cases_size(), 0);
}

// The owner of one case is told what else the customer brought, without what was said; others are
// told nothing, and it leaves a trace.
TEST_F(ComplaintsDeskTest, TheHistoryOfACustomerIsForWhoHandlesHim) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  auto old = Create(*lead_, Sample());
  auto mine = Assigned(Sample(), "staff/ann");
  v1::Case foreign = Sample();
  foreign.mutable_customer()->set_reference("AC-2002");
  ASSERT_TRUE(old.ok() && mine.ok() && Create(*lead_, foreign).ok());
  EXPECT_FALSE(Get(*agent_, old->name()).ok());
  v1::ListCustomerHistoryRequest request;
  request.set_name(mine->name());
  auto history = agent_->Call(&Stub::ListCustomerHistory, request);
  ASSERT_TRUE(history.ok()) << history.status();
  ASSERT_EQ(history->cases_size(), 2);
  EXPECT_EQ(history->cases(0).number(), mine->number());
  EXPECT_EQ(history->cases(1).number(), old->number());
  EXPECT_FALSE(absl::StrContains(history->ShortDebugString(), "Late fee"));
  request.set_page_size(1);
  history = agent_->Call(&Stub::ListCustomerHistory, request);
  ASSERT_EQ(history->cases_size(), 1);
  request.set_page_token(history->next_page_token());
  EXPECT_EQ(agent_->Call(&Stub::ListCustomerHistory, request)->cases(0).number(), old->number());
  EXPECT_EQ(ReasonOf(other_->Call(&Stub::ListCustomerHistory, request).status()),
            type::v1::ERROR_REASON_NOT_FOUND);
  audit::v1::ListAuditEntriesRequest trail;
  trail.set_filter("method:ListCustomerHistory");
  auto entries = manager_->Call(&audit::v1::AuditService::Stub::ListAuditEntries, trail);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(entries->audit_entries_size(), 3);
}

// A step that is only tried shows the case as a read does, and is written down as one.
TEST_F(ComplaintsDeskTest, WhatIsOnlyTriedLeavesATrace) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  auto tried =
      Do<v1::AcknowledgeCaseRequest>(*supervisor_, &Stub::AcknowledgeCase, one->name(),
                                     [](auto& request) { request.set_validate_only(true); });
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(tried->customer().reference(), "AC-1001");
  audit::v1::ListAuditEntriesRequest trail;
  trail.set_filter("method:AcknowledgeCase");
  auto entries = manager_->Call(&audit::v1::AuditService::Stub::ListAuditEntries, trail);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->audit_entries_size(), 1);
  EXPECT_EQ(entries->audit_entries(0).actor(), "sue");
}

// Nor does a change that changes nothing show it unseen; and a change is answered once.
TEST_F(ComplaintsDeskTest, WhatChangesNothingLeavesATrace) {
  auto one = Create(*lead_, Sample());
  ASSERT_TRUE(one.ok()) << one.status();
  v1::UpdateCaseRequest update;
  update.mutable_case_()->set_name(one->name());
  update.mutable_case_()->set_product("card");
  update.mutable_update_mask()->add_paths("product");
  update.set_request_id("123e4567-e89b-12d3-a456-426614174000");
  auto first = supervisor_->Call(&Stub::UpdateCase, update);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(Do<v1::AcknowledgeCaseRequest>(*lead_, &Stub::AcknowledgeCase, one->name()).ok());
  auto again = supervisor_->Call(&Stub::UpdateCase, update);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->state(), v1::CASE_STATE_RECEIVED) << "as it was answered then";
  update.clear_request_id();
  auto same = supervisor_->Call(&Stub::UpdateCase, update);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->customer().reference(), "AC-1001");
  audit::v1::ListAuditEntriesRequest trail;
  trail.set_filter("method:UpdateCase");
  auto entries = manager_->Call(&audit::v1::AuditService::Stub::ListAuditEntries, trail);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->audit_entries_size(), 1);
  EXPECT_EQ(entries->audit_entries(0).actor(), "sue");
}

// The most urgent first, what has no due time last; what is over is in none.
TEST_F(ComplaintsDeskTest, QueuesGoByUrgency) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  const auto entered = [&](absl::Duration given) {
    v1::Case one = Sample();
    if (given > absl::ZeroDuration()) {
      one.mutable_promised_time()->set_seconds(absl::ToUnixSeconds(absl::Now() + given));
    }
    auto made = Create(*lead_, one);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? made->number() : "";
  };
  const std::string never = entered(absl::ZeroDuration()), late = entered(absl::Hours(50)),
                    soon = entered(absl::Hours(5));
  const auto queue = [&](const Client& client, v1::CaseQueue which) {
    std::vector<std::string> numbers;
    v1::ListQueueRequest request;
    request.set_queue(which);
    request.set_page_size(2);
    do {
      auto page = client.Call(&Stub::ListQueue, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::Case& one : page->cases()) numbers.push_back(one.number());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return numbers;
  };
  const std::vector<std::string> urgent = {soon, late, never};
  for (const Client* client : {lead_.get(), supervisor_.get()}) {
    EXPECT_EQ(queue(*client, v1::CASE_QUEUE_TEAM), urgent);
    EXPECT_EQ(queue(*client, v1::CASE_QUEUE_UNASSIGNED), urgent);
    EXPECT_EQ(queue(*client, v1::CASE_QUEUE_DUE_SOON), (std::vector<std::string>{soon, late}));
  }
  EXPECT_TRUE(queue(*other_, v1::CASE_QUEUE_TEAM).empty());
  auto listed = lead_->Call(&Stub::ListCases, v1::ListCasesRequest());
  ASSERT_EQ(listed->cases_size(), 3);
  ASSERT_TRUE(Do<v1::WithdrawCaseRequest>(*lead_, &Stub::WithdrawCase, listed->cases(0).name(),
                                          [](auto& request) { request.set_reason("solved"); })
                  .ok());
  EXPECT_EQ(queue(*lead_, v1::CASE_QUEUE_TEAM).size(), 2u);
}

TEST_F(ComplaintsDeskTest, ByHandBeyondCapacityWithAReasonOnly) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  ASSERT_TRUE(AddHandler("ann", 1).ok());
  const auto assign = [&](const std::string& name, bool beyond, const std::string& reason) {
    return Do<v1::AssignCaseRequest>(*supervisor_, &Stub::AssignCase, name, [&](auto& request) {
      request.set_owner("staff/ann");
      request.set_beyond_capacity(beyond);
      request.set_reason(reason);
    });
  };
  const std::string first = Classified(), second = Classified();
  ASSERT_TRUE(assign(first, false, "").ok());
  // What he has already is not counted against him.
  EXPECT_TRUE(Do<v1::AssignCaseRequest>(*supervisor_, &Stub::AssignCase, first, [](auto& request) {
                request.set_owner("staff/ann");
                request.set_team("south");
              }).ok());
  const absl::Status full = assign(second, false, "knows it").status();
  EXPECT_TRUE(IsRefused(full, Rule("handler-full")));
  EXPECT_EQ(MetadataOf(full, "load"), "");
  EXPECT_EQ(Get(*supervisor_, second)->owner(), "");
  EXPECT_TRUE(IsRefused(assign(second, true, "").status(), Field("reason")));
  auto one = assign(second, true, "nobody else speaks Dutch");
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->owner(), "staff/ann");
  EXPECT_EQ(Timeline(*supervisor_, second).back().text(), "nobody else speaks Dutch");
  // Nor to who gets no new cases for now.
  v1::UpdateHandlerRequest away;
  away.mutable_handler()->set_name("handlers/ann");
  away.mutable_handler()->set_away(true);
  away.mutable_handler()->set_capacity(9);
  away.mutable_update_mask()->add_paths("away");
  away.mutable_update_mask()->add_paths("capacity");
  ASSERT_TRUE(supervisor_->Call(&Stub::UpdateHandler, away).ok());
  EXPECT_TRUE(IsRefused(assign(Classified(), false, "").status(), Rule("handler-away")));
}

TEST_F(ComplaintsDeskTest, WhatHasAnOwnerIsTakenFromHimOnlyWhereThatIsMeant) {
  ASSERT_TRUE(CreateCategory("billing").ok());
  // Ann has more room than otto whatever she has.
  ASSERT_TRUE(AddHandler("ann", 100).ok());
  ASSERT_TRUE(AddHandler("otto", 2).ok());
  const auto assigned = [&](const std::string& owner) {
    const std::string made = Classified();
    auto given = Do<v1::AssignCaseRequest>(*supervisor_, &Stub::AssignCase, made,
                                           [&](auto& request) { request.set_owner(owner); });
    EXPECT_TRUE(given.ok()) << given.status();
    return made;
  };
  assigned("staff/otto");
  const std::string name = assigned("staff/ann");
  const absl::Status owned = AutoAssign(*supervisor_, name).status();
  EXPECT_TRUE(IsRefused(owned, Rule("has-owner")));
  EXPECT_EQ(MetadataOf(owned, "owner"), "staff/ann");
  const auto reassign = [&] {
    return Do<v1::AutoAssignCaseRequest>(*supervisor_, &Stub::AutoAssignCase, name,
                                         [](auto& request) { request.set_reassign(true); });
  };
  auto one = reassign();
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->owner(), "staff/otto") << "not the same one again, whatever room she has";
  one = reassign();
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->owner(), "staff/ann");
}

TEST_F(ComplaintsDeskTest, WhatHoldsOfACategoryHoldsBelowIt) {
  v1::Category parent;
  parent.set_approval_from(v1::CASE_SEVERITY_HIGH);
  parent.set_default_team("south");
  ASSERT_TRUE(CreateCategory("billing", parent).ok());
  v1::Category child;
  child.set_parent_category("categories/billing");
  ASSERT_TRUE(CreateCategory("late-fee", child).ok());
  // Of that severity; classified, given to ann, and looked into.
  const auto investigated = [&](v1::CaseSeverity severity) {
    v1::Case sample = Sample();
    auto one = Create(*supervisor_, sample);
    EXPECT_TRUE(one.ok()) << one.status();
    const std::string name = one->name();
    EXPECT_TRUE(Do<v1::AcknowledgeCaseRequest>(*supervisor_, &Stub::AcknowledgeCase, name).ok());
    one = Do<v1::ClassifyCaseRequest>(*supervisor_, &Stub::ClassifyCase, name, [&](auto& request) {
      request.set_category("categories/late-fee");
      request.set_severity(severity);
    });
    EXPECT_TRUE(one.ok()) << one.status();
    EXPECT_EQ(one->team(), "south");
    EXPECT_TRUE(Do<v1::AssignCaseRequest>(*supervisor_, &Stub::AssignCase, name, [](auto& request) {
                  request.set_owner("staff/ann");
                }).ok());
    EXPECT_TRUE(Do<v1::StartCaseRequest>(*agent_, &Stub::StartCase, name).ok());
    EXPECT_TRUE(
        Do<v1::ProposeResponseRequest>(*agent_, &Stub::ProposeResponse, name, [](auto& request) {
          request.set_text("The fee is right.");
        }).ok());
    return name;
  };
  const std::string mild = investigated(v1::CASE_SEVERITY_MEDIUM);
  EXPECT_TRUE(Do<v1::ReplyCaseRequest>(*agent_, &Stub::ReplyCase, mild).ok());
  const std::string grave = investigated(v1::CASE_SEVERITY_HIGH);
  EXPECT_TRUE(IsRefused(Do<v1::ReplyCaseRequest>(*agent_, &Stub::ReplyCase, grave).status(),
                        Rule("approval-missing")));
  ASSERT_TRUE(
      Do<v1::DecideResponseRequest>(*supervisor_, &Stub::DecideResponse, grave, [](auto& request) {
        request.set_approved(true);
      }).ok());
  EXPECT_TRUE(Do<v1::ReplyCaseRequest>(*agent_, &Stub::ReplyCase, grave).ok());
}

}  // namespace
}  // namespace sqm::testing
