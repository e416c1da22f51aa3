#include "cli/import/convert.h"

#include <gtest/gtest.h>

#include <string>

#include "sqm/monitoring/v1/contact.pb.h"

namespace sqm::cli {
namespace {

using monitoring::v1::Contact;

class ConvertTest : public ::testing::Test {
 protected:
  ConvertTest() { absl::LoadTimeZone("America/New_York", &context_.zone); }

  FieldRule Rule(const std::string& path) {
    FieldRule rule;
    rule.path = *FindPath(Contact::descriptor(), path);
    rule.columns = {"C"};
    return rule;
  }
  // Sets the field; answers the reason, empty when it was set.
  std::string Set(const FieldRule& rule, const std::string& text) {
    contact_.Clear();
    return SetField(rule, text, context_, contact_);
  }
  std::string SetTime(const std::string& text) {
    FieldRule rule = Rule("start_time");
    rule.formats = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%Ez"};
    return Set(rule, text);
  }
  absl::Time Time() const {
    return absl::FromUnixSeconds(contact_.start_time().seconds()) +
           absl::Nanoseconds(contact_.start_time().nanos());
  }

  ConvertContext context_;
  Contact contact_;
};

TEST_F(ConvertTest, LocalTimesAreReadInTheZone) {
  EXPECT_EQ(SetTime("2021-01-15 09:30:00"), "");
  EXPECT_EQ(absl::FormatTime(absl::RFC3339_full, Time(), absl::UTCTimeZone()),
            "2021-01-15T14:30:00+00:00");
  EXPECT_EQ(SetTime("2021-01-15T09:30:00+08:00"), "");
  EXPECT_EQ(absl::FormatTime(absl::RFC3339_full, Time(), absl::UTCTimeZone()),
            "2021-01-15T01:30:00+00:00");
}

TEST_F(ConvertTest, NonexistentTimesAreRefusedOrMovedOn) {
  // The clocks of New York went from 02:00 to 03:00.
  EXPECT_EQ(SetTime("2021-03-14 02:30:00"),
            "this local time does not exist in America/New_York (the clock moved forward)");
  EXPECT_FALSE(contact_.has_start_time());
  context_.nonexistent = NonexistentTime::kLater;
  EXPECT_EQ(SetTime("2021-03-14 02:30:00"), "");
  EXPECT_EQ(absl::FormatTime("%H:%M", Time(), context_.zone), "03:30");
}

TEST_F(ConvertTest, AmbiguousTimesFollowThePolicy) {
  // 01:30 came twice, at -04:00 and at -05:00.
  EXPECT_EQ(SetTime("2021-11-07 01:30:00"), "");
  EXPECT_EQ(absl::FormatTime("%H:%M%Ez", Time(), context_.zone), "01:30-04:00");
  context_.ambiguous = AmbiguousTime::kLater;
  EXPECT_EQ(SetTime("2021-11-07 01:30:00"), "");
  EXPECT_EQ(absl::FormatTime("%H:%M%Ez", Time(), context_.zone), "01:30-05:00");
  context_.ambiguous = AmbiguousTime::kReject;
  EXPECT_EQ(SetTime("2021-11-07 01:30:00"),
            "this local time occurs twice in America/New_York (the clock moved back)");
}

TEST_F(ConvertTest, RefusesWhatIsNoTime) {
  for (const char* text : {"2021-02-30 10:00:00", "2021-13-01 10:00:00", "yesterday",
                           "infinite-future", "2021-01-15", "2021-01-15 10:00:00 x"}) {
    EXPECT_NE(SetTime(text), "") << text;
  }
}

TEST_F(ConvertTest, Durations) {
  FieldRule rule = Rule("talk_duration");
  rule.formats = {"HH:MM:SS"};
  EXPECT_EQ(Set(rule, "00:02:23"), "");
  EXPECT_EQ(contact_.talk_duration().seconds(), 143);
  EXPECT_EQ(Set(rule, "00:61:00"), "is no duration of the form HH:MM:SS");
  EXPECT_EQ(Set(rule, "25:00:00"), "must be between 0 and 86400");
  EXPECT_EQ(Set(rule, "-00:00:01"), "is no duration of the form HH:MM:SS");
  rule.formats = {"seconds"};
  EXPECT_EQ(Set(rule, "1.5"), "");
  EXPECT_EQ(contact_.talk_duration().nanos(), 500'000'000);
  EXPECT_EQ(Set(rule, "-1"), "must be between 0 and 86400");
  EXPECT_EQ(Set(rule, "nan"), "is no duration of the form seconds");
}

TEST_F(ConvertTest, NumbersBooleansAndEnums) {
  EXPECT_EQ(Set(Rule("satisfaction"), " 4 "), "");
  EXPECT_EQ(contact_.satisfaction(), 4);
  EXPECT_EQ(Set(Rule("satisfaction"), "6"), "must be between 1 and 5");
  EXPECT_EQ(Set(Rule("satisfaction"), "4.5"), "must be a whole number");
  EXPECT_EQ(Set(Rule("resolved"), "N"), "");
  EXPECT_TRUE(contact_.has_resolved());
  EXPECT_FALSE(contact_.resolved());
  EXPECT_EQ(Set(Rule("resolved"), "maybe"), "must be yes or no");
  EXPECT_EQ(Set(Rule("channel"), "voice"), "");
  EXPECT_EQ(contact_.channel(), monitoring::v1::CONTACT_CHANNEL_VOICE);
  EXPECT_EQ(Set(Rule("channel"), "电子邮件"), "");
  EXPECT_EQ(contact_.channel(), monitoring::v1::CONTACT_CHANNEL_EMAIL);
  EXPECT_NE(Set(Rule("channel"), "pigeon"), "");
  EXPECT_NE(Set(Rule("channel"), "UNSPECIFIED"), "");
}

TEST_F(ConvertTest, ValuesEmptyAndRequired) {
  FieldRule rule = Rule("answer_state");
  rule.values = {{"Y", "ANSWER_STATE_ANSWERED"}, {"N", "ANSWER_STATE_ABANDONED"}};
  EXPECT_EQ(Set(rule, "Y"), "");
  EXPECT_EQ(contact_.answer_state(), monitoring::v1::ANSWER_STATE_ANSWERED);
  EXPECT_EQ(Set(rule, "?"), "must be one of: N, Y");
  EXPECT_EQ(Set(rule, ""), "");
  EXPECT_EQ(contact_.answer_state(), monitoring::v1::ANSWER_STATE_UNSPECIFIED);
  rule.required = true;
  EXPECT_EQ(Set(rule, "  "), "a value is required");
  FieldRule rating = Rule("satisfaction");
  rating.empty = {"NULL"};
  EXPECT_EQ(Set(rating, "NULL"), "");
  EXPECT_FALSE(contact_.has_satisfaction());
}

TEST_F(ConvertTest, TextAndIds) {
  FieldRule agent = Rule("agent");
  agent.as_id = true;
  agent.prefix = "staff/";
  EXPECT_EQ(Set(agent, "Mary Ann O'Neil"), "");
  EXPECT_EQ(contact_.agent(), "staff/mary-ann-oneil");
  EXPECT_NE(Set(agent, "王芳"), "");
  EXPECT_EQ(Set(Rule("type"), "合同"), "");
  EXPECT_EQ(Set(Rule("type"), std::string(129, 'x')), "must have at most 128 characters");
  EXPECT_EQ(Set(Rule("type"), "\xFF"), "is not valid UTF-8");
}

}  // namespace
}  // namespace sqm::cli
