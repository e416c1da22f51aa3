#include "common/contract/registry.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>

#include <set>

#include "common/base/status.h"
#include "common/base/task.h"

namespace sqm::contract {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MessageFactory;

absl::Status BadContract(absl::string_view file, absl::string_view what, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(file, ": ", what, ": ", why));
}

std::string SnakeCase(absl::string_view camel) {
  std::string snake;
  for (char c : camel) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c))) {
      if (!snake.empty()) snake.push_back('_');
      snake.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
    } else {
      snake.push_back(c);
    }
  }
  return snake;
}

bool IsWellKnown(const Descriptor* descriptor) {
  return absl::StartsWith(descriptor->full_name(), "google.protobuf.");
}

}  // namespace

const options::v1::Field& RulesOf(const FieldDescriptor* field) {
  return field->options().GetExtension(options::v1::field);
}

std::string LabelOf(const google::protobuf::EnumValueDescriptor* value, bool chinese) {
  const options::v1::Label& label = value->options().GetExtension(options::v1::label);
  const std::string& text = chinese ? label.zh() : label.en();
  return text.empty() ? value->name() : text;
}

std::string ResourceType::NameOf(absl::string_view id) const {
  if (parent == nullptr) return absl::StrCat(options.collection(), "/", id);
  size_t slash = id.rfind('/');
  return absl::StrCat(parent->NameOf(id.substr(0, slash)), "/", options.collection(), "/",
                      id.substr(slash + 1));
}

absl::StatusOr<std::string> ResourceType::IdOf(absl::string_view name) const {
  auto bad = [&] {
    return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_NAME,
                absl::StrCat("'", name.substr(0, 200), "' is not a name of the form ", Pattern()),
                {{"name", name.substr(0, 200)}, {"pattern", Pattern()}});
  };
  std::vector<absl::string_view> collections;
  for (const ResourceType* t = this; t != nullptr; t = t->parent) {
    collections.insert(collections.begin(), t->options.collection());
  }
  if (name.size() > 512) return bad();
  std::vector<absl::string_view> segments = absl::StrSplit(name, '/');
  if (segments.size() != collections.size() * 2) return bad();
  std::string id;
  for (size_t i = 0; i < collections.size(); ++i) {
    absl::string_view part = segments[2 * i + 1];
    if (segments[2 * i] != collections[i] || part.empty() || part.size() > 64) return bad();
    for (char c : part) {
      if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-') return bad();
    }
    absl::StrAppend(&id, i == 0 ? "" : "/", part);
  }
  return id;
}

std::string ResourceType::Pattern() const {
  return absl::StrCat(parent == nullptr ? std::string() : absl::StrCat(parent->Pattern(), "/"),
                      options.collection(), "/{", singular, "}");
}

class RegistryBuilder {
 public:
  RegistryBuilder(Registry* registry, MessageFactory* factory)
      : registry_(registry),
        factory_(factory == nullptr ? MessageFactory::generated_factory() : factory) {}

  absl::Status AddTypes(const FileDescriptor* file) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      const Descriptor* message = file->message_type(i);
      if (message->options().HasExtension(options::v1::resource)) {
        RETURN_IF_ERROR(AddType(message));
      }
    }
    return absl::OkStatus();
  }

  absl::Status LinkTypes() {
    std::set<std::string> names, tables;
    for (auto& type : registry_->types_) {
      if (type->options.parent().empty()) continue;
      type->parent = registry_->FindType(type->options.parent());
      if (type->parent == nullptr) {
        return Bad(*type, "parent", absl::StrCat("unknown type ", type->options.parent()));
      }
    }
    for (auto& type : registry_->types_) {
      size_t steps = 0;
      for (const ResourceType* t = type->parent; t != nullptr; t = t->parent) {
        if (++steps > registry_->types_.size()) {
          return Bad(*type, "parent", "the parents form a circle");
        }
      }
    }
    for (auto& type : registry_->types_) {
      if (!names.insert(type->Pattern()).second) {
        return Bad(*type, "collection", absl::StrCat("the name ", type->Pattern(), " is taken"));
      }
      if (!tables.insert(type->table).second) {
        return Bad(*type, "type", absl::StrCat("the table ", type->table, " is taken"));
      }
      RETURN_IF_ERROR(CheckShared(*type));
      ASSIGN_OR_RETURN([[maybe_unused]] const MessagePlan* plan, Plan(type->descriptor));
    }
    return absl::OkStatus();
  }

  absl::Status AddServices(const FileDescriptor* file) {
    for (int i = 0; i < file->service_count(); ++i) {
      const ServiceDescriptor* service = file->service(i);
      registry_->services_.push_back(service);
      for (int j = 0; j < service->method_count(); ++j) {
        RETURN_IF_ERROR(AddMethod(service->method(j)));
      }
    }
    return absl::OkStatus();
  }

 private:
  // Other services read snapshots of a shared type without asking its owner.
  static absl::Status CheckShared(const ResourceType& type) {
    if (!type.options.shared()) return absl::OkStatus();
    if (!type.personal.empty()) {
      return Bad(type, type.personal.front().text, "a shared type cannot hold personal data");
    }
    for (const ResourceType* t = &type; t != nullptr; t = t->parent) {
      if (t->owner != nullptr || t->team != nullptr || t->told != nullptr ||
          t->entered != nullptr || t->readers != nullptr) {
        return Bad(type, "shared", absl::StrCat("the row rule of ", t->type, " does not allow it"));
      }
    }
    return absl::OkStatus();
  }

  static absl::Status Bad(const ResourceType& type, absl::string_view field,
                          absl::string_view why) {
    return BadContract(type.descriptor->file()->name(),
                       absl::StrCat(type.descriptor->full_name(), ".", field), why);
  }

  absl::Status AddType(const Descriptor* message) {
    auto type = std::make_unique<ResourceType>();
    type->descriptor = message;
    type->prototype = factory_->GetPrototype(message);
    type->options = message->options().GetExtension(options::v1::resource);
    type->type = type->options.type();
    type->number = static_cast<uint32_t>(registry_->types_.size());
    type->singular =
        type->options.singular().empty() ? SnakeCase(message->name()) : type->options.singular();
    if (type->prototype == nullptr) return Bad(*type, "", "is not compiled into this program");
    if (!RE2::FullMatch(type->type, "[a-z]+/[A-Z][A-Za-z]+")) {
      return Bad(*type, "type", "must look like service/Kind");
    }
    if (!RE2::FullMatch(type->options.collection(), "[a-z][A-Za-z]*")) {
      return Bad(*type, "collection", "must be lower camel case");
    }
    type->table = absl::StrCat("r_", SnakeCase(type->type.substr(type->type.find('/') + 1)));
    type->table = absl::AsciiStrToLower(type->table);
    while (absl::StrContains(type->table, "__")) {
      type->table.erase(type->table.find("__"), 1);
    }
    auto standard = [&](const char* name, bool needed, FieldDescriptor::CppType cpp,
                        const FieldDescriptor*& out) -> absl::Status {
      out = message->FindFieldByName(name);
      if (out == nullptr && needed) return Bad(*type, name, "a resource must have this field");
      if (out != nullptr && (out->is_repeated() || out->cpp_type() != cpp)) {
        return Bad(*type, name, "has the wrong type");
      }
      return absl::OkStatus();
    };
    RETURN_IF_ERROR(standard("name", true, FieldDescriptor::CPPTYPE_STRING, type->name));
    RETURN_IF_ERROR(standard("etag", true, FieldDescriptor::CPPTYPE_STRING, type->etag));
    RETURN_IF_ERROR(
        standard("create_time", false, FieldDescriptor::CPPTYPE_MESSAGE, type->create_time));
    RETURN_IF_ERROR(
        standard("update_time", false, FieldDescriptor::CPPTYPE_MESSAGE, type->update_time));
    std::vector<const FieldDescriptor*> path;
    std::vector<query::Field> indexed;
    std::set<const Descriptor*> recursive;
    RETURN_IF_ERROR(Collect(*type, message, path, false, indexed, recursive));
    for (const AnnotatedPath& personal : type->personal) {
      for (const FieldDescriptor* part : personal.fields) {
        if (recursive.contains(part->containing_type())) {
          return Bad(*type, personal.text,
                     "personal data cannot be in a message that contains itself: it would not be "
                     "masked further down");
        }
      }
    }
    ASSIGN_OR_RETURN(type->fields, query::FieldSet::Create(*message, std::move(indexed)));
    for (const query::Field& field : type->fields.fields()) {
      if (field.indexed_with.empty() || type->fields.Find(field.indexed_with) != nullptr) continue;
      return Bad(*type, field.path, "a second index needs another indexed field of the resource");
    }
    const options::v1::RowRule& rule = type->options.row_rule();
    ASSIGN_OR_RETURN(type->owner, RowField(*type, rule.owner_field()));
    ASSIGN_OR_RETURN(type->team, RowField(*type, rule.team_field()));
    ASSIGN_OR_RETURN(type->entered, RowField(*type, rule.entered_field()));
    ASSIGN_OR_RETURN(type->told, RowField(*type, rule.told_field()));
    ASSIGN_OR_RETURN(type->readers, RowField(*type, rule.readers_field()));
    if (type->readers != nullptr && !type->readers->sparse) {
      return Bad(*type, rule.readers_field(),
                 "must be sparse: the few that have readers are looked through");
    }
    if (!registry_->by_type_.emplace(type->type, type.get()).second) {
      return Bad(*type, "type", absl::StrCat(type->type, " is taken"));
    }
    registry_->by_descriptor_.emplace(message, type.get());
    registry_->types_.push_back(std::move(type));
    return absl::OkStatus();
  }

  // A row rule becomes a filter, so its fields must be indexed.
  // Null where the row rule names none.
  absl::StatusOr<const query::Field*> RowField(const ResourceType& type, absl::string_view path) {
    if (path.empty()) return nullptr;
    const query::Field* field = type.fields.Find(path);
    if (field == nullptr || field->type != query::FieldType::kString) {
      return Bad(type, path, "a row rule needs an indexed string field of the resource");
    }
    return field;
  }

  // Gathers annotated fields, nested ones included; of messages that contain themselves, those of
  // the first level. `recursive`: those messages.
  absl::Status Collect(ResourceType& type, const Descriptor* message,
                       std::vector<const FieldDescriptor*>& path, bool repeated,
                       std::vector<query::Field>& indexed, std::set<const Descriptor*>& recursive) {
    if (path.size() > 8) return Bad(type, path.front()->name(), "is nested too deeply");
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor* field = message->field(i);
      path.push_back(field);
      const options::v1::Field& rules = RulesOf(field);
      AnnotatedPath annotated{path, "", &rules};
      for (const FieldDescriptor* part : path) {
        absl::StrAppend(&annotated.text, annotated.text.empty() ? "" : ".", part->name());
      }
      bool many = repeated || field->is_repeated();
      if ((rules.indexed() || rules.unique()) && many) {
        return Bad(type, annotated.text, "cannot be indexed: it is repeated");
      }
      if (rules.unique() && field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
        return Bad(type, annotated.text, "only a string can be unique");
      }
      if (rules.unique() && !rules.indexed()) {
        return Bad(type, annotated.text, "must be indexed to be unique");
      }
      if (rules.indexed()) {
        std::string column = absl::StrCat("f_", absl::StrReplaceAll(annotated.text, {{".", "__"}}));
        ASSIGN_OR_RETURN(query::Field made,
                         query::MakeField(*type.descriptor, annotated.text, column,
                                          static_cast<int>(rules.decimal_digits_plus_one()) - 1));
        // The server always sets the times, which lets a page run down one range of the index.
        if (field == type.create_time || field == type.update_time) made.nullable = false;
        made.indexed_with = rules.indexed_with();
        made.sparse = rules.sparse();
        indexed.push_back(std::move(made));
      }
      if (rules.unique()) type.unique.push_back(annotated);
      if (rules.personal() != options::v1::PERSONAL_CLASS_UNSPECIFIED) {
        if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
          return Bad(type, annotated.text, "personal data must be a string");
        }
        if (rules.indexed()) {
          return Bad(type, annotated.text,
                     "personal data cannot be indexed: a filter would reveal it");
        }
        type.personal.push_back(annotated);
      }
      if (!rules.references().empty()) type.references.push_back(annotated);
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
          !IsWellKnown(field->message_type()) && !field->is_map()) {
        bool again = field->message_type() == type.descriptor;
        for (size_t k = 0; k + 1 < path.size(); ++k) {
          again = again || path[k]->message_type() == field->message_type();
        }
        if (again) {
          recursive.insert(field->message_type());
        } else {
          RETURN_IF_ERROR(Collect(type, field->message_type(), path, many, indexed, recursive));
        }
      }
      path.pop_back();
    }
    return absl::OkStatus();
  }

  absl::StatusOr<const MessagePlan*> Plan(const Descriptor* message) {
    std::unique_ptr<MessagePlan>& slot = registry_->plans_[message];
    if (slot != nullptr) return slot.get();
    slot = std::make_unique<MessagePlan>();
    MessagePlan* plan = slot.get();  // `slot` may move while nested plans are added
    plan->descriptor = message;
    for (int i = 0; i < message->field_count(); ++i) {
      FieldCheck check;
      check.field = message->field(i);
      check.rules = &RulesOf(check.field);
      std::string where = check.field->full_name();
      if (!check.rules->pattern().empty()) {
        if (check.field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
          return BadContract(message->file()->name(), where, "a pattern needs a string");
        }
        check.pattern = std::make_unique<RE2>(check.rules->pattern(), RE2::Quiet);
        if (!check.pattern->ok()) {
          return BadContract(message->file()->name(), where, check.pattern->error());
        }
      }
      if (check.rules->has_min() && check.rules->has_max() &&
          check.rules->min() > check.rules->max()) {
        return BadContract(message->file()->name(), where, "min is above max");
      }
      if (!check.rules->references().empty()) {
        if (check.field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
          return BadContract(message->file()->name(), where, "a reference must be a string");
        }
        if (registry_->FindType(check.rules->references()) == nullptr) {
          return BadContract(message->file()->name(), where,
                             absl::StrCat("references unknown type ", check.rules->references()));
        }
      }
      if (check.rules->required() && check.rules->output_only()) {
        return BadContract(message->file()->name(), where, "is both required and output only");
      }
      if (check.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
          !IsWellKnown(check.field->message_type()) && !check.field->is_map()) {
        ASSIGN_OR_RETURN(check.nested, Plan(check.field->message_type()));
      }
      plan->checks.push_back(std::move(check));
    }
    return plan;
  }

  absl::Status AddMethod(const MethodDescriptor* descriptor) {
    auto method = std::make_unique<MethodInfo>();
    method->descriptor = descriptor;
    method->path = absl::StrCat("/", descriptor->service()->full_name(), "/", descriptor->name());
    method->options = descriptor->options().GetExtension(options::v1::method);
    auto bad = [&](absl::string_view why) {
      return BadContract(descriptor->file()->name(), descriptor->full_name(), why);
    };
    if (method->options.permission().empty()) return bad("has no permission");
    method->request = factory_->GetPrototype(descriptor->input_type());
    method->response = factory_->GetPrototype(descriptor->output_type());
    if (method->request == nullptr || method->response == nullptr) return bad("is not compiled in");
    if (!method->options.resource().empty()) {
      method->resource = registry_->FindType(method->options.resource());
      if (method->resource == nullptr) {
        return bad(absl::StrCat("unknown resource ", method->options.resource()));
      }
    } else if (method->options.standard() != options::v1::STANDARD_METHOD_UNSPECIFIED) {
      return bad("a standard method must name its resource");
    }
    method->request_id = descriptor->input_type()->FindFieldByName("request_id");
    if (method->request_id != nullptr &&
        (method->request_id->is_repeated() ||
         method->request_id->cpp_type() != FieldDescriptor::CPPTYPE_STRING)) {
      return bad("request_id must be a string");
    }
    method->validate_only = descriptor->input_type()->FindFieldByName("validate_only");
    if (method->validate_only != nullptr &&
        (method->validate_only->is_repeated() ||
         method->validate_only->cpp_type() != FieldDescriptor::CPPTYPE_BOOL)) {
      return bad("validate_only must be a bool");
    }
    bool batch = method->options.standard() == options::v1::STANDARD_METHOD_BATCH_CREATE;
    if (!method->options.read_only() && !descriptor->client_streaming() && !batch &&
        method->request_id == nullptr) {
      return bad("a mutation must have a request_id");
    }
    ASSIGN_OR_RETURN([[maybe_unused]] const MessagePlan* plan, Plan(descriptor->input_type()));
    registry_->by_path_.emplace(method->path, method.get());
    registry_->methods_.push_back(std::move(method));
    return absl::OkStatus();
  }

  Registry* registry_;
  MessageFactory* factory_;
};

absl::StatusOr<std::unique_ptr<Registry>> Registry::Build(
    absl::Span<const google::protobuf::FileDescriptor* const> files, MessageFactory* factory) {
  auto registry = std::make_unique<Registry>();
  RegistryBuilder builder(registry.get(), factory);
  for (const auto* file : files) {
    if (file == nullptr) {
      return absl::FailedPreconditionError("a contract file is not linked into this program");
    }
    RETURN_IF_ERROR(builder.AddTypes(file));
  }
  RETURN_IF_ERROR(builder.LinkTypes());
  for (const auto* file : files) RETURN_IF_ERROR(builder.AddServices(file));
  return registry;
}

const ResourceType* Registry::FindType(absl::string_view type) const {
  auto it = by_type_.find(type);
  return it == by_type_.end() ? nullptr : it->second;
}

const ResourceType* Registry::FindType(const Descriptor* descriptor) const {
  auto it = by_descriptor_.find(descriptor);
  return it == by_descriptor_.end() ? nullptr : it->second;
}

const MethodInfo* Registry::FindMethod(absl::string_view path) const {
  auto it = by_path_.find(path);
  return it == by_path_.end() ? nullptr : it->second;
}

const MessagePlan* Registry::PlanOf(const Descriptor* descriptor) const {
  auto it = plans_.find(descriptor);
  return it == plans_.end() ? nullptr : it->second.get();
}

}  // namespace sqm::contract
