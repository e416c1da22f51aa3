#include "common/contract/validate.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

namespace sqm::contract {
namespace {

using google::protobuf::Duration;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;

constexpr uint32_t kDefaultMaxLength = 4096;
constexpr uint32_t kDefaultMaxItems = 1000;
constexpr int kMaxDepth = 16;

size_t CodePoints(absl::string_view text) {
  size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

bool IsDecimal(absl::string_view text, int digits) {
  if (absl::StartsWith(text, "-")) text.remove_prefix(1);
  size_t point = text.find('.');
  absl::string_view whole = text.substr(0, point);
  absl::string_view fraction =
      point == absl::string_view::npos ? absl::string_view() : text.substr(point + 1);
  if (whole.empty() || whole.size() > 15) return false;
  if (point != absl::string_view::npos && fraction.empty()) return false;
  if (static_cast<int>(fraction.size()) > digits) return false;
  for (char c : absl::StrCat(whole, fraction)) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

// One message on its way through its plan.
class Checker {
 public:
  Checker(const Registry& registry, FieldErrors& errors) : registry_(registry), errors_(errors) {}

  void Check(const Message& message, const MessagePlan& plan, const std::string& prefix,
             const FieldDescriptor* unread = nullptr) {
    const Reflection* reflection = message.GetReflection();
    for (const FieldCheck& check : plan.checks) {
      const FieldDescriptor* field = check.field;
      if (check.rules->output_only()) continue;
      if (field->is_repeated()) {
        int size = reflection->FieldSize(message, field);
        if (size == 0 && !check.rules->required()) continue;
        CheckRepeated(message, check, size, prefix);
        continue;
      }
      if (!reflection->HasField(message, field)) {
        if (check.rules->required()) Add(prefix, field, "is required");
        continue;
      }
      if (field != unread) CheckValue(message, check, -1, prefix);
    }
  }

 private:
  void Add(const std::string& prefix, const FieldDescriptor* field, absl::string_view what,
           int index = -1) {
    std::string path = absl::StrCat(prefix, field->name());
    if (index >= 0) absl::StrAppend(&path, "[", index, "]");
    errors_.Add(path, what);
  }

  void CheckRepeated(const Message& message, const FieldCheck& check, int size,
                     const std::string& prefix) {
    if (size == 0) return Add(prefix, check.field, "is required: give at least one");
    uint32_t most = check.rules->max_items() == 0 ? kDefaultMaxItems : check.rules->max_items();
    if (static_cast<uint32_t>(size) > most) {
      return Add(prefix, check.field,
                 absl::StrCat("has ", size, " elements; at most ", most, " are allowed"));
    }
    if (check.field->is_map()) return;
    for (int i = 0; i < size; ++i) CheckValue(message, check, i, prefix);
  }

  void CheckValue(const Message& message, const FieldCheck& check, int index,
                  const std::string& prefix) {
    const Reflection* reflection = message.GetReflection();
    const FieldDescriptor* field = check.field;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string scratch;
        const std::string& text =
            index < 0 ? reflection->GetStringReference(message, field, &scratch)
                      : reflection->GetRepeatedStringReference(message, field, index, &scratch);
        CheckString(check, text, index, prefix);
        break;
      }
      case FieldDescriptor::CPPTYPE_INT32:
        CheckRange(check,
                   index < 0 ? reflection->GetInt32(message, field)
                             : reflection->GetRepeatedInt32(message, field, index),
                   index, prefix);
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        CheckRange(
            check,
            static_cast<double>(index < 0 ? reflection->GetInt64(message, field)
                                          : reflection->GetRepeatedInt64(message, field, index)),
            index, prefix);
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        CheckRange(check,
                   index < 0 ? reflection->GetUInt32(message, field)
                             : reflection->GetRepeatedUInt32(message, field, index),
                   index, prefix);
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        CheckRange(
            check,
            static_cast<double>(index < 0 ? reflection->GetUInt64(message, field)
                                          : reflection->GetRepeatedUInt64(message, field, index)),
            index, prefix);
        break;
      case FieldDescriptor::CPPTYPE_FLOAT:
        CheckRange(check,
                   index < 0 ? reflection->GetFloat(message, field)
                             : reflection->GetRepeatedFloat(message, field, index),
                   index, prefix);
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        CheckRange(check,
                   index < 0 ? reflection->GetDouble(message, field)
                             : reflection->GetRepeatedDouble(message, field, index),
                   index, prefix);
        break;
      case FieldDescriptor::CPPTYPE_ENUM: {
        int number = index < 0 ? reflection->GetEnumValue(message, field)
                               : reflection->GetRepeatedEnumValue(message, field, index);
        if (field->enum_type()->FindValueByNumber(number) == nullptr) {
          Add(prefix, field,
              absl::StrCat(number, " is not a value of ", field->enum_type()->full_name()), index);
        }
        break;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        const Message& sub = index < 0 ? reflection->GetMessage(message, field)
                                       : reflection->GetRepeatedMessage(message, field, index);
        CheckMessage(check, sub, index, prefix);
        break;
      }
      default:
        break;
    }
  }

  void CheckString(const FieldCheck& check, const std::string& text, int index,
                   const std::string& prefix) {
    const options::v1::Field& rules = *check.rules;
    uint32_t most = rules.max_length() == 0 ? kDefaultMaxLength : rules.max_length();
    bool bytes = check.field->type() == FieldDescriptor::TYPE_BYTES;
    if (text.size() > most && (bytes || CodePoints(text) > most)) {
      return Add(prefix, check.field,
                 absl::StrCat("is longer than ", most, bytes ? " bytes" : " characters"), index);
    }
    // PostgreSQL keeps no such text.
    if (!bytes && text.find('\0') != std::string::npos) {
      return Add(prefix, check.field, "must not contain the character NUL", index);
    }
    if (check.pattern != nullptr && !RE2::FullMatch(text, *check.pattern)) {
      return Add(prefix, check.field, absl::StrCat("must match ", rules.pattern()), index);
    }
    if (rules.decimal_digits_plus_one() > 0) {
      int digits = static_cast<int>(rules.decimal_digits_plus_one()) - 1;
      if (!IsDecimal(text, digits)) {
        return Add(prefix, check.field,
                   absl::StrCat("must be a decimal number with at most ", digits,
                                " digits after the point"),
                   index);
      }
      double value = 0;
      if (absl::SimpleAtod(text, &value)) CheckRange(check, value, index, prefix);
    }
    if (!rules.references().empty()) {
      const ResourceType* type = registry_.FindType(rules.references());
      if (type != nullptr && !type->IdOf(text).ok()) {
        Add(prefix, check.field, absl::StrCat("must be a name of the form ", type->Pattern()),
            index);
      }
    }
  }

  void CheckRange(const FieldCheck& check, double value, int index, const std::string& prefix) {
    const options::v1::Field& rules = *check.rules;
    if (value != value) return Add(prefix, check.field, "must be a number", index);
    if (rules.has_min() && value < rules.min()) {
      return Add(prefix, check.field, absl::StrCat("must be at least ", rules.min()), index);
    }
    if (rules.has_max() && value > rules.max()) {
      Add(prefix, check.field, absl::StrCat("must be at most ", rules.max()), index);
    }
  }

  void CheckMessage(const FieldCheck& check, const Message& sub, int index,
                    const std::string& prefix) {
    const Descriptor* type = check.field->message_type();
    if (type == Timestamp::descriptor()) {
      const auto& time = static_cast<const Timestamp&>(sub);
      // Year 1 to 9999, as the Timestamp type has it.
      if (time.seconds() < -62135596800 || time.seconds() > 253402300799 || time.nanos() < 0 ||
          time.nanos() > 999999999) {
        Add(prefix, check.field, "is not a valid time", index);
      }
    } else if (type == Duration::descriptor()) {
      const auto& duration = static_cast<const Duration&>(sub);
      bool mixed = (duration.seconds() > 0 && duration.nanos() < 0) ||
                   (duration.seconds() < 0 && duration.nanos() > 0);
      // About 10,000 years either way, as the Duration type has it.
      if (mixed || duration.seconds() < -315576000000 || duration.seconds() > 315576000000 ||
          duration.nanos() < -999999999 || duration.nanos() > 999999999) {
        return Add(prefix, check.field, "is not a valid duration", index);
      }
      CheckRange(check, static_cast<double>(duration.seconds()) + duration.nanos() * 1e-9, index,
                 prefix);
    } else if (check.nested != nullptr) {
      if (depth_ == kMaxDepth) {
        return Add(prefix, check.field,
                   absl::StrCat("is nested too deeply; at most ", kMaxDepth, " levels are allowed"),
                   index);
      }
      std::string path = absl::StrCat(prefix, check.field->name());
      if (index >= 0) absl::StrAppend(&path, "[", index, "]");
      ++depth_;
      Check(sub, *check.nested, absl::StrCat(path, "."));
      --depth_;
    }
  }

  const Registry& registry_;
  FieldErrors& errors_;
  int depth_ = 0;
};

}  // namespace

void Validate(const Registry& registry, const Message& message, absl::string_view prefix,
              FieldErrors& errors, const FieldDescriptor* unread) {
  const MessagePlan* plan = registry.PlanOf(message.GetDescriptor());
  if (plan != nullptr) Checker(registry, errors).Check(message, *plan, std::string(prefix), unread);
}

namespace {
void ClearPlanned(const MessagePlan& plan, Message& message, const FieldDescriptor* kept) {
  const Reflection* reflection = message.GetReflection();
  for (const FieldCheck& check : plan.checks) {
    const FieldDescriptor* field = check.field;
    if (check.rules->output_only()) {
      if (field != kept) reflection->ClearField(&message, field);
    } else if (check.nested != nullptr && field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        ClearPlanned(*check.nested, *reflection->MutableRepeatedMessage(&message, field, i), kept);
      }
    } else if (check.nested != nullptr && reflection->HasField(message, field)) {
      ClearPlanned(*check.nested, *reflection->MutableMessage(&message, field), kept);
    }
  }
}
}  // namespace

void ClearOutputOnly(const Registry& registry, Message& resource) {
  const MessagePlan* plan = registry.PlanOf(resource.GetDescriptor());
  if (plan == nullptr) return;
  ClearPlanned(*plan, resource, resource.GetDescriptor()->FindFieldByName("name"));
}

void SetTimestamp(Message& message, const FieldDescriptor* field, absl::Time time) {
  if (field == nullptr) return;
  auto* timestamp =
      static_cast<Timestamp*>(message.GetReflection()->MutableMessage(&message, field));
  int64_t micros = absl::ToUnixMicros(time);
  int64_t seconds = micros / 1000000 - (micros % 1000000 < 0 ? 1 : 0);
  timestamp->set_seconds(seconds);
  timestamp->set_nanos(static_cast<int32_t>((micros - seconds * 1000000) * 1000));
}

absl::Time GetTimestamp(const Message& message, const FieldDescriptor* field) {
  if (field == nullptr) return absl::UnixEpoch();
  const auto& timestamp =
      static_cast<const Timestamp&>(message.GetReflection()->GetMessage(message, field));
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

namespace {
void Walk(Message& message, const AnnotatedPath& path, size_t depth,
          absl::FunctionRef<void(Message&, const FieldDescriptor*, int)> each) {
  const FieldDescriptor* field = path.fields[depth];
  const Reflection* reflection = message.GetReflection();
  bool leaf = depth + 1 == path.fields.size();
  if (field->is_repeated()) {
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (leaf) {
        each(message, field, i);
      } else {
        Walk(*reflection->MutableRepeatedMessage(&message, field, i), path, depth + 1, each);
      }
    }
    return;
  }
  if (!reflection->HasField(message, field)) return;
  if (leaf) {
    each(message, field, -1);
  } else {
    Walk(*reflection->MutableMessage(&message, field), path, depth + 1, each);
  }
}

void WalkValues(const Message& message, const AnnotatedPath& path, size_t depth,
                absl::FunctionRef<void(const std::string&)> each) {
  const FieldDescriptor* field = path.fields[depth];
  const Reflection* reflection = message.GetReflection();
  bool leaf = depth + 1 == path.fields.size();
  std::string scratch;
  if (field->is_repeated()) {
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (leaf) {
        each(reflection->GetRepeatedStringReference(message, field, i, &scratch));
      } else {
        WalkValues(reflection->GetRepeatedMessage(message, field, i), path, depth + 1, each);
      }
    }
  } else if (reflection->HasField(message, field)) {
    if (leaf) {
      each(reflection->GetStringReference(message, field, &scratch));
    } else {
      WalkValues(reflection->GetMessage(message, field), path, depth + 1, each);
    }
  }
}
}  // namespace

void ForEachValue(const Message& message, const AnnotatedPath& path,
                  absl::FunctionRef<void(const std::string&)> each) {
  WalkValues(message, path, 0, each);
}

void ForEachString(Message& message, const AnnotatedPath& path,
                   absl::FunctionRef<void(Message&, const FieldDescriptor*, int index)> each) {
  Walk(message, path, 0, each);
}

}  // namespace sqm::contract
