#include "tests/bench/sample.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

namespace sqm::bench {
namespace {

constexpr const char* kTypes[] = {"Contract related", "Technical Support", "Payment related",
                                  "Admin Support", "Streaming"};

}  // namespace

monitoring::v1::Contact SampleContact(uint64_t index) {
  // 2026-03-02T00:00:00Z; contacts follow each other through 30 days, then again.
  constexpr int64_t kFirst = 1772409600;
  const int64_t start = kFirst + static_cast<int64_t>(index * 37 % (30 * 86400));
  const int64_t talk = 60 + static_cast<int64_t>(index % 400);
  monitoring::v1::Contact contact;
  contact.set_external_id(absl::StrFormat("bench-%012d", index));
  contact.set_agent(absl::StrFormat("staff/agent-%03d", index % 200));
  contact.set_team(absl::StrFormat("team-%02d", index % 200 / 10));
  contact.set_channel(monitoring::v1::CONTACT_CHANNEL_VOICE);
  contact.set_type(kTypes[index % 5]);
  contact.mutable_start_time()->set_seconds(start);
  const int64_t queue = 5 + static_cast<int64_t>(index % 60);
  constexpr int64_t kHold = 15;
  contact.mutable_end_time()->set_seconds(start + queue + talk + kHold);
  contact.set_answer_state(monitoring::v1::ANSWER_STATE_ANSWERED);
  contact.mutable_queue_duration()->set_seconds(queue);
  contact.mutable_talk_duration()->set_seconds(talk);
  contact.mutable_hold_duration()->set_seconds(kHold);
  contact.mutable_after_call_duration()->set_seconds(30);
  contact.set_resolved(index % 4 != 0);
  contact.set_satisfaction(static_cast<int32_t>(1 + index % 5));
  contact.set_customer(absl::StrFormat("C-%010d", index));
  contact.set_recording_uri(absl::StrFormat(
      "https://recordings.example.org/2026/03/voice/site-north/queue-main/shift-early/%012d.opus"
      "?channel=both&codec=opus&rate=16000&bits=16&retention=90d&consent=given&language=zh-CN"
      "&recorder=rec-07.example.org",
      index));
  contact.set_source("bench/pbx-export-2026-03.csv");
  contact.set_simulated(true);
  return contact;
}

monitoring::v1::Contact StoredContact(uint64_t index) {
  monitoring::v1::Contact contact = SampleContact(index);
  contact.set_name(absl::StrFormat("contacts/01kjq0000000000000%08d", index));
  contact.mutable_create_time()->set_seconds(1772409600);
  contact.mutable_create_time()->set_nanos(123456789);
  *contact.mutable_update_time() = contact.create_time();
  contact.set_etag("\"1\"");
  return contact;
}

std::string SampleRequestId(uint64_t run, uint64_t index) {
  // Version 7, as clients that call 20,000 times a second make them.
  const uint64_t ms = (1772409600000 + run % 100000 * 3600000 + index / 20) & 0xFFFFFFFFFFFF;
  const uint64_t tail = (index + 1) * 0x9E3779B97F4A7C15;
  return absl::StrFormat("%08x-%04x-7%03x-8%03x-%012x", ms >> 16, ms & 0xFFFF, tail >> 52,
                         run & 0xFFF, tail & 0xFFFFFFFFFFFF);
}

}  // namespace sqm::bench
