#include "common/contract/validate.h"

#include <gmock/gmock.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/contract_text.h"

namespace sqm::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Validating : public ::testing::Test {
 protected:
  Validating()
      : text_(R"(
      enum Colour { COLOUR_UNSPECIFIED = 0; COLOUR_RED = 1; }
      message Inner { string code = 1 [(sqm.options.v1.field) = {required: true max_length: 3}];
                      string made = 2 [(sqm.options.v1.field) = {output_only: true}];
                      repeated Inner below = 3; }
      message A { option (sqm.options.v1.resource) = {type: "test/Aa" collection: "as"};
        string name = 1 [(sqm.options.v1.field) = {output_only: true}];
        string etag = 2 [(sqm.options.v1.field) = {output_only: true max_length: 1}];
        string title = 3 [(sqm.options.v1.field) = {required: true max_length: 5}];
        string code = 4 [(sqm.options.v1.field) = {pattern: "[a-z]+"}];
        bytes blob = 5 [(sqm.options.v1.field) = {max_length: 4}];
        int32 i = 6 [(sqm.options.v1.field) = {min: -2 max: 2}];
        int64 l = 7 [(sqm.options.v1.field) = {min: 1 max: 9}];
        uint32 u = 8 [(sqm.options.v1.field) = {max: 9}];
        uint64 ul = 9 [(sqm.options.v1.field) = {max: 9}];
        double d = 10 [(sqm.options.v1.field) = {min: 0.5 max: 1.5}];
        float f = 11 [(sqm.options.v1.field) = {max: 1}];
        optional int32 rating = 12 [(sqm.options.v1.field) = {required: true min: 1 max: 5}];
        Colour colour = 13; repeated Colour colours = 14;
        google.protobuf.Timestamp at = 15; google.protobuf.Duration took = 16
          [(sqm.options.v1.field) = {min: 0 max: 60}];
        string score = 17 [(sqm.options.v1.field) = {decimal_digits_plus_one: 3 min: 0 max: 100}];
        string whole = 18 [(sqm.options.v1.field) = {decimal_digits_plus_one: 1}];
        string other = 19 [(sqm.options.v1.field) = {references: "test/Aa"}];
        repeated string others = 20 [(sqm.options.v1.field) = {references: "test/Aa" max_items: 2}];
        Inner inner = 21; repeated Inner parts = 22 [(sqm.options.v1.field) = {max_items: 3}];
        repeated string needed = 23 [(sqm.options.v1.field) = {required: true max_length: 2}];
        string free = 24; repeated int32 many = 25; map<string, string> labels = 26;
        repeated google.protobuf.Timestamp times = 27; })") {
    registry_ = *text_.Registry();
  }

  // The violations as `path: description` of a message that is right but for `text`.
  std::vector<std::string> Violations(const std::string& text, absl::string_view prefix = "") {
    auto message = text_.Make("A", R"(title: "t" rating: 1 needed: "x")");
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, message.get())) << text;
    return ViolationsOf(*message, prefix);
  }
  std::vector<std::string> ViolationsOf(const Message& message, absl::string_view prefix = "") {
    FieldErrors errors;
    Validate(*registry_, message, prefix, errors);
    std::vector<std::string> found;
    absl::Status status = errors.ToStatus();
    google::rpc::BadRequest bad;
    if (auto payload = status.GetPayload(kBadRequestUrl))
      bad.ParseFromString(std::string(*payload));
    for (const auto& violation : bad.field_violations()) {
      found.push_back(absl::StrCat(violation.field(), ": ", violation.description()));
    }
    return found;
  }

  testing::ContractText text_;
  std::unique_ptr<Registry> registry_;
};

TEST_F(Validating, FindsNothingWrongWithWhatIsRight) {
  EXPECT_THAT(Violations(R"(
      name: "not even a name" etag: "long" title: "五个字符呀" code: "abc" blob: "1234" i: -2 l: 9
      u: 9 ul: 9 d: 0.5 f: 1 rating: 5 colour: COLOUR_RED colours: COLOUR_RED
      at { seconds: 253402300799 nanos: 999999999 } took { seconds: 60 } score: "100.00" whole: "-3"
      other: "as/x" others: "as/1" others: "as/2" inner { code: "abc" below { code: "d" } }
      parts { code: "a" } labels { key: "k" value: "v" } times {})"),
              IsEmpty());
}

TEST_F(Validating, RequiredFields) {
  EXPECT_THAT(ViolationsOf(*text_.Make("A")),
              ElementsAre("title: is required", "rating: is required",
                          "needed: is required: give at least one"));
  EXPECT_THAT(Violations("rating: 0"), ElementsAre("rating: must be at least 1"))
      << "an optional zero is set";
}

TEST_F(Validating, LengthInCharactersOrBytes) {
  EXPECT_THAT(Violations(R"(title: "六个字符多了")"),
              ElementsAre("title: is longer than 5 characters"));
  EXPECT_THAT(Violations(R"(title: "𠮷𠮷𠮷𠮷𠮷")"), IsEmpty());
  EXPECT_THAT(Violations(R"(blob: "12345")"), ElementsAre("blob: is longer than 4 bytes"));
  EXPECT_THAT(Violations(R"(needed: "abc")"),
              ElementsAre("needed[1]: is longer than 2 characters"));
  EXPECT_THAT(Violations("free: \"" + std::string(4096, 'x') + "\""), IsEmpty());
  EXPECT_THAT(Violations("free: \"" + std::string(4097, 'x') + "\""),
              ElementsAre("free: is longer than 4096 characters"));
}

TEST_F(Validating, PatternsMatchTheWholeText) {
  EXPECT_THAT(Violations(R"(code: "abc1")"), ElementsAre("code: must match [a-z]+"));
  EXPECT_THAT(Violations(R"(code: "abc\n")"), ElementsAre("code: must match [a-z]+"));
}

TEST_F(Validating, RangesOfEveryNumber) {
  EXPECT_THAT(Violations("i: 3"), ElementsAre("i: must be at most 2"));
  EXPECT_THAT(Violations("i: -3"), ElementsAre("i: must be at least -2"));
  EXPECT_THAT(Violations("l: 10"), ElementsAre("l: must be at most 9"));
  EXPECT_THAT(Violations("l: -9223372036854775808"), ElementsAre("l: must be at least 1"));
  EXPECT_THAT(Violations("u: 10"), ElementsAre("u: must be at most 9"));
  EXPECT_THAT(Violations("ul: 18446744073709551615"), ElementsAre("ul: must be at most 9"));
  EXPECT_THAT(Violations("d: 1.51"), ElementsAre("d: must be at most 1.5"));
  EXPECT_THAT(Violations("d: nan"), ElementsAre("d: must be a number"));
  EXPECT_THAT(Violations("d: inf"), ElementsAre("d: must be at most 1.5"));
  EXPECT_THAT(Violations("f: 1.5"), ElementsAre("f: must be at most 1"));
}

TEST_F(Validating, EnumNumbersThatNobodyDeclared) {
  EXPECT_THAT(Violations("colour: 7"), ElementsAre("colour: 7 is not a value of test.Colour"));
  EXPECT_THAT(Violations("colours: 1 colours: -1"),
              ElementsAre("colours[1]: -1 is not a value of test.Colour"));
}

TEST_F(Validating, Times) {
  EXPECT_THAT(Violations("at { seconds: -62135596800 }"), IsEmpty());
  for (const char* bad : {"seconds: -62135596801", "seconds: 253402300800", "nanos: -1",
                          "nanos: 1000000000", "seconds: -9223372036854775808"}) {
    EXPECT_THAT(Violations(absl::StrCat("at {", bad, "}")), ElementsAre("at: is not a valid time"));
  }
  EXPECT_THAT(Violations("times {} times { nanos: -1 }"),
              ElementsAre("times[1]: is not a valid time"));
}

TEST_F(Validating, Durations) {
  EXPECT_THAT(Violations("took { seconds: 60 nanos: 1 }"), ElementsAre("took: must be at most 60"));
  EXPECT_THAT(Violations("took { nanos: -1 }"), ElementsAre("took: must be at least 0"));
  for (const char* bad :
       {"seconds: 1 nanos: -1", "seconds: -1 nanos: 1", "nanos: 1000000000",
        "seconds: 315576000001", "nanos: -2147483648", "seconds: -9223372036854775808"}) {
    EXPECT_THAT(Violations(absl::StrCat("took {", bad, "}")),
                ElementsAre("took: is not a valid duration"))
        << bad;
  }
}

TEST_F(Validating, Decimals) {
  for (const char* good : {"0", "100", "99.99", "-0", "007", "0.5"}) {
    EXPECT_THAT(Violations(absl::StrCat("score: \"", good, "\"")), IsEmpty()) << good;
  }
  for (const char* bad : {"-", ".5", "5.", "1e2", "+1", " 1", "1 ", "1,5", "0x1", "nan", "1.234",
                          "١", "1.2.3", "--1", "1234567890123456"}) {
    EXPECT_THAT(
        Violations(absl::StrCat("score: \"", bad, "\"")),
        ElementsAre("score: must be a decimal number with at most 2 digits after the point"))
        << bad;
  }
  EXPECT_THAT(Violations(R"(score: "100.01")"), ElementsAre("score: must be at most 100"));
  EXPECT_THAT(Violations(R"(score: "-0.01")"), ElementsAre("score: must be at least 0"));
  EXPECT_THAT(Violations(R"(whole: "1.0")"),
              ElementsAre("whole: must be a decimal number with at most 0 digits after the point"));
}

TEST_F(Validating, References) {
  EXPECT_THAT(Violations(R"(other: "bs/1")"),
              ElementsAre("other: must be a name of the form as/{a}"));
  EXPECT_THAT(Violations(R"(others: "as/1" others: "1")"),
              ElementsAre("others[1]: must be a name of the form as/{a}"));
}

TEST_F(Validating, NumberOfElements) {
  EXPECT_THAT(Violations(R"(others: "as/1" others: "as/2" others: "as/3")"),
              ElementsAre("others: has 3 elements; at most 2 are allowed"));
  auto message = text_.Make("A", R"(title: "t" rating: 1 needed: "x")");
  const FieldDescriptor* many = message->GetDescriptor()->FindFieldByName("many");
  for (int i = 0; i < 1001; ++i) message->GetReflection()->AddInt32(message.get(), many, i);
  EXPECT_THAT(ViolationsOf(*message),
              ElementsAre("many: has 1001 elements; at most 1000 are allowed"));
}

TEST_F(Validating, PathsOfNestedAndRepeatedMessages) {
  EXPECT_THAT(Violations(R"(inner { code: "long" } parts { code: "a" } parts {}
                            parts { code: "b" below { code: "b" below { code: "long" } } })",
                         "contact."),
              ElementsAre("contact.inner.code: is longer than 3 characters",
                          "contact.parts[1].code: is required",
                          "contact.parts[2].below[0].below[0].code: is longer than 3 characters"));
}

TEST_F(Validating, BoundsDepthAndViolations) {
  std::string deep = "code: \"a\"";
  for (int i = 0; i < 15; ++i) deep = "code: \"a\" below { " + deep + " }";
  EXPECT_THAT(Violations("inner { " + deep + " }"), IsEmpty());
  EXPECT_THAT(Violations("inner { code: \"a\" below { " + deep + " } }"),
              ElementsAre(HasSubstr("below[0]: is nested too deeply; at most 16 levels")));
  std::string wrong;
  for (int i = 0; i < 300; ++i) wrong += "colours: 7 ";
  EXPECT_EQ(Violations(wrong).size(), 100u);
}

TEST_F(Validating, ClearsWhatTheServerSets) {
  auto message = text_.Make("A", R"(name: "as/1" etag: "e" title: "t"
      inner { code: "c" made: "x" below { made: "y" } } parts { made: "z" code: "p" })");
  ClearOutputOnly(*registry_, *message);
  EXPECT_EQ(message->ShortDebugString(), text_
                                             .Make("A", R"(name: "as/1" title: "t"
      inner { code: "c" below {} } parts { code: "p" })")
                                             ->ShortDebugString());
}

TEST_F(Validating, TimestampsKeepMicroseconds) {
  auto message = text_.Make("A");
  const FieldDescriptor* at = message->GetDescriptor()->FindFieldByName("at");
  for (int64_t micros :
       {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{-1000001}, int64_t{1700000000123456}}) {
    SetTimestamp(*message, at, absl::FromUnixMicros(micros));
    EXPECT_EQ(GetTimestamp(*message, at), absl::FromUnixMicros(micros));
    const auto& time = static_cast<const google::protobuf::Timestamp&>(
        message->GetReflection()->GetMessage(*message, at));
    EXPECT_GE(time.nanos(), 0);
  }
  SetTimestamp(*message, nullptr, absl::Now());
  EXPECT_EQ(GetTimestamp(*message, nullptr), absl::UnixEpoch());
}

TEST_F(Validating, VisitsEveryAnnotatedValue) {
  auto message = text_.Make("A", R"(others: "as/1" others: "as/2" other: "as/3")");
  std::vector<std::string> seen;
  for (const AnnotatedPath& path : registry_->FindType("test/Aa")->references) {
    ForEachString(*message, path, [&](Message& holder, const FieldDescriptor* field, int index) {
      seen.push_back(absl::StrCat(path.text, "/", index));
      if (index < 0) holder.GetReflection()->SetString(&holder, field, "as/9");
    });
  }
  EXPECT_THAT(seen, ElementsAre("other/-1", "others/0", "others/1"));
  EXPECT_THAT(message->ShortDebugString(), HasSubstr("other: \"as/9\""));
}

}  // namespace
}  // namespace sqm::contract
