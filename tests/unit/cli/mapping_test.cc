#include "cli/import/mapping.h"

#include <absl/strings/match.h>
#include <gtest/gtest.h>

#include <string>

namespace sqm::cli {
namespace {

class MappingTest : public ::testing::Test {
 protected:
  const Catalogue catalogue_ = *Catalogue::Load();

  std::string ErrorOf(const std::string& json) {
    const auto mapping = ParseMapping(json, catalogue_);
    return mapping.ok() ? "" : std::string(mapping.status().message());
  }
  std::string ErrorOfField(const std::string& field) {
    return ErrorOf(R"({"resource": "monitoring/Contact", "fields": [)" + field + "]}");
  }
};

TEST_F(MappingTest, EveryShippedMappingIsValid) {
  ASSERT_GE(ShippedMappings().size(), 4u);
  for (const ShippedMapping& shipped : ShippedMappings()) {
    const auto mapping = ParseMapping(shipped.json, catalogue_);
    ASSERT_TRUE(mapping.ok()) << shipped.name << ": " << mapping.status();
    EXPECT_EQ(mapping->name, shipped.name);
    EXPECT_FALSE(mapping->title_zh.empty());
    const bool theirs =
        shipped.name == "cfpb_complaints" || shipped.name == "nyc311_service_requests";
    EXPECT_EQ(mapping->separator, theirs ? ',' : ';') << shipped.name;
  }
}

TEST_F(MappingTest, ATimeIsNotBeforeOneThatIsMappedBefore) {
  const auto error = [this](const std::string& first, const std::string& second) {
    return ErrorOf(R"({"resource": "complaints/Case", "fields": [{"column": "A", )" + first +
                   R"(}, {"column": "B", )" + second + "}]}");
  };
  const std::string received = R"("field": "case.received_time")";
  const std::string closed = R"("field": "close_time", "not_before": )";
  EXPECT_EQ(error(received, closed + R"("case.received_time")"), "");
  EXPECT_EQ(error(closed + R"("case.received_time")", received),
            "fields[0].not_before: must name a field that is mapped before");
  EXPECT_EQ(error(R"("field": "reply")", closed + R"("reply")"),
            "fields[1].not_before: is for times");
  EXPECT_EQ(error(received, R"("field": "reply", "not_before": "case.received_time")"),
            "fields[1].not_before: is for times");
  EXPECT_TRUE(absl::StartsWith(error(received, closed + R"("nope")"), "fields[1].not_before: "));
}

TEST_F(MappingTest, FaultsNameTheirPlace) {
  EXPECT_EQ(ErrorOf("{"), "mapping: is not JSON");
  EXPECT_TRUE(absl::StrContains(ErrorOf(R"({"colour": 1})"), "unknown key `colour`"));
  EXPECT_EQ(ErrorOf(R"({"resource": "x/Y"})"), "resource: `x/Y` is no resource type");
  EXPECT_EQ(ErrorOf(R"({"resource": "monitoring/Scorecard"})"),
            "resource: `monitoring/Scorecard` has no import");
  EXPECT_TRUE(absl::StartsWith(
      ErrorOf(
          R"({"resource": "complaints/Case", "fields": [{"field": "subject", "column": "A"}]})"),
      "fields[0].field: "));
  EXPECT_EQ(ErrorOf(R"({"resource": "monitoring/Contact", "fields": []})"),
            "fields: must be an array that is not empty");
  EXPECT_TRUE(absl::StartsWith(
      ErrorOf(R"({"resource": "monitoring/Contact", "separator": ";;", "fields": []})"),
      "separator: "));
  EXPECT_TRUE(absl::StrContains(
      ErrorOf(R"({"resource": "monitoring/Contact", "local_time": {"zone": "Mars/North"}})"),
      "local_time.zone: `Mars/North` is no IANA zone"));
  EXPECT_TRUE(
      absl::StartsWith(ErrorOfField(R"({"field": "nope", "column": "A"})"), "fields[0].field: "));
  EXPECT_EQ(ErrorOfField(R"({"field": "type"})"),
            "fields[0]: give exactly one of `column`, `columns`, `constant`");
  EXPECT_EQ(ErrorOfField(R"({"field": "type", "column": "A", "formats": ["%Y"]})"),
            "fields[0]: formats are for times and durations");
  EXPECT_TRUE(absl::StrContains(
      ErrorOfField(R"({"field": "talk_duration", "column": "A", "formats": ["hours"]})"),
      "a duration is"));
  EXPECT_TRUE(absl::StrContains(
      ErrorOfField(R"({"field": "type", "column": "A"}, {"field": "type", "column": "B"})"),
      "fields[1]: `type` is mapped twice"));
  EXPECT_EQ(ErrorOfField(R"({"field": "type", "column": "A", "required": "yes"})"),
            "fields[0].required: must be true or false");
  EXPECT_EQ(ErrorOfField(R"({"field": "type", "column": "A", "named": 1})"),
            "fields[0].named: must be true or false");
  EXPECT_EQ(ErrorOfField(R"({"field": "type", "column": "A", "as": "number"})"),
            "fields[0].as: must be `id` or `hash`");
  EXPECT_EQ(ErrorOfField(R"({"field": "satisfaction", "column": "A", "as": "hash"})"),
            "fields[0]: `as` is for strings");
}

}  // namespace
}  // namespace sqm::cli
