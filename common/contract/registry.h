// What the contracts say, in a form that storage, validation, masking and the standard methods use.
//
// Built once at start-up from the descriptors of the linked protos and checked as a whole: a
// contradiction (a reference to an unknown type, an index on a repeated field …) is an error that
// names file and field. Immutable afterwards; pointers into it live as long as the process.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <re2/re2.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/query/field.h"
#include "sqm/options/v1/options.pb.h"

namespace sqm::contract {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// Fields from the resource down to one that carries an annotation; any of them may be repeated.
struct AnnotatedPath {
  std::vector<const FieldDescriptor*> fields;
  std::string text;  // dotted
  const options::v1::Field* rules = nullptr;
};

struct ResourceType {
  uint32_t number = 0;   // index in the registry; stable within a process only
  std::string type;      // `monitoring/Contact`
  std::string singular;  // `contact`: the field that holds it in requests
  std::string table;     // SQL table
  const Descriptor* descriptor = nullptr;
  const Message* prototype = nullptr;
  options::v1::Resource options;
  const ResourceType* parent = nullptr;
  // Standard fields; name and etag always exist.
  const FieldDescriptor* name = nullptr;
  const FieldDescriptor* etag = nullptr;
  const FieldDescriptor* create_time = nullptr;
  const FieldDescriptor* update_time = nullptr;
  query::FieldSet fields;  // indexed ones; an index column each
  std::vector<AnnotatedPath> unique;
  std::vector<AnnotatedPath> references;
  std::vector<AnnotatedPath> personal;
  // Fields of the row rule; null where it has none.
  const query::Field* owner = nullptr;
  const query::Field* team = nullptr;
  const query::Field* told = nullptr;
  const query::Field* entered = nullptr;
  const query::Field* readers = nullptr;

  // `contacts/01J…` for an id; nested ids are joined by '/': `a/3` → `scorecards/a/versions/3`.
  std::string NameOf(absl::string_view id) const;
  // The id within a name, or INVALID_NAME.
  absl::StatusOr<std::string> IdOf(absl::string_view name) const;
  // How names look: `scorecards/{scorecard}/versions/{version}`.
  std::string Pattern() const;
};

struct MethodInfo {
  const MethodDescriptor* descriptor = nullptr;
  std::string path;  // `/sqm.monitoring.v1.MonitoringService/GetContact`
  options::v1::Method options;
  const ResourceType* resource = nullptr;  // of a standard method
  const Message* request = nullptr;        // prototypes
  const Message* response = nullptr;
  const FieldDescriptor* request_id = nullptr;     // null where the method has none
  const FieldDescriptor* validate_only = nullptr;  // null where the method has none
};

// Rules of one field, compiled.
struct FieldCheck {
  const FieldDescriptor* field = nullptr;
  const options::v1::Field* rules = nullptr;
  std::unique_ptr<RE2> pattern;
  // The check plan of a message field; null for scalars and well-known types.
  const struct MessagePlan* nested = nullptr;
};
struct MessagePlan {
  const Descriptor* descriptor = nullptr;
  std::vector<FieldCheck> checks;
};

class Registry {
 public:
  // Takes every resource and service that `files` declare. A parent or reference may name a type
  // of any of them, in any order. Prototypes come from `factory` (null: those compiled into the
  // program), which must outlive the registry.
  static absl::StatusOr<std::unique_ptr<Registry>> Build(
      absl::Span<const google::protobuf::FileDescriptor* const> files,
      google::protobuf::MessageFactory* factory = nullptr);

  // Null where there is none.
  const ResourceType* FindType(absl::string_view type) const;
  const ResourceType* FindType(const Descriptor* descriptor) const;
  const MethodInfo* FindMethod(absl::string_view path) const;
  const std::vector<std::unique_ptr<ResourceType>>& types() const { return types_; }
  const std::vector<std::unique_ptr<MethodInfo>>& methods() const { return methods_; }
  const std::vector<const ServiceDescriptor*>& services() const { return services_; }
  // The check plan of any message reachable from a method or a resource; null otherwise.
  const MessagePlan* PlanOf(const Descriptor* descriptor) const;

 private:
  friend class RegistryBuilder;
  std::vector<std::unique_ptr<ResourceType>> types_;
  std::vector<std::unique_ptr<MethodInfo>> methods_;
  std::vector<const ServiceDescriptor*> services_;
  absl::flat_hash_map<std::string, const ResourceType*> by_type_;
  absl::flat_hash_map<const Descriptor*, const ResourceType*> by_descriptor_;
  absl::flat_hash_map<std::string, const MethodInfo*> by_path_;
  absl::flat_hash_map<const Descriptor*, std::unique_ptr<MessagePlan>> plans_;
};

// Rules of a field; the default where it has no annotation.
const options::v1::Field& RulesOf(const FieldDescriptor* field);
// Text of an enum value in `zh-CN` (language begins with "zh") or English; its name without label.
std::string LabelOf(const google::protobuf::EnumValueDescriptor* value, bool chinese);

}  // namespace sqm::contract
