// list, get, create, update, delete: for every resource of the contracts, driven by descriptors.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <google/protobuf/field_mask.pb.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "cli/commands/cases.h"
#include "cli/commands/commands.h"
#include "cli/commands/output.h"
#include "cli/commands/pages.h"
#include "cli/commands/parser.h"

namespace sqm::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

struct ResourceArguments {
  std::string target;  // collection or name
  std::string parent;
  std::string filter;
  std::string order_by;
  int page_size = 0;
  std::string page_token;
  bool all = false;
  bool show_deleted = false;
  std::string file;
  std::string id;
  std::string mask;
  std::string etag;
  bool validate_only = false;
};

const FieldDescriptor* Field(const Message& message, absl::string_view name) {
  return message.GetDescriptor()->FindFieldByName(std::string(name));
}

// Sets a string field, where the request has it. False, with a complaint, where it has not.
bool SetText(Context& context, Message& request, absl::string_view name, const std::string& value) {
  if (value.empty()) return true;
  const FieldDescriptor* field = Field(request, name);
  if (field == nullptr) {
    context.UsageError(
        context.T(Text::kNotTaken, request.GetDescriptor()->name(), std::string(name)));
    return false;
  }
  request.GetReflection()->SetString(&request, field, value);
  return true;
}

void SetFlag(Message& request, absl::string_view name, bool value) {
  const FieldDescriptor* field = Field(request, name);
  if (value && field != nullptr) request.GetReflection()->SetBool(&request, field, true);
}

// The resource that a word or name means, and the method that serves it; null after a complaint.
std::pair<const ResourceInfo*, const MethodDescriptor*> Resolve(Context& context,
                                                                const std::string& target,
                                                                bool by_name,
                                                                options::v1::StandardMethod kind) {
  const Catalogue* catalogue = context.catalogue();
  if (catalogue == nullptr) return {};
  const ResourceInfo* info = by_name ? catalogue->FindByName(target) : catalogue->Find(target);
  if (info == nullptr) {
    std::vector<std::string> known;
    for (const ResourceInfo& resource : catalogue->resources()) {
      known.push_back(absl::StrJoin(resource.collections, by_name ? "/ID/" : "/") +
                      (by_name ? "/ID" : ""));
    }
    context.UsageError(context.T(by_name ? Text::kNoSuchName : Text::kNoSuchResource, target,
                                 Listed(context.language(), known)));
    return {};
  }
  const MethodDescriptor* method = info->Method(kind);
  if (method == nullptr) {
    context.UsageError(context.T(Text::kNoSuchMethod, info->options.type()));
    return {};
  }
  return {info, method};
}

// Of a case its number stands for it. Empty after a complaint.
std::string NameOf(Context& context, const std::string& target) {
  return IsCaseNumber(target) ? CaseName(context, target) : target;
}

void List(Context& context, const ResourceArguments& arguments) {
  const auto [info, method] =
      Resolve(context, arguments.target, false, options::v1::STANDARD_METHOD_LIST);
  if (method == nullptr) return;
  const auto request = NewMessage(method->input_type());
  std::string parent = arguments.parent;
  if (parent.empty() && Field(*request, "parent") != nullptr && info->collections.size() > 1) {
    parent = absl::StrCat(info->collections.front(), "/-");
  }
  if (!SetText(context, *request, "parent", parent) ||
      !SetText(context, *request, "filter", arguments.filter) ||
      !SetText(context, *request, "order_by", arguments.order_by) ||
      !SetText(context, *request, "page_token", arguments.page_token)) {
    return;
  }
  SetFlag(*request, "show_deleted", arguments.show_deleted);
  const auto response = NewMessage(method->output_type());
  ShowPages(context, MethodPath(method), *request, *response, info->message,
            {arguments.page_size, arguments.all}, Text::kMorePages);
}

void ShowOne(Context& context, const Message& message) {
  const auto output = Output::Make(context, message.GetDescriptor(), true);
  if (output == nullptr) return;
  output->Add(message);
  output->Finish();
}

void Get(Context& context, const ResourceArguments& arguments) {
  const std::string name = NameOf(context, arguments.target);
  if (name.empty() && !arguments.target.empty()) return;
  const auto [info, method] = Resolve(context, name, true, options::v1::STANDARD_METHOD_GET);
  if (method == nullptr) return;
  const auto request = NewMessage(method->input_type());
  const auto response = NewMessage(method->output_type());
  if (!SetText(context, *request, "name", name)) return;
  if (context.Call(MethodPath(method), *request, *response)) ShowOne(context, *response);
}

// Reads the resource from the file into the request's field for it; null after a complaint.
Message* ReadResource(Context& context, const ResourceArguments& arguments,
                      const ResourceInfo& info, Message& request) {
  const FieldDescriptor* field = Field(request, info.singular);
  if (field == nullptr || field->message_type() != info.message) {
    context.UsageError(context.T(Text::kNoSuchMethod, info.options.type()));
    return nullptr;
  }
  std::string text;
  if (!context.ReadInput(arguments.file, text)) return nullptr;
  Message* resource = request.GetReflection()->MutableMessage(&request, field);
  const absl::Status status = ReadJson(text, *resource);
  if (status.ok()) return resource;
  context.UsageError(context.T(
      Text::kBadJson, arguments.file == "-" ? context.T(Text::kStandardInput) : arguments.file,
      status.message(), info.options.collection()));
  return nullptr;
}

void Create(Context& context, const ResourceArguments& arguments) {
  const auto [info, method] =
      Resolve(context, arguments.target, false, options::v1::STANDARD_METHOD_CREATE);
  if (method == nullptr) return;
  const auto request = NewMessage(method->input_type());
  if (ReadResource(context, arguments, *info, *request) == nullptr) return;
  if (!SetText(context, *request, info->singular + "_id", arguments.id) ||
      !SetText(context, *request, "parent", arguments.parent)) {
    return;
  }
  SetFlag(*request, "validate_only", arguments.validate_only);
  const auto response = NewMessage(method->output_type());
  if (context.Call(MethodPath(method), *request, *response)) ShowOne(context, *response);
}

void Update(Context& context, const ResourceArguments& arguments) {
  const std::string name = NameOf(context, arguments.target);
  if (name.empty() && !arguments.target.empty()) return;
  const auto [info, method] = Resolve(context, name, true, options::v1::STANDARD_METHOD_UPDATE);
  if (method == nullptr) return;
  const auto request = NewMessage(method->input_type());
  Message* resource = ReadResource(context, arguments, *info, *request);
  if (resource == nullptr || !SetText(context, *resource, "name", name) ||
      !SetText(context, *resource, "etag", arguments.etag)) {
    return;
  }
  const FieldDescriptor* mask = Field(*request, "update_mask");
  if (mask != nullptr && !arguments.mask.empty()) {
    google::protobuf::FieldMask paths;
    for (absl::string_view path : absl::StrSplit(arguments.mask, ',')) {
      paths.add_paths(std::string(absl::StripAsciiWhitespace(path)));
    }
    request->GetReflection()->MutableMessage(request.get(), mask)->CopyFrom(paths);
  }
  SetFlag(*request, "validate_only", arguments.validate_only);
  const auto response = NewMessage(method->output_type());
  if (context.Call(MethodPath(method), *request, *response)) ShowOne(context, *response);
}

void Delete(Context& context, const ResourceArguments& arguments) {
  const auto [info, method] =
      Resolve(context, arguments.target, true, options::v1::STANDARD_METHOD_DELETE);
  if (method == nullptr) return;
  const auto request = NewMessage(method->input_type());
  if (!SetText(context, *request, "name", arguments.target) ||
      !SetText(context, *request, "etag", arguments.etag)) {
    return;
  }
  const auto response = NewMessage(method->output_type());
  if (context.Call(MethodPath(method), *request, *response)) {
    context.Note(context.T(Text::kDeleted, arguments.target));
  }
}

CLI::App* Command(CLI::App& app, Context& context, const char* name, Text help, Text examples,
                  void (*run)(Context&, const ResourceArguments&),
                  std::shared_ptr<ResourceArguments> arguments) {
  CLI::App* command = app.add_subcommand(name, context.T(help));
  command->footer(context.T(Text::kExamples) + "\n" + context.T(examples));
  command->callback([&context, run, arguments] { run(context, *arguments); });
  return command;
}

}  // namespace

void AddResourceCommands(CLI::App& app, Context& context) {
  {
    auto a = std::make_shared<ResourceArguments>();
    CLI::App* c = Command(app, context, "list", Text::kHelpList, Text::kExampleList, List, a);
    c->add_option("RESOURCE", a->target, context.T(Text::kHelpCollection))->required();
    c->add_option("--filter", a->filter, context.T(Text::kHelpFilter));
    c->add_option("--order-by", a->order_by, context.T(Text::kHelpOrderBy));
    c->add_option("--page-size", a->page_size, context.T(Text::kHelpPageSize))
        ->check(Between(context, 0, 1000));
    c->add_option("--page-token", a->page_token, context.T(Text::kHelpPageToken));
    c->add_option("--parent", a->parent, context.T(Text::kHelpParent));
    c->add_flag("--all", a->all, context.T(Text::kHelpAll));
    c->add_flag("--show-deleted", a->show_deleted, context.T(Text::kHelpShowDeleted));
  }
  {
    auto a = std::make_shared<ResourceArguments>();
    CLI::App* c = Command(app, context, "get", Text::kHelpGet, Text::kExampleGet, Get, a);
    c->add_option("NAME", a->target, context.T(Text::kHelpNameOrNumber))->required();
  }
  {
    auto a = std::make_shared<ResourceArguments>();
    CLI::App* c =
        Command(app, context, "create", Text::kHelpCreate, Text::kExampleCreate, Create, a);
    c->add_option("RESOURCE", a->target, context.T(Text::kHelpCollection))->required();
    c->add_option("-f,--file", a->file, context.T(Text::kHelpFile))->required();
    c->add_option("--id", a->id, context.T(Text::kHelpId));
    c->add_option("--parent", a->parent, context.T(Text::kHelpParent));
    c->add_flag("--validate-only", a->validate_only, context.T(Text::kHelpValidateOnly));
  }
  {
    auto a = std::make_shared<ResourceArguments>();
    CLI::App* c =
        Command(app, context, "update", Text::kHelpUpdate, Text::kExampleUpdate, Update, a);
    c->add_option("NAME", a->target, context.T(Text::kHelpNameOrNumber))->required();
    c->add_option("-f,--file", a->file, context.T(Text::kHelpFile))->required();
    c->add_option("--mask", a->mask, context.T(Text::kHelpMask));
    c->add_option("--etag", a->etag, context.T(Text::kHelpEtag));
    c->add_flag("--validate-only", a->validate_only, context.T(Text::kHelpValidateOnly));
  }
  {
    auto a = std::make_shared<ResourceArguments>();
    CLI::App* c =
        Command(app, context, "delete", Text::kHelpDelete, Text::kExampleDelete, Delete, a);
    c->add_option("NAME", a->target, context.T(Text::kHelpName))->required();
    c->add_option("--etag", a->etag, context.T(Text::kHelpEtag));
  }
}

}  // namespace sqm::cli
