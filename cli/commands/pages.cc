#include "cli/commands/pages.h"

#include <iostream>

#include "cli/commands/output.h"

namespace sqm::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kLargestPage = 1000;

const FieldDescriptor* RowsOf(const Descriptor* response, const Descriptor* row) {
  for (int i = 0; i < response->field_count(); ++i) {
    const FieldDescriptor* field = response->field(i);
    if (field->is_repeated() && field->message_type() == row) return field;
  }
  return nullptr;
}

// What the answer says of the next request: the token, and the instant that all pages are as of.
std::string GoOn(const Message& response, Message& request) {
  const auto field = [](const Message& message, const char* name) {
    return message.GetDescriptor()->FindFieldByName(name);
  };
  const FieldDescriptor* instant = field(response, "as_of_time");
  if (instant != nullptr && field(request, "as_of_time") != nullptr) {
    request.GetReflection()
        ->MutableMessage(&request, field(request, "as_of_time"))
        ->CopyFrom(response.GetReflection()->GetMessage(response, instant));
  }
  const std::string token =
      response.GetReflection()->GetString(response, field(response, "next_page_token"));
  request.GetReflection()->SetString(&request, field(request, "page_token"), token);
  return token;
}

}  // namespace

bool ShowPages(Context& context, const std::string& path, Message& request, Message& response,
               const Descriptor* row, const Pages& pages, Text more) {
  const FieldDescriptor* rows = RowsOf(response.GetDescriptor(), row);
  const FieldDescriptor* size = request.GetDescriptor()->FindFieldByName("page_size");
  if (rows == nullptr || size == nullptr ||
      request.GetDescriptor()->FindFieldByName("page_token") == nullptr ||
      response.GetDescriptor()->FindFieldByName("next_page_token") == nullptr) {
    context.UsageError(context.T(Text::kNoSuchMethod, row->name()));
    return false;
  }
  request.GetReflection()->SetInt32(&request, size,
                                    pages.size == 0 && pages.all ? kLargestPage : pages.size);
  const auto output = Output::Make(context, row, false);
  if (output == nullptr) return false;
  std::string token;
  do {
    response.Clear();
    if (!context.Call(path, request, response)) return false;
    const int count = response.GetReflection()->FieldSize(response, rows);
    for (int i = 0; i < count; ++i) {
      output->Add(response.GetReflection()->GetRepeatedMessage(response, rows, i));
    }
    token = GoOn(response, request);
    // Whoever read it has gone.
    if (!std::cout) break;
  } while (pages.all && !token.empty());
  output->Finish();
  if (!token.empty()) context.Note(context.T(more, token));
  return true;
}

}  // namespace sqm::cli
