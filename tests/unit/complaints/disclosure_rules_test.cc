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
  internal.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
  internal.set_text("ask the tax office");
  wordless.set_visibility(v1::ENTRY_VISIBILITY_PUBLIC);
  const v1::TrackDisclosureResponse response = Told(one, {&told, &internal, &wordless}, kNow);
  ASSERT_EQ(response.messages_size(), 1);
  EXPECT_EQ(response.messages(0).text(), "we look into it");
  EXPECT_EQ(response.state(), v1::CASE_STATE_RECEIVED);
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

}  // namespace
}  // namespace sqm::complaints
