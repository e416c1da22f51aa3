#include "services/complaints/special_steps.h"

#include <gtest/gtest.h>

#include "services/complaints/end_steps.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

v1::RequestCompensationRequest Asking(absl::string_view amount) {
  v1::RequestCompensationRequest request;
  request.set_amount(std::string(amount));
  request.set_currency("CNY");
  request.set_reason("broken promise");
  return request;
}
v1::DecideCompensationRequest Deciding(bool approved) {
  v1::DecideCompensationRequest request;
  request.set_approved(approved);
  return request;
}

const CompensationLimits& Limits() {
  static const CompensationLimits limits = *CompensationLimits::Parse(kDefaultCompensationLimits);
  return limits;
}

TEST(SpecialSteps, CompensationIsDecidedByAmount) {
  const struct {
    absl::string_view amount;
    Actor actor;
    std::string needs;  // empty: approved
  } cases[] = {
      {"200", kLead, ""},           {"200.01", kLead, "supervisor"},
      {"2000.00", kSupervisor, ""}, {"2000.01", kSupervisor, "manager"},
      {"999999999", kManager, ""},  {"0.01", kManager, ""},
  };
  for (const auto& [amount, actor, needs] : cases) {
    v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
    ASSERT_TRUE(RequestCompensation(one, Asking(amount), kAgent, kNow).ok());
    EXPECT_EQ(one.compensation().state(), v1::COMPENSATION_STATE_REQUESTED);
    auto entry = DecideCompensation(one, Deciding(true), Limits(), actor, kNow);
    EXPECT_EQ(entry.ok(), needs.empty()) << amount << entry.status();
    EXPECT_EQ(MetadataOf(entry.status(), "needs"), needs);
    EXPECT_EQ(one.compensation().state(),
              needs.empty() ? v1::COMPENSATION_STATE_APPROVED : v1::COMPENSATION_STATE_REQUESTED);
  }
}

TEST(SpecialSteps, OneCompensationAtATimeAndNotByWhoAsked) {
  v1::Case one = In(v1::CASE_STATE_REPLIED);
  EXPECT_EQ(RuleOf(DecideCompensation(one, Deciding(true), Limits(), kManager, kNow).status()),
            "no-compensation-requested");
  ASSERT_TRUE(RequestCompensation(one, Asking("10"), kLead, kNow).ok());
  EXPECT_EQ(RuleOf(RequestCompensation(one, Asking("20"), kLead, kNow).status()),
            "compensation-undecided");
  EXPECT_EQ(RuleOf(DecideCompensation(one, Deciding(true), Limits(), kLead, kNow).status()),
            "own-compensation");
  ASSERT_TRUE(DecideCompensation(one, Deciding(false), Limits(), kManager, kNow).ok());
  EXPECT_EQ(one.compensation().state(), v1::COMPENSATION_STATE_REFUSED);
  EXPECT_TRUE(RequestCompensation(one, Asking("20"), kLead, kNow).ok());
  v1::Case fresh = In(v1::CASE_STATE_CLASSIFIED);
  EXPECT_EQ(ReasonOf(RequestCompensation(fresh, Asking("20"), kLead, kNow).status()),
            type::v1::ERROR_REASON_WRONG_STATE);
}

TEST(SpecialSteps, WhatWasGrantedBeforeCountsInItsCurrency) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  ASSERT_TRUE(RequestCompensation(one, Asking("150"), kAgent, kNow).ok());
  ASSERT_TRUE(DecideCompensation(one, Deciding(true), Limits(), kLead, kNow).ok());
  const v1::CaseEvent& granted = one.events(one.events_size() - 1);
  EXPECT_EQ(granted.amount(), "150");
  EXPECT_EQ(granted.currency(), "CNY");
  ASSERT_TRUE(RequestCompensation(one, Asking("60"), kAgent, kNow).ok());
  EXPECT_EQ(
      MetadataOf(DecideCompensation(one, Deciding(true), Limits(), kLead, kNow).status(), "needs"),
      "supervisor");
  ASSERT_TRUE(DecideCompensation(one, Deciding(true), Limits(), kSupervisor, kNow).ok());
  // Of another currency the case has nothing yet; one without limits is a manager's.
  v1::RequestCompensationRequest dollars = Asking("30");
  dollars.set_currency("USD");
  ASSERT_TRUE(RequestCompensation(one, dollars, kAgent, kNow).ok());
  ASSERT_TRUE(DecideCompensation(one, Deciding(true), Limits(), kLead, kNow).ok());
  dollars.set_currency("RMB");
  EXPECT_EQ(ReasonOf(RequestCompensation(one, dollars, kAgent, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  dollars.set_currency("KWD");
  dollars.set_amount("0.01");
  ASSERT_TRUE(RequestCompensation(one, dollars, kAgent, kNow).ok());
  EXPECT_EQ(
      MetadataOf(DecideCompensation(one, Deciding(true), Limits(), kSupervisor, kNow).status(),
                 "needs"),
      "manager");
}

TEST(CompensationLimits, SayWhatIsWrong) {
  EXPECT_TRUE(CompensationLimits::Parse("").ok());
  const auto strict = CompensationLimits::Parse("CNY 0 0, USD 30 30");
  ASSERT_TRUE(strict.ok()) << strict.status();
  EXPECT_EQ(strict->DeciderOf("CNY", Rational(0)), auth::Role::kTeamLead);
  EXPECT_EQ(strict->DeciderOf("CNY", Rational(1)), auth::Role::kManager);
  EXPECT_EQ(strict->DeciderOf("USD", Rational(31)), auth::Role::kManager);
  EXPECT_EQ(strict->DeciderOf("EUR", Rational(0)), auth::Role::kManager) << "it has no limits";
  EXPECT_EQ(CompensationLimits::Parse("USD 30 20").status().message(),
            "USD: a supervisor decides on no less than a team lead, and nobody on less than 0");
  EXPECT_EQ(CompensationLimits::Parse("USD 1 2, USD 1 2").status().message(), "USD is given twice");
  for (const char* word : {"CNY COP", "NY ", "Y C", "CN", ""}) EXPECT_FALSE(IsCurrency(word));
  for (const char* wrong : {"CNY", "CNY 200", "cny 200 2000", "CNY 200 2000 3", "CNY x 2000",
                            "CNY 200 100", "CNY -1 100", "CNY 1 2, CNY 1 2", "CNY 0.001 2"}) {
    EXPECT_EQ(CompensationLimits::Parse(wrong).status().code(), absl::StatusCode::kInvalidArgument)
        << wrong;
  }
}

TEST(SpecialSteps, ASuggestionIsAdoptedThenRewarded) {
  v1::Case one = In(v1::CASE_STATE_CLASSIFIED, v1::CASE_KIND_SUGGESTION);
  v1::RewardSuggestionRequest reward;
  reward.set_amount("100");
  reward.set_currency("CNY");
  EXPECT_EQ(ReasonOf(RewardSuggestion(one, reward, kManager, kNow).status()),
            type::v1::ERROR_REASON_WRONG_STATE);
  ASSERT_TRUE(AdoptSuggestion(one, "good", kManager, kNow).ok());
  EXPECT_EQ(one.suggestion().adoption_comment(), "good");
  ASSERT_TRUE(RewardSuggestion(one, reward, kManager, kNow).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_REWARDED);
  EXPECT_EQ(one.suggestion().reward_amount(), "100");
}

TEST(SpecialSteps, AnAppointmentIsPreparedItemByItem) {
  v1::Case one = Received(v1::CASE_KIND_APPOINTMENT);
  v1::ConfirmAppointmentRequest confirm;
  *confirm.mutable_start_time() = ToTimestamp(kNow);
  EXPECT_EQ(ReasonOf(ConfirmAppointment(one, confirm, kLead, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  *confirm.mutable_start_time() = ToTimestamp(kNow + absl::Hours(3));
  for (const char* id : {"room", "engineer"}) {
    v1::PreparationItem& item = *confirm.add_preparation();
    item.set_id(id);
    item.set_done(true);  // nobody says so in advance
  }
  ASSERT_TRUE(ConfirmAppointment(one, confirm, kLead, kNow).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_CONFIRMED);
  EXPECT_FALSE(one.appointment().preparation(0).done());
  const absl::Time soon = kNow + absl::Hours(2);
  EXPECT_EQ(RuleOf(ExecuteAppointment(one, "", kLead, soon).status()), "not-prepared");
  v1::PrepareAppointmentRequest prepare;
  prepare.set_done(true);
  prepare.set_item("nothing");
  EXPECT_EQ(ReasonOf(PrepareAppointment(one, prepare, kLead, kNow).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  prepare.set_item("room");
  ASSERT_TRUE(PrepareAppointment(one, prepare, kLead, kNow).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_CONFIRMED);
  prepare.set_item("engineer");
  auto entry = PrepareAppointment(one, prepare, kAgent, kNow);
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_PREPARED);
  EXPECT_EQ(entry->to_state(), v1::CASE_STATE_PREPARED);
  EXPECT_EQ(one.appointment().preparation(1).done_by(), "staff/ann");
  // Not ready after all; then moved, with the list as it is.
  prepare.set_done(false);
  ASSERT_TRUE(PrepareAppointment(one, prepare, kAgent, kNow).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_CONFIRMED);
  prepare.set_done(true);
  ASSERT_TRUE(PrepareAppointment(one, prepare, kAgent, kNow).ok());
  v1::ConfirmAppointmentRequest move;
  *move.mutable_start_time() = ToTimestamp(kNow + absl::Hours(9));
  ASSERT_TRUE(ConfirmAppointment(one, move, kLead, kNow).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_PREPARED);
  // It is kept at its time, or up to an hour before.
  const absl::Time at = kNow + absl::Hours(9);
  EXPECT_EQ(RuleOf(ExecuteAppointment(one, "fine", kLead, at - absl::Minutes(61)).status()),
            "appointment-ahead");
  ASSERT_TRUE(ExecuteAppointment(one, "fine", kLead, at - absl::Hours(1)).ok());
  EXPECT_EQ(one.state(), v1::CASE_STATE_EXECUTED);
}

TEST(SpecialSteps, SatisfactionIsAskedOnceAfterAPersonHasClosed) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  one.add_events()->set_action(v1::CASE_ACTION_AUTO_CLOSE);
  const Rating request{4, true, ""};
  EXPECT_EQ(RuleOf(RecordSatisfaction(one, request, kLead, kNow).status()), "closed-automatically");
  one.add_events()->set_action(v1::CASE_ACTION_CLOSE);
  // Who handled it does not say how satisfied the customer is.
  EXPECT_EQ(RuleOf(RecordSatisfaction(one, request, kAgent, kNow).status()), "own-case");
  ASSERT_TRUE(RecordSatisfaction(one, request, kLead, kNow).ok());
  EXPECT_EQ(one.satisfaction(), 4);
  EXPECT_EQ(one.state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(RuleOf(RecordSatisfaction(one, request, kLead, kNow).status()), "already-asked");
}

TEST(SpecialSteps, NobodyWhoHandledItOrIsNamedHoldsTheMark) {
  const Rating five = {5, true, ""};
  const auto refused = [&](v1::Case one, absl::string_view rule) {
    v1::Case other = one;
    EXPECT_EQ(RuleOf(RecordSatisfaction(one, five, kLead, kNow).status()), rule);
    EXPECT_EQ(RuleOf(IssueReceipt(other, "hash", kLead, kNow).status()), rule);
  };
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  refused(one, "OK");
  v1::Case answered = one, before = one, named = one;
  answered.add_handled_by(kLead.staff);
  refused(answered, "own-case");
  before.add_earlier_owners(kLead.staff);
  refused(before, "own-case");
  named.add_named_staff(kLead.staff);
  refused(named, "conflict-of-interest");
}

TEST(SpecialSteps, WhoDoesNotAcceptHasItReopened) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  one.add_events()->set_action(v1::CASE_ACTION_CLOSE);
  const Rating request{1, false, "nothing was done"};
  auto entry = RecordSatisfaction(one, request, kLead, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(one.state(), v1::CASE_STATE_REOPENED);
  EXPECT_EQ(one.satisfaction(), 1);
  EXPECT_EQ(entry->text(), "nothing was done");
  // The mark stays what it was then, whatever the case comes to.
  EXPECT_EQ(one.events(one.events_size() - 1).satisfaction(), 1);
}

TEST(SpecialSteps, AReceiptAsksOnceThereIsSomethingToAsk) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  auto entry = IssueReceipt(one, "hash", kAgent, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(one.receipt_hash(), "hash");
  EXPECT_EQ(one.survey_state(), v1::SURVEY_STATE_UNSPECIFIED);
  EXPECT_FALSE(MayRate(one));
  v1::Case closed = In(v1::CASE_STATE_CLOSED);
  closed.add_events()->set_action(v1::CASE_ACTION_CLOSE);
  closed.set_survey_state(v1::SURVEY_STATE_TO_ASK);
  // Who handled it does not hold what the customer judges him by.
  EXPECT_EQ(RuleOf(IssueReceipt(closed, "hash", kAgent, kNow).status()), "own-case");
  ASSERT_TRUE(IssueReceipt(closed, "hash", kLead, kNow).ok());
  EXPECT_EQ(closed.survey_state(), v1::SURVEY_STATE_ASKED);
  EXPECT_TRUE(MayRate(closed));
  ASSERT_TRUE(RecordSatisfaction(closed, {5, true, ""}, Actor(), kNow).ok());
  EXPECT_EQ(closed.survey_state(), v1::SURVEY_STATE_ANSWERED);
  EXPECT_FALSE(MayRate(closed));
  v1::Case disclosure = In(v1::CASE_STATE_INVESTIGATING, v1::CASE_KIND_DISCLOSURE);
  disclosure.mutable_disclosure()->set_receipt_hash("given");
  EXPECT_EQ(RuleOf(IssueReceipt(disclosure, "hash", kManager, kNow).status()),
            "receipt-of-disclosure");
}

TEST(SpecialSteps, WhatCannotBeReopenedKeepsTheMark) {
  v1::Case late = In(v1::CASE_STATE_CLOSED);
  late.add_events()->set_action(v1::CASE_ACTION_CLOSE);
  const absl::Time after = kNow + kReopenWindow + absl::Seconds(1);
  EXPECT_EQ(ReasonOf(RecordSatisfaction(late, {1, false, " "}, Actor(), after).status()),
            type::v1::ERROR_REASON_INVALID_FIELD);
  auto entry = RecordSatisfaction(late, {1, false, "it broke again"}, Actor(), after);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(late.state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(late.satisfaction(), 1);
  EXPECT_EQ(late.survey_state(), v1::SURVEY_STATE_ANSWERED);
  EXPECT_EQ(entry->text(), "it broke again");
  EXPECT_EQ(late.events(late.events_size() - 1).satisfaction(), 1);
  // A praise is never reopened.
  v1::Case praise = In(v1::CASE_STATE_CLOSED, v1::CASE_KIND_PRAISE);
  praise.add_events()->set_action(v1::CASE_ACTION_CLOSE);
  ASSERT_TRUE(RecordSatisfaction(praise, {2, false, "nobody answered"}, Actor(), kNow).ok());
  EXPECT_EQ(praise.state(), v1::CASE_STATE_CLOSED);
}

TEST(SpecialSteps, ADisclosureThatGoesOnIsGivenItsReceipt) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING, v1::CASE_KIND_DISCLOSURE);
  one.mutable_disclosure()->add_readers("staff/mia");
  ASSERT_TRUE(IssueReceipt(one, "hash", kManager, kNow).ok());
  EXPECT_EQ(one.disclosure().receipt_hash(), "hash");
  EXPECT_EQ(one.receipt_hash(), "");
}

TEST(SpecialSteps, AnAppointmentIsConfirmedWhereItIsThenAndWithOneListOfEach) {
  v1::Case one = Received(v1::CASE_KIND_APPOINTMENT);
  v1::ConfirmAppointmentRequest confirm;
  confirm.add_preparation()->set_id("room");
  confirm.add_preparation()->set_id("room");
  EXPECT_EQ(ConfirmAppointment(one, confirm, kLead, kNow).status().message(),
            "preparation: has the id room twice");
  EXPECT_EQ(one.state(), v1::CASE_STATE_RECEIVED);
  confirm.clear_preparation();
  ASSERT_TRUE(ConfirmAppointment(one, confirm, kLead, kNow).ok());
  EXPECT_EQ(one.appointment().place(), "branch 3");
  EXPECT_EQ(FromTimestamp(one.appointment().start_time()), kNow + absl::Hours(48));
  EXPECT_EQ(one.appointment().confirmed_by(), kLead.staff);
  EXPECT_EQ(FromTimestamp(one.appointment().confirm_time()), kNow);
  confirm.set_place("branch 4");
  confirm.add_preparation()->set_id("room");
  const auto moved = ConfirmAppointment(one, confirm, kLead, kNow);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(one.appointment().place(), "branch 4");
  // That it is elsewhere is told, and not where it was: a place is personal.
  ASSERT_EQ(moved->changes_size(), 2);
  EXPECT_EQ(moved->changes(0).field(), "appointment.place");
  EXPECT_EQ(moved->changes(0).before() + moved->changes(0).after(), "");
  EXPECT_EQ(moved->changes(1).field(), "appointment.preparation");
}

TEST(SpecialSteps, ARewardIsInACurrency) {
  v1::Case one = In(v1::CASE_STATE_ADOPTED, v1::CASE_KIND_SUGGESTION);
  v1::RewardSuggestionRequest reward;
  reward.set_amount("100");
  reward.set_currency("RMB");
  EXPECT_EQ(RewardSuggestion(one, reward, kManager, kNow).status().message(),
            "currency: is not a currency of ISO 4217, as CNY is");
  reward.set_currency("CNY");
  auto entry = RewardSuggestion(one, reward, kManager, kNow);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(one.suggestion().reward_currency(), "CNY");
  EXPECT_EQ(one.events(one.events_size() - 1).amount(), "100");
  EXPECT_EQ(one.events(one.events_size() - 1).currency(), "CNY");
  ASSERT_EQ(entry->changes_size(), 1);
  EXPECT_EQ(entry->changes(0).field(), "suggestion.reward");
  EXPECT_EQ(entry->changes(0).after(), "100 CNY");
}

}  // namespace
}  // namespace sqm::complaints
