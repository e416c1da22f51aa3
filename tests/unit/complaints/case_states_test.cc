#include "services/complaints/case_states.h"

#include <gtest/gtest.h>

#include <set>

#include "common/base/status.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

TEST(CaseStates, AllowedNextOfAComplaint) {
  const auto next = [](v1::CaseState state) { return AllowedNext(v1::CASE_KIND_COMPLAINT, state); };
  EXPECT_EQ(next(v1::CASE_STATE_RECEIVED), "ACKNOWLEDGED,WITHDRAWN,REJECTED,MERGED");
  EXPECT_EQ(next(v1::CASE_STATE_ACKNOWLEDGED), "CLASSIFIED,WITHDRAWN,REJECTED,MERGED");
  EXPECT_EQ(next(v1::CASE_STATE_CLASSIFIED), "ASSIGNED,WITHDRAWN,REJECTED,MERGED");
  EXPECT_EQ(next(v1::CASE_STATE_ASSIGNED), "CLASSIFIED,INVESTIGATING,WITHDRAWN,REJECTED,MERGED");
  EXPECT_EQ(next(v1::CASE_STATE_INVESTIGATING),
            "WAITING_CUSTOMER,WAITING_THIRD_PARTY,RESPONSE_PROPOSED,WITHDRAWN,REJECTED,MERGED");
  EXPECT_EQ(next(v1::CASE_STATE_WAITING_CUSTOMER),
            "INVESTIGATING,WAITING_THIRD_PARTY,CLOSED,WITHDRAWN,MERGED");
  EXPECT_EQ(next(v1::CASE_STATE_RESPONSE_PROPOSED),
            "INVESTIGATING,APPROVED,REPLIED,WITHDRAWN,MERGED");
  EXPECT_EQ(next(v1::CASE_STATE_APPROVED), "REPLIED,WITHDRAWN,MERGED");
  EXPECT_EQ(next(v1::CASE_STATE_REPLIED), "REOPENED,CLOSED,WITHDRAWN");
  EXPECT_EQ(next(v1::CASE_STATE_CLOSED), "REOPENED,ARCHIVED");
  EXPECT_EQ(next(v1::CASE_STATE_REOPENED), "ASSIGNED,INVESTIGATING,WITHDRAWN,MERGED");
  EXPECT_EQ(next(v1::CASE_STATE_ARCHIVED), "");
}

TEST(CaseStates, KindsHaveStepsOfTheirOwn) {
  EXPECT_EQ(AllowedNext(v1::CASE_KIND_SUGGESTION, v1::CASE_STATE_ADOPTED),
            "REPLIED,REWARDED,CLOSED,WITHDRAWN");
  EXPECT_EQ(AllowedNext(v1::CASE_KIND_APPOINTMENT, v1::CASE_STATE_CONFIRMED),
            "PREPARED,EXECUTED,WITHDRAWN,MERGED");
  EXPECT_EQ(AllowedNext(v1::CASE_KIND_PRAISE, v1::CASE_STATE_CLASSIFIED),
            "ASSIGNED,CLOSED,WITHDRAWN,MERGED");
}

// From every state that a case can reach, there is a way to its end.
TEST(CaseStates, EveryKindCanBeClosedFromWhereverItIs) {
  for (int kind = v1::CaseKind_MIN + 1; kind <= v1::CaseKind_MAX; ++kind) {
    std::set<std::string> reached = {"RECEIVED"}, left = reached;
    while (!left.empty()) {
      const std::string state = *left.begin();
      left.erase(left.begin());
      v1::CaseState value;
      ASSERT_TRUE(v1::CaseState_Parse("CASE_STATE_" + state, &value)) << state;
      const std::string next = AllowedNext(static_cast<v1::CaseKind>(kind), value);
      EXPECT_EQ(next.empty(), value == v1::CASE_STATE_ARCHIVED) << kind << state;
      for (size_t i = 0; i < next.size();) {
        const size_t comma = std::min(next.find(',', i), next.size());
        const std::string name = next.substr(i, comma - i);
        if (reached.insert(name).second) left.insert(name);
        i = comma + 1;
      }
    }
    EXPECT_TRUE(reached.count("CLOSED") == 1 && reached.count("ARCHIVED") == 1) << kind;
  }
}

// Where nobody owns a case there is somebody to give it to, wherever it is: nothing that needs an
// owner is out of reach.
TEST(CaseStates, WhatNeedsAnOwnerCanBeGivenOne) {
  int checked = 0;
  for (int kind = v1::CaseKind_MIN + 1; kind <= v1::CaseKind_MAX; ++kind) {
    for (int state = v1::CaseState_MIN + 1; v1::CaseState_IsValid(state) && state < 50; ++state) {
      v1::Case one = In(static_cast<v1::CaseState>(state), static_cast<v1::CaseKind>(kind));
      one.clear_owner();
      for (int action = v1::CaseAction_MIN + 1; action <= v1::CaseAction_MAX; ++action) {
        if (!v1::CaseAction_IsValid(action)) continue;
        const absl::Status status = CheckStep(one, static_cast<v1::CaseAction>(action), kLead);
        if (MetadataOf(status, "rule") != "no-owner") continue;
        if (state < v1::CASE_STATE_CLASSIFIED) continue;  // classified first
        EXPECT_TRUE(CheckStep(one, v1::CASE_ACTION_ASSIGN, kLead).ok())
            << KindName(one.kind()) << " " << StateName(one.state()) << " "
            << ActionName(static_cast<v1::CaseAction>(action));
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 30);
}

TEST(CaseStates, TheWayToTheEndIsOpenHoweverMuchHappened) {
  v1::Case one = In(v1::CASE_STATE_REPLIED);
  while (one.events_size() < kMaxEvents) one.add_events();
  EXPECT_EQ(RuleOf(CheckStep(one, v1::CASE_ACTION_CUSTOMER_MESSAGE, kAgent)), "too-many-steps");
  EXPECT_TRUE(CheckStep(one, v1::CASE_ACTION_CLOSE, kAgent).ok());
  EXPECT_TRUE(CheckStep(one, v1::CASE_ACTION_WITHDRAW, kAgent).ok());
  one.set_state(v1::CASE_STATE_APPROVED);
  EXPECT_TRUE(CheckStep(one, v1::CASE_ACTION_REPLY, kAgent).ok());
}

// Where nobody knows who brought it, its receipt is the only way to him.
TEST(CaseStates, WhatGoesOnElsewhereHearsAndTellsTheHolderOfItsReceipt) {
  for (const auto kind : {v1::CASE_KIND_COMPLAINT, v1::CASE_KIND_DISCLOSURE}) {
    for (const auto action : {v1::CASE_ACTION_CUSTOMER_MESSAGE, v1::CASE_ACTION_AGENT_MESSAGE}) {
      v1::Case one = In(v1::CASE_STATE_MERGED, kind);
      one.set_receipt_hash("hash");
      const auto reason = [&] { return ReasonOf(CheckStep(one, action, kAgent)); };
      EXPECT_EQ(reason(), type::v1::ERROR_REASON_WRONG_STATE) << "the customer is known";
      one.clear_customer_key();
      EXPECT_TRUE(CheckStep(one, action, kAgent).ok());
      one.clear_receipt_hash();
      EXPECT_EQ(reason(), type::v1::ERROR_REASON_WRONG_STATE) << "nobody would hear it";
      one.mutable_disclosure()->set_receipt_hash("hash");
      EXPECT_TRUE(CheckStep(one, action, kAgent).ok());
      one.set_state(v1::CASE_STATE_ARCHIVED);
      EXPECT_EQ(reason(), type::v1::ERROR_REASON_WRONG_STATE);
    }
  }
}

TEST(CaseStates, RefusesWithWhatIsPossible) {
  const absl::Status status = CheckStep(Received(), v1::CASE_ACTION_CLOSE, kManager);
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_WRONG_STATE);
  EXPECT_EQ(MetadataOf(status, "current_state"), "RECEIVED");
  EXPECT_EQ(MetadataOf(status, "allowed_states"), "ACKNOWLEDGED,WITHDRAWN,REJECTED,MERGED");
}

TEST(CaseStates, OnlyTheHandlerWorks) {
  const v1::Case assigned = In(v1::CASE_STATE_ASSIGNED);
  const Actor other = {"staff/otto", auth::BitOf(auth::Role::kAgent)};
  EXPECT_TRUE(CheckStep(assigned, v1::CASE_ACTION_START, kAgent).ok());
  EXPECT_TRUE(CheckStep(assigned, v1::CASE_ACTION_START, kLead).ok());
  EXPECT_EQ(RuleOf(CheckStep(assigned, v1::CASE_ACTION_START, other)), "not-the-owner");
  // Nobody refuses for the owner.
  EXPECT_EQ(RuleOf(CheckStep(assigned, v1::CASE_ACTION_REFUSE_ASSIGNMENT, kManager)),
            "not-the-owner");
  v1::Case reopened = In(v1::CASE_STATE_REOPENED);
  reopened.clear_owner();
  EXPECT_EQ(RuleOf(CheckStep(reopened, v1::CASE_ACTION_START, kManager)), "no-owner");
}

TEST(CaseStates, BoundsTheSteps) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  while (one.events_size() < kMaxEvents) one.add_events();
  EXPECT_EQ(RuleOf(CheckStep(one, v1::CASE_ACTION_WAIT_CUSTOMER, kAgent)), "too-many-steps");
}

TEST(CaseStates, AComplaintAndADisclosureAreAboutWhomTheyName) {
  for (int kind = v1::CaseKind_MIN + 1; kind <= v1::CaseKind_MAX; ++kind) {
    v1::Case one = Received(static_cast<v1::CaseKind>(kind));
    one.add_named_staff("staff/otto");
    EXPECT_EQ(IsNamedIn(one, "staff/otto"),
              kind == v1::CASE_KIND_COMPLAINT || kind == v1::CASE_KIND_DISCLOSURE)
        << kind;
    EXPECT_FALSE(IsNamedIn(one, "staff/ann"));
  }
}

TEST(CaseStates, ARefusalSaysWhy) {
  v1::Case one = In(v1::CASE_STATE_ASSIGNED);
  one.add_named_staff("staff/otto");
  one.add_earlier_owners("staff/eve");
  EXPECT_EQ(CheckConflict(one, "staff/otto").message(),
            "staff/otto is named in it and may not handle it now");
  EXPECT_EQ(CheckConflict(one, "staff/eve").message(),
            "staff/eve handled it at an earlier tier and may not handle it now");
  EXPECT_EQ(MetadataOf(CheckConflict(one, "staff/eve"), "owner"), "staff/eve");
  const Actor other = {"staff/bob", auth::BitOf(auth::Role::kAgent)};
  EXPECT_EQ(MetadataOf(CheckStep(one, v1::CASE_ACTION_START, other), "owner"), kAgent.staff);
  EXPECT_FALSE(HasHandled(v1::Case(), "")) << "nobody has handled what has no owner";
}

// A merged case is noted on, but what is said with its customer is said where it goes on.
TEST(CaseStates, WithACustomerOneSpeaksWhereItGoesOn) {
  const v1::Case one = In(v1::CASE_STATE_MERGED);
  EXPECT_TRUE(CheckStep(one, v1::CASE_ACTION_NOTE, kLead).ok());
  EXPECT_FALSE(CheckStep(one, v1::CASE_ACTION_CUSTOMER_MESSAGE, kLead).ok());
  EXPECT_FALSE(CheckStep(one, v1::CASE_ACTION_AGENT_MESSAGE, kLead).ok());
}

}  // namespace
}  // namespace sqm::complaints
