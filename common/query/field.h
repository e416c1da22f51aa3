// The fields of a resource that filters and sort orders may use.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "common/query/value.h"

namespace sqm::query {

enum class FieldType { kString, kInt, kDecimal, kDouble, kBool, kEnum, kTimestamp, kDuration };

// A dotted path resolved to descriptors once, so that reading it from a message is reflection only.
struct FieldPath {
  std::vector<const google::protobuf::FieldDescriptor*> steps;
  FieldType type = FieldType::kString;
  int decimal_digits = 0;
  // Parts of a timestamp or duration; null for other types.
  const google::protobuf::FieldDescriptor* seconds = nullptr;
  const google::protobuf::FieldDescriptor* nanos = nullptr;
  // Whether a message can leave it unset, so that its column is NULL.
  bool can_be_unset = true;
  // Whether an empty string, or the zero of an enum, is unset.
  bool sparse = false;
};

// One indexed field.
struct Field {
  std::string path;  // as written in requests: "create_time", "agent.team"
  FieldType type = FieldType::kString;
  const google::protobuf::EnumDescriptor* enum_type = nullptr;  // of kEnum
  std::string column;                                           // SQL column; empty: the path
  int decimal_digits = 0;  // of kDecimal: digits after the point, 0 to 18
  // Whether the column may hold NULL. False is a promise (the server always sets the field) that
  // lets a descending list page through an index with one range.
  bool nullable = true;
  // Whether the index has only those that are set; see FieldPath::sparse.
  bool sparse = false;
  // Path of the other field of a second index, of both; empty: there is none.
  std::string indexed_with;
  // Filled by FieldSet::Create.
  FieldPath source;
};

// Resolves `path` in messages of `descriptor` as a value of `type`. INTERNAL, naming message and
// path, where it does not exist, is repeated, or holds another kind of value: contracts are checked
// at start-up, so this is a fault of the contract and never of a caller.
absl::StatusOr<FieldPath> ResolvePath(const google::protobuf::Descriptor& descriptor,
                                      absl::string_view path, FieldType type,
                                      int decimal_digits = 0);

// The Field for `path` with its type taken from the descriptor. `decimal_digits` >= 0 says that a
// string holds a decimal with so many digits after the point.
absl::StatusOr<Field> MakeField(const google::protobuf::Descriptor& descriptor,
                                absl::string_view path, absl::string_view column = {},
                                int decimal_digits = -1);

// The value of the field in `message`, encoded as its column (see value.h). `message` must be of
// the descriptor that the path was resolved in.
Value ExtractValue(const google::protobuf::Message& message, const FieldPath& path);
// The same without a copy: a text lives as long as `message` and `scratch`.
ValueView ExtractView(const google::protobuf::Message& message, const FieldPath& path,
                      std::string& scratch);
// The indexed fields of one message type. Immutable; copies share the fields, so a Field* from Find
// lives as long as any copy.
class FieldSet {
 public:
  FieldSet();
  // Resolves every field. INTERNAL where a path does not resolve, or a path or column stands twice.
  static absl::StatusOr<FieldSet> Create(const google::protobuf::Descriptor& descriptor,
                                         std::vector<Field> fields);

  // Null where the path is not indexed.
  const Field* Find(absl::string_view path) const;
  const std::vector<Field>& fields() const { return *fields_; }
  // The paths in order, comma separated; past 50, the rest as a count.
  std::string Names() const;

 private:
  std::shared_ptr<const std::vector<Field>> fields_;  // a few dozen: searched one by one
};

// The part that every value name of the enum starts with ("STATE_"); empty where there is none.
std::string EnumPrefix(const google::protobuf::EnumDescriptor& type);
// The value called `name`, in full or without the prefix; null where there is none.
const google::protobuf::EnumValueDescriptor* FindEnumValue(
    const google::protobuf::EnumDescriptor& type, absl::string_view name);
// The short names, comma separated; past 50, the rest as a count.
std::string EnumNames(const google::protobuf::EnumDescriptor& type);

}  // namespace sqm::query
