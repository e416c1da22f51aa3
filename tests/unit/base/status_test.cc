#include "common/base/status.h"

#include <absl/strings/cord.h>
#include <gtest/gtest.h>

namespace sqm {
namespace {

TEST(Status, CarriesReasonAndMetadata) {
  absl::Status status = WrongState("evaluations/a", "SUBMITTED", "RELEASED, VOIDED", "start");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_WRONG_STATE);
  EXPECT_EQ(MetadataOf(status, "current_state"), "SUBMITTED");
  EXPECT_EQ(MetadataOf(status, "allowed_states"), "RELEASED, VOIDED");
  EXPECT_TRUE(status.GetPayload(kPreconditionUrl).has_value());
}

TEST(Status, RuleNameStandsInTheMetadata) {
  absl::Status status = RuleViolated("self-evaluation", "no", {{"agent", "staff/a"}});
  EXPECT_EQ(MetadataOf(status, "rule"), "self-evaluation");
  EXPECT_EQ(MetadataOf(status, "agent"), "staff/a");
}

// Or the whole error could not be read.
TEST(Status, WhatIsNoUtf8IsReplaced) {
  const std::string cut = "客\xE5\xAE";
  const absl::Status status = Fail(absl::StatusCode::kInvalidArgument,
                                   type::v1::ERROR_REASON_INVALID_NAME, cut, {{"name", cut}});
  EXPECT_EQ(status.message(), "客�");
  EXPECT_EQ(MetadataOf(status, "name"), "客�");
  google::rpc::BadRequest bad;
  ASSERT_TRUE(
      bad.ParseFromString(std::string(*InvalidField("zone", cut).GetPayload(kBadRequestUrl))));
  EXPECT_EQ(bad.field_violations(0).description(), "客�");
  google::rpc::ResourceInfo info;
  ASSERT_TRUE(info.ParseFromString(
      std::string(*NotFound("test/Ticket", cut).GetPayload(kResourceInfoUrl))));
  EXPECT_EQ(info.resource_name(), "客�");
}

TEST(FieldErrors, ListsEveryFieldUpToABound) {
  FieldErrors errors;
  EXPECT_TRUE(errors.ToStatus().ok());
  for (int i = 0; i < 150; ++i) errors.Add("field", "is required");
  google::rpc::BadRequest bad;
  ASSERT_TRUE(bad.ParseFromString(std::string(*errors.ToStatus().GetPayload(kBadRequestUrl))));
  EXPECT_EQ(bad.field_violations_size(), 100);
}

TEST(FieldErrors, OfAPartNameTheFieldsOfTheWhole) {
  FieldErrors errors;
  errors.Add("contact.agent", "must be given");
  errors.Add("contact.satisfaction", "must be 1 to 5");
  const absl::Status status = WithinRequest("requests[3].", errors.ToStatus());
  EXPECT_EQ(status.message(), "requests[3].contact.agent: must be given (and 1 more)");
  EXPECT_EQ(MetadataOf(status, "field"), "requests[3].contact.agent");
  google::rpc::BadRequest bad;
  ASSERT_TRUE(bad.ParseFromString(std::string(*status.GetPayload(kBadRequestUrl))));
  EXPECT_EQ(bad.field_violations(1).field(), "requests[3].contact.satisfaction");
  // What names no field stays as it is.
  const absl::Status other = NotFound("test/Ticket", "tickets/1");
  EXPECT_EQ(WithinRequest("requests[3].", other), other);
  EXPECT_TRUE(WithinRequest("requests[3].", absl::OkStatus()).ok());
}

}  // namespace
}  // namespace sqm
