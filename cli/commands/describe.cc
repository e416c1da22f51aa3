// describe: what the contracts say of a resource.
#include <absl/algorithm/container.h>
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/text/headings.h"
#include "sqm/options/v1/options.pb.h"

namespace sqm::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

std::string TypeText(const FieldDescriptor* field) {
  std::string type(field->type_name());
  if (field->message_type() != nullptr) type = field->message_type()->name();
  if (field->enum_type() != nullptr) type = field->enum_type()->name();
  return field->is_repeated() ? absl::StrCat("[", type, "]") : type;
}

std::string RulesText(const FieldDescriptor* field, Language language) {
  const auto& rules = field->options().GetExtension(options::v1::field);
  std::vector<std::string> parts;
  if (rules.required()) parts.push_back(Say(language, Text::kRuleRequired));
  if (rules.output_only()) parts.push_back(Say(language, Text::kRuleOutputOnly));
  if (rules.immutable()) parts.push_back(Say(language, Text::kRuleImmutable));
  if (rules.indexed()) parts.push_back(Say(language, Text::kRuleIndexed));
  if (rules.unique()) parts.push_back(Say(language, Text::kRuleUnique));
  if (rules.personal() != options::v1::PERSONAL_CLASS_UNSPECIFIED) {
    parts.push_back(Say(language, Text::kRulePersonal));
  }
  if (rules.has_min()) parts.push_back(absl::StrCat("≥ ", rules.min()));
  if (rules.has_max()) parts.push_back(absl::StrCat("≤ ", rules.max()));
  if (rules.max_length() > 0) {
    parts.push_back(Say(language, Text::kRuleMaxLength, rules.max_length()));
  }
  if (rules.max_items() > 0) parts.push_back(Say(language, Text::kRuleMaxItems, rules.max_items()));
  if (!rules.pattern().empty()) parts.push_back(absl::StrCat("/", rules.pattern(), "/"));
  if (!rules.references().empty()) parts.push_back(absl::StrCat("→ ", rules.references()));
  return language == Language::kChinese ? absl::StrJoin(parts, "，") : absl::StrJoin(parts, ", ");
}

// What messages are made of beside plain values and times, and what those are made of.
std::vector<const Descriptor*> PartsOf(std::vector<const Descriptor*> messages) {
  std::vector<const Descriptor*> parts;
  while (!messages.empty()) {
    const Descriptor* message = messages.back();
    messages.pop_back();
    for (int i = 0; i < message->field_count(); ++i) {
      const Descriptor* part = message->field(i)->message_type();
      if (part == nullptr || part->file()->package() == "google.protobuf") continue;
      if (absl::c_linear_search(parts, part)) continue;
      parts.push_back(part);
      messages.push_back(part);
    }
  }
  return parts;
}

// By the name that stands as the type of a field; null where there is none.
const Descriptor* FindPart(const Catalogue& catalogue, absl::string_view name) {
  std::vector<const Descriptor*> resources;
  for (const ResourceInfo& info : catalogue.resources()) resources.push_back(info.message);
  for (const Descriptor* part : PartsOf(std::move(resources))) {
    if (part->name() == name) return part;
  }
  return nullptr;
}

// The table, or for programs its rows as one member of an object.
void Part(Context& context, const char* name, const Table& table,
          absl::Span<const char* const> keys, std::string& data) {
  if (!context.wants_data()) {
    context.Print(table);
    return;
  }
  absl::StrAppend(&data, data.empty() ? "{" : ",", "\"", name,
                  "\": ", absl::StripTrailingAsciiWhitespace(table.Data("json", keys)));
}

void Finish(Context& context, const std::string& data) {
  if (context.wants_data()) context.Print(absl::StrCat(data, "}\n"));
}

void Blank(Context& context) {
  if (!context.wants_data()) context.Print("\n");
}

// `of`: what the parts of the object are called by.
void DescribeFields(Context& context, const Descriptor* message, const char* of,
                    std::string& data) {
  // In English a field is called by its own name.
  const Language language = context.data_language();
  const bool named = language != Language::kEnglish;
  std::vector<Column> columns = {{context.T(Text::kField), Align::kLeft, true},
                                 {context.T(Text::kType)},
                                 {context.T(Text::kUnit)},
                                 {context.T(Text::kRules)}};
  if (named) columns.insert(columns.begin() + 1, {context.T(Text::kLabel)});
  Table table(std::move(columns));
  for (int i = 0; i < message->field_count(); ++i) {
    const FieldDescriptor* field = message->field(i);
    std::vector<Cell> cells = {
        field->name(), TypeText(field),
        std::string(UnitWord(language, field->options().GetExtension(options::v1::field).unit())),
        RulesText(field, language)};
    if (named) {
      const absl::string_view heading = Heading(language, field->name());
      cells.insert(cells.begin() + 1, heading == field->name() ? "" : std::string(heading));
    }
    table.Add(std::move(cells));
  }
  static constexpr const char* kFieldKeys[] = {"field", "type", "unit", "rules"};
  Part(context, of, table, kFieldKeys, data);
  Table values({{context.T(Text::kField), Align::kLeft, true},
                {context.T(Text::kValue), Align::kLeft, true},
                {context.T(Text::kLabel)}});
  for (int i = 0; i < message->field_count(); ++i) {
    const auto* type = message->field(i)->enum_type();
    for (int n = 1; type != nullptr && n < type->value_count(); ++n) {
      values.Add({n == 1 || context.wants_data() ? message->field(i)->name() : "",
                  type->value(n)->name(), EnumLabel(type->value(n), language)});
    }
  }
  if (values.rows() == 0) return;
  Blank(context);
  static constexpr const char* kValueKeys[] = {"field", "value", "label"};
  Part(context, absl::StrCat(of, "_values").c_str(), values, kValueKeys, data);
}

void DescribeResource(Context& context, const ResourceInfo& info) {
  if (!context.wants_data()) {
    context.Print(absl::StrCat(info.options.type(), "  ", absl::StrJoin(info.collections, "/{id}/"),
                               "/{id}\n\n"));
  }
  std::string data;
  DescribeFields(context, info.message, "fields", data);
  if (info.methods.empty()) return Finish(context, data);
  Blank(context);
  Table methods({{context.T(Text::kMethod), Align::kLeft, true}, {context.T(Text::kPermission)}});
  const auto* service = info.methods.begin()->second->service();
  for (int i = 0; i < service->method_count(); ++i) {
    const auto* method = service->method(i);
    const auto& rules = method->options().GetExtension(options::v1::method);
    // A custom method of the resource answers it, or names it.
    const bool ours = rules.resource() == info.options.type() ||
                      (rules.standard() == options::v1::STANDARD_METHOD_UNSPECIFIED &&
                       (method->output_type() == info.message ||
                        absl::StrContains(method->name(), info.message->name())));
    if (ours) methods.Add({absl::StrCat(service->name(), "/", method->name()), rules.permission()});
  }
  static constexpr const char* kKeys[] = {"method", "permission"};
  Part(context, "methods", methods, kKeys, data);
  Finish(context, data);
  std::vector<std::string> parts;
  for (const Descriptor* part : PartsOf({info.message})) parts.push_back(part->name());
  if (parts.empty() || context.wants_data()) return;
  absl::c_sort(parts);
  context.Note(context.T(Text::kPartsOf, Listed(context.language(), parts)));
}

void Describe(Context& context, const std::string& target) {
  const Catalogue* catalogue = context.catalogue();
  if (catalogue == nullptr || !context.TableOrData()) return;
  if (target.empty()) {
    Table table({{context.T(Text::kResource), Align::kLeft, true},
                 {context.T(Text::kType)},
                 {context.T(Text::kMethod)}});
    for (const ResourceInfo& info : catalogue->resources()) {
      std::vector<std::string> methods;
      for (const auto& [kind, method] : info.methods) methods.push_back(method->name());
      table.Add({absl::StrJoin(info.collections, "/"), info.options.type(),
                 absl::StrJoin(methods, ", ")});
    }
    static constexpr const char* kKeys[] = {"resource", "type", "methods"};
    context.PrintRows(table, kKeys);
    return;
  }
  if (const ResourceInfo* info = catalogue->Find(target); info != nullptr) {
    DescribeResource(context, *info);
    return;
  }
  if (const auto method = catalogue->FindMethod(target); method.ok()) {
    if (!context.wants_data()) context.Print(absl::StrCat(MethodPath(*method), "\n\n"));
    std::string data;
    DescribeFields(context, (*method)->input_type(), "request", data);
    Blank(context);
    DescribeFields(context, (*method)->output_type(), "response", data);
    Finish(context, data);
    return;
  }
  if (const Descriptor* part = FindPart(*catalogue, target); part != nullptr) {
    std::string data;
    DescribeFields(context, part, "fields", data);
    Finish(context, data);
    return;
  }
  std::vector<std::string> known;
  for (const ResourceInfo& info : catalogue->resources()) {
    known.push_back(absl::StrJoin(info.collections, "/"));
  }
  context.UsageError(context.T(Text::kNoSuchResource, target, Listed(context.language(), known)));
}

}  // namespace

void AddDescribeCommand(CLI::App& app, Context& context) {
  auto target = std::make_shared<std::string>();
  CLI::App* c = app.add_subcommand("describe", context.T(Text::kHelpDescribe));
  c->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleDescribe));
  c->add_option("RESOURCE", *target, context.T(Text::kHelpDescribeTarget));
  c->callback([&context, target] { Describe(context, *target); });
}

}  // namespace sqm::cli
