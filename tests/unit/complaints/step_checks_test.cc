// Every step asks first whether the case may take it, and leaves the case alone where it may not.
#include <gtest/gtest.h>

#include <functional>

#include "services/complaints/case_steps.h"
#include "services/complaints/end_steps.h"
#include "services/complaints/special_steps.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

v1::Category InUse() {
  v1::Category category;
  category.set_state(v1::CATEGORY_STATE_ACTIVE);
  return category;
}

TEST(StepChecks, NoStepOfACaseThatIsPutAway) {
  v1::CaseEntry note;
  note.set_action(v1::CASE_ACTION_NOTE);
  note.set_text("text");
  const CompensationLimits limits = *CompensationLimits::Parse(kDefaultCompensationLimits);
  const std::pair<const char*, std::function<absl::Status(v1::Case&)>> steps[] = {
      {"PlainStep",
       [](v1::Case& one) {
         return PlainStep(one, v1::CASE_ACTION_WITHDRAW, "", kManager, kNow).status();
       }},
      {"Reject", [](v1::Case& one) { return Reject(one, "no", kManager, kNow).status(); }},
      {"Classify",
       [](v1::Case& one) { return Classify(one, InUse(), {}, kManager, kNow).status(); }},
      {"Assign",
       [](v1::Case& one) { return Assign(one, "staff/bob", "", "", kManager, kNow).status(); }},
      {"RefuseAssignment",
       [](v1::Case& one) { return RefuseAssignment(one, "ill", kAgent, kNow).status(); }},
      {"ProposeResponse",
       [](v1::Case& one) { return ProposeResponse(one, "sorry", true, kAgent, kNow).status(); }},
      {"DecideResponse",
       [](v1::Case& one) { return DecideResponse(one, true, "", kManager, kNow).status(); }},
      {"Reply", [](v1::Case& one) { return Reply(one, "sorry", false, kAgent, kNow).status(); }},
      {"AddEntry", [&](v1::Case& one) { return AddEntry(one, note, kManager, kNow); }},
      {"Close", [](v1::Case& one) { return Close(one, {}, kAgent, kNow).status(); }},
      {"Reopen", [](v1::Case& one) { return Reopen(one, "again", kManager, kNow).status(); }},
      {"ToNextTier", [](v1::Case& one) { return ToNextTier(one, {}, kManager, kNow).status(); }},
      {"Merge",
       [](v1::Case& one) {
         v1::Case into = Received();
         into.set_name("cases/two");
         return Merge(one, into, "", kManager, kNow).status();
       }},
      {"RequestCompensation",
       [](v1::Case& one) { return RequestCompensation(one, {}, kAgent, kNow).status(); }},
      {"DecideCompensation",
       [&](v1::Case& one) { return DecideCompensation(one, {}, limits, kManager, kNow).status(); }},
      {"AdoptSuggestion",
       [](v1::Case& one) { return AdoptSuggestion(one, "good", kManager, kNow).status(); }},
      {"RewardSuggestion",
       [](v1::Case& one) { return RewardSuggestion(one, {}, kManager, kNow).status(); }},
      {"ConfirmAppointment",
       [](v1::Case& one) { return ConfirmAppointment(one, {}, kManager, kNow).status(); }},
      {"PrepareAppointment",
       [](v1::Case& one) { return PrepareAppointment(one, {}, kManager, kNow).status(); }},
      {"ExecuteAppointment",
       [](v1::Case& one) { return ExecuteAppointment(one, "", kManager, kNow).status(); }},
      {"RecordSatisfaction",
       [](v1::Case& one) {
         return RecordSatisfaction(one, {5, true, ""}, kManager, kNow).status();
       }},
      {"IssueReceipt",
       [](v1::Case& one) { return IssueReceipt(one, "hash", kManager, kNow).status(); }},
  };
  for (const auto& [name, step] : steps) {
    v1::Case one = In(v1::CASE_STATE_ARCHIVED);
    const v1::Case before = one;
    EXPECT_EQ(ReasonOf(step(one)), type::v1::ERROR_REASON_WRONG_STATE) << name;
    EXPECT_EQ(one.DebugString(), before.DebugString()) << name;
  }
}

}  // namespace
}  // namespace sqm::complaints
