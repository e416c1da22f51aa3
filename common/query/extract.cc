#include <absl/numeric/int128.h>

#include <cmath>
#include <limits>

#include "common/query/field.h"
#include "common/query/literal.h"

namespace sqm::query {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Timestamps and durations that break their own range still need a column: they saturate.
int64_t Micros(const Message& time, const FieldPath& path) {
  const Reflection& reflection = *time.GetReflection();
  absl::int128 nanos = absl::int128(reflection.GetInt64(time, path.seconds)) * 1'000'000'000 +
                       reflection.GetInt32(time, path.nanos);
  absl::int128 micros = nanos / 1000;
  if (nanos % 1000 < 0) micros -= 1;
  if (micros > std::numeric_limits<int64_t>::max()) return std::numeric_limits<int64_t>::max();
  if (micros < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(micros);
}

int64_t Int(const Message& message, const FieldDescriptor* leaf) {
  const Reflection& reflection = *message.GetReflection();
  switch (leaf->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(message, leaf);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.GetUInt32(message, leaf);
    case FieldDescriptor::CPPTYPE_UINT64: {
      uint64_t value = reflection.GetUInt64(message, leaf);
      constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
      return static_cast<int64_t>(value < kMax ? value : kMax);
    }
    default:
      return reflection.GetInt64(message, leaf);
  }
}

}  // namespace

ValueView ExtractView(const Message& message, const FieldPath& path, std::string& scratch) {
  const Message* at = &message;
  for (size_t i = 0; i + 1 < path.steps.size(); ++i) {
    const Reflection& reflection = *at->GetReflection();
    if (!reflection.HasField(*at, path.steps[i])) return {};
    at = &reflection.GetMessage(*at, path.steps[i]);
  }
  const FieldDescriptor* leaf = path.steps.back();
  const Reflection& reflection = *at->GetReflection();
  if (leaf->has_presence() && !reflection.HasField(*at, leaf)) return {};
  switch (path.type) {
    case FieldType::kString: {
      const absl::string_view text = reflection.GetStringReference(*at, leaf, &scratch);
      if (path.sparse && text.empty()) return {};
      return text;
    }
    case FieldType::kInt:
      return Int(*at, leaf);
    case FieldType::kDecimal: {
      Decimal decimal =
          ScaleDecimal(reflection.GetStringReference(*at, leaf, &scratch), path.decimal_digits);
      if (decimal.outcome == Decimal::kMalformed) return {};
      return decimal.scaled;
    }
    case FieldType::kDouble: {
      double value = leaf->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT
                         ? static_cast<double>(reflection.GetFloat(*at, leaf))
                         : reflection.GetDouble(*at, leaf);
      if (std::isnan(value)) return {};
      return value;
    }
    case FieldType::kBool:
      return int64_t{reflection.GetBool(*at, leaf)};
    case FieldType::kEnum: {
      const int64_t number = reflection.GetEnumValue(*at, leaf);
      if (path.sparse && number == 0) return {};
      return number;
    }
    case FieldType::kTimestamp:
    case FieldType::kDuration:
      return Micros(reflection.GetMessage(*at, leaf), path);
  }
  return {};
}

Value ExtractValue(const Message& message, const FieldPath& path) {
  std::string scratch;
  ValueView view = ExtractView(message, path, scratch);
  if (const auto* text = std::get_if<absl::string_view>(&view)) return std::string(*text);
  if (const auto* number = std::get_if<int64_t>(&view)) return *number;
  if (const auto* real = std::get_if<double>(&view)) return *real;
  return {};
}

}  // namespace sqm::query
