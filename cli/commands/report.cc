// report daily: one local day, on the terminal or as a document.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>

#include "cli/commands/commands.h"
#include "cli/commands/parser.h"
#include "cli/commands/report_table.h"
#include "sqm/complaints/v1/case_methods.pb.h"
#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/reporting/v1/reporting_service.pb.h"

namespace sqm::cli {
namespace {

using reporting::v1::DailyReport;

constexpr char kReporting[] = "/sqm.reporting.v1.ReportingService/";
constexpr absl::Duration kPoll = absl::Milliseconds(100);

struct ReportArguments {
  std::string date;
  std::string file;
  double wait_seconds = 0;
};

struct Heads {
  // Up to which position each source of the report has changes now; one that has none is left out.
  std::map<std::string, int64_t> positions;
  bool elsewhere = false;  // the server does not hold the sources
};

// False after a complaint.
template <typename Request, typename Response>
bool ReadHead(Context& context, const std::string& source, absl::string_view method, Heads& heads) {
  Request request;
  request.set_page_size(1);
  Response response;
  int64_t head = 0;
  const Failure failure = context.connection()->Call(std::string(method), request, response, &head);
  // Of a server without this service, and for a caller who may not see what it holds, the others
  // are waited for.
  if (failure.code == grpc::StatusCode::UNIMPLEMENTED) {
    heads.elsewhere = true;
    return true;
  }
  if (failure.code == grpc::StatusCode::PERMISSION_DENIED) return true;
  if (!failure.ok()) {
    context.Fail(failure);
    return false;
  }
  if (head > 0) heads.positions[source] = head;
  return true;
}

bool ReadHeads(Context& context, Heads& heads) {
  return ReadHead<monitoring::v1::ListContactsRequest, monitoring::v1::ListContactsResponse>(
             context, "monitoring", "/sqm.monitoring.v1.MonitoringService/ListContacts", heads) &&
         ReadHead<complaints::v1::ListCasesRequest, complaints::v1::ListCasesResponse>(
             context, "complaints", "/sqm.complaints.v1.ComplaintsService/ListCases", heads);
}

// Whether the report has read every source up to its head.
bool Covers(const DailyReport& report, const Heads& heads) {
  size_t read = 0;
  for (const auto& source : report.sources()) {
    const auto head = heads.positions.find(source.source());
    if (head != heads.positions.end() && source.position() >= head->second) ++read;
  }
  return read == heads.positions.size();
}

bool ReadReport(Context& context, const std::string& date, DailyReport& report) {
  reporting::v1::GetDailyReportRequest request;
  request.set_date(date);
  request.set_zone(context.options.zone);
  request.set_language(std::string(LanguageTag(context.language())));
  return context.Call(absl::StrCat(kReporting, "GetDailyReport"), request, report);
}

// Waits until the report has read what its sources held when the command began. False after a
// complaint.
bool WaitForReport(Context& context, const ReportArguments& arguments, const std::string& date) {
  if (arguments.wait_seconds <= 0) return true;
  Heads heads;
  if (!ReadHeads(context, heads)) return false;
  if (heads.elsewhere) context.Note(context.T(Text::kReportSourcesElsewhere));
  const absl::Time end = absl::Now() + absl::Seconds(arguments.wait_seconds);
  for (;;) {
    DailyReport report;
    if (!ReadReport(context, date, report)) return false;
    if (Covers(report, heads)) return true;
    if (absl::Now() >= end) {
      context.Note(context.T(Text::kReportBehind));
      return true;
    }
    absl::SleepFor(kPoll);
  }
}

bool Export(Context& context, const ReportArguments& arguments, const std::string& date) {
  reporting::v1::ExportDailyReportRequest request;
  request.set_date(date);
  request.set_zone(context.options.zone);
  request.set_language(std::string(LanguageTag(context.language())));
  const std::string& form = context.options.output;
  if (form == "html") {
    request.set_format(reporting::v1::EXPORT_FORMAT_HTML);
  } else if (form == "csv") {
    request.set_format(reporting::v1::EXPORT_FORMAT_CSV);
  } else if (form == "json") {
    request.set_format(reporting::v1::EXPORT_FORMAT_JSON);
  } else {
    context.UsageError(context.T(Text::kNoSuchFormat, form, "table, html, json, csv"));
    return false;
  }
  reporting::v1::ExportDailyReportResponse document;
  if (!context.Call(absl::StrCat(kReporting, "ExportDailyReport"), request, document)) return false;
  return context.WriteOutput(arguments.file, document.content());
}

void Run(Context& context, const ReportArguments& arguments) {
  absl::TimeZone zone;
  if (!context.Zone(zone) || context.connection() == nullptr) return;
  absl::CivilDay day = absl::CivilDay(zone.At(absl::Now()).cs) - 1;
  if (!arguments.date.empty() && !absl::ParseCivilTime(arguments.date, &day)) {
    context.UsageError(context.T(Text::kNotADate, arguments.date));
    return;
  }
  const std::string date = absl::FormatCivilTime(day);
  if (!WaitForReport(context, arguments, date)) return;
  if (context.options.output == "table") {
    DailyReport report;
    const Terminal terminal = arguments.file.empty() ? context.out() : Terminal();
    if (!ReadReport(context, date, report) ||
        !context.WriteOutput(arguments.file,
                             FormatDailyReport(report, context.language(), terminal))) {
      return;
    }
  } else if (!Export(context, arguments, date)) {
    return;
  }
  if (!arguments.file.empty() && arguments.file != "-") {
    context.Note(context.T(Text::kReportWritten, arguments.file));
  }
}

}  // namespace

void AddReportCommand(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("report", context.T(Text::kHelpReport));
  group->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleReport));
  group->require_subcommand(1);
  auto a = std::make_shared<ReportArguments>();
  CLI::App* c = group->add_subcommand("daily", context.T(Text::kHelpReportDaily));
  c->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleReport));
  c->add_option("--date", a->date, context.T(Text::kHelpReportDate));
  c->add_option("--out", a->file, context.T(Text::kHelpReportFile));
  c->add_option("--wait", a->wait_seconds, context.T(Text::kHelpWait))
      ->check(Between(context, 0.0, 3600.0));
  c->callback([&context, a] { Run(context, *a); });
}

}  // namespace sqm::cli
