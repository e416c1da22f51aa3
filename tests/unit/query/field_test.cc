#include "common/query/field.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/type.pb.h>
#include <gtest/gtest.h>

#include <limits>

#include "common/base/status.h"
#include "tests/unit/query/test_ticket.h"

namespace sqm::query {
namespace {

using ::testing::HasSubstr;

constexpr Value kNull;

Value Extract(absl::string_view path, const google::protobuf::Message& message,
              int decimal_digits = -1) {
  auto field = MakeField(TicketDescriptor(), path, "", decimal_digits);
  EXPECT_TRUE(field.ok()) << field.status();
  auto source = ResolvePath(TicketDescriptor(), path, field->type, field->decimal_digits);
  EXPECT_TRUE(source.ok()) << source.status();
  return ExtractValue(message, *source);
}

TEST(Extract, EncodesEveryType) {
  auto ticket = Ticket(R"pb(
    title: "客户"
    number: -7
    score: "4.25"
    ratio: 0.5
    resolved: true
    severity: SEVERITY_HIGH
    create_time { seconds: 2 nanos: 1999 }
    wait { seconds: -1 nanos: -500000001 }
    agent { team: "red" level: 3 }
    note: ""
    big: 18446744073709551615
    weight: 0.25
  )pb");
  EXPECT_EQ(Extract("title", *ticket), Value("客户"));
  EXPECT_EQ(Extract("number", *ticket), Value(int64_t{-7}));
  EXPECT_EQ(Extract("score", *ticket, 2), Value(int64_t{425}));
  EXPECT_EQ(Extract("score", *ticket, 4), Value(int64_t{42500}));
  EXPECT_EQ(Extract("score", *ticket, 1), Value(int64_t{42}));
  EXPECT_EQ(Extract("score", *ticket), Value("4.25"));
  EXPECT_EQ(Extract("ratio", *ticket), Value(0.5));
  EXPECT_EQ(Extract("weight", *ticket), Value(0.25));
  EXPECT_EQ(Extract("resolved", *ticket), Value(int64_t{1}));
  EXPECT_EQ(Extract("severity", *ticket), Value(int64_t{2}));
  EXPECT_EQ(Extract("create_time", *ticket), Value(int64_t{2'000'001}));
  EXPECT_EQ(Extract("wait", *ticket), Value(int64_t{-1'500'001}));  // down, not towards zero
  EXPECT_EQ(Extract("agent.team", *ticket), Value("red"));
  EXPECT_EQ(Extract("agent.level", *ticket), Value(int64_t{3}));
  EXPECT_EQ(Extract("note", *ticket), Value(""));
  EXPECT_EQ(Extract("big", *ticket), Value(std::numeric_limits<int64_t>::max()));
}

TEST(Extract, UnsetIsNullWhereAMessageCanTell) {
  auto ticket = Ticket("");
  EXPECT_EQ(Extract("title", *ticket), Value(""));
  EXPECT_EQ(Extract("number", *ticket), Value(int64_t{0}));
  EXPECT_EQ(Extract("resolved", *ticket), Value(int64_t{0}));
  EXPECT_EQ(Extract("severity", *ticket), Value(int64_t{0}));
  for (const char* path : {"create_time", "wait", "agent.team", "agent.level", "note"}) {
    EXPECT_EQ(Extract(path, *ticket), kNull) << path;
  }
  EXPECT_EQ(Extract("score", *ticket, 2), kNull);
  EXPECT_EQ(Extract("score", *Ticket("score: 'x'"), 2), kNull);
  EXPECT_EQ(Extract("agent.team", *Ticket("agent {}")), Value(""));
  EXPECT_EQ(Extract("agent.level", *Ticket("agent {}")), kNull);
  EXPECT_EQ(Extract("ratio", *Ticket("ratio: nan")), kNull);
}

TEST(Extract, TimesPastTheRangeSaturate) {
  EXPECT_EQ(Extract("create_time", *Ticket("create_time { seconds: 9223372036854775807 }")),
            Value(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(Extract("create_time", *Ticket("create_time { seconds: -9223372036854775808 }")),
            Value(std::numeric_limits<int64_t>::min()));
}

TEST(ResolvePath, RefusesWhatIsNoSingleValue) {
  struct Case {
    const char* path;
    FieldType type;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"nope", FieldType::kInt, "test.Ticket has no field nope"},
           {"agent.nope", FieldType::kInt, "test.Agent has no field nope"},
           {"title.x", FieldType::kInt, "title is not a message"},
           {"tags", FieldType::kString, "tags is repeated"},
           {"blob", FieldType::kString, "does not fit a field of type bytes"},
           {"agent", FieldType::kString, "does not fit a field of type message"},
           {"wait", FieldType::kTimestamp, "does not fit"},
           {"number", FieldType::kDecimal, "does not fit a field of type int64"},
           {"", FieldType::kInt, "has no field"},
       }) {
    auto path = ResolvePath(TicketDescriptor(), c.path, c.type);
    EXPECT_EQ(path.status().code(), absl::StatusCode::kInternal) << c.path;
    EXPECT_THAT(path.status().message(), HasSubstr(c.message));
    EXPECT_EQ(ReasonOf(path.status()), type::v1::ERROR_REASON_INTERNAL);
  }
  EXPECT_FALSE(ResolvePath(TicketDescriptor(), "score", FieldType::kDecimal, 19).ok());
  EXPECT_FALSE(MakeField(TicketDescriptor(), "agent").ok());
  EXPECT_FALSE(MakeField(TicketDescriptor(), "number", "", 2).ok());
}

TEST(FieldSet, FindsByPathAndRefusesDoubles) {
  const FieldSet& fields = TicketFields();
  ASSERT_NE(fields.Find("agent.team"), nullptr);
  EXPECT_EQ(fields.Find("agent.team")->column, "agent.team");
  EXPECT_EQ(fields.Find("title")->column, "the \"title\"");
  EXPECT_EQ(fields.Find("severity")->enum_type->name(), "Severity");
  EXPECT_EQ(fields.Find("tags"), nullptr);
  EXPECT_FALSE(fields.Find("number")->nullable);
  EXPECT_TRUE(fields.Find("ratio")->nullable);
  EXPECT_TRUE(fields.Find("agent.team")->nullable);

  Field number = *MakeField(TicketDescriptor(), "number");
  EXPECT_FALSE(FieldSet::Create(TicketDescriptor(), {number, number}).ok());
  Field other = *MakeField(TicketDescriptor(), "ratio", "number");
  EXPECT_FALSE(FieldSet::Create(TicketDescriptor(), {number, other}).ok());
}

TEST(FieldSet, KeepsThePromiseThatAColumnIsNeverNull) {
  Field time = *MakeField(TicketDescriptor(), "create_time");
  EXPECT_TRUE(time.nullable);
  time.nullable = false;
  EXPECT_FALSE(FieldSet::Create(TicketDescriptor(), {time})->Find("create_time")->nullable);
}

TEST(EnumNames, TakeTheNameWithAndWithoutPrefix) {
  const auto& type = *TicketFields().Find("severity")->enum_type;
  EXPECT_EQ(EnumPrefix(type), "SEVERITY_");
  EXPECT_EQ(EnumNames(type), "UNSPECIFIED, LOW, HIGH, CRITICAL");
  ASSERT_NE(FindEnumValue(type, "HIGH"), nullptr);
  EXPECT_EQ(FindEnumValue(type, "HIGH")->number(), 2);
  EXPECT_EQ(FindEnumValue(type, "SEVERITY_HIGH")->number(), 2);
  EXPECT_EQ(FindEnumValue(type, "high"), nullptr);
  EXPECT_EQ(FindEnumValue(type, ""), nullptr);
}

TEST(EnumNames, PrefixComesFromTheTypeWhereNoZeroValueTellsIt) {
  EXPECT_EQ(EnumPrefix(*google::protobuf::Syntax_descriptor()), "SYNTAX_");
  EXPECT_EQ(EnumPrefix(*google::protobuf::FieldDescriptorProto::Label_descriptor()), "LABEL_");
  // SPEED, CODE_SIZE, LITE_RUNTIME share nothing.
  EXPECT_EQ(EnumPrefix(*google::protobuf::FileOptions::OptimizeMode_descriptor()), "");
}

TEST(FieldSet, NamesPast50AreCounted) {
  google::protobuf::FileDescriptorProto file;
  file.set_name("wide.proto");
  auto* message = file.add_message_type();
  message->set_name("Wide");
  for (int i = 1; i <= 60; ++i) {
    auto* field = message->add_field();
    field->set_name(absl::StrCat("f", i));
    field->set_number(i);
    field->set_type(google::protobuf::FieldDescriptorProto::TYPE_INT64);
    field->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
  }
  google::protobuf::DescriptorPool pool;
  const auto* wide = pool.BuildFile(file)->message_type(0);
  std::vector<Field> fields;
  for (int i = 1; i <= 60; ++i) fields.push_back(*MakeField(*wide, absl::StrCat("f", i)));
  std::string names = FieldSet::Create(*wide, fields)->Names();
  EXPECT_THAT(names, HasSubstr("f1, f2, "));
  EXPECT_THAT(names, ::testing::EndsWith("f50 and 10 more"));
}

}  // namespace
}  // namespace sqm::query
