// Changes as monitoring's feed gives them.
#pragma once

#include <absl/strings/str_cat.h>

#include <cstdint>
#include <string>

#include "sqm/feed/v1/feed.pb.h"
#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/improvement_note.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::reporting {

// 2024-01-15T00:00:00Z
inline constexpr int64_t kMidnight = 1705276800;
inline constexpr Bucket kFrom = kMidnight / kBucketSeconds;

inline feed::v1::Change MakeChange(const char* type, const google::protobuf::Message& body,
                                   const std::string& name, int64_t position, int64_t version = 1,
                                   feed::v1::ChangeKind kind = feed::v1::CHANGE_KIND_CREATED) {
  feed::v1::Change change;
  change.set_resource_type(absl::StrCat("monitoring/", type));
  change.set_name(name);
  change.set_position(position);
  change.set_version(version);
  change.set_kind(kind);
  change.mutable_time()->set_seconds(kMidnight + 2 * 86400);
  change.set_body(body.SerializeAsString());
  return change;
}

inline monitoring::v1::Contact MakeContact(const std::string& agent, int64_t seconds,
                                           bool answered = true) {
  monitoring::v1::Contact contact;
  contact.set_agent(agent);
  contact.set_team("north");
  contact.set_channel(monitoring::v1::CONTACT_CHANNEL_VOICE);
  contact.set_type("Billing");
  contact.mutable_start_time()->set_seconds(kMidnight + seconds);
  contact.set_answer_state(answered ? monitoring::v1::ANSWER_STATE_ANSWERED
                                    : monitoring::v1::ANSWER_STATE_ABANDONED);
  contact.mutable_queue_duration()->set_seconds(12);
  if (answered) {
    contact.mutable_talk_duration()->set_seconds(100);
    contact.mutable_hold_duration()->set_seconds(20);
    contact.set_resolved(true);
    contact.set_satisfaction(4);
  }
  return contact;
}

inline monitoring::v1::Evaluation MakeEvaluation(const std::string& agent, int64_t seconds,
                                                 const std::string& score,
                                                 const std::string& band) {
  monitoring::v1::Evaluation evaluation;
  evaluation.set_agent(agent);
  evaluation.set_team("north");
  evaluation.set_evaluator("staff/officer");
  evaluation.set_scorecard_version("scorecards/call/versions/1");
  evaluation.set_method(monitoring::v1::EVALUATION_METHOD_RECORDED);
  evaluation.set_state(monitoring::v1::EVALUATION_STATE_SUBMITTED);
  evaluation.mutable_submit_time()->set_seconds(kMidnight + seconds);
  evaluation.mutable_result()->set_score(score);
  evaluation.mutable_result()->set_band(band);
  evaluation.mutable_result()->set_passing(band != "fail");
  auto* item = evaluation.mutable_result()->add_items();
  item->set_item_id("greeting");
  item->set_earned("5");
  item->set_possible("10");
  item = evaluation.mutable_result()->add_items();
  item->set_item_id("privacy");
  item->set_not_applicable(true);
  return evaluation;
}

}  // namespace sqm::reporting
