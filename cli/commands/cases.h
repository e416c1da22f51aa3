// What the commands of `sqm complaints` share.
#pragma once

#include <absl/strings/string_view.h>
#include <google/protobuf/descriptor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/commands/context.h"
#include "sqm/complaints/v1/complaints_service.pb.h"

namespace sqm::cli {

namespace v1 = complaints::v1;

struct CaseArguments {
  std::string target;  // case, queue or corrective action
  std::string kind = "complaint", channel = "other";
  std::string subject, text, customer, customer_name, category, severity, priority;
  std::string owner, team, reason, outcome, cause, filter, order_by;
  std::string awaited, into, body, deadline;
  int page_size = 0;
  int satisfaction = 0;
  bool automatic = false;
  bool visible = false;   // to the customer
  bool rejected = false;  // the customer does not accept the outcome
};
using SharedCaseArguments = std::shared_ptr<CaseArguments>;
using RunCaseCommand = void (*)(Context&, const CaseArguments&);

std::string ComplaintsPath(absl::string_view method);

// The value that a word means: `service-request` or `SERVICE_REQUEST`. Nothing after a complaint.
std::optional<int> EnumValue(Context& context, const google::protobuf::EnumDescriptor* type,
                             const std::string& word);

// A case upright; in a table what people ask of it, not how it is computed.
void ShowCase(Context& context, const v1::Case& message);
void ShowCases(Context& context, const google::protobuf::RepeatedPtrField<v1::Case>& cases,
               const std::string& token);

// The name of a case that is named, or quoted by its number. Empty after a complaint.
std::string CaseName(Context& context, const std::string& word);

// `ann` → `staff/ann`.
std::string StaffName(const std::string& word);

// A command of the group, and one on one case.
CLI::App* CaseCommand(CLI::App& group, Context& context, const char* name, Text help,
                      const SharedCaseArguments& a, RunCaseCommand run);
CLI::App* OnCase(CLI::App& group, Context& context, const char* name, Text help,
                 const SharedCaseArguments& a, RunCaseCommand run);

// A step on the case that the arguments name: `fill` sets what it needs; false after a complaint.
template <typename Request>
void CaseStep(Context& context, const CaseArguments& arguments, absl::string_view method,
              const std::function<bool(Request&)>& fill) {
  Request request;
  if (!fill(request)) return;
  const std::string name = CaseName(context, arguments.target);
  if (name.empty()) return;
  request.set_name(name);
  v1::Case one;
  if (context.Call(ComplaintsPath(method), request, one)) ShowCase(context, one);
}

// The commands by topic; each adds its own to the group.
void AddCaseWorkCommands(CLI::App& group, Context& context, const SharedCaseArguments& a);
void AddCaseEndCommands(CLI::App& group, Context& context, const SharedCaseArguments& a);
void AddCaseDeadlineCommands(CLI::App& group, Context& context, const SharedCaseArguments& a);
void AddCorrectiveActionCommands(CLI::App& group, Context& context);

}  // namespace sqm::cli
