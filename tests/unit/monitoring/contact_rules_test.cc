#include "services/monitoring/contact_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "tests/unit/monitoring/forms.h"

namespace sqm::monitoring {
namespace {

v1::Contact Answered() {
  v1::Contact contact;
  contact.set_external_id("ID0001");
  contact.set_agent("staff/diane");
  contact.set_channel(v1::CONTACT_CHANNEL_VOICE);
  contact.set_answer_state(v1::ANSWER_STATE_ANSWERED);
  *contact.mutable_start_time() = ToTimestamp(kNow);
  *contact.mutable_end_time() = ToTimestamp(kNow + absl::Seconds(262));
  contact.mutable_queue_duration()->set_seconds(109);
  contact.mutable_talk_duration()->set_seconds(143);
  contact.mutable_hold_duration()->set_seconds(10);
  contact.mutable_after_call_duration()->set_seconds(30);
  contact.set_resolved(true);
  contact.set_satisfaction(3);
  return contact;
}

v1::Contact Abandoned() {
  v1::Contact contact;
  contact.set_agent("staff/diane");  // it rang there
  contact.set_answer_state(v1::ANSWER_STATE_ABANDONED);
  *contact.mutable_start_time() = ToTimestamp(kNow);
  contact.mutable_queue_duration()->set_seconds(20);
  contact.set_resolved(false);
  return contact;
}

// Fields that are refused, comma separated.
std::string Refused(const v1::Contact& contact) {
  const absl::Status status = ValidateContact(contact);
  google::rpc::BadRequest bad_request;
  bad_request.ParseFromString(
      std::string(status.GetPayload(kBadRequestUrl).value_or(absl::Cord())));
  std::string fields;
  for (const auto& violation : bad_request.field_violations()) {
    absl::StrAppend(&fields, fields.empty() ? "" : ",", violation.field());
  }
  EXPECT_EQ(status.ok(), fields.empty());
  return fields;
}

std::string After(v1::Contact contact, const std::function<void(v1::Contact&)>& change) {
  change(contact);
  return Refused(contact);
}

TEST(ValidateContactTest, AcceptsAnsweredAndAbandoned) {
  EXPECT_EQ(Refused(Answered()), "");
  EXPECT_EQ(Refused(Abandoned()), "");
  v1::Contact no_agent = Abandoned();
  no_agent.clear_agent();
  EXPECT_EQ(Refused(no_agent), "");
}

TEST(ValidateContactTest, ChecksTimes) {
  EXPECT_EQ(After(Answered(), [](auto& c) { c.clear_end_time(); }), "");
  EXPECT_EQ(After(Answered(), [](auto& c) { c.clear_start_time(); }), "start_time");
  EXPECT_EQ(
      After(Answered(),
            [](auto& c) { *c.mutable_end_time() = ToTimestamp(kNow - absl::Nanoseconds(1)); }),
      "end_time");
  EXPECT_EQ(After(Abandoned(), [](auto& c) { *c.mutable_end_time() = c.start_time(); }),
            "talk_duration");  // 20 s in the queue of a contact without length
  // 109 + 143 + 10 s; each part is rounded, so two seconds more pass.
  EXPECT_EQ(After(Answered(),
                  [](auto& c) { *c.mutable_end_time() = ToTimestamp(kNow + absl::Seconds(260)); }),
            "");
  EXPECT_EQ(After(Answered(),
                  [](auto& c) { *c.mutable_end_time() = ToTimestamp(kNow + absl::Seconds(259)); }),
            "talk_duration");
}

TEST(ValidateContactTest, RefusesNegativeDurations) {
  EXPECT_EQ(After(Answered(), [](auto& c) { c.mutable_queue_duration()->set_seconds(-1); }),
            "queue_duration");
  EXPECT_EQ(After(Answered(),
                  [](auto& c) {
                    c.mutable_talk_duration()->set_seconds(0);
                    c.mutable_talk_duration()->set_nanos(-1);
                  }),
            "talk_duration");
  EXPECT_EQ(After(Answered(), [](auto& c) { c.mutable_after_call_duration()->set_seconds(-1); }),
            "after_call_duration");
}

TEST(ValidateContactTest, AnsweredNeedsAnAgent) {
  EXPECT_EQ(After(Answered(), [](auto& c) { c.clear_agent(); }), "agent");
  EXPECT_EQ(After(Answered(), [](auto& c) { c.clear_answer_state(); }), "answer_state");
}

TEST(ValidateContactTest, AbandonedHasNeitherTalkNorRating) {
  EXPECT_EQ(After(Answered(), [](auto& c) { c.set_answer_state(v1::ANSWER_STATE_ABANDONED); }),
            "talk_duration,hold_duration,after_call_duration,satisfaction,resolved");
  EXPECT_EQ(After(Abandoned(), [](auto& c) { c.mutable_talk_duration(); }), "");
}

TEST(ValidateContactTest, RatingIsOneToFive) {
  for (const int rating : {0, 6, -1}) {
    EXPECT_EQ(After(Answered(), [&](auto& c) { c.set_satisfaction(rating); }), "satisfaction");
  }
  EXPECT_EQ(After(Answered(), [](auto& c) { c.clear_satisfaction(); }), "");
}

TEST(HasSameContentTest, LooksPastWhatTheServiceSets) {
  v1::Contact stored = Answered();
  stored.set_name("contacts/1");
  stored.set_etag("\"3\"");
  *stored.mutable_create_time() = ToTimestamp(kNow);
  *stored.mutable_update_time() = ToTimestamp(kNow);
  EXPECT_TRUE(HasSameContent(stored, Answered()));
  v1::Contact other = Answered();
  other.set_satisfaction(4);
  EXPECT_FALSE(HasSameContent(stored, other));
  other.clear_satisfaction();
  EXPECT_FALSE(HasSameContent(stored, other));
}

}  // namespace
}  // namespace sqm::monitoring
