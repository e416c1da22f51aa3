#include "common/rpc/request_key.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "tests/support/contract_text.h"

namespace sqm::rpc {
namespace {

constexpr char kId[] = "01890a5d-ac96-774b-bcce-b302099a8057";
constexpr char kMethod[] = "/test.Service/CreateA";

class RequestKey : public ::testing::Test {
 protected:
  store::Idempotency Of(const std::string& text) {
    return IdempotencyOf(kId, "north", "ada", kMethod, *text_.Make("A", text));
  }

  testing::ContractText text_{R"(
    message A { string topic = 1; map<string, int32> counts = 2; repeated string lines = 3; })"};
};

TEST_F(RequestKey, OfTheSameRequestIsTheSameInWhateverOrderItWasWritten) {
  std::string forwards, backwards;
  for (int i = 0; i < 40; ++i) {
    const std::string entry = absl::StrCat("counts { key: 'k", i, "' value: ", i, " } ");
    forwards += entry;
    backwards.insert(0, entry);
  }
  const store::Idempotency one = Of(absl::StrCat("topic: 't' ", forwards));
  const store::Idempotency other = Of(absl::StrCat(backwards, "topic: 't'"));
  EXPECT_EQ(one.key, other.key);
  EXPECT_EQ(one.payload, other.payload);
  EXPECT_FALSE(one.response.has_value());
}

TEST_F(RequestKey, OfAnotherRequestHasAnotherPayloadUnderTheSameKey) {
  const store::Idempotency one = Of("lines: 'a' lines: 'b'");
  for (const char* text : {"lines: 'b' lines: 'a'", "lines: 'ab'", "topic: 'a'", ""}) {
    EXPECT_EQ(Of(text).key, one.key) << text;
    EXPECT_NE(Of(text).payload, one.payload) << text;
  }
}

TEST_F(RequestKey, IsOfOneTenantSubjectMethodAndId) {
  const auto request = text_.Make("A", "topic: 't'");
  const store::Hash128 key = IdempotencyOf(kId, "north", "ada", kMethod, *request).key;
  EXPECT_NE(IdempotencyOf(kId, "south", "ada", kMethod, *request).key, key);
  EXPECT_NE(IdempotencyOf(kId, "north", "bob", kMethod, *request).key, key);
  EXPECT_NE(IdempotencyOf(kId, "north", "ada", "/test.Service/UpdateA", *request).key, key);
  const char* id = "01890a5d-ac96-774b-bcce-b302099a8058";
  EXPECT_NE(IdempotencyOf(id, "north", "ada", kMethod, *request).key, key);
  // What one part ends with is not taken for what the next begins with.
  EXPECT_NE(IdempotencyOf(kId, "northa", "da", kMethod, *request).key, key);
}

TEST_F(RequestKey, FollowsTheTimeInTheId) {
  const auto request = text_.Make("A");
  store::Hash128 last{};
  for (const char* id :
       {"01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774c-8000-000000000000",
        "01890a5d-ac97-7000-ffff-ffffffffffff", "01890a5e-0000-7000-8000-000000000000"}) {
    const store::Hash128 key = IdempotencyOf(id, "north", "ada", kMethod, *request).key;
    EXPECT_GT(key, last) << id;
    last = key;
  }
}

}  // namespace
}  // namespace sqm::rpc
