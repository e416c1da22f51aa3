#include "cli/commands/cases.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <iterator>

#include "cli/commands/output.h"
#include "common/base/proto_time.h"

namespace sqm::cli {

using google::protobuf::EnumDescriptor;

std::string ComplaintsPath(absl::string_view method) {
  return absl::StrCat("/sqm.complaints.v1.ComplaintsService/", method);
}

std::optional<int> EnumValue(Context& context, absl::string_view option, const EnumDescriptor* type,
                             const std::string& word) {
  const std::string wanted = absl::AsciiStrToUpper(absl::StrReplaceAll(word, {{"-", "_"}}));
  std::string words;
  for (int i = 1; i < type->value_count(); ++i) {
    const std::string known = EnumWord(type->value(i));
    if (known == wanted) return type->value(i)->number();
    absl::StrAppend(&words, words.empty() ? "" : context.T(Text::kAnd),
                    absl::AsciiStrToLower(absl::StrReplaceAll(known, {{"_", "-"}})));
  }
  context.UsageError(context.T(Text::kWrongValue, option, word, context.T(Text::kNotOneOf, words)));
  return std::nullopt;
}

std::unique_ptr<Output> CaseOutput(Context& context) {
  context.TableColumns(
      "number,external_id,kind,state,subject,text,channel,customer.reference,customer.display_name,"
      "customer.phone,customer.email,customer.customer_class,category,severity,priority,product,"
      "place,named_staff,named_assets,remedy_sought,related_contact,related_evaluation,language,"
      "source,entered_by,owner,team,disclosure.readers,tier,external_body,"
      "received_time,promised_time,due_time,close_time,unread_since,anonymise_time,appointment."
      "place,"
      "appointment.start_time,appointment.confirmed_by,appointment.passed_time,repeat_count,repeat_"
      "of,escalated_to,"
      "suggestion.expected_benefit,suggestion.reward_amount,"
      "suggestion.reward_currency,proposed_reply,proposer,approver,reply,outcome,root_cause.cause,"
      "root_cause.whys,root_cause.staff,root_cause.assets,root_cause.process,compensation.state,"
      "compensation.amount,compensation.currency,survey_state,satisfaction,follows,followed_by,"
      "merged_into,merged_from,name");
  return Output::Make(context, v1::Case::descriptor(), true);
}

void ShowCase(Output& output, const v1::Case& message) {
  output.Add(message);
  output.Finish();
}

void ShowCases(Context& context, absl::string_view method, google::protobuf::Message& request,
               google::protobuf::Message& response, const Pages& pages, const char* columns) {
  context.TableColumns(columns);
  ShowPages(context, ComplaintsPath(method), request, response, v1::Case::descriptor(), pages,
            Text::kMoreRows);
}

void AddPageOptions(CLI::App& command, Context& context, Pages& pages) {
  command.add_option("--page-size", pages.size, context.T(Text::kHelpPageSize));
  command.add_flag("--all", pages.all, context.T(Text::kHelpAll));
}

bool ReadTime(Context& context, absl::string_view option, const std::string& word, DayMeans day,
              google::protobuf::Timestamp& time) {
  absl::TimeZone zone;
  if (!context.Zone(zone)) return false;
  absl::CivilDay date;
  absl::CivilMinute minute;
  absl::Time read;
  if (absl::ParseCivilTime(word, &date)) {
    read = day == DayMeans::kStart
               ? absl::FromCivil(date, zone)
               : absl::FromCivil(absl::CivilSecond(date + 1), zone) - absl::Seconds(1);
  } else if (absl::ParseCivilTime(word, &minute)) {
    read = absl::FromCivil(minute, zone);
  } else if (!absl::ParseTime(absl::RFC3339_full, word, zone, &read, nullptr)) {
    context.UsageError(context.T(Text::kWrongValue, option, word, context.T(Text::kNoTime)));
    return false;
  }
  time = ToTimestamp(read);
  return true;
}

namespace {

// As it comes out of a file with Windows' ends of lines, or is written by hand.
std::string Tidy(const std::string& typed) {
  const std::string word(absl::StripAsciiWhitespace(typed));
  return absl::StartsWith(word, "cases/") ? word : absl::AsciiStrToUpper(word);
}

}  // namespace

bool IsCaseNumber(absl::string_view typed) {
  // A letter, a year of four digits and a number of six or more.
  const std::vector<absl::string_view> parts =
      absl::StrSplit(absl::StripAsciiWhitespace(typed), '-');
  const auto digits = [](absl::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return absl::ascii_isdigit(c); });
  };
  return parts.size() == 3 && parts[0].size() == 1 && absl::ascii_isalpha(parts[0][0]) &&
         parts[1].size() == 4 && digits(parts[1]) && parts[2].size() >= 6 && digits(parts[2]);
}

std::string CaseName(Context& context, const std::string& typed) {
  const std::string word = Tidy(typed);
  if (absl::StartsWith(word, "cases/")) return word;
  // The server would look in vain.
  if (!IsCaseNumber(word)) {
    context.UsageError(context.T(Text::kNotACase, typed));
    return "";
  }
  v1::ListCasesRequest request;
  v1::ListCasesResponse response;
  request.set_filter(absl::StrCat("number = \"", word, "\""));
  request.set_page_size(1);
  if (!context.Call(ComplaintsPath("ListCases"), request, response)) return "";
  if (response.cases().empty()) {
    Failure none = LocalFailure(grpc::StatusCode::NOT_FOUND, "");
    none.localized.set_message(context.T(Text::kNoSuchCase, word));
    none.advice = context.T(Text::kAdviceCase);
    context.Fail(none);
    return "";
  }
  return response.cases(0).name();
}

std::string CaseNumber(Context& context, const std::string& typed) {
  const std::string word = Tidy(typed);
  if (IsCaseNumber(word)) return word;
  if (!absl::StartsWith(word, "cases/")) {
    context.UsageError(context.T(Text::kNotACase, typed));
    return "";
  }
  v1::GetCaseRequest request;
  v1::Case one;
  request.set_name(word);
  return context.Call(ComplaintsPath("GetCase"), request, one) ? one.number() : "";
}

CLI::Option* AddText(CLI::App& command, const std::string& name, std::string& text,
                     const std::string& help) {
  const auto read = [](std::string& word) {
    if (word != "-") return std::string();
    word.assign(std::istreambuf_iterator<char>(std::cin), {});
    while (!word.empty() && (word.back() == '\n' || word.back() == '\r')) word.pop_back();
    return std::string();
  };
  return command.add_option(name, text, help)->transform(CLI::Validator(read, ""));
}

void SetExample(CLI::App& command, const Context& context, absl::string_view arguments) {
  command.footer(absl::StrCat(context.T(Text::kExamples), "\n  sqm complaints ", arguments));
}

CLI::App* CaseCommand(CLI::App& group, Context& context, const char* name, Text help,
                      const char* example, const SharedCaseArguments& a, RunCaseCommand run) {
  CLI::App* c = group.add_subcommand(name, context.T(help));
  SetExample(*c, context, absl::StrCat(name, " ", example));
  c->callback([&context, a, run] { run(context, *a); });
  return c;
}

CLI::App* OnCase(CLI::App& group, Context& context, const char* name, Text help,
                 const char* example, const SharedCaseArguments& a, RunCaseCommand run,
                 char letter) {
  const std::string number = std::string(1, letter) + "-2026-000123";
  const std::string line = absl::StrCat(number, *example == '\0' ? "" : " ", example);
  CLI::App* c = CaseCommand(group, context, name, help, line.c_str(), a, run);
  c->add_option("CASE", a->target, context.T(Text::kHelpCase))->required();
  return c;
}

}  // namespace sqm::cli
