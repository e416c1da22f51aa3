// The steps by which one case goes on in another.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/complaints/end_steps.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

TEST(EndSteps, MergingKeepsBothTimelines) {
  v1::Case one = In(v1::CASE_STATE_ASSIGNED), into = In(v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "merge-into-itself");
  into.set_name("cases/two");
  into.set_kind(v1::CASE_KIND_PRAISE);
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "merge-kinds-differ");
  into.set_kind(v1::CASE_KIND_COMPLAINT);
  into.set_state(v1::CASE_STATE_CLOSED);
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "merge-into-closed");
  into.set_state(v1::CASE_STATE_INVESTIGATING);
  into.set_restricted_to("|staff/rita|");
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "merge-readers-differ");
  into.clear_restricted_to();
  auto entries = Merge(one, into, "the same", kLead, kNow);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(one.state(), v1::CASE_STATE_MERGED);
  EXPECT_EQ(one.merged_into(), "cases/two");
  EXPECT_EQ(into.state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(into.merged_from(0), "cases/one");
  EXPECT_EQ(entries->of_target.changes(0).after(), "cases/one");
}

TEST(EndSteps, TheLaterGoesOnInTheEarlier) {
  v1::Case one = In(v1::CASE_STATE_ASSIGNED), into = In(v1::CASE_STATE_ASSIGNED);
  into.set_name("cases/two");
  *into.mutable_received_time() = ToTimestamp(kNow + absl::Seconds(1));
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "merge-into-later");
  EXPECT_TRUE(Merge(into, one, "", kLead, kNow).ok());
}

TEST(EndSteps, TheCaseThatGoesOnHasTheMoreUrgentOfBoth) {
  v1::Case one = Received();
  one.set_name("cases/two");
  one.set_severity(v1::CASE_SEVERITY_CRITICAL);
  one.set_priority(v1::CASE_PRIORITY_LOW);
  *one.mutable_promised_time() = ToTimestamp(kNow + absl::Hours(5));
  one.add_named_staff("staff/otto");
  one.add_named_assets("assets/a1");
  v1::Case into = In(v1::CASE_STATE_INVESTIGATING);
  into.set_severity(v1::CASE_SEVERITY_MEDIUM);
  into.set_priority(v1::CASE_PRIORITY_NORMAL);
  *into.mutable_promised_time() = ToTimestamp(kNow + absl::Hours(50));
  into.add_named_assets("assets/a1");
  v1::Case merged = one, target = into;
  auto entries = Merge(merged, target, "the same", kLead, kNow);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(target.severity(), v1::CASE_SEVERITY_CRITICAL);
  EXPECT_EQ(target.priority(), v1::CASE_PRIORITY_NORMAL);
  EXPECT_EQ(FromTimestamp(target.promised_time()), kNow + absl::Hours(5));
  ASSERT_EQ(target.named_staff_size(), 1);
  EXPECT_EQ(target.named_staff(0), "staff/otto");
  EXPECT_EQ(target.named_assets_size(), 1);
  std::string changed;
  for (const v1::EntryChange& change : entries->of_target.changes()) {
    changed += change.field() + " ";
  }
  EXPECT_EQ(changed, "merged_from severity promised_time ");
}

TEST(EndSteps, NothingGoesOnInWhatIsAnsweredOrWithWhomItIsAbout) {
  v1::Case one = Received();
  one.set_name("cases/two");
  v1::Case answered = In(v1::CASE_STATE_REPLIED);
  EXPECT_EQ(RuleOf(Merge(one, answered, "", kLead, kNow).status()), "merge-into-answered");
  v1::Case into = In(v1::CASE_STATE_INVESTIGATING);
  one.add_named_staff(kAgent.staff);
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "conflict-of-interest");
  EXPECT_TRUE(into.merged_from().empty());
  EXPECT_TRUE(into.named_staff().empty());
}

TEST(EndSteps, OnlySoManyCasesGoOnInOne) {
  v1::Case one = Received(), into = In(v1::CASE_STATE_INVESTIGATING);
  into.set_name("cases/two");
  while (into.merged_from_size() < kMaxMerged - 1) into.add_merged_from("cases/x");
  v1::Case last = one, full = into;
  EXPECT_TRUE(Merge(last, full, "", kLead, kNow).ok());
  last = one;
  EXPECT_EQ(RuleOf(Merge(last, full, "", kLead, kNow).status()), "too-many-merged");
  while (into.events_size() < kMaxEvents) into.add_events();
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "too-many-merged");
  EXPECT_EQ(one.state(), v1::CASE_STATE_RECEIVED);
}

// Whom a case names does not handle it: nobody is left out for want of room.
TEST(EndSteps, AMergeLeavesOutNobodyWhomTheyName) {
  for (const bool staff : {true, false}) {
    const auto named = [staff](v1::Case & some) -> auto& {
      return staff ? *some.mutable_named_staff() : *some.mutable_named_assets();
    };
    v1::Case one = Received(), into = In(v1::CASE_STATE_INVESTIGATING);
    into.set_name("cases/into");
    named(one).Clear();
    named(into).Clear();
    for (int i = 0; i < 15; ++i) {
      *named(one).Add() = absl::StrCat("named/a", i);
      *named(into).Add() = absl::StrCat("named/b", i);
    }
    const v1::Case before = into;
    EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "too-many-named") << staff;
    EXPECT_EQ(into.DebugString(), before.DebugString());
    named(one).DeleteSubrange(5, 10);
    *named(one).Add() = "named/b0";
    ASSERT_TRUE(Merge(one, into, "", kLead, kNow).ok()) << staff;
    EXPECT_EQ(named(into).size(), 20);
  }
}

TEST(EndSteps, TheMoreUrgentPriorityAndTheOnlyPromiseGoOn) {
  v1::Case one = Received(), into = In(v1::CASE_STATE_INVESTIGATING);
  into.set_name("cases/two");
  one.set_priority(v1::CASE_PRIORITY_URGENT);
  into.set_priority(v1::CASE_PRIORITY_NORMAL);
  *one.mutable_promised_time() = ToTimestamp(kNow + absl::Hours(5));
  v1::Case merged = one, target = into;
  auto entries = Merge(merged, target, "", kLead, kNow);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(target.priority(), v1::CASE_PRIORITY_URGENT);
  EXPECT_EQ(FromTimestamp(target.promised_time()), kNow + absl::Hours(5));
  ASSERT_EQ(entries->of_target.changes_size(), 3);
  EXPECT_EQ(entries->of_target.changes(1).field(), "priority");
  EXPECT_EQ(entries->of_target.changes(1).before(), "CASE_PRIORITY_NORMAL");
  EXPECT_EQ(entries->of_target.changes(1).after(), "CASE_PRIORITY_URGENT");
  EXPECT_EQ(entries->of_target.changes(2).before(), "");
  // The earlier promise is kept, whichever case had it.
  *into.mutable_promised_time() = ToTimestamp(kNow + absl::Hours(4));
  ASSERT_TRUE(Merge(one, into, "", kLead, kNow).ok());
  EXPECT_EQ(FromTimestamp(into.promised_time()), kNow + absl::Hours(4));
}

TEST(EndSteps, WhatIsSaidElsewhereStandsInBothTimelinesInside) {
  const v1::CaseEntry entry =
      MessageElsewhere(In(v1::CASE_STATE_MERGED), In(v1::CASE_STATE_INVESTIGATING));
  EXPECT_EQ(entry.action(), v1::CASE_ACTION_CUSTOMER_MESSAGE);
  EXPECT_EQ(entry.from_state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(entry.to_state(), v1::CASE_STATE_INVESTIGATING);
  EXPECT_EQ(entry.visibility(), v1::ENTRY_VISIBILITY_INTERNAL);
  EXPECT_EQ(entry.text(), "");
  ASSERT_EQ(entry.changes_size(), 1);
  EXPECT_EQ(entry.changes(0).field(), "merged_from");
  EXPECT_EQ(entry.changes(0).after(), "cases/one");
}

TEST(EndSteps, WhoHandledEitherTierOfWhatIsMergedHandlesNoLaterOne) {
  v1::Case one = Received(), into = In(v1::CASE_STATE_INVESTIGATING);
  into.set_name("cases/two");
  one.add_earlier_owners("staff/bob");
  one.add_named_assets("assets/a1");
  v1::Case merged = one, target = into;
  ASSERT_TRUE(Merge(merged, target, "", kLead, kNow).ok());
  EXPECT_TRUE(HasConflict(target, "staff/bob"));
  EXPECT_EQ(target.named_assets_size(), 1);
  // Nor is anything merged into what is about oneself.
  into.add_named_staff(kLead.staff);
  EXPECT_EQ(RuleOf(Merge(one, into, "", kLead, kNow).status()), "conflict-of-interest");
  EXPECT_EQ(one.state(), v1::CASE_STATE_RECEIVED);
  EXPECT_EQ(into.merged_from_size(), 0);
}

}  // namespace
}  // namespace sqm::complaints
