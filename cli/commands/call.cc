// call: any method of the contracts, with JSON in and out.
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/commands/output.h"
#include "sqm/options/v1/options.pb.h"

namespace sqm::cli {
namespace {

struct CallArguments {
  std::string method;
  std::string data = "{}";
  bool output_given = false;
};

void Call(Context& context, const CallArguments& arguments) {
  const Catalogue* catalogue = context.catalogue();
  if (catalogue == nullptr) return;
  const auto found = catalogue->FindMethod(arguments.method);
  if (!found.ok()) {
    const bool unknown = absl::IsNotFound(found.status());
    context.UsageError(context.T(unknown ? Text::kUnknownMethod : Text::kAmbiguousMethod,
                                 arguments.method, found.status().message()));
    return;
  }
  const google::protobuf::MethodDescriptor* method = *found;
  if (method->client_streaming()) {
    context.UsageError(context.T(Text::kNoClientStreams, method->name()));
    return;
  }
  std::string json = arguments.data;
  if (!json.empty() && json.front() == '@' && !context.ReadInput(json.substr(1), json)) return;
  const auto request = NewMessage(method->input_type());
  const absl::Status status = ReadJson(json, *request);
  if (!status.ok()) {
    context.UsageError(context.T(Text::kBadJson, "-d", status.message(), method->name()));
    return;
  }
  if (!method->options().GetExtension(options::v1::method).read_only()) {
    FillRequestId(*request, context.ids());
  }
  // What a method answers is seldom a row: JSON, unless the caller says otherwise.
  if (!arguments.output_given) {
    context.options.output = method->server_streaming() ? "jsonl" : "json";
  }
  const auto output = Output::Make(context, method->output_type(), !method->server_streaming());
  if (output == nullptr) return;
  if (!method->server_streaming()) {
    const auto response = NewMessage(method->output_type());
    if (!context.Call(MethodPath(method), *request, *response)) return;
    output->Add(*response);
    output->Finish();
    return;
  }
  Connection* connection = context.connection();
  if (connection == nullptr) return;
  const Failure failure =
      connection->Stream(method, *request, [&](const google::protobuf::Message& message) {
        output->Add(message);
        return true;
      });
  output->Finish();
  if (!failure.ok()) context.Fail(failure);
}

}  // namespace

void AddCallCommand(CLI::App& app, Context& context) {
  auto a = std::make_shared<CallArguments>();
  CLI::App* c = app.add_subcommand("call", context.T(Text::kHelpCall));
  c->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleCall));
  c->add_option("METHOD", a->method, context.T(Text::kHelpMethod))->required();
  c->add_option("-d,--data", a->data, context.T(Text::kHelpData));
  CLI::App* root = &app;
  c->callback([&context, a, root] {
    a->output_given = root->get_option("--output")->count() > 0;
    Call(context, *a);
  });
}

}  // namespace sqm::cli
