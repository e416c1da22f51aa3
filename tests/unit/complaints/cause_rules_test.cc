#include "services/complaints/cause_rules.h"

#include <gtest/gtest.h>

#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

TEST(CauseRules, TwoLevelsOfWhatIsInUse) {
  v1::Cause top, below;
  top.set_name("causes/people");
  EXPECT_EQ(BeginCause(nullptr, top).message(),
            "cause.label: must be given in at least one language");
  top.mutable_label()->set_zh("人员");
  EXPECT_TRUE(BeginCause(nullptr, top).ok());
  below.set_name("causes/training");
  below.mutable_label()->set_en("Training");
  EXPECT_TRUE(BeginCause(&top, below).ok());
  top.set_parent_cause("causes/all");
  const absl::Status deep = BeginCause(&top, below);
  EXPECT_EQ(RuleOf(deep), "cause-too-deep");
  EXPECT_EQ(MetadataOf(deep, "parent_cause"), top.name());
  top.clear_parent_cause();
  top.set_retired(true);
  EXPECT_EQ(RuleOf(BeginCause(&top, below)), "cause-retired");
  EXPECT_EQ(MetadataOf(CheckInUse(top), "cause"), top.name());
}

}  // namespace
}  // namespace sqm::complaints
