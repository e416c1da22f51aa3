#include "tests/unit/query/test_ticket.h"

#include <absl/random/random.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdlib>
#include <iostream>

namespace sqm::query {
namespace {

constexpr char kFile[] = R"pb(
  name: "ticket.proto"
  package: "test"
  syntax: "proto3"
  dependency: "google/protobuf/timestamp.proto"
  dependency: "google/protobuf/duration.proto"
  message_type {
    name: "Ticket"
    field { name: "title" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "number" number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL }
    field { name: "score" number: 3 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "ratio" number: 4 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
    field { name: "resolved" number: 5 type: TYPE_BOOL label: LABEL_OPTIONAL }
    field {
      name: "severity"
      number: 6
      type: TYPE_ENUM
      type_name: ".test.Severity"
      label: LABEL_OPTIONAL
    }
    field {
      name: "create_time"
      number: 7
      type: TYPE_MESSAGE
      type_name: ".google.protobuf.Timestamp"
      label: LABEL_OPTIONAL
    }
    field {
      name: "wait"
      number: 8
      type: TYPE_MESSAGE
      type_name: ".google.protobuf.Duration"
      label: LABEL_OPTIONAL
    }
    field {
      name: "agent"
      number: 9
      type: TYPE_MESSAGE
      type_name: ".test.Agent"
      label: LABEL_OPTIONAL
    }
    field {
      name: "note"
      number: 10
      type: TYPE_STRING
      label: LABEL_OPTIONAL
      oneof_index: 0
      proto3_optional: true
    }
    field { name: "big" number: 11 type: TYPE_UINT64 label: LABEL_OPTIONAL }
    field { name: "tags" number: 12 type: TYPE_STRING label: LABEL_REPEATED }
    field { name: "blob" number: 13 type: TYPE_BYTES label: LABEL_OPTIONAL }
    field { name: "weight" number: 14 type: TYPE_FLOAT label: LABEL_OPTIONAL }
    oneof_decl { name: "_note" }
  }
  message_type {
    name: "Agent"
    field { name: "team" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field {
      name: "level"
      number: 2
      type: TYPE_INT32
      label: LABEL_OPTIONAL
      oneof_index: 0
      proto3_optional: true
    }
    oneof_decl { name: "_level" }
  }
  enum_type {
    name: "Severity"
    value { name: "SEVERITY_UNSPECIFIED" number: 0 }
    value { name: "SEVERITY_LOW" number: 1 }
    value { name: "SEVERITY_HIGH" number: 2 }
    value { name: "SEVERITY_CRITICAL" number: 3 }
  })pb";

[[noreturn]] void Stop(absl::string_view why) {
  std::cerr << "ticket.proto: " << why << "\n";
  std::abort();
}

const char* const kTexts[] = {"", "a", "ab", "abc", "abd", "b*", "客户", "客户投诉", "it's \"so\""};
const char* const kScores[] = {"", "0", "-0.5", "4.25", "4.3", "80", "99.99"};
const double kRatios[] = {0, -1.5, 0.1, 0.25, 1e300};

}  // namespace

const google::protobuf::Descriptor& TicketDescriptor() {
  static const auto* descriptor = [] {
    // Named, so that the linker keeps their files in the generated pool.
    google::protobuf::Timestamp::descriptor();
    google::protobuf::Duration::descriptor();
    google::protobuf::FileDescriptorProto file;
    if (!google::protobuf::TextFormat::ParseFromString(kFile, &file)) Stop("malformed");
    auto* pool =
        new google::protobuf::DescriptorPool(google::protobuf::DescriptorPool::generated_pool());
    if (pool->BuildFile(file) == nullptr) Stop("not a valid file");
    return pool->FindMessageTypeByName("test.Ticket");
  }();
  return *descriptor;
}

const FieldSet& TicketFields() {
  static const auto* fields = [] {
    std::vector<Field> list;
    for (absl::string_view path : {"title", "number", "ratio", "resolved", "severity",
                                   "create_time", "wait", "agent.team", "agent.level", "note"}) {
      auto field = MakeField(TicketDescriptor(), path, path == "title" ? "the \"title\"" : "");
      if (!field.ok()) Stop(field.status().ToString());
      list.push_back(*std::move(field));
    }
    auto score = MakeField(TicketDescriptor(), "score", "score", 2);
    if (!score.ok()) Stop(score.status().ToString());
    list.push_back(*std::move(score));
    auto set = FieldSet::Create(TicketDescriptor(), std::move(list));
    if (!set.ok()) Stop(set.status().ToString());
    return new FieldSet(*std::move(set));
  }();
  return *fields;
}

MessagePtr Ticket(absl::string_view text) {
  static auto* factory = [] {
    auto* made = new google::protobuf::DynamicMessageFactory;
    made->SetDelegateToGeneratedFactory(true);
    return made;
  }();
  MessagePtr ticket(factory->GetPrototype(&TicketDescriptor())->New());
  if (!google::protobuf::TextFormat::ParseFromString(std::string(text), ticket.get())) {
    Stop(absl::StrCat("malformed ticket ", text));
  }
  return ticket;
}

MessagePtr RandomTicket(absl::BitGenRef random) {
  MessagePtr ticket = Ticket("");
  const auto& reflection = *ticket->GetReflection();
  auto field = [&](const char* name) { return TicketDescriptor().FindFieldByName(name); };
  auto set = [&] { return absl::Bernoulli(random, 0.7); };
  auto pick = [&](const auto& list) {
    return list[absl::Uniform<size_t>(random, 0, std::size(list))];
  };
  reflection.SetString(ticket.get(), field("title"), pick(kTexts));
  reflection.SetInt64(ticket.get(), field("number"), absl::Uniform(random, -2, 3));
  reflection.SetString(ticket.get(), field("score"), pick(kScores));
  reflection.SetDouble(ticket.get(), field("ratio"), pick(kRatios));
  reflection.SetBool(ticket.get(), field("resolved"), set());
  reflection.SetEnumValue(ticket.get(), field("severity"), absl::Uniform(random, 0, 5));
  if (set()) reflection.SetString(ticket.get(), field("note"), pick(kTexts));
  if (set()) {
    auto* agent = reflection.MutableMessage(ticket.get(), field("agent"));
    const auto* type = agent->GetDescriptor();
    agent->GetReflection()->SetString(agent, type->FindFieldByName("team"), pick(kTexts));
    if (set()) {
      agent->GetReflection()->SetInt32(agent, type->FindFieldByName("level"),
                                       absl::Uniform(random, -1, 2));
    }
  }
  for (const char* name : {"create_time", "wait"}) {
    if (!set()) continue;
    auto* time = reflection.MutableMessage(ticket.get(), field(name));
    const auto* type = time->GetDescriptor();
    int64_t base = field(name)->number() == 7 ? 1'767'225'600 : 0;  // 2026-01-01T00:00:00Z
    time->GetReflection()->SetInt64(time, type->FindFieldByName("seconds"),
                                    base + absl::Uniform(random, 0, 3));
    time->GetReflection()->SetInt32(time, type->FindFieldByName("nanos"),
                                    500'000'999 * absl::Uniform(random, 0, 2));
  }
  return ticket;
}

}  // namespace sqm::query
