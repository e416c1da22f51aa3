#include "common/contract/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sqm/audit/v1/audit.pb.h"
#include "sqm/feed/v1/feed.pb.h"
#include "sqm/monitoring/v1/monitoring_service.pb.h"
#include "sqm/reporting/v1/reporting_service.pb.h"
#include "tests/support/contract_text.h"

namespace sqm::contract {
namespace {

using ::testing::HasSubstr;

std::vector<const google::protobuf::FileDescriptor*> MonitoringFiles() {
  return {monitoring::v1::Contact::descriptor()->file(),
          monitoring::v1::Scorecard::descriptor()->file(),
          monitoring::v1::Evaluation::descriptor()->file(),
          monitoring::v1::ImprovementNote::descriptor()->file(),
          monitoring::v1::GetContactRequest::descriptor()->file()->pool()->FindFileByName(
              "sqm/monitoring/v1/monitoring_service.proto"),
          audit::v1::AuditEntry::descriptor()->file()};
}

std::vector<std::string> Texts(const std::vector<AnnotatedPath>& paths) {
  std::vector<std::string> texts;
  for (const AnnotatedPath& path : paths) texts.push_back(path.text);
  return texts;
}

TEST(Registry, KnowsTheMonitoringContracts) {
  auto registry = Registry::Build(MonitoringFiles());
  ASSERT_TRUE(registry.ok()) << registry.status();
  const ResourceType* contact = (*registry)->FindType("monitoring/Contact");
  ASSERT_NE(contact, nullptr);
  EXPECT_EQ(contact, (*registry)->FindType(monitoring::v1::Contact::descriptor()));
  EXPECT_EQ(contact->table, "r_contact");
  EXPECT_EQ(contact->singular, "contact");
  EXPECT_EQ((*registry)->types()[contact->number].get(), contact);
  EXPECT_EQ(contact->owner, contact->fields.Find("agent"));
  EXPECT_EQ(contact->team, contact->fields.Find("team"));
  EXPECT_THAT(Texts(contact->unique), ::testing::ElementsAre("external_id"));
  EXPECT_THAT(Texts(contact->personal), ::testing::ElementsAre("customer", "recording_uri"));
  EXPECT_EQ(contact->fields.Find("customer"), nullptr);
  const ResourceType* scorecard = (*registry)->FindType("monitoring/Scorecard");
  ASSERT_NE(scorecard, nullptr);
  EXPECT_FALSE(scorecard->fields.Find("create_time")->nullable) << "the server always sets it";
  EXPECT_TRUE(contact->fields.Find("start_time")->nullable);
  const ResourceType* version = (*registry)->FindType("monitoring/ScorecardVersion");
  ASSERT_NE(version, nullptr);
  EXPECT_EQ(version->parent, (*registry)->FindType("monitoring/Scorecard"));
  EXPECT_THAT(Texts((*registry)->FindType("monitoring/Evaluation")->references),
              ::testing::IsSupersetOf({"contact", "scorecard_version"}));
}

TEST(Registry, KnowsTheMethods) {
  auto registry = Registry::Build(MonitoringFiles());
  ASSERT_TRUE(registry.ok()) << registry.status();
  const MethodInfo* get =
      (*registry)->FindMethod("/sqm.monitoring.v1.MonitoringService/GetContact");
  ASSERT_NE(get, nullptr);
  EXPECT_EQ(get->resource, (*registry)->FindType("monitoring/Contact"));
  EXPECT_EQ(get->request_id, nullptr);
  EXPECT_EQ(get->request->GetDescriptor(), monitoring::v1::GetContactRequest::descriptor());
  const MethodInfo* create =
      (*registry)->FindMethod("/sqm.monitoring.v1.MonitoringService/CreateContact");
  ASSERT_NE(create, nullptr);
  EXPECT_NE(create->request_id, nullptr);
  EXPECT_NE(create->validate_only, nullptr);
  EXPECT_EQ((*registry)->FindMethod("/sqm.monitoring.v1.MonitoringService/Nothing"), nullptr);
  EXPECT_EQ((*registry)->FindType("monitoring/Nothing"), nullptr);
  for (const auto& method : (*registry)->methods()) {
    EXPECT_FALSE(method->options.permission().empty()) << method->path;
    EXPECT_NE((*registry)->PlanOf(method->request->GetDescriptor()), nullptr) << method->path;
  }
}

TEST(Registry, BuildsFromTheOtherContracts) {
  EXPECT_TRUE(Registry::Build({feed::v1::Change::descriptor()->file()}).ok());
  auto reporting =
      Registry::Build({reporting::v1::DailyReport::descriptor()->file(),
                       reporting::v1::DailyReport::descriptor()->file()->pool()->FindFileByName(
                           "sqm/reporting/v1/reporting_service.proto"),
                       reporting::v1::DailyReport::descriptor()->file()->pool()->FindFileByName(
                           "sqm/reporting/v1/measure.proto"),
                       audit::v1::AuditEntry::descriptor()->file()});
  EXPECT_TRUE(reporting.ok()) << reporting.status();
}

TEST(Registry, RefusesWhatIsNotCompiledIn) {
  testing::ContractText text(R"(message A {
    option (sqm.options.v1.resource) = {type: "test/Aa" collection: "as"};
    string name = 1; string etag = 2;
  })");
  EXPECT_TRUE(text.Registry().ok()) << text.Registry().status();
  EXPECT_THAT(std::string(Registry::Build({text.file()}).status().message()),
              HasSubstr("not compiled into this program"));
}

TEST(Registry, LabelsOfEnumValues) {
  const auto* voice =
      google::protobuf::GetEnumDescriptor<monitoring::v1::ContactChannel>()->FindValueByNumber(
          monitoring::v1::CONTACT_CHANNEL_VOICE);
  EXPECT_EQ(LabelOf(voice, false), "Telephone");
  EXPECT_EQ(LabelOf(voice, true), "电话");
  const auto* none = google::protobuf::FieldDescriptorProto::Type_descriptor()->value(0);
  EXPECT_EQ(LabelOf(none, true), none->name());
}

TEST(Registry, FindsAnnotationsAtAnyDepth) {
  testing::ContractText text(R"(
    message Part { string owner = 1 [(sqm.options.v1.field) = {indexed: true}];
                   repeated string phones = 2 [(sqm.options.v1.field) = {personal: PERSONAL_CLASS_PHONE}]; }
    message Whole { Part part = 1; repeated Part parts = 2 [(sqm.options.v1.field) = {max_items: 3}]; }
    message A { option (sqm.options.v1.resource) = {type: "test/Aa" collection: "as"};
                string name = 1; string etag = 2; Part main = 3; })");
  auto registry = text.Registry();
  ASSERT_TRUE(registry.ok()) << registry.status();
  const ResourceType* type = (*registry)->FindType("test/Aa");
  ASSERT_NE(type->fields.Find("main.owner"), nullptr);
  EXPECT_EQ(type->fields.Find("main.owner")->column, "f_main__owner");
  EXPECT_THAT(Texts(type->personal), ::testing::ElementsAre("main.phones"));
}

// ---- Contradictions: each is refused with a message that names file, field and reason. ----------

struct Contradiction {
  const char* name;
  const char* body;
  const char* where;
  const char* why;
};
std::ostream& operator<<(std::ostream& out, const Contradiction& c) { return out << c.name; }

class RefusedContract : public ::testing::TestWithParam<Contradiction> {};

TEST_P(RefusedContract, NamesFileFieldAndReason) {
  testing::ContractText text(GetParam().body);
  auto registry = text.Registry();
  ASSERT_FALSE(registry.ok());
  EXPECT_EQ(registry.status().code(), absl::StatusCode::kFailedPrecondition);
  std::string message(registry.status().message());
  EXPECT_THAT(message, HasSubstr("test.proto"));
  EXPECT_THAT(message, HasSubstr(GetParam().where));
  EXPECT_THAT(message, HasSubstr(GetParam().why));
}

// A resource `A` with `fields`, and a method with `options` where a service is wanted.
#define RESOURCE(options, fields)                            \
  "message A { option (sqm.options.v1.resource) = {" options \
  "};"                                                       \
  " string name = 1; string etag = 2; " fields " }"
#define FIELD(fields) RESOURCE("type: \"test/Aa\" collection: \"as\"", fields)
#define METHOD(request, options)             \
  FIELD("")                                  \
  " message Ask { " request                  \
  " } service S { rpc Do(Ask) returns (A) {" \
  " option (sqm.options.v1.method) = {" options "}; } }"

INSTANTIATE_TEST_SUITE_P(
    Registry, RefusedContract,
    ::testing::Values(
        Contradiction{"UnknownParent",
                      RESOURCE("type: \"test/Aa\" collection: \"as\" parent: \"test/Bb\"", ""),
                      "test.A.parent", "unknown type test/Bb"},
        Contradiction{"ParentsInACircle",
                      RESOURCE("type: \"test/Aa\" collection: \"as\" parent: \"test/Aa\"", ""),
                      "test.A.parent", "circle"},
        Contradiction{"TypeName", RESOURCE("type: \"Test-A\" collection: \"as\"", ""),
                      "test.A.type", "service/Kind"},
        Contradiction{"CollectionName", RESOURCE("type: \"test/Aa\" collection: \"As_\"", ""),
                      "test.A.collection", "lower camel case"},
        Contradiction{"NoEtag",
                      "message A { option (sqm.options.v1.resource) = {type: \"test/Aa\" "
                      "collection: \"as\"}; string name = 1; }",
                      "test.A.etag", "must have this field"},
        Contradiction{"NameOfAnotherType",
                      "message A { option (sqm.options.v1.resource) = {type: \"test/Aa\" "
                      "collection: \"as\"}; int32 name = 1; string etag = 2; }",
                      "test.A.name", "wrong type"},
        Contradiction{
            "TypeTwice",
            FIELD("") " message B { option (sqm.options.v1.resource) = {type: \"test/Aa\" "
                      "collection: \"bs\"}; string name = 1; string etag = 2; }",
            "test.B.type", "test/Aa is taken"},
        Contradiction{
            "NamesTwice",
            FIELD("") " message B { option (sqm.options.v1.resource) = {type: \"test/Bb\" "
                      "collection: \"as\" singular: \"a\"}; string name = 1; string etag = 2; }",
            "test.B.collection", "is taken"},
        Contradiction{
            "TableTwice",
            FIELD("") " message B { option (sqm.options.v1.resource) = {type: \"other/Aa\" "
                      "collection: \"bs\"}; string name = 1; string etag = 2; }",
            "test.B.type", "table r_aa is taken"},
        Contradiction{"IndexOnARepeatedField",
                      FIELD("repeated string x = 3 [(sqm.options.v1.field) = {indexed: true}];"),
                      "test.A.x", "repeated"},
        Contradiction{
            "IndexBelowARepeatedField",
            "message P { string y = 1 [(sqm.options.v1.field) = {indexed: true}]; }" FIELD(
                "repeated P x = 3;"),
            "test.A.x.y", "repeated"},
        Contradiction{"UniqueNumber",
                      FIELD("int32 x = 3 [(sqm.options.v1.field) = {unique: true}];"), "test.A.x",
                      "only a string can be unique"},
        Contradiction{
            "PersonalNumber",
            FIELD("int32 x = 3 [(sqm.options.v1.field) = {personal: PERSONAL_CLASS_PHONE}];"),
            "test.A.x", "must be a string"},
        Contradiction{"PersonalIndex",
                      FIELD("string x = 3 [(sqm.options.v1.field) = {indexed: true personal: "
                            "PERSONAL_CLASS_PHONE}];"),
                      "test.A.x", "a filter would reveal it"},
        Contradiction{"PersonalInItself",
                      "message P { string y = 1 [(sqm.options.v1.field) = {personal: "
                      "PERSONAL_CLASS_NAME}]; P next = 2; }" FIELD("P x = 3;"),
                      "test.A.x.y", "contains itself"},
        Contradiction{
            "TooDeep",
            "message P1 { string y = 1; } message P2 { P1 a = 1; } message P3 { P2 a = 1; }"
            "message P4 { P3 a = 1; } message P5 { P4 a = 1; } message P6 { P5 a = 1; }"
            "message P7 { P6 a = 1; } message P8 { P7 a = 1; } message P9 { P8 a = 1; }" FIELD(
                "P9 x = 3;"),
            "test.A.x", "nested too deeply"},
        Contradiction{
            "RowRuleWithoutIndex",
            RESOURCE("type: \"test/Aa\" collection: \"as\" row_rule: {owner_field: \"x\"}",
                     "string x = 3;"),
            "test.A.x", "row rule needs an indexed string"},
        Contradiction{
            "RowRuleOfReadersOfMany",
            RESOURCE("type: \"test/Aa\" collection: \"as\" row_rule: {readers_field: \"x\"}",
                     "string x = 3 [(sqm.options.v1.field) = {indexed: true}];"),
            "test.A.x", "must be sparse"},
        Contradiction{
            "SharedPersonalData",
            RESOURCE("type: \"test/Aa\" collection: \"as\" shared: true",
                     "string x = 3 [(sqm.options.v1.field) = {personal: PERSONAL_CLASS_NAME}];"),
            "test.A.x", "a shared type cannot hold personal data"},
        Contradiction{
            "SharedBelowARowRule",
            RESOURCE(
                "type: \"test/Aa\" collection: \"as\" row_rule: {owner_field: \"x\"}",
                "string x = 3 [(sqm.options.v1.field) = {indexed: true}];") " message B { option "
                                                                            "(sqm.options.v1."
                                                                            "resource) = {type: "
                                                                            "\"test/Bb\" "
                                                                            "collection: "
                                                                            "\"bs\" parent: "
                                                                            "\"test/Aa\" shared: "
                                                                            "true}; string name = "
                                                                            "1; string etag = 2; }",
            "test.B.shared", "the row rule of test/Aa"},
        Contradiction{"ReferenceToNothing",
                      FIELD("string x = 3 [(sqm.options.v1.field) = {references: \"test/Bb\"}];"),
                      "test.A.x", "unknown type test/Bb"},
        Contradiction{"ReferenceThatIsNoString",
                      FIELD("int32 x = 3 [(sqm.options.v1.field) = {references: \"test/Aa\"}];"),
                      "test.A.x", "must be a string"},
        Contradiction{"ReferenceOfARequest",
                      METHOD("string x = 1 [(sqm.options.v1.field) = {references: \"test/Bb\"}];",
                             "permission: \"p\" read_only: true"),
                      "test.Ask.x", "unknown type test/Bb"},
        Contradiction{"PatternThatIsNone",
                      FIELD("string x = 3 [(sqm.options.v1.field) = {pattern: \"(\"}];"),
                      "test.A.x", "missing )"},
        Contradiction{"PatternOfANumber",
                      FIELD("int32 x = 3 [(sqm.options.v1.field) = {pattern: \"1\"}];"), "test.A.x",
                      "needs a string"},
        Contradiction{"MinAboveMax",
                      FIELD("int32 x = 3 [(sqm.options.v1.field) = {min: 2 max: 1}];"), "test.A.x",
                      "min is above max"},
        Contradiction{
            "RequiredOutput",
            FIELD("int32 x = 3 [(sqm.options.v1.field) = {required: true output_only: true}];"),
            "test.A.x", "both required and output only"},
        Contradiction{"NoPermission", METHOD("", "read_only: true"), "test.S.Do", "no permission"},
        Contradiction{"MutationWithoutRequestId", METHOD("", "permission: \"p\""), "test.S.Do",
                      "must have a request_id"},
        Contradiction{"RequestIdIsNoString", METHOD("int32 request_id = 1;", "permission: \"p\""),
                      "test.S.Do", "must be a string"},
        Contradiction{
            "ValidateOnlyIsNoBool",
            METHOD("string request_id = 1; string validate_only = 2;", "permission: \"p\""),
            "test.S.Do", "must be a bool"},
        Contradiction{"MethodOfAnUnknownResource",
                      METHOD("", "permission: \"p\" read_only: true resource: \"test/Bb\""),
                      "test.S.Do", "unknown resource test/Bb"},
        Contradiction{"StandardMethodWithoutResource",
                      METHOD("", "permission: \"p\" read_only: true standard: STANDARD_METHOD_GET"),
                      "test.S.Do", "must name its resource"}),
    [](const auto& info) { return info.param.name; });

TEST(Registry, AnIndexOnAMessageIsAFaultOfTheContract) {
  testing::ContractText text(
      "message P { string y = 1; }" FIELD("P x = 3 [(sqm.options.v1.field) = {indexed: true}];"));
  EXPECT_THAT(std::string(text.Registry().status().message()), HasSubstr("x"));
}

}  // namespace
}  // namespace sqm::contract
