// Values of messages as people read them and as files carry them.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/text/language.h"

namespace sqm::cli {

// Fields from a message down to a value; every one but the last is a singular message.
using FieldPath = std::vector<const google::protobuf::FieldDescriptor*>;

// `state`, `details.kind`. INVALID_ARGUMENT naming what is unknown.
absl::StatusOr<FieldPath> FindPath(const google::protobuf::Descriptor* message,
                                   absl::string_view path);
std::string PathText(const FieldPath& path);

// The label of an enum value in the language; without one, its name less the enum's prefix.
// UNSPECIFIED is empty.
std::string EnumLabel(const google::protobuf::EnumValueDescriptor* value, Language language);
// The name less the enum's prefix, e.g. `RELEASED`.
std::string EnumWord(const google::protobuf::EnumValueDescriptor* value);

enum class ValueStyle {
  kPeople,  // labels, local times, durations as 1m30s
  kFile,    // enum words, RFC 3339 UTC times, durations in seconds
};

// Text of the value at `path`; empty where it is not set.
std::string ValueText(const google::protobuf::Message& message, const FieldPath& path,
                      ValueStyle style, Language language, absl::TimeZone zone);

// JSON with the field names of the contract.
std::string JsonText(const google::protobuf::Message& message, bool pretty);
// Reads JSON; INVALID_ARGUMENT naming what is wrong.
absl::Status ReadJson(absl::string_view json, google::protobuf::Message& message);

// A new, empty message of a linked-in type.
std::unique_ptr<google::protobuf::Message> NewMessage(const google::protobuf::Descriptor* type);

}  // namespace sqm::cli
