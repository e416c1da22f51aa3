#include "services/complaints/case_intake.h"

#include <gtest/gtest.h>

#include "services/complaints/clocks/clock_policy.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

v1::Case Incoming(v1::CaseKind kind) {
  v1::Case one;
  one.set_kind(kind);
  return one;
}

TEST(CaseIntake, NumbersByKindAndYear) {
  EXPECT_EQ(NumberSeries(v1::CASE_KIND_COMPLAINT, kNow), "C-2026");
  EXPECT_EQ(NumberSeries(v1::CASE_KIND_SUGGESTION, kNow), "S-2026");
  EXPECT_EQ(NumberSeries(v1::CASE_KIND_DISCLOSURE, absl::FromUnixSeconds(-1)), "D-1969");
  EXPECT_EQ(FormatNumber("C-2026", 123), "C-2026-000123");
  EXPECT_EQ(FormatNumber("C-2026", 1234567), "C-2026-1234567");
}

TEST(CaseIntake, ChecksWhatHoldsBetweenFields) {
  EXPECT_TRUE(ValidateIntake(Incoming(v1::CASE_KIND_COMPLAINT), kNow).ok());
  EXPECT_EQ(RuleOf(ValidateIntake(Incoming(v1::CASE_KIND_DISCLOSURE), kNow)),
            "disclosure-by-receipt");
  const auto refused = [](const v1::Case& one) {
    return ReasonOf(ValidateIntake(one, kNow)) == type::v1::ERROR_REASON_INVALID_FIELD;
  };
  v1::Case late = Incoming(v1::CASE_KIND_COMPLAINT);
  *late.mutable_received_time() = ToTimestamp(kNow + kClockSkew);
  EXPECT_FALSE(refused(late));
  *late.mutable_received_time() = ToTimestamp(kNow + kClockSkew + absl::Seconds(1));
  EXPECT_TRUE(refused(late));
  v1::Case appointment = Incoming(v1::CASE_KIND_APPOINTMENT);
  EXPECT_EQ(ValidateIntake(appointment, kNow).message(),
            "case.appointment: must be given: the case is an appointment");
  *appointment.mutable_appointment()->mutable_start_time() = ToTimestamp(kNow + absl::Hours(1));
  EXPECT_FALSE(refused(appointment));
  appointment.mutable_appointment()->add_preparation()->set_id("a");
  appointment.mutable_appointment()->add_preparation()->set_id("a");
  EXPECT_TRUE(refused(appointment));
  appointment.mutable_appointment()->mutable_preparation(1)->set_id("b");
  EXPECT_FALSE(refused(appointment));
  appointment.set_place("Hall 2");
  EXPECT_TRUE(refused(appointment));
  appointment.clear_place();
  *appointment.mutable_appointment()->mutable_start_time() = ToTimestamp(kNow);
  EXPECT_TRUE(refused(appointment));
  v1::Case promised = Incoming(v1::CASE_KIND_COMPLAINT);
  *promised.mutable_promised_time() = ToTimestamp(kNow);
  EXPECT_TRUE(refused(promised));
  *promised.mutable_promised_time() = ToTimestamp(kNow + absl::Seconds(1));
  EXPECT_FALSE(refused(promised));
  *promised.mutable_promised_time() = ToTimestamp(kNow + absl::Hours(24 * 366 * 21));
  EXPECT_TRUE(refused(promised));
  v1::Case praise = Incoming(v1::CASE_KIND_PRAISE);
  praise.mutable_suggestion();
  EXPECT_TRUE(refused(praise));
  v1::Case blank = Incoming(v1::CASE_KIND_COMPLAINT);
  blank.set_subject(" \t ");
  EXPECT_TRUE(refused(blank));
}

// Another key for the same customer would part him from all that he ever brought.
TEST(CaseIntake, AKeyIsTheSameInEveryVersion) {
  v1::Customer customer;
  customer.set_email("Li.Lei@Example.com");
  EXPECT_EQ(CustomerKey("secret", "north", customer), "c2247e657418374969942bf3e9fa23dc");
  customer.set_phone("+86 138-0000-1111");
  EXPECT_EQ(CustomerKey("secret", "north", customer), "1ed067f1d542fec3a6e6aea5e49063d1");
  customer.set_reference("AC-1001");
  EXPECT_EQ(CustomerKey("secret", "north", customer), "4ce50d90b47099f4171891fdb17f4e65");
}

TEST(CaseIntake, KnowsACustomerByWhatIsWrittenInManyWays) {
  v1::Customer customer;
  EXPECT_EQ(CustomerKey("secret", "north", customer), "");
  customer.set_display_name("Li Lei");
  EXPECT_EQ(CustomerKey("secret", "north", customer), "");
  customer.set_phone("+86 138-0000-1111");
  const std::string by_phone = CustomerKey("secret", "north", customer);
  EXPECT_EQ(by_phone.size(), 32u);
  customer.set_phone("8613800001111");
  EXPECT_EQ(CustomerKey("secret", "north", customer), by_phone);
  EXPECT_NE(CustomerKey("other", "north", customer), by_phone);
  EXPECT_NE(CustomerKey("secret", "south", customer), by_phone);
  // The reference counts before the number, and is not taken for one.
  customer.set_reference("8613800001111");
  const std::string by_reference = CustomerKey("secret", "north", customer);
  EXPECT_NE(by_reference, by_phone);
  customer.clear_phone();
  EXPECT_EQ(CustomerKey("secret", "north", customer), by_reference);
  // Who wrote from the web may have left nothing but an address.
  v1::Customer by_mail;
  by_mail.set_email(" Li.Lei@Example.com ");
  const std::string key = CustomerKey("secret", "north", by_mail);
  EXPECT_EQ(key.size(), 32u);
  by_mail.set_email("li.lei@example.com");
  EXPECT_EQ(CustomerKey("secret", "north", by_mail), key);
  by_mail.set_email("lilei@example.com");
  EXPECT_NE(CustomerKey("secret", "north", by_mail), key);
}

TEST(CaseIntake, TheHistoryOfACustomerSaysNothingThatWasSaid) {
  v1::Case one = Received();
  one.set_text("my neighbour is loud");
  one.mutable_customer()->set_display_name("Li Lei");
  one.set_satisfaction(2);
  const v1::CustomerCase told = InHistory(one);
  EXPECT_EQ(told.number(), one.number());
  EXPECT_EQ(told.satisfaction(), 2);
  const std::string text = told.ShortDebugString();
  EXPECT_EQ(text.find("neighbour"), std::string::npos);
  EXPECT_EQ(text.find("late fee"), std::string::npos);
  EXPECT_EQ(text.find("Lei"), std::string::npos);
}

TEST(CaseIntake, BeginsWithTheTimeThatItCameIn) {
  v1::Case one = Incoming(v1::CASE_KIND_COMPLAINT);
  *one.mutable_received_time() = ToTimestamp(kNow - absl::Hours(5));
  BeginCase("C-2026-000009", "key", "north", kNow, one);
  EXPECT_EQ(one.state(), v1::CASE_STATE_RECEIVED);
  EXPECT_EQ(one.tier(), v1::CASE_TIER_FIRST);
  ASSERT_EQ(one.events_size(), 1);
  EXPECT_EQ(FromTimestamp(one.events(0).time()), kNow - absl::Hours(5));
  EXPECT_EQ(one.events(0).action(), v1::CASE_ACTION_RECEIVE);
}

TEST(CaseIntake, CountsRepeats) {
  v1::Case incoming = Received();
  incoming.set_category("categories/billing");
  const auto earlier = [](absl::string_view name, absl::Duration ago, absl::string_view category,
                          v1::CaseKind kind = v1::CASE_KIND_COMPLAINT) {
    v1::Case one = Received(kind);
    one.set_name(std::string(name));
    one.set_category(std::string(category));
    *one.mutable_received_time() = ToTimestamp(kNow - ago);
    return one;
  };
  const v1::Case day = earlier("cases/day", absl::Hours(24), "categories/billing");
  const v1::Case uncategorised = earlier("cases/un", absl::Hours(48), "");
  const v1::Case edge = earlier("cases/edge", kRepeatWindow, "categories/billing");
  const v1::Case old = earlier("cases/old", kRepeatWindow + absl::Seconds(1), "");
  const v1::Case other = earlier("cases/other", absl::Hours(1), "categories/noise");
  const v1::Case praise = earlier("cases/praise", absl::Hours(1), "", v1::CASE_KIND_PRAISE);
  RecogniseRepeat({&other, &praise, &incoming, &day, &uncategorised, &edge, &old}, incoming);
  EXPECT_EQ(incoming.repeat_count(), 3);
  EXPECT_EQ(incoming.repeat_of(), "cases/day");
  // Of two that came in at the same time one is the repeat of the other.
  const v1::Case before = earlier("cases/a", absl::ZeroDuration(), "categories/billing");
  const v1::Case after = earlier("cases/z", absl::ZeroDuration(), "categories/billing");
  RecogniseRepeat({&before, &after}, incoming);
  EXPECT_EQ(incoming.repeat_count(), 1);
  EXPECT_EQ(incoming.repeat_of(), before.name());
  RecogniseRepeat({}, incoming);
  EXPECT_EQ(incoming.repeat_count(), 0);
  EXPECT_EQ(incoming.repeat_of(), "");
}

TEST(CaseIntake, AReceiptIsOfOneCustomer) {
  const auto customer = [](const char* reference, const char* phone, const char* email) {
    v1::Customer made;
    made.set_reference(reference);
    made.set_phone(phone);
    made.set_email(email);
    return made;
  };
  EXPECT_TRUE(IsSameCustomer(customer("", "", ""), customer("AC-1", "", "")));
  EXPECT_TRUE(
      IsSameCustomer(customer("", "138 0013 8000", ""), customer("AC-1", "13800138000", "")));
  EXPECT_TRUE(IsSameCustomer(customer("AC-1", "1", ""), customer("ac1", "2", "")));
  EXPECT_TRUE(
      IsSameCustomer(customer("", "", "li@example.cn"), customer("", "1", "LI@example.cn")));
  EXPECT_FALSE(IsSameCustomer(customer("AC-1", "1", ""), customer("AC-2", "1", "")));
  EXPECT_FALSE(IsSameCustomer(customer("AC-1", "", ""), customer("", "", "")));
  EXPECT_FALSE(IsSameCustomer(customer("", "1", ""), customer("AC-1", "2", "")));
  v1::Case one = Received();
  one.set_receipt_hash("hash");
  *one.mutable_customer() = customer("AC-1", "", "");
  KeepReceiptsApart(customer("ac-1", "", ""), one);
  EXPECT_EQ(one.receipt_hash(), "hash");
  KeepReceiptsApart(customer("AC-2", "", ""), one);
  EXPECT_EQ(one.receipt_hash(), "");
}

TEST(CaseIntake, UpdatesAreTheOwnersWhileItIsOpen) {
  const auto check = [](const v1::Case& one, const Actor& actor) {
    return CheckCaseUpdate(one, one, actor);
  };
  EXPECT_TRUE(check(Received(), kAgent).ok());
  EXPECT_TRUE(check(In(v1::CASE_STATE_ASSIGNED), kAgent).ok());
  EXPECT_TRUE(check(In(v1::CASE_STATE_ASSIGNED), kSupervisor).ok());
  const Actor other = {"staff/otto", auth::BitOf(auth::Role::kAgent)};
  EXPECT_EQ(RuleOf(check(In(v1::CASE_STATE_ASSIGNED), other)), "not-the-owner");
  EXPECT_EQ(ReasonOf(check(In(v1::CASE_STATE_CLOSED), kManager)),
            type::v1::ERROR_REASON_WRONG_STATE);
}

TEST(CaseIntake, UpdatesLeaveASubjectAndOnePlace) {
  const auto check = [](const v1::Case& before, const v1::Case& after) {
    return std::string(CheckCaseUpdate(before, after, kManager).message());
  };
  v1::Case before = Received();
  v1::Case after = before;
  after.set_subject(" \t");
  EXPECT_EQ(check(before, after), "case.subject: must say what it is about");
  after.set_subject("Lift");
  after.set_place("Hall 2");
  EXPECT_EQ(check(before, after), "");
  before.set_kind(v1::CASE_KIND_APPOINTMENT);
  after.set_kind(v1::CASE_KIND_APPOINTMENT);
  EXPECT_EQ(check(before, after),
            "case.place: must not be set: the place of an appointment is appointment.place, which "
            "ConfirmAppointment changes");
  // Who has one from before is not kept from changing the rest, nor from taking it away.
  EXPECT_EQ(check(after, after), "");
  EXPECT_EQ(check(after, before), "");
}

TEST(CaseIntake, WhatIsOfOneKindIsOfNoOther) {
  const auto message = [](const v1::Case& one) {
    return std::string(ValidateIntake(one, kNow).message());
  };
  v1::Case one = Incoming(v1::CASE_KIND_COMPLAINT);
  one.mutable_appointment();
  EXPECT_EQ(message(one), "case.appointment: must not be set: the case is no appointment");
  one.clear_appointment();
  one.mutable_suggestion();
  EXPECT_EQ(message(one), "case.suggestion: must not be set: the case is no suggestion");
  one.set_kind(v1::CASE_KIND_SUGGESTION);
  EXPECT_EQ(message(one), "");
}

TEST(CaseIntake, APromiseIsKeptWithinTwentyYearsOfTheReceipt) {
  v1::Case one = Incoming(v1::CASE_KIND_COMPLAINT);
  const absl::Time received = kNow - absl::Hours(5);
  *one.mutable_received_time() = ToTimestamp(received);
  const auto refused = [&](absl::Time promised) {
    *one.mutable_promised_time() = ToTimestamp(promised);
    return !ValidateIntake(one, kNow).ok();
  };
  EXPECT_TRUE(refused(received));
  EXPECT_FALSE(refused(received + absl::Seconds(1)));
  EXPECT_FALSE(refused(received + kMaxTarget));
  EXPECT_TRUE(refused(received + kMaxTarget + absl::Seconds(1)));
}

TEST(CaseIntake, TheHistoryTellsHowItWent) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  one.set_category("categories/billing");
  one.set_severity(v1::CASE_SEVERITY_HIGH);
  one.set_outcome(v1::CASE_OUTCOME_UPHELD);
  one.set_reopen_count(2);
  v1::CustomerCase told = InHistory(one);
  EXPECT_EQ(told.case_(), one.name());
  EXPECT_EQ(told.kind(), one.kind());
  EXPECT_EQ(told.state(), one.state());
  EXPECT_EQ(told.category(), one.category());
  EXPECT_EQ(told.severity(), one.severity());
  EXPECT_EQ(told.channel(), one.channel());
  EXPECT_EQ(FromTimestamp(told.received_time()), kNow);
  EXPECT_EQ(FromTimestamp(told.close_time()), kNow);
  EXPECT_EQ(told.outcome(), one.outcome());
  EXPECT_FALSE(told.has_satisfaction());
  EXPECT_EQ(told.reopen_count(), 2);
  EXPECT_EQ(told.tier(), v1::CASE_TIER_FIRST);
  EXPECT_EQ(told.team(), "north");
  EXPECT_FALSE(InHistory(In(v1::CASE_STATE_REPLIED)).has_close_time());
}

TEST(CaseIntake, ADisclosureThatGoesOnKeepsItsReadersAndLosesItsReceipt) {
  v1::Case closed = In(v1::CASE_STATE_ARCHIVED, v1::CASE_KIND_DISCLOSURE);
  closed.mutable_disclosure()->set_receipt_hash("hash");
  closed.mutable_disclosure()->add_readers("staff/rita");
  closed.set_restricted_to("|staff/rita|");
  const v1::Case next = FollowUp(closed, "it goes on");
  EXPECT_EQ(next.text(), "it goes on");
  ASSERT_EQ(next.disclosure().readers_size(), 1);
  EXPECT_EQ(next.disclosure().readers(0), "staff/rita");
  EXPECT_EQ(next.restricted_to(), "|staff/rita|");
  EXPECT_EQ(next.disclosure().receipt_hash(), "") << "one receipt opens one case";
  EXPECT_FALSE(FollowUp(In(v1::CASE_STATE_ARCHIVED), "again").has_disclosure());
}

TEST(CaseIntake, WhatGoesOnIsWhatItWas) {
  v1::Case closed = In(v1::CASE_STATE_ARCHIVED);
  closed.mutable_customer()->set_reference("AC-1");
  closed.set_category("categories/billing");
  closed.set_severity(v1::CASE_SEVERITY_HIGH);
  closed.set_priority(v1::CASE_PRIORITY_URGENT);
  closed.set_product("card");
  closed.set_place("branch 3");
  closed.add_named_staff("staff/otto");
  closed.add_named_assets("assets/a1");
  closed.set_language(v1::CASE_LANGUAGE_EN);
  closed.set_source("crm");
  closed.set_tier(v1::CASE_TIER_EXTERNAL);
  closed.set_external_body("ombudsman");
  closed.add_earlier_owners("staff/bob");
  closed.set_outcome(v1::CASE_OUTCOME_NOT_UPHELD);
  closed.set_receipt_hash("hash");
  // All of it, and nothing of what became of it.
  v1::Case expected;
  expected.set_kind(closed.kind());
  expected.set_channel(closed.channel());
  *expected.mutable_customer() = closed.customer();
  expected.set_subject(closed.subject());
  expected.set_text("again");
  expected.set_category("categories/billing");
  expected.set_severity(v1::CASE_SEVERITY_HIGH);
  expected.set_priority(v1::CASE_PRIORITY_URGENT);
  expected.set_product("card");
  expected.set_place("branch 3");
  expected.add_named_staff("staff/otto");
  expected.add_named_assets("assets/a1");
  expected.set_language(v1::CASE_LANGUAGE_EN);
  expected.set_source("crm");
  expected.set_follows(closed.name());
  expected.set_tier(v1::CASE_TIER_EXTERNAL);
  expected.set_team("north");
  expected.set_external_body("ombudsman");
  expected.add_earlier_owners("staff/bob");
  EXPECT_EQ(FollowUp(closed, "again").DebugString(), expected.DebugString());
}

TEST(CaseIntake, AFullCaseIsChangedNoMore) {
  v1::Case one = In(v1::CASE_STATE_INVESTIGATING);
  while (one.events_size() < kMaxEvents - 1) one.add_events();
  EXPECT_TRUE(CheckCaseUpdate(one, one, kAgent).ok());
  one.add_events();
  EXPECT_EQ(RuleOf(CheckCaseUpdate(one, one, kAgent)), "too-many-steps");
}

TEST(CaseIntake, WhatGoesOnInAnotherCaseIsOfThoseWhoMayGoOn) {
  v1::EscalateCaseRequest request;
  request.set_reason("to the ombudsman");
  request.set_external_body("ombudsman");
  v1::Case closed = In(v1::CASE_STATE_ARCHIVED);
  closed.set_tier(v1::CASE_TIER_SECOND);
  auto next = FollowUpAtNextTier(closed, request, kLead);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->external_body(), "ombudsman");
  EXPECT_EQ(next->text(), "to the ombudsman");
  closed.add_named_staff(kLead.staff);
  EXPECT_EQ(RuleOf(FollowUpAtNextTier(closed, request, kLead).status()), "conflict-of-interest");
  EXPECT_EQ(
      ReasonOf(FollowUpAtNextTier(In(v1::CASE_STATE_ARCHIVED, v1::CASE_KIND_PRAISE), request, kLead)
                   .status()),
      type::v1::ERROR_REASON_WRONG_STATE);
}

TEST(CaseIntake, BeginsAnew) {
  v1::Case one = In(v1::CASE_STATE_CLOSED);
  *one.mutable_received_time() = ToTimestamp(kNow - absl::Hours(5));
  BeginCase("C-2026-000009", "key", "north", kNow, one);
  EXPECT_EQ(FromTimestamp(one.state_time()), kNow - absl::Hours(5));
  ASSERT_EQ(one.events_size(), 1);
  EXPECT_EQ(one.events(0).state(), v1::CASE_STATE_RECEIVED);
  EXPECT_EQ(one.number(), "C-2026-000009");
  EXPECT_EQ(one.customer_key(), "key");
  EXPECT_EQ(one.team(), "north");
}

TEST(CaseIntake, OtherScriptsTellCustomersApart) {
  v1::Customer one, other;
  one.set_reference("客户-1");
  other.set_reference("顾客-1");
  EXPECT_NE(CustomerKey("secret", "north", one), CustomerKey("secret", "north", other));
  EXPECT_FALSE(IsSameCustomer(one, other));
  // A number is no reference, nor an address: each has a name space of its own.
  v1::Customer phone, mail;
  phone.set_phone("13800138000");
  mail.set_email("13800138000");
  one.set_reference("13800138000");
  EXPECT_NE(CustomerKey("secret", "north", one), CustomerKey("secret", "north", phone));
  EXPECT_NE(CustomerKey("secret", "north", mail), CustomerKey("secret", "north", phone));
  EXPECT_NE(CustomerKey("secret", "north", mail), CustomerKey("secret", "north", one));
}

TEST(CaseIntake, WhatCameInLaterIsNoRepeatOfIt) {
  v1::Case incoming = Received(), later = Received();
  later.set_name("cases/later");
  *later.mutable_received_time() = ToTimestamp(kNow + absl::Seconds(1));
  RecogniseRepeat({&later}, incoming);
  EXPECT_EQ(incoming.repeat_count(), 0);
}

}  // namespace
}  // namespace sqm::complaints
