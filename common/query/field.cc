#include "common/query/field.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>

#include "common/base/status.h"

namespace sqm::query {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

constexpr absl::string_view kTimestampName = "google.protobuf.Timestamp";
constexpr absl::string_view kDurationName = "google.protobuf.Duration";
constexpr size_t kNamesShown = 50;
constexpr int kMaxDecimalDigits = 18;

absl::Status Broken(const Descriptor& descriptor, absl::string_view path,
                    absl::string_view problem) {
  return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL,
              absl::StrCat("indexed field ", path, " of ", descriptor.full_name(), ": ", problem),
              {{"field", path}, {"message", descriptor.full_name()}});
}

bool Holds(const FieldDescriptor& leaf, FieldType type) {
  switch (type) {
    case FieldType::kString:
    case FieldType::kDecimal:
      return leaf.type() == FieldDescriptor::TYPE_STRING;
    case FieldType::kInt:
      return leaf.cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
             leaf.cpp_type() == FieldDescriptor::CPPTYPE_INT64 ||
             leaf.cpp_type() == FieldDescriptor::CPPTYPE_UINT32 ||
             leaf.cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
    case FieldType::kDouble:
      return leaf.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE ||
             leaf.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT;
    case FieldType::kBool:
      return leaf.cpp_type() == FieldDescriptor::CPPTYPE_BOOL;
    case FieldType::kEnum:
      return leaf.cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
    case FieldType::kTimestamp:
      return leaf.message_type() != nullptr && leaf.message_type()->full_name() == kTimestampName;
    case FieldType::kDuration:
      return leaf.message_type() != nullptr && leaf.message_type()->full_name() == kDurationName;
  }
  return false;
}

absl::StatusOr<std::vector<const FieldDescriptor*>> Walk(const Descriptor& descriptor,
                                                         absl::string_view path) {
  std::vector<const FieldDescriptor*> steps;
  const Descriptor* at = &descriptor;
  for (absl::string_view name : absl::StrSplit(path, '.')) {
    if (at == nullptr) {
      return Broken(descriptor, path, absl::StrCat(steps.back()->name(), " is not a message"));
    }
    const FieldDescriptor* step = at->FindFieldByName(std::string(name));
    if (step == nullptr) {
      return Broken(descriptor, path, absl::StrCat(at->full_name(), " has no field ", name));
    }
    if (step->is_repeated()) {
      return Broken(descriptor, path, absl::StrCat(name, " is repeated: it has no single value"));
    }
    steps.push_back(step);
    at = step->message_type();
  }
  return steps;
}

std::string JoinBounded(const std::vector<std::string>& names) {
  if (names.size() <= kNamesShown) return absl::StrJoin(names, ", ");
  return absl::StrCat(absl::StrJoin(names.begin(), names.begin() + kNamesShown, ", "), " and ",
                      names.size() - kNamesShown, " more");
}

// ContactState → CONTACT_STATE_
std::string UpperSnake(absl::string_view camel) {
  std::string out;
  for (size_t i = 0; i < camel.size(); ++i) {
    bool starts_word = absl::ascii_isupper(camel[i]) && i > 0 &&
                       (!absl::ascii_isupper(camel[i - 1]) ||
                        (i + 1 < camel.size() && absl::ascii_islower(camel[i + 1])));
    if (starts_word) out += '_';
    out += absl::ascii_toupper(camel[i]);
  }
  return absl::StrCat(out, "_");
}

}  // namespace

std::string QuoteColumn(absl::string_view name) {
  return absl::StrCat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\"");
}

absl::StatusOr<FieldPath> ResolvePath(const Descriptor& descriptor, absl::string_view path,
                                      FieldType type, int decimal_digits) {
  auto steps = Walk(descriptor, path);
  if (!steps.ok()) return steps.status();
  const FieldDescriptor& leaf = *steps->back();
  if (!Holds(leaf, type)) {
    return Broken(
        descriptor, path,
        absl::StrCat("its declared index type does not fit a field of type ", leaf.type_name()));
  }
  if (decimal_digits < 0 || decimal_digits > kMaxDecimalDigits) {
    return Broken(descriptor, path, absl::StrCat("a decimal has 0 to 18 digits after the point"));
  }
  FieldPath out;
  out.steps = *std::move(steps);
  out.type = type;
  out.decimal_digits = decimal_digits;
  if (type == FieldType::kTimestamp || type == FieldType::kDuration) {
    out.seconds = leaf.message_type()->FindFieldByNumber(1);
    out.nanos = leaf.message_type()->FindFieldByNumber(2);
  }
  // A decimal may be empty and a double NaN even where the field itself is always there.
  out.can_be_unset = out.steps.size() > 1 || leaf.has_presence() || type == FieldType::kDecimal ||
                     type == FieldType::kDouble;
  return out;
}

absl::StatusOr<Field> MakeField(const Descriptor& descriptor, absl::string_view path,
                                absl::string_view column, int decimal_digits) {
  auto steps = Walk(descriptor, path);
  if (!steps.ok()) return steps.status();
  Field field;
  field.path = std::string(path);
  field.column = std::string(column);
  const FieldDescriptor& leaf = *steps->back();
  for (FieldType type : {FieldType::kString, FieldType::kInt, FieldType::kDouble, FieldType::kBool,
                         FieldType::kEnum, FieldType::kTimestamp, FieldType::kDuration}) {
    if (!Holds(leaf, type)) continue;
    field.type = type;
    if (decimal_digits >= 0) {
      field.type = FieldType::kDecimal;
      field.decimal_digits = decimal_digits;
    }
    auto source = ResolvePath(descriptor, path, field.type, field.decimal_digits);
    if (!source.ok()) return source.status();
    field.enum_type = leaf.enum_type();
    field.nullable = source->can_be_unset;
    return field;
  }
  return Broken(descriptor, path,
                absl::StrCat("a field of type ", leaf.type_name(), " cannot be indexed"));
}

FieldSet::FieldSet() : fields_(std::make_shared<const std::vector<Field>>()) {}

absl::StatusOr<FieldSet> FieldSet::Create(const Descriptor& descriptor, std::vector<Field> fields) {
  for (size_t i = 0; i < fields.size(); ++i) {
    Field& field = fields[i];
    if (field.column.empty()) field.column = field.path;
    auto source = ResolvePath(descriptor, field.path, field.type, field.decimal_digits);
    if (!source.ok()) return source.status();
    field.source = *std::move(source);
    if (field.sparse) {
      if (field.type != FieldType::kString && field.type != FieldType::kEnum &&
          !field.source.can_be_unset) {
        return Broken(descriptor, field.path, "cannot be sparse: it always has a value");
      }
      field.source.sparse = field.source.can_be_unset = field.nullable = true;
    }
    field.nullable = field.nullable && field.source.can_be_unset;
    if (field.type == FieldType::kEnum) field.enum_type = field.source.steps.back()->enum_type();
    for (size_t j = 0; j < i; ++j) {
      if (fields[j].path == field.path || fields[j].column == field.column) {
        return Broken(descriptor, field.path, "its path or column stands twice");
      }
    }
  }
  FieldSet set;
  set.fields_ = std::make_shared<const std::vector<Field>>(std::move(fields));
  return set;
}

const Field* FieldSet::Find(absl::string_view path) const {
  for (const Field& field : *fields_) {
    if (field.path == path) return &field;
  }
  return nullptr;
}

std::string FieldSet::Names() const {
  std::vector<std::string> names;
  names.reserve(fields_->size());
  for (const Field& field : *fields_) names.push_back(field.path);
  return JoinBounded(names);
}

std::string EnumPrefix(const EnumDescriptor& type) {
  std::string prefix = UpperSnake(type.name());
  // The zero value tells the prefix even where the name does not split as expected.
  const EnumValueDescriptor* zero = type.FindValueByNumber(0);
  if (zero != nullptr && absl::EndsWith(zero->name(), "_UNSPECIFIED")) {
    prefix = std::string(absl::StripSuffix(zero->name(), "UNSPECIFIED"));
  }
  for (int i = 0; i < type.value_count(); ++i) {
    if (!absl::StartsWith(type.value(i)->name(), prefix)) return "";
  }
  return prefix;
}

const EnumValueDescriptor* FindEnumValue(const EnumDescriptor& type, absl::string_view name) {
  const EnumValueDescriptor* value = type.FindValueByName(std::string(name));
  if (value != nullptr) return value;
  return type.FindValueByName(absl::StrCat(EnumPrefix(type), name));
}

std::string EnumNames(const EnumDescriptor& type) {
  std::string prefix = EnumPrefix(type);
  std::vector<std::string> names;
  names.reserve(type.value_count());
  for (int i = 0; i < type.value_count(); ++i) {
    names.push_back(std::string(absl::StripPrefix(type.value(i)->name(), prefix)));
  }
  return JoinBounded(names);
}

}  // namespace sqm::query
