#include "common/contract/redact.h"

#include <gtest/gtest.h>

#include "tests/support/contract_text.h"

namespace sqm::contract {
namespace {

using options::v1::PersonalClass;

TEST(Mask, OfEachClass) {
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_NAME, "Ada Lovelace"), "A***");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_PHONE, "13800138000"), "***8000");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_REFERENCE, "CUST-778899"), "***899");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_ADDRESS, "1 High Street"), "***");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_TEXT, "https://recordings/1"), "***");
}

TEST(Mask, CountsCharactersNotBytes) {
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_NAME, "张三"), "张***");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_NAME, "欧阳娜娜"), "欧***");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_REFERENCE, "客户编号一二三"), "***一二三");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_REFERENCE, "𠮷𠮷𠮷一二三"), "***一二三");
}

TEST(Mask, NeverShowsMoreThanItHides) {
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_NAME, "张"), "***");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_NAME, "A"), "***");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_PHONE, "1234567"), "***");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_PHONE, "12345678"), "***5678");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_REFERENCE, "12345"), "***");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_REFERENCE, "一二"), "***");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_REFERENCE, "一二三四五"), "***");
}

TEST(Mask, HidesTheLengthButNotThatThereIsNothing) {
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_NAME, ""), "");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_PHONE, ""), "");
  EXPECT_EQ(Mask(options::v1::PERSONAL_CLASS_NAME, "An"),
            Mask(options::v1::PERSONAL_CLASS_NAME, "Anastasia"));
}

class Redacting : public ::testing::Test {
 protected:
  Redacting()
      : text_(R"(
      message Person { string full_name = 1 [(sqm.options.v1.field) = {personal: PERSONAL_CLASS_NAME}];
                       repeated string phones = 2 [(sqm.options.v1.field) = {personal: PERSONAL_CLASS_PHONE}]; }
      message A { option (sqm.options.v1.resource) = {type: "test/Aa" collection: "as"};
                  string name = 1; string etag = 2; Person main = 3; repeated Person others = 4;
                  string topic = 5; })") {
    registry_ = *text_.Registry();
    type_ = registry_->FindType("test/Aa");
  }
  std::unique_ptr<Message> Make(const std::string& text) { return text_.Make("A", text); }

  testing::ContractText text_;
  std::unique_ptr<Registry> registry_;
  const ResourceType* type_ = nullptr;
};

TEST_F(Redacting, ReachesRepeatedAndNestedValues) {
  auto message = Make(R"(name: "as/1" topic: "billing"
      main { full_name: "张三" phones: "13800138000" phones: "123" }
      others { full_name: "Bo Li" } others { phones: "10000000" })");
  bool visible = Redact(
      *type_, [](PersonalClass) { return false; }, *message);
  EXPECT_FALSE(visible);
  EXPECT_EQ(message->ShortDebugString(), Make(R"(name: "as/1" topic: "billing"
      main { full_name: "张***" phones: "***8000" phones: "***" }
      others { full_name: "B***" } others { phones: "***0000" })")
                                             ->ShortDebugString());
}

TEST_F(Redacting, LeavesWhatTheCallerMaySee) {
  auto message = Make(R"(main { full_name: "Ada" phones: "13800138000" })");
  bool visible = Redact(
      *type_, [](PersonalClass c) { return c == options::v1::PERSONAL_CLASS_NAME; }, *message);
  EXPECT_TRUE(visible) << "such a read is audited";
  EXPECT_EQ(message->ShortDebugString(),
            Make(R"(main { full_name: "Ada" phones: "***8000" })")->ShortDebugString());
}

TEST_F(Redacting, NothingIsSeenWhereNothingIs) {
  auto message = Make(R"(name: "as/1" main { phones: "" } others {})");
  std::string before = message->ShortDebugString();
  EXPECT_FALSE(Redact(
      *type_, [](PersonalClass) { return true; }, *message));
  EXPECT_EQ(message->ShortDebugString(), before);
}

// Who reads a masked resource and sends it back with a change changes nothing else.
TEST_F(Redacting, PutsBackWhatWasMasked) {
  const auto before = Make(R"(topic: "billing"
      main { full_name: "Ada" phones: "13800138000" phones: "13900138001" }
      others { full_name: "Bo Li" })");
  const auto sees_names = [](PersonalClass c) { return c == options::v1::PERSONAL_CLASS_NAME; };
  auto after = Make(R"(topic: "fees"
      main { full_name: "Ada" phones: "***8001" phones: "***8000" phones: "555-0199" }
      others { full_name: "B***" })");
  RestoreMasked(*type_, sees_names, *before, *after);
  FieldErrors errors;
  CheckNotMasked(*type_, sees_names, *before, "a.", *after, errors);
  EXPECT_TRUE(errors.ToStatus().ok()) << errors.ToStatus();
  EXPECT_EQ(after->ShortDebugString(), Make(R"(topic: "fees"
      main { full_name: "Ada" phones: "13900138001" phones: "13800138000" phones: "555-0199" }
      others { full_name: "B***" })")
                                           ->ShortDebugString());
  // Shown to somebody else, or of another value: it must not be stored.
  after = Make(R"(main { phones: "***7777" })");
  RestoreMasked(*type_, sees_names, *before, *after);
  CheckNotMasked(*type_, sees_names, *before, "a.", *after, errors);
  EXPECT_EQ(ReasonOf(errors.ToStatus()), type::v1::ERROR_REASON_INVALID_FIELD);
}

TEST_F(Redacting, ErasesForGood) {
  auto message = Make(R"(name: "as/1" topic: "billing"
      main { full_name: "张三" phones: "13800138000" phones: "123" }
      others { full_name: "Bo Li" } others { phones: "10000000" })");
  EXPECT_TRUE(Erase(*type_, *message));
  EXPECT_EQ(message->ShortDebugString(),
            Make(R"(name: "as/1" topic: "billing" main { phones: "" phones: "" }
      others {} others { phones: "" })")
                ->ShortDebugString());
  EXPECT_FALSE(Erase(*type_, *message)) << "nothing is left";
}

}  // namespace
}  // namespace sqm::contract
