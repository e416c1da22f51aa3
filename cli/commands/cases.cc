#include "cli/commands/cases.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include <CLI/CLI.hpp>

#include "cli/commands/output.h"

namespace sqm::cli {

using google::protobuf::EnumDescriptor;

std::string ComplaintsPath(absl::string_view method) {
  return absl::StrCat("/sqm.complaints.v1.ComplaintsService/", method);
}

std::optional<int> EnumValue(Context& context, const EnumDescriptor* type,
                             const std::string& word) {
  const std::string wanted = absl::AsciiStrToUpper(absl::StrReplaceAll(word, {{"-", "_"}}));
  std::string words;
  for (int i = 1; i < type->value_count(); ++i) {
    const std::string known = EnumWord(type->value(i));
    if (known == wanted) return type->value(i)->number();
    absl::StrAppend(&words, words.empty() ? "" : ", ",
                    absl::AsciiStrToLower(absl::StrReplaceAll(known, {{"_", "-"}})));
  }
  context.UsageError(absl::StrCat(word, ": ", context.T(Text::kNotOneOf, words)));
  return std::nullopt;
}

void ShowCase(Context& context, const v1::Case& message) {
  if (context.options.columns.empty() && context.options.output == "table") {
    context.options.columns =
        "number,kind,state,subject,text,channel,customer,category,severity,priority,owner,team,"
        "tier,received_time,promised_time,due_time,close_time,reply,outcome,root_cause,"
        "compensation,satisfaction,name";
  }
  const auto output = Output::Make(context, message.GetDescriptor(), true);
  if (output == nullptr) return;
  output->Add(message);
  output->Finish();
}

void ShowCases(Context& context, const google::protobuf::RepeatedPtrField<v1::Case>& cases,
               const std::string& token) {
  if (context.options.columns.empty() && context.options.output == "table") {
    context.options.columns = "number,kind,state,owner,team,category,due_time,name";
  }
  const auto output = Output::Make(context, v1::Case::descriptor(), false);
  if (output == nullptr) return;
  for (const v1::Case& one : cases) output->Add(one);
  output->Finish();
  if (!token.empty()) context.Note(context.T(Text::kMorePages, token));
}

std::string CaseName(Context& context, const std::string& word) {
  if (absl::StartsWith(word, "cases/")) return word;
  v1::ListCasesRequest request;
  v1::ListCasesResponse response;
  request.set_filter(
      absl::StrCat("number = \"", absl::StrReplaceAll(word, {{"\"", "\\\""}}), "\""));
  request.set_page_size(1);
  if (!context.Call(ComplaintsPath("ListCases"), request, response)) return "";
  if (response.cases().empty()) {
    context.UsageError(context.T(Text::kNoSuchCase, word));
    return "";
  }
  return response.cases(0).name();
}

std::string StaffName(const std::string& word) {
  return word.empty() || absl::StrContains(word, '/') ? word : absl::StrCat("staff/", word);
}

CLI::App* CaseCommand(CLI::App& group, Context& context, const char* name, Text help,
                      const SharedCaseArguments& a, RunCaseCommand run) {
  CLI::App* c = group.add_subcommand(name, context.T(help));
  c->callback([&context, a, run] { run(context, *a); });
  return c;
}

CLI::App* OnCase(CLI::App& group, Context& context, const char* name, Text help,
                 const SharedCaseArguments& a, RunCaseCommand run) {
  CLI::App* c = CaseCommand(group, context, name, help, a, run);
  c->add_option("CASE", a->target, context.T(Text::kHelpCase))->required();
  return c;
}

}  // namespace sqm::cli
