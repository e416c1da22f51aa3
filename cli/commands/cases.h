// What the commands of `sqm complaints` share.
#pragma once

#include <absl/strings/string_view.h>
#include <google/protobuf/descriptor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/context.h"
#include "cli/commands/output.h"
#include "cli/commands/pages.h"
#include "sqm/complaints/v1/complaints_service.pb.h"

namespace sqm::cli {

namespace v1 = complaints::v1;

struct CaseArguments {
  std::string target;  // case, queue or corrective action
  std::string kind = "complaint", channel;
  std::string subject, text, customer, customer_name, category, severity, priority;
  std::string owner, team, reason, outcome, cause, filter, order_by;
  std::string awaited, into, body, deadline;
  std::string phone, product, place, language, remedy, contact, received, benefit;
  std::string at, item, amount, currency;
  std::string granted, revoked;  // who may see a disclosure, and who no longer
  std::string receipt, process, reply_template, within, email, customer_class;
  std::vector<std::string> preparation, whys, staff, assets, attachments, hashes;
  Pages pages;
  int satisfaction = 0;
  bool automatic = false;
  bool reassigned = false;       // taken from its owner
  bool beyond_capacity = false;  // of who gets it
  bool approved = false;         // the compensation
  bool visible = false;          // to the customer
  bool rejected = false;         // the customer does not accept the outcome
  bool undone = false;           // what was ready is not after all
};
using SharedCaseArguments = std::shared_ptr<CaseArguments>;
using RunCaseCommand = void (*)(Context&, const CaseArguments&);

std::string ComplaintsPath(absl::string_view method);

// The value that a word of `option` means: `service-request` or `SERVICE_REQUEST`. Nothing after a
// complaint.
std::optional<int> EnumValue(Context& context, absl::string_view option,
                             const google::protobuf::EnumDescriptor* type, const std::string& word);

// Where a case is shown upright; in a table what people ask of it, not how it is computed. Made
// before anything is done, so that nothing is done where it could not be shown: null after a
// complaint.
std::unique_ptr<Output> CaseOutput(Context& context);
void ShowCase(Output& output, const v1::Case& message);
// What a table of cases shows unless something else is more to the point.
inline constexpr char kListColumns[] = "number,kind,state,subject,owner,team,category,due_time";
// The cases that a method lists.
void ShowCases(Context& context, absl::string_view method, google::protobuf::Message& request,
               google::protobuf::Message& response, const Pages& pages,
               const char* columns = kListColumns);
// Options of a command that lists.
void AddPageOptions(CLI::App& command, Context& context, Pages& pages);

// Whether it looks like the number of a case, `C-2026-000123`, in whatever letters.
bool IsCaseNumber(absl::string_view typed);
// The name of a case that is named, or quoted by its number. Empty after a complaint.
std::string CaseName(Context& context, const std::string& typed);
// The number of such a case, which is all that the holder of a receipt knows. Likewise.
std::string CaseNumber(Context& context, const std::string& typed);

// What a day stands for where a time is wanted, in the zone of --zone.
enum class DayMeans { kStart, kEnd };
// Reads `2026-12-01`, `2026-12-01T14:30` (in the zone of --zone) or a time of RFC 3339 that
// `option` was given. False after a complaint.
bool ReadTime(Context& context, absl::string_view option, const std::string& word, DayMeans day,
              google::protobuf::Timestamp& time);

// An option that takes a text; `-` stands for standard input.
CLI::Option* AddText(CLI::App& command, const std::string& name, std::string& text,
                     const std::string& help);

// How a command is used, `sqm complaints ` and a line of arguments, under its help.
void SetExample(CLI::App& command, const Context& context, absl::string_view arguments);

// A command of the group, and one on one case. `example`: its arguments. `letter`: of the number of
// a case of the kind that it is for.
CLI::App* CaseCommand(CLI::App& group, Context& context, const char* name, Text help,
                      const char* example, const SharedCaseArguments& a, RunCaseCommand run);
CLI::App* OnCase(CLI::App& group, Context& context, const char* name, Text help,
                 const char* example, const SharedCaseArguments& a, RunCaseCommand run,
                 char letter = 'C');

// What an appointment needs, as --at, --place and --prepare say it; false after a complaint.
bool ReadAppointment(Context& context, const CaseArguments& arguments,
                     v1::AppointmentDetails& appointment);
void AddAppointmentOptions(CLI::App& command, Context& context, const SharedCaseArguments& a);

// A step on the case that the arguments name: `fill` sets what it needs; false after a complaint.
template <typename Request>
void CaseStep(Context& context, const CaseArguments& arguments, absl::string_view method,
              const std::function<bool(Request&)>& fill) {
  const std::unique_ptr<Output> output = CaseOutput(context);
  Request request;
  if (output == nullptr || !fill(request)) return;
  const std::string name = CaseName(context, arguments.target);
  if (name.empty()) return;
  request.set_name(name);
  v1::Case one;
  if (!context.Call(ComplaintsPath(method), request, one)) return;
  ShowCase(*output, one);
  // What was over for good is taken up in another.
  if (one.name() != name) context.Note(context.T(Text::kGoesOnIn, one.number()));
}

// A step that takes a comment and nothing else.
template <typename Request>
void CommentStep(Context& context, const CaseArguments& arguments, absl::string_view method) {
  CaseStep<Request>(context, arguments, method, [&](Request& request) {
    request.set_comment(arguments.text);
    return true;
  });
}

// The commands by topic; each adds its own to the group.
void AddCaseEntryCommands(CLI::App& group, Context& context, const SharedCaseArguments& a);
void AddCaseWorkCommands(CLI::App& group, Context& context, const SharedCaseArguments& a);
void AddCaseEndCommands(CLI::App& group, Context& context, const SharedCaseArguments& a);
void AddCaseSpecialCommands(CLI::App& group, Context& context, const SharedCaseArguments& a);
void AddCaseReceiptCommands(CLI::App& group, Context& context, const SharedCaseArguments& a);
void AddCaseDeadlineCommands(CLI::App& group, Context& context, const SharedCaseArguments& a);
void AddCorrectiveActionCommands(CLI::App& group, Context& context);

}  // namespace sqm::cli
