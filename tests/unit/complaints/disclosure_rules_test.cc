#include "services/complaints/disclosure_rules.h"

#include <gtest/gtest.h>

#include "services/complaints/receipt.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

v1::DisclosurePanel Panel() {
  v1::DisclosurePanel panel;
  for (const char* member : {"staff/rita", "staff/bob", "staff/rita"}) panel.add_members(member);
  return panel;
}

TEST(DisclosureRules, IsForThePanelButNotForWhomItNames) {
  v1::SubmitDisclosureRequest request;
  request.set_subject("Receipts are forged");
  v1::Case one = DisclosureCase(request, Panel());
  EXPECT_EQ(one.kind(), v1::CASE_KIND_DISCLOSURE);
  EXPECT_EQ(one.restricted_to(), "|staff/rita|staff/bob|");
  EXPECT_FALSE(one.has_customer());
  request.add_named_staff("staff/bob");
  EXPECT_EQ(DisclosureCase(request, Panel()).restricted_to(), "|staff/rita|");
}

TEST(DisclosureRules, AReceiptIsOfOneNumber) {
  v1::Case one;
  one.set_number("D-2026-000001");
  one.mutable_disclosure()->set_receipt_hash(ReceiptHash(one.number(), "secret"));
  EXPECT_EQ(one.disclosure().receipt_hash().size(), 32u);
  EXPECT_TRUE(IsReceiptOf(one, "secret"));
  EXPECT_FALSE(IsReceiptOf(one, "Secret"));
  EXPECT_FALSE(IsReceiptOf(one, ""));
  one.set_number("D-2026-000002");
  EXPECT_FALSE(IsReceiptOf(one, "secret"));
  // What has no receipt is opened by none.
  EXPECT_FALSE(IsReceiptOf(v1::Case(), ""));
}

TEST(DisclosureRules, OnlyWhatIsPublicIsTold) {
  v1::Case one = Received(v1::CASE_KIND_DISCLOSURE);
  v1::CaseEntry told, internal, wordless;
  told.set_visibility(v1::ENTRY_VISIBILITY_PUBLIC);
  told.set_text("we look into it");
  *told.mutable_create_time() = ToTimestamp(kNow);
  internal.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
  internal.set_text("ask the tax office");
  wordless.set_visibility(v1::ENTRY_VISIBILITY_PUBLIC);
  const v1::TrackDisclosureResponse response = Told(one, one, {&told, &internal, &wordless}, kNow);
  ASSERT_EQ(response.messages_size(), 1);
  EXPECT_EQ(response.messages(0).text(), "we look into it");
  EXPECT_EQ(FromTimestamp(response.messages(0).time()), kNow);
  EXPECT_EQ(response.state(), v1::CASE_STATE_RECEIVED);
}

TEST(DisclosureRules, OwnWordsAreTellable) {
  v1::CaseEntry own, theirs;
  own.set_visibility(v1::ENTRY_VISIBILITY_PUBLIC);
  own.set_action(v1::CASE_ACTION_CUSTOMER_MESSAGE);
  own.set_text("in branch 4, too");
  theirs = own;
  theirs.set_action(v1::CASE_ACTION_AGENT_MESSAGE);
  const v1::Case one = Received(v1::CASE_KIND_DISCLOSURE);
  const v1::TrackDisclosureResponse response = Told(one, one, {&own, &theirs}, kNow);
  ASSERT_EQ(response.messages_size(), 2);
  EXPECT_EQ(response.messages(0).action(), v1::CASE_ACTION_CUSTOMER_MESSAGE);
  EXPECT_EQ(response.messages(1).action(), v1::CASE_ACTION_AGENT_MESSAGE);
}

TEST(DisclosureRules, OfBlanksNothingIsMade) {
  v1::SubmitDisclosureRequest request;
  request.set_subject(" \t");
  request.set_text("\n");
  EXPECT_EQ(ValidateDisclosure(request).message(),
            "subject: must say what it is about (and 1 more)");
  request.set_subject("Receipts are forged");
  request.set_text("In branch 3.");
  EXPECT_TRUE(ValidateDisclosure(request).ok());
}

TEST(DisclosureRules, WhereItStandsIsToldOfWhatItGoesOnIn) {
  v1::Case one = In(v1::CASE_STATE_MERGED, v1::CASE_KIND_DISCLOSURE);
  v1::Case other = In(v1::CASE_STATE_CLOSED, v1::CASE_KIND_DISCLOSURE);
  one.set_number("D-2026-000002");
  other.set_outcome(v1::CASE_OUTCOME_UPHELD);
  *other.mutable_received_time() = ToTimestamp(kNow - absl::Hours(1));
  const v1::TrackDisclosureResponse response = Told(one, other, {}, kNow);
  EXPECT_EQ(response.number(), "D-2026-000002");
  EXPECT_EQ(FromTimestamp(response.received_time()), kNow);
  EXPECT_EQ(response.state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(response.outcome(), v1::CASE_OUTCOME_UPHELD);
}

TEST(DisclosureRules, ReadersAreAddedByName) {
  v1::Case one = Received();
  EXPECT_EQ(RuleOf(GrantAccess(one, "staff/mia", "", kManager).status()), "not-a-disclosure");
  one = DisclosureCase(v1::SubmitDisclosureRequest(), Panel());
  auto entry = GrantAccess(one, "staff/mia", "has to decide", kManager);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(one.restricted_to(), "|staff/rita|staff/bob|staff/mia|");
  EXPECT_EQ(entry->changes(0).after(), "staff/mia");
  EXPECT_EQ(RuleOf(GrantAccess(one, "staff/mia", "", kManager).status()), "already-a-reader");
  while (one.disclosure().readers_size() < kMaxReaders) {
    one.mutable_disclosure()->add_readers("staff/x");
  }
  EXPECT_EQ(RuleOf(GrantAccess(one, "staff/new", "", kManager).status()), "too-many-readers");
}

TEST(DisclosureRules, NamesOfReadersAreNotLongerThanAnIndexKeeps) {
  v1::Case one = DisclosureCase(v1::SubmitDisclosureRequest(), Panel());
  Entry entry = v1::CaseEntry();
  int tried = 0;
  while (entry.ok()) {
    entry =
        GrantAccess(one, absl::StrCat("staff/", std::string(61, 'n'), tried++ + 10), "", kManager);
  }
  EXPECT_EQ(RuleOf(entry.status()), "too-many-readers");
  EXPECT_LE(one.restricted_to().size(), kMaxReadersBytes);
  // To the last byte, with the bar that ends it.
  const size_t room = kMaxReadersBytes - one.restricted_to().size() - 1;
  const std::string longer = absl::StrCat("staff/", std::string(room - 5, 'm'));
  EXPECT_EQ(RuleOf(GrantAccess(one, longer, "", kManager).status()), "too-many-readers");
  ASSERT_TRUE(GrantAccess(one, longer.substr(0, room), "", kManager).ok());
  EXPECT_EQ(one.restricted_to().size(), kMaxReadersBytes);
  EXPECT_LT(one.disclosure().readers_size(), kMaxReaders);
  EXPECT_EQ(one.restricted_to(), RestrictedTo(one.disclosure()));
}

TEST(DisclosureRules, WhomItNamesBecomesNoReader) {
  v1::SubmitDisclosureRequest request;
  request.add_named_staff("staff/bob");
  v1::Case one = DisclosureCase(request, Panel());
  const absl::Status refused = GrantAccess(one, "staff/bob", "sits on it", kManager).status();
  EXPECT_EQ(RuleOf(refused), "reader-is-named");
  EXPECT_EQ(MetadataOf(refused, "reader"), "staff/bob");
  EXPECT_EQ(one.restricted_to(), "|staff/rita|");
  request.add_named_staff("staff/rita");
  EXPECT_EQ(DisclosureCase(request, Panel()).disclosure().readers_size(), 0);
}

TEST(DisclosureRules, AccessIsWithdrawnByName) {
  v1::Case complaint = Received();
  EXPECT_EQ(RuleOf(RevokeAccess(complaint, "staff/bob", "", kManager).status()),
            "not-a-disclosure");
  v1::Case one = DisclosureCase(v1::SubmitDisclosureRequest(), Panel());
  one.set_state(v1::CASE_STATE_INVESTIGATING);
  one.set_owner("staff/bob");
  const auto refused = [&one](absl::string_view reader) {
    const v1::Case before = one;
    const absl::Status status = RevokeAccess(one, reader, "left", kManager).status();
    EXPECT_EQ(one.SerializeAsString(), before.SerializeAsString()) << reader;
    EXPECT_EQ(MetadataOf(status, "reader"), reader);
    return RuleOf(status);
  };
  EXPECT_EQ(refused("staff/mia"), "not-a-reader");
  EXPECT_EQ(refused("staff/bob"), "reader-owns-it");
  // Once it is put away nobody handles it.
  one.set_state(v1::CASE_STATE_ARCHIVED);
  auto entry = RevokeAccess(one, "staff/bob", "left", kManager);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(one.restricted_to(), "|staff/rita|");
  EXPECT_EQ(entry->action(), v1::CASE_ACTION_REVOKE_ACCESS);
  EXPECT_EQ(entry->visibility(), v1::ENTRY_VISIBILITY_INTERNAL);
  EXPECT_EQ(entry->author(), "staff/mia");
  EXPECT_EQ(entry->text(), "left");
  ASSERT_EQ(entry->changes_size(), 2);
  EXPECT_EQ(entry->changes(0).field(), "disclosure.readers");
  EXPECT_EQ(entry->changes(0).before(), "staff/bob");
  EXPECT_EQ(entry->changes(0).after(), "");
  // Nor does it come back to who may not see it.
  EXPECT_EQ(entry->changes(1).field(), "owner");
  EXPECT_EQ(one.owner(), "");
  EXPECT_EQ(one.handled_by(0), "staff/bob");
  EXPECT_EQ(refused("staff/rita"), "last-reader");
}

TEST(DisclosureRules, AReaderIsNotNamedAfterwards) {
  const v1::Case before = DisclosureCase(v1::SubmitDisclosureRequest(), Panel());
  v1::Case after = before;
  after.add_named_staff("staff/carl");
  EXPECT_TRUE(CheckNamed(before, after).ok());
  after.add_named_staff("staff/rita");
  EXPECT_EQ(RuleOf(CheckNamed(before, after)), "named-is-reader");
  EXPECT_EQ(MetadataOf(CheckNamed(before, after), "reader"), "staff/rita");
  // What was so before is no reason to refuse another change, and other kinds have no readers.
  EXPECT_TRUE(CheckNamed(after, after).ok());
  after.clear_disclosure();
  EXPECT_TRUE(CheckNamed(before, after).ok());
}

TEST(DisclosureRules, WhenTheNextAnswerIsDueIsTold) {
  v1::Case one = Received(v1::CASE_KIND_DISCLOSURE);
  v1::DeadlineStatus& status = *one.add_deadlines();
  status.set_kind(v1::DEADLINE_KIND_FIRST_RESPONSE);
  *status.mutable_due_time() = ToTimestamp(kNow + absl::Hours(7 * 24));
  EXPECT_EQ(FromTimestamp(Told(one, one, {}, kNow).due_time()), kNow + absl::Hours(7 * 24));
  EXPECT_FALSE(Told(one, one, {}, kNow + absl::Hours(7 * 24)).has_due_time());
  *status.mutable_stop_time() = ToTimestamp(kNow);
  EXPECT_FALSE(Told(one, one, {}, kNow).has_due_time());
}

TEST(DisclosureRules, WhoCarriesOutAnActionKeepsSight) {
  const v1::Case one = DisclosureCase(v1::SubmitDisclosureRequest(), Panel());
  v1::CorrectiveAction action;
  action.set_name("correctiveActions/one");
  for (int state = v1::CORRECTIVE_ACTION_STATE_OPEN; state <= v1::CorrectiveActionState_MAX;
       ++state) {
    action.set_state(static_cast<v1::CorrectiveActionState>(state));
    const bool over = state == v1::CORRECTIVE_ACTION_STATE_VERIFIED ||
                      state == v1::CORRECTIVE_ACTION_STATE_CANCELLED;
    action.set_owner("staff/mia");
    const absl::Status status = CheckActionStaysVisible(one, action);
    EXPECT_EQ(RuleOf(status), over ? "OK" : "reader-owns-it") << state;
    EXPECT_EQ(MetadataOf(status, "reader"), over ? "" : "staff/mia");
    action.set_owner("staff/bob");
    EXPECT_TRUE(CheckActionStaysVisible(one, action).ok());
  }
}

TEST(DisclosureRules, KeepsWhatWasSaid) {
  v1::SubmitDisclosureRequest request;
  request.set_channel(v1::CASE_CHANNEL_WEB);
  request.set_subject("Receipts are forged");
  request.set_text("Every Friday");
  request.set_place("branch 3");
  const v1::Case one = DisclosureCase(request, Panel());
  EXPECT_EQ(one.channel(), v1::CASE_CHANNEL_WEB);
  EXPECT_EQ(one.subject(), "Receipts are forged");
  EXPECT_EQ(one.text(), "Every Friday");
  EXPECT_EQ(one.place(), "branch 3");
}

TEST(DisclosureRules, WhoDoesNotHandleItMayLoseSightOfItAtAnyTime) {
  v1::Case one = DisclosureCase(v1::SubmitDisclosureRequest(), Panel());
  one.set_state(v1::CASE_STATE_INVESTIGATING);
  one.set_owner("staff/bob");
  auto entry = RevokeAccess(one, "staff/rita", "left", kManager);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->from_state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(entry->to_state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(one.owner(), "staff/bob");
  EXPECT_TRUE(one.handled_by().empty());
  EXPECT_EQ(one.restricted_to(), "|staff/bob|");
}

}  // namespace
}  // namespace sqm::complaints
