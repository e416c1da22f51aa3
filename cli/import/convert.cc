#include "cli/import/convert.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "cli/text/width.h"
#include "sqm/options/v1/options.pb.h"

namespace sqm::cli {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kLongestId = 63;

// What the annotations allow of a number; a duration counts in seconds.
std::string OutOfRange(const FieldDescriptor* field, double value, Language language) {
  const auto& rules = field->options().GetExtension(options::v1::field);
  const bool low = rules.has_min() && value < rules.min();
  const bool high = rules.has_max() && value > rules.max();
  if (!low && !high) return "";
  if (rules.has_min() && rules.has_max()) {
    return Say(language, Text::kNotBetween, rules.min(), rules.max());
  }
  return low ? Say(language, Text::kBelow, rules.min()) : Say(language, Text::kAbove, rules.max());
}

std::optional<bool> ParseBoolean(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  for (absl::string_view word : {"true", "yes", "y", "t", "1", "是"}) {
    if (lower == word) return true;
  }
  for (absl::string_view word : {"false", "no", "n", "f", "0", "否"}) {
    if (lower == word) return false;
  }
  return std::nullopt;
}

const EnumValueDescriptor* ParseEnum(const EnumDescriptor* type, absl::string_view text) {
  for (int i = 0; i < type->value_count(); ++i) {
    const EnumValueDescriptor* value = type->value(i);
    if (value->number() == 0) continue;
    const auto& label = value->options().GetExtension(options::v1::label);
    if (absl::EqualsIgnoreCase(value->name(), text) ||
        absl::EqualsIgnoreCase(EnumWord(value), text) || absl::EqualsIgnoreCase(label.en(), text) ||
        label.zh() == text) {
      return value;
    }
  }
  return nullptr;
}

std::optional<absl::Duration> ParseDuration(absl::string_view text, absl::string_view format) {
  double number = 0;
  if (format == "seconds" || format == "minutes") {
    if (!absl::SimpleAtod(text, &number) || !std::isfinite(number)) return std::nullopt;
    return (format == "seconds" ? absl::Seconds(1) : absl::Minutes(1)) * number;
  }
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  if (parts.size() != (format == "HH:MM:SS" ? 3u : 2u)) return std::nullopt;
  absl::Duration sum;
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool first = i == 0;
    const bool last = i + 1 == parts.size();
    const std::string digits = last ? "0123456789." : "0123456789";
    if (parts[i].empty() || parts[i].find_first_not_of(digits) != absl::string_view::npos ||
        !absl::SimpleAtod(parts[i], &number) || (!first && number >= 60) || number > 1e6) {
      return std::nullopt;
    }
    sum = sum * 60 + absl::Seconds(number);
  }
  return sum;
}

struct ParsedTime {
  absl::Time time;
  std::string reason;  // why not
};

// A wall-clock time in the zone; a format with %z brings its own offset.
ParsedTime ResolveTime(absl::string_view text, absl::string_view format,
                       const ConvertContext& context, bool& parsed) {
  ParsedTime result;
  std::string error;
  parsed = absl::ParseTime(format, text, absl::UTCTimeZone(), &result.time, &error) &&
           result.time != absl::InfiniteFuture() && result.time != absl::InfinitePast();
  if (!parsed || absl::StrContains(format, "%z") || absl::StrContains(format, "%Ez") ||
      absl::StrContains(format, "%s")) {
    return result;
  }
  const absl::CivilSecond wall = absl::ToCivilSecond(result.time, absl::UTCTimeZone());
  const absl::Duration fraction = result.time - absl::FromCivil(wall, absl::UTCTimeZone());
  const absl::TimeZone::TimeInfo info = context.zone.At(wall);
  switch (info.kind) {
    case absl::TimeZone::TimeInfo::UNIQUE:
      result.time = info.pre;
      break;
    case absl::TimeZone::TimeInfo::SKIPPED:
      // `pre` reads the wall clock with the offset before the gap: the time moves on by the gap.
      if (context.nonexistent == NonexistentTime::kReject) {
        result.reason = Say(context.language, Text::kNonexistentTime, context.zone.name());
      }
      result.time = info.pre;
      break;
    case absl::TimeZone::TimeInfo::REPEATED:
      if (context.ambiguous == AmbiguousTime::kReject) {
        result.reason = Say(context.language, Text::kAmbiguousTime, context.zone.name());
      }
      result.time = context.ambiguous == AmbiguousTime::kLater ? info.post : info.pre;
      break;
  }
  result.time += fraction;
  return result;
}

std::string SetTime(const FieldRule& rule, absl::string_view text, const ConvertContext& context,
                    Message& field) {
  const std::vector<std::string> formats =
      rule.formats.empty() ? std::vector<std::string>{"%Y-%m-%dT%H:%M:%E*S%Ez"} : rule.formats;
  for (const std::string& format : formats) {
    bool parsed = false;
    const ParsedTime result = ResolveTime(text, format, context, parsed);
    if (!parsed) continue;
    if (!result.reason.empty()) return result.reason;
    const int64_t nanos = absl::ToInt64Nanoseconds(
        result.time - absl::FromUnixSeconds(absl::ToUnixSeconds(result.time)));
    google::protobuf::Timestamp wire;
    wire.set_seconds(absl::ToUnixSeconds(result.time));
    wire.set_nanos(static_cast<int32_t>(nanos));
    field.CopyFrom(wire);
    return "";
  }
  // As people write them.
  std::vector<std::string> examples;
  for (const std::string& format : formats) {
    const absl::CivilSecond example(2026, 12, 31, 14, 30, 0);
    examples.push_back(
        absl::FormatTime(format, absl::FromCivil(example, context.zone), context.zone));
  }
  return Say(context.language, Text::kNotATime, Listed(context.language, examples));
}

std::string SetDuration(const FieldRule& rule, absl::string_view text,
                        const ConvertContext& context, Message& parent) {
  const FieldDescriptor* field = rule.path.back();
  const std::vector<std::string> formats =
      rule.formats.empty() ? std::vector<std::string>{"seconds", "HH:MM:SS"} : rule.formats;
  for (const std::string& format : formats) {
    const std::optional<absl::Duration> duration = ParseDuration(text, format);
    if (!duration.has_value()) continue;
    const std::string reason =
        OutOfRange(field, absl::ToDoubleSeconds(*duration), context.language);
    if (!reason.empty()) return reason;
    absl::Duration rest;
    google::protobuf::Duration wire;
    wire.set_seconds(absl::IDivDuration(*duration, absl::Seconds(1), &rest));
    wire.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
    parent.GetReflection()->MutableMessage(&parent, field)->CopyFrom(wire);
    return "";
  }
  return Say(context.language, Text::kNotADuration, Listed(context.language, formats));
}

template <typename Number, typename Parse, typename Set>
std::string SetNumber(const FieldDescriptor* field, absl::string_view text, Language language,
                      Text complaint, Parse parse, Set set) {
  Number number{};
  if (!parse(text, &number)) return Say(language, complaint);
  const std::string reason = OutOfRange(field, static_cast<double>(number), language);
  if (reason.empty()) set(number);
  return reason;
}

std::string SetString(const FieldRule& rule, absl::string_view text, Language language,
                      Message& parent) {
  const FieldDescriptor* field = rule.path.back();
  std::string value = rule.as_id ? MakeId(text) : std::string(text);
  if (value.empty()) return Say(language, Text::kNoId);
  value.insert(0, rule.prefix);
  const uint32_t longest = field->options().GetExtension(options::v1::field).max_length();
  const auto characters =
      std::count_if(value.begin(), value.end(), [](char c) { return (c & 0xC0) != 0x80; });
  if (longest > 0 && characters > static_cast<std::ptrdiff_t>(longest)) {
    return Say(language, Text::kTooLong, longest);
  }
  parent.GetReflection()->SetString(&parent, field, std::move(value));
  return "";
}

}  // namespace

std::string MakeId(absl::string_view text) {
  std::string id;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte)) {
      id += absl::ascii_tolower(byte);
    } else if (byte >= 0x80) {
      return "";  // letters outside ASCII have no form in an id
    } else if (!id.empty() && id.back() != '-' && c != '\'' && c != '.') {
      id += '-';
    }
  }
  while (!id.empty() && id.back() == '-') id.pop_back();
  return id.size() > kLongestId ? "" : id;
}

std::string SetField(const FieldRule& rule, absl::string_view text, const ConvertContext& context,
                     Message& message) {
  text = absl::StripAsciiWhitespace(text);
  const Language language = context.language;
  if (text.empty() || std::find(rule.empty.begin(), rule.empty.end(), text) != rule.empty.end()) {
    return rule.required ? Say(language, Text::kMissingValue) : "";
  }
  if (!IsUtf8(text)) return Say(language, Text::kNotUtf8);
  if (!rule.values.empty()) {
    const auto found = rule.values.find(std::string(text));
    if (found == rule.values.end()) {
      return Say(language, Text::kNotOneOf,
                 absl::StrJoin(rule.values, ", ", [](std::string* out, const auto& entry) {
                   out->append(entry.first);
                 }));
    }
    text = found->second;
  }
  Message* parent = &message;
  for (size_t i = 0; i + 1 < rule.path.size(); ++i) {
    parent = parent->GetReflection()->MutableMessage(parent, rule.path[i]);
  }
  const FieldDescriptor* field = rule.path.back();
  const google::protobuf::Reflection* reflection = parent->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return SetString(rule, text, language, *parent);
    case FieldDescriptor::CPPTYPE_INT32:
      return SetNumber<int32_t>(
          field, text, language, Text::kNotAnInteger,
          [](absl::string_view t, int32_t* n) { return absl::SimpleAtoi(t, n); },
          [&](int32_t n) { reflection->SetInt32(parent, field, n); });
    case FieldDescriptor::CPPTYPE_INT64:
      return SetNumber<int64_t>(
          field, text, language, Text::kNotAnInteger,
          [](absl::string_view t, int64_t* n) { return absl::SimpleAtoi(t, n); },
          [&](int64_t n) { reflection->SetInt64(parent, field, n); });
    case FieldDescriptor::CPPTYPE_UINT32:
      return SetNumber<uint32_t>(
          field, text, language, Text::kNotAnInteger,
          [](absl::string_view t, uint32_t* n) { return absl::SimpleAtoi(t, n); },
          [&](uint32_t n) { reflection->SetUInt32(parent, field, n); });
    case FieldDescriptor::CPPTYPE_UINT64:
      return SetNumber<uint64_t>(
          field, text, language, Text::kNotAnInteger,
          [](absl::string_view t, uint64_t* n) { return absl::SimpleAtoi(t, n); },
          [&](uint64_t n) { reflection->SetUInt64(parent, field, n); });
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return SetNumber<double>(
          field, text, language, Text::kNotANumber,
          [](absl::string_view t, double* n) {
            return absl::SimpleAtod(t, n) && std::isfinite(*n);
          },
          [&](double n) {
            if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
              reflection->SetDouble(parent, field, n);
            } else {
              reflection->SetFloat(parent, field, static_cast<float>(n));
            }
          });
    case FieldDescriptor::CPPTYPE_BOOL: {
      const std::optional<bool> value = ParseBoolean(text);
      if (!value.has_value()) return Say(language, Text::kNotABoolean);
      reflection->SetBool(parent, field, *value);
      return "";
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* value = ParseEnum(field->enum_type(), text);
      if (value == nullptr) {
        std::vector<std::string> words;
        for (int i = 1; i < field->enum_type()->value_count(); ++i) {
          words.push_back(EnumWord(field->enum_type()->value(i)));
        }
        return Say(language, Text::kNotOneOf, Listed(language, words));
      }
      reflection->SetEnum(parent, field, value);
      return "";
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (field->message_type()->full_name() == "google.protobuf.Duration") {
        return SetDuration(rule, text, context, *parent);
      }
      {
        google::protobuf::Timestamp time;
        std::string reason = SetTime(rule, text, context, time);
        if (reason.empty()) reflection->MutableMessage(parent, field)->CopyFrom(time);
        return reason;
      }
  }
  return "";
}

}  // namespace sqm::cli
