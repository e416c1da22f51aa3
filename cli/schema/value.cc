#include "cli/schema/value.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>

#include <memory>

#include "cli/text/width.h"
#include "sqm/options/v1/options.pb.h"
#include "sqm/type/v1/text.pb.h"

namespace sqm::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Bytes of JSON that a table shows within a cell.
constexpr size_t kLongestInline = 160;

struct Context {
  ValueStyle style;
  Language language;
  absl::TimeZone zone;
};

absl::Time TimeOf(const Message& message) {
  google::protobuf::Timestamp time;
  time.CopyFrom(message);
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string DurationText(const Message& message, const Context& context) {
  google::protobuf::Duration wire;
  wire.CopyFrom(message);
  const absl::Duration duration = absl::Seconds(wire.seconds()) + absl::Nanoseconds(wire.nanos());
  if (context.style == ValueStyle::kPeople) return DurationWords(context.language, duration);
  return absl::StrCat(absl::ToDoubleSeconds(duration));
}

std::string MessageText(const Message& message, const Context& context) {
  const std::string& type = message.GetDescriptor()->full_name();
  if (type == "google.protobuf.Timestamp") {
    if (context.style == ValueStyle::kFile) {
      return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", TimeOf(message), absl::UTCTimeZone());
    }
    return absl::FormatTime("%Y-%m-%d %H:%M:%S", TimeOf(message), context.zone);
  }
  if (type == "google.protobuf.Duration") return DurationText(message, context);
  if (type == "sqm.type.v1.Text" && context.style == ValueStyle::kPeople) {
    type::v1::Text text;
    text.CopyFrom(message);
    const bool chinese = context.language == Language::kChinese;
    const std::string& wanted = chinese ? text.zh() : text.en();
    return wanted.empty() ? (chinese ? text.en() : text.zh()) : wanted;
  }
  std::string json = JsonText(message, /*pretty=*/false);
  if (context.style == ValueStyle::kPeople && json.size() > kLongestInline) {
    return Say(context.language, Text::kSeeJson, json.size());
  }
  return json;
}

// `index` < 0: the singular value.
std::string ScalarText(const Message& message, const FieldDescriptor* field, int index,
                       const Context& context) {
  const Reflection* reflection = message.GetReflection();
  const bool one = index < 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(one ? reflection->GetInt32(message, field)
                              : reflection->GetRepeatedInt32(message, field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(one ? reflection->GetInt64(message, field)
                              : reflection->GetRepeatedInt64(message, field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(one ? reflection->GetUInt32(message, field)
                              : reflection->GetRepeatedUInt32(message, field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(one ? reflection->GetUInt64(message, field)
                              : reflection->GetRepeatedUInt64(message, field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(one ? reflection->GetDouble(message, field)
                              : reflection->GetRepeatedDouble(message, field, index));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(one ? reflection->GetFloat(message, field)
                              : reflection->GetRepeatedFloat(message, field, index));
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool value = one ? reflection->GetBool(message, field)
                             : reflection->GetRepeatedBool(message, field, index);
      if (context.style == ValueStyle::kFile) return value ? "true" : "false";
      return Say(context.language, value ? Text::kYes : Text::kNo);
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = one ? reflection->GetEnumValue(message, field)
                             : reflection->GetRepeatedEnumValue(message, field, index);
      const EnumValueDescriptor* value = field->enum_type()->FindValueByNumber(number);
      if (value == nullptr) return absl::StrCat(number);
      return context.style == ValueStyle::kFile ? EnumWord(value)
                                                : EnumLabel(value, context.language);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = one ? reflection->GetString(message, field)
                             : reflection->GetRepeatedString(message, field, index);
      return field->type() == FieldDescriptor::TYPE_BYTES ? absl::Base64Escape(text) : text;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(one ? reflection->GetMessage(message, field)
                             : reflection->GetRepeatedMessage(message, field, index),
                         context);
  }
  return "";
}

}  // namespace

absl::StatusOr<FieldPath> FindPath(const Descriptor* message, absl::string_view path) {
  FieldPath fields;
  for (absl::string_view part : absl::StrSplit(path, '.')) {
    const Descriptor* type = fields.empty() ? message : fields.back()->message_type();
    const FieldDescriptor* field =
        type == nullptr || (!fields.empty() && fields.back()->is_repeated())
            ? nullptr
            : type->FindFieldByName(std::string(part));
    if (field == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("`", path, "`: ", message->name(), " has no such field"));
    }
    fields.push_back(field);
  }
  return fields;
}

std::string PathText(const FieldPath& path) {
  return absl::StrJoin(path, ".", [](std::string* out, const FieldDescriptor* field) {
    out->append(field->name());
  });
}

std::string EnumWord(const EnumValueDescriptor* value) {
  // The prefix is the enum's name in upper snake case, which the value zero carries.
  const std::string& zero = value->type()->value(0)->name();
  absl::string_view name = value->name();
  if (absl::EndsWith(zero, "UNSPECIFIED")) {
    const absl::string_view prefix =
        absl::string_view(zero).substr(0, zero.size() - strlen("UNSPECIFIED"));
    if (absl::StartsWith(name, prefix)) name.remove_prefix(prefix.size());
  }
  return name == "UNSPECIFIED" ? "" : std::string(name);
}

std::string EnumLabel(const EnumValueDescriptor* value, Language language) {
  const auto& label = value->options().GetExtension(options::v1::label);
  const std::string& text = language == Language::kChinese ? label.zh() : label.en();
  return text.empty() || value->number() == 0 ? EnumWord(value) : text;
}

std::string ValueText(const Message& message, const FieldPath& path, ValueStyle style,
                      Language language, absl::TimeZone zone) {
  const Message* at = &message;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    if (!at->GetReflection()->HasField(*at, path[i])) return "";
    at = &at->GetReflection()->GetMessage(*at, path[i]);
  }
  const FieldDescriptor* field = path.back();
  const Context context{style, language, zone};
  if (field->is_repeated()) {
    std::vector<std::string> parts;
    const int size = at->GetReflection()->FieldSize(*at, field);
    for (int i = 0; i < size; ++i) parts.push_back(ScalarText(*at, field, i, context));
    return absl::StrJoin(parts,
                         field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE ? "; " : ", ");
  }
  if (field->has_presence() && !at->GetReflection()->HasField(*at, field)) return "";
  return ScalarText(*at, field, -1, context);
}

std::string JsonText(const Message& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  // Only a damaged Any or an out-of-range time can fail here; its debug text is still readable.
  if (!status.ok()) return message.ShortDebugString();
  while (!json.empty() && json.back() == '\n') json.pop_back();
  // Protocol Buffers escapes what drives a terminal, but for what Unicode has had since 6.3.
  for (int i = 0; i < 4; ++i) {
    const std::string isolate = {'\xE2', '\x81', static_cast<char>(0xA6 + i)};
    absl::StrReplaceAll({{isolate, absl::StrCat("\\u206", 6 + i)}}, &json);
  }
  return json;
}

absl::Status ReadJson(absl::string_view json, Message& message) {
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &message);
  if (status.ok()) return absl::OkStatus();
  // What is wrong, and on the next line where, which a third one points at.
  const std::vector<absl::string_view> lines =
      absl::StrSplit(absl::string_view(status.message().data(), status.message().size()), '\n');
  const absl::string_view where =
      lines.size() > 1 ? absl::StripAsciiWhitespace(lines[1]) : absl::string_view();
  // An excerpt, which may begin or end within a character.
  return absl::InvalidArgumentError(
      Printable(where.empty() ? std::string(lines[0]) : absl::StrCat(lines[0], " (", where, ")")));
}

std::unique_ptr<Message> NewMessage(const Descriptor* type) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

}  // namespace sqm::cli
