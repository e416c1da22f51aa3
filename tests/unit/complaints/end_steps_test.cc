#include "services/complaints/end_steps.h"

#include <gtest/gtest.h>

#include <set>

#include "common/base/status.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

TEST(EndSteps, ClosingNeedsWhatFollowsFromTheOutcome) {
  v1::Case one = In(v1::CASE_STATE_REPLIED);
  v1::CloseCaseRequest request;
  request.set_outcome(v1::CASE_OUTCOME_FULFILLED);
  EXPECT_EQ(RuleOf(Close(one, request, kAgent, kNow).status()), "outcome-of-other-kind");
  request.set_outcome(v1::CASE_OUTCOME_UPHELD);
  EXPECT_EQ(ReasonOf(Close(one, request, kAgent, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  request.mutable_root_cause()->set_cause("training");
  one.mutable_compensation()->set_state(v1::COMPENSATION_STATE_REQUESTED);
  EXPECT_EQ(RuleOf(Close(one, request, kAgent, kNow).status()), "compensation-undecided");
  one.clear_compensation();
  const auto entry = Close(one, request, kAgent, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  // Taken up again the case itself says it no more.
  ASSERT_EQ(entry->changes_size(), 2);
  EXPECT_EQ(entry->changes(0).field(), "outcome");
  EXPECT_EQ(entry->changes(0).after(), "CASE_OUTCOME_UPHELD");
  EXPECT_EQ(entry->changes(1).field(), "root_cause.cause");
  EXPECT_EQ(entry->changes(1).after(), "training");
  EXPECT_EQ(one.state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(FromTimestamp(one.close_time()), kNow);
  EXPECT_EQ(one.root_cause().cause(), "training");
  // Nobody known brought it.
  EXPECT_EQ(one.survey_state(), v1::SURVEY_STATE_UNSPECIFIED);
}

TEST(EndSteps, AKnownCustomerIsToBeAskedOfEveryEnd) {
  v1::CloseCaseRequest request;
  request.set_outcome(v1::CASE_OUTCOME_NOT_UPHELD);
  v1::Case one = In(v1::CASE_STATE_REPLIED);
  one.mutable_customer()->set_phone("555");
  ASSERT_TRUE(Close(one, request, kAgent, kNow).ok());
  EXPECT_EQ(one.survey_state(), v1::SURVEY_STATE_TO_ASK);
  ASSERT_TRUE(Reopen(one, "again", kAgent, kNow).ok());
  EXPECT_EQ(one.survey_state(), v1::SURVEY_STATE_UNSPECIFIED);
  EXPECT_EQ(one.outcome(), v1::CASE_OUTCOME_UNSPECIFIED);
}

TEST(EndSteps, TheEndTakesWhatOnlyAnOpenCaseHas) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  one.set_escalated_to("staff/leo");
  one.mutable_compensation()->set_state(v1::COMPENSATION_STATE_REQUESTED);
  auto entry = PlainStep(one, v1::CASE_ACTION_WITHDRAW, "", kLead, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(one.escalated_to(), "");
  EXPECT_EQ(one.compensation().state(), v1::COMPENSATION_STATE_LAPSED);
  ASSERT_EQ(entry->changes_size(), 1);
  EXPECT_EQ(entry->changes(0).field(), "compensation");
  // What was decided on stays.
  v1::Case paid = In(v1::CASE_STATE_INVESTIGATING);
  paid.mutable_compensation()->set_state(v1::COMPENSATION_STATE_APPROVED);
  ASSERT_TRUE(PlainStep(paid, v1::CASE_ACTION_WITHDRAW, "", kLead, kNow).ok());
  EXPECT_EQ(paid.compensation().state(), v1::COMPENSATION_STATE_APPROVED);
}

TEST(EndSteps, WhatIsArchivedGoesOnInAnotherCase) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  EXPECT_FALSE(GoesOnInAnother(one, kNow + kReopenWindow));
  EXPECT_TRUE(GoesOnInAnother(one, kNow + kReopenWindow + absl::Seconds(1)));
  one.set_survey_state(v1::SURVEY_STATE_TO_ASK);
  ASSERT_TRUE(PlainStep(one, v1::CASE_ACTION_ARCHIVE, "", kManager, kNow).ok());
  EXPECT_EQ(one.survey_state(), v1::SURVEY_STATE_UNSPECIFIED) << "nobody is asked any more";
  EXPECT_TRUE(GoesOnInAnother(one, kNow));
  EXPECT_TRUE(CheckStep(one, v1::CASE_ACTION_FOLLOW_UP, kAgent).ok());
  EXPECT_FALSE(GoesOnInAnother(In(v1::CASE_STATE_REPLIED), kNow));
}

TEST(EndSteps, ReopensWithinItsWindow) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  one.set_outcome(v1::CASE_OUTCOME_NOT_UPHELD);
  v1::Case late = one;
  EXPECT_EQ(RuleOf(Reopen(late, "again", kAgent, kNow + kReopenWindow + absl::Seconds(1)).status()),
            "reopen-window-over");
  ASSERT_TRUE(Reopen(one, "again", kAgent, kNow + kReopenWindow).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_REOPENED);
  EXPECT_EQ(one.reopen_count(), 1);
  EXPECT_EQ(one.outcome(), v1::CASE_OUTCOME_UNSPECIFIED);
  v1::Case next = FollowUp(late, "again");
  EXPECT_EQ(next.follows(), late.name());
  EXPECT_EQ(next.subject(), late.subject());
  EXPECT_EQ(next.state(), v1::CASE_STATE_UNSPECIFIED);
  EXPECT_EQ(FollowUpEntry(late, next, kAgent).to_state(), v1::CASE_STATE_CLOSED);
}

// A customer contests that his complaint was rejected, or changes his mind.
TEST(EndSteps, WhatWasRejectedOrWithdrawnIsTakenUpAgainToo) {
  for (const v1::CaseAction ends : {v1::CASE_ACTION_REJECT, v1::CASE_ACTION_WITHDRAW}) {
    v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
    const absl::Time ended = kNow + absl::Hours(5);
    one.set_proposed_reply("of before");
    ASSERT_TRUE((ends == v1::CASE_ACTION_REJECT ? Reject(one, "no", kLead, ended)
                                                : PlainStep(one, ends, "no", kLead, ended))
                    .ok());
    EXPECT_FALSE(GoesOnInAnother(one, ended + kReopenWindow));
    EXPECT_TRUE(GoesOnInAnother(one, ended + kReopenWindow + absl::Seconds(1)));
    v1::Case late = one, up = one;
    EXPECT_EQ(
        RuleOf(Reopen(late, "again", kLead, ended + kReopenWindow + absl::Seconds(1)).status()),
        "reopen-window-over");
    EXPECT_TRUE(CheckStep(late, v1::CASE_ACTION_FOLLOW_UP, kLead).ok());
    ASSERT_TRUE(Reopen(one, "again", kLead, ended + kReopenWindow).ok());
    EXPECT_EQ(one.state(), v1::CASE_STATE_REOPENED);
    EXPECT_FALSE(one.has_retained_since());
    EXPECT_EQ(one.proposed_reply(), "") << "a draft of before is sent by nobody";
    v1::EscalateCaseRequest request;
    request.set_team("review");
    EXPECT_EQ(FollowUpAtNextTier(late, request, kLead).ok(), ends == v1::CASE_ACTION_REJECT);
    request.set_team("review");
    const auto entry = ToNextTier(up, request, kLead, ended + absl::Hours(1));
    EXPECT_EQ(entry.ok(), ends == v1::CASE_ACTION_REJECT) << entry.status();
    if (!entry.ok()) continue;
    EXPECT_EQ(up.tier(), v1::CASE_TIER_SECOND);
    EXPECT_EQ(up.reopen_count(), 1);
    EXPECT_TRUE(up.owner().empty());
    // Nobody judges of his own refusal.
    EXPECT_TRUE(HasConflict(up, kLead.staff));
  }
}

// As while it is open, and until it is archived.
TEST(EndSteps, WhatHasNoTiersFollowsAtNoneEither) {
  v1::EscalateCaseRequest request;
  request.set_team("review");
  const v1::Case suggestion = In(v1::CASE_STATE_ARCHIVED, v1::CASE_KIND_SUGGESTION);
  EXPECT_EQ(ReasonOf(FollowUpAtNextTier(suggestion, request, kLead).status()),
            type::v1::ERROR_REASON_WRONG_STATE);
  const v1::Case asked = In(v1::CASE_STATE_ARCHIVED, v1::CASE_KIND_SERVICE_REQUEST);
  EXPECT_TRUE(FollowUpAtNextTier(asked, request, kLead).ok());
}

TEST(EndSteps, TiersGoUpToOutside) {
  v1::Case one = In(v1::CASE_STATE_REPLIED);
  v1::EscalateCaseRequest request;
  request.set_reason("not satisfied");
  request.set_external_body("ombudsman");
  EXPECT_EQ(ReasonOf(ToNextTier(one, request, kAgent, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  request.clear_external_body();
  ASSERT_TRUE(ToNextTier(one, request, kAgent, kNow).ok());
  EXPECT_EQ(one.tier(), v1::CASE_TIER_SECOND);
  EXPECT_EQ(one.state(), v1::CASE_STATE_REOPENED);
  EXPECT_EQ(one.owner(), "");
  one.set_state(v1::CASE_STATE_REPLIED);
  EXPECT_EQ(ReasonOf(ToNextTier(one, request, kAgent, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  request.set_external_body("ombudsman");
  ASSERT_TRUE(ToNextTier(one, request, kAgent, kNow).ok());
  EXPECT_EQ(one.tier(), v1::CASE_TIER_EXTERNAL);
  one.set_state(v1::CASE_STATE_REPLIED);
  EXPECT_EQ(RuleOf(ToNextTier(one, request, kAgent, kNow).status()), "last-tier");
}

TEST(EndSteps, WhatGoesOnHasNoCauseAndNoMarkOfTheEndBefore) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  one.mutable_root_cause()->set_cause("causes/staff-error");
  ASSERT_TRUE(Reopen(one, "again", kAgent, kNow).ok());
  EXPECT_FALSE(one.has_root_cause());
  // A mark that came with the reopening is not that of an end which nobody was asked about.
  one.set_satisfaction(1);
  one.set_state(v1::CASE_STATE_WAITING_CUSTOMER);
  TakeStep(one, v1::CASE_ACTION_AUTO_CLOSE, "", Actor(), kNow);
  EXPECT_FALSE(one.has_satisfaction());
}

TEST(EndSteps, WhatIsOverForGoodGoesUpInAnotherCase) {
  v1::Case closed = In(v1::CASE_STATE_ARCHIVED);
  closed.set_owner("staff/ann");
  v1::EscalateCaseRequest request;
  request.set_reason("to the head office");
  request.set_team("quality");
  auto next = FollowUpAtNextTier(closed, request, kLead);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->tier(), v1::CASE_TIER_SECOND);
  EXPECT_EQ(next->team(), "quality");
  EXPECT_EQ(next->follows(), closed.name());
  EXPECT_TRUE(HasConflict(*next, "staff/ann"));
  closed.set_tier(v1::CASE_TIER_EXTERNAL);
  EXPECT_EQ(RuleOf(FollowUpAtNextTier(closed, request, kLead).status()), "last-tier");
}

TEST(EndSteps, WhoeverHandledATierHandlesNoLaterOne) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  ASSERT_TRUE(Assign(one, "staff/bob", "", "ill", kLead, kNow).ok());
  ASSERT_TRUE(ProposeResponse(one, "sorry", false, kSupervisor, kNow).ok());
  // In the owner's place.
  ASSERT_TRUE(Reply(one, "", false, kSupervisor, kNow).ok());
  v1::EscalateCaseRequest up;
  up.set_reason("not content");
  up.set_team("second");
  ASSERT_TRUE(ToNextTier(one, up, kLead, kNow).ok());
  EXPECT_TRUE(one.handled_by().empty());
  for (const char* staff : {"staff/ann", "staff/bob", "staff/sue"}) {
    EXPECT_EQ(RuleOf(Assign(one, staff, "", "", kLead, kNow).status()), "conflict-of-interest")
        << staff;
  }
  ASSERT_TRUE(Assign(one, "staff/eve", "", "", kLead, kNow).ok());
  EXPECT_EQ(RuleOf(PlainStep(one, v1::CASE_ACTION_START, "", kSupervisor, kNow).status()),
            "conflict-of-interest");
  EXPECT_TRUE(PlainStep(one, v1::CASE_ACTION_START, "", kManager, kNow).ok());
  // Taken up again in another case it is where it was.
  const v1::Case next = FollowUp(one, "still wrong");
  EXPECT_EQ(next.tier(), v1::CASE_TIER_SECOND);
  EXPECT_EQ(next.team(), "second");
  EXPECT_EQ(next.earlier_owners_size(), 3);
}

TEST(EndSteps, WhoWasOnlyGivenACaseDidNotHandleIt) {
  v1::Case one = In(v1::CASE_STATE_ASSIGNED);
  ASSERT_TRUE(Assign(one, "staff/bob", "", "", kLead, kNow).ok());
  EXPECT_TRUE(one.handled_by().empty());
}

TEST(EndSteps, WhatIsTakenUpAgainIsSoOnce) {
  v1::Case closed = In(v1::CASE_STATE_ARCHIVED);
  v1::Case next = Received();
  EXPECT_EQ(RuleOf(CheckFollowed(closed, next)), "already-followed");
  next.set_state(v1::CASE_STATE_WITHDRAWN);
  EXPECT_TRUE(CheckFollowed(closed, next).ok());
}

TEST(EndSteps, EveryKindHasItsOutcomes) {
  const struct {
    v1::CaseKind kind;
    std::set<int> outcomes;
  } kinds[] = {
      {v1::CASE_KIND_COMPLAINT,
       {v1::CASE_OUTCOME_UPHELD, v1::CASE_OUTCOME_PARTLY_UPHELD, v1::CASE_OUTCOME_NOT_UPHELD}},
      {v1::CASE_KIND_DISCLOSURE,
       {v1::CASE_OUTCOME_UPHELD, v1::CASE_OUTCOME_PARTLY_UPHELD, v1::CASE_OUTCOME_NOT_UPHELD}},
      {v1::CASE_KIND_SERVICE_REQUEST, {v1::CASE_OUTCOME_FULFILLED, v1::CASE_OUTCOME_NOT_FULFILLED}},
      {v1::CASE_KIND_APPOINTMENT, {v1::CASE_OUTCOME_FULFILLED, v1::CASE_OUTCOME_NOT_FULFILLED}},
      {v1::CASE_KIND_SUGGESTION,
       {v1::CASE_OUTCOME_FULFILLED, v1::CASE_OUTCOME_NOT_FULFILLED, v1::CASE_OUTCOME_NOTED}},
      {v1::CASE_KIND_PRAISE, {v1::CASE_OUTCOME_NOTED}},
  };
  for (const auto& [kind, outcomes] : kinds) {
    for (int outcome = v1::CASE_OUTCOME_UPHELD; outcome <= v1::CaseOutcome_MAX; ++outcome) {
      EXPECT_EQ(IsOutcomeOf(static_cast<v1::CaseOutcome>(outcome), kind),
                outcomes.contains(outcome))
          << KindName(kind) << " " << outcome;
    }
  }
}

TEST(EndSteps, WhoeverHandledItIsWrittenDownOnce) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  for (const char* staff : {"staff/bob", "staff/ann", "staff/bob", "staff/ann"}) {
    ASSERT_TRUE(Assign(one, staff, "", "", kLead, kNow).ok());
  }
  ASSERT_EQ(one.handled_by_size(), 2);
  EXPECT_EQ(one.handled_by(0), "staff/ann");
  EXPECT_EQ(one.handled_by(1), "staff/bob");
  // Of a case that nobody owned, nobody did.
  v1::Case next = In(v1::CASE_STATE_REOPENED);
  next.clear_owner();
  ASSERT_TRUE(Assign(next, "staff/bob", "", "", kLead, kNow).ok());
  EXPECT_TRUE(next.handled_by().empty());
}

TEST(EndSteps, TheNextTierHasTheWindowOfReopening) {
  v1::EscalateCaseRequest up;
  up.set_reason("not content");
  up.set_team("second");
  v1::Case late = In(v1::CASE_STATE_CLOSED), one = late;
  const absl::Time last = kNow + kReopenWindow;
  EXPECT_EQ(RuleOf(ToNextTier(late, up, kLead, last + absl::Seconds(1)).status()),
            "reopen-window-over");
  ASSERT_TRUE(ToNextTier(one, up, kLead, last).ok());
  EXPECT_EQ(one.reopen_count(), 1);
  // What was answered and not closed has no window.
  v1::Case replied = In(v1::CASE_STATE_REPLIED);
  replied.set_tier(v1::CASE_TIER_SECOND);
  up.clear_team();
  up.set_external_body("ombudsman");
  ASSERT_TRUE(ToNextTier(replied, up, kLead, last + absl::Hours(1)).ok());
  EXPECT_EQ(replied.external_body(), "ombudsman");
  EXPECT_EQ(replied.reopen_count(), 0);
}

TEST(EndSteps, WhoeverCanBeReachedIsAsked) {
  for (const char* field : {"reference", "phone", "email", "address", "display_name"}) {
    v1::Case one = In(v1::CASE_STATE_REPLIED);
    v1::Customer& customer = *one.mutable_customer();
    customer.GetReflection()->SetString(&customer, customer.GetDescriptor()->FindFieldByName(field),
                                        "x");
    v1::CloseCaseRequest request;
    request.set_outcome(v1::CASE_OUTCOME_NOT_UPHELD);
    ASSERT_TRUE(Close(one, request, kAgent, kNow).ok());
    EXPECT_EQ(one.outcome(), v1::CASE_OUTCOME_NOT_UPHELD);
    EXPECT_FALSE(one.has_root_cause());
    EXPECT_EQ(one.survey_state() == v1::SURVEY_STATE_TO_ASK,
              absl::string_view(field) != "display_name")
        << field;
  }
  v1::Case partly = In(v1::CASE_STATE_REPLIED);
  v1::CloseCaseRequest request;
  request.set_outcome(v1::CASE_OUTCOME_PARTLY_UPHELD);
  EXPECT_EQ(Close(partly, request, kAgent, kNow).status().message(),
            "root_cause: must be given: the case was upheld");
}

}  // namespace
}  // namespace sqm::complaints
