#include "services/reporting/reporting_service.h"

#include <absl/strings/str_cat.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "common/base/status.h"
#include "services/reporting/daily_source.h"
#include "services/reporting/fact_store.h"
#include "services/reporting/measures.h"
#include "services/reporting/period.h"
#include "services/reporting/report_csv.h"
#include "services/reporting/report_html.h"

namespace sqm::reporting {
namespace {

constexpr absl::string_view kService = "/sqm.reporting.v1.ReportingService/";

std::string PathOf(absl::string_view method) { return absl::StrCat(kService, method); }

// Whether the report says that a source was being read anew.
bool LacksFacts(const v1::DailyReport& report) {
  return std::any_of(report.notices().begin(), report.notices().end(),
                     [](const v1::Notice& notice) { return notice.key() == kReadAnew; });
}

}  // namespace

absl::StatusOr<ReportingService::Wanted> ReportingService::WantedOf(const rpc::Call& call,
                                                                    const std::string& date,
                                                                    const std::string& zone,
                                                                    const std::string& language) {
  Wanted wanted;
  wanted.date = date;
  wanted.zone = zone.empty() ? "UTC" : zone;
  // Checked before any look-up, so that a bad zone is never a cached one.
  ASSIGN_OR_RETURN(LocalDay day, LocalDayOf(wanted.date, wanted.zone));
  wanted.date = day.date;
  wanted.end = day.end;
  if (day.from() > BucketOf(call.now())) {
    return InvalidField("date", "lies ahead: there is nothing to report yet");
  }
  wanted.language = call.chinese() ? Language::kChinese : Language::kEnglish;
  if (!language.empty()) {
    std::optional<Language> known = LanguageOf(language);
    if (!known.has_value()) return InvalidField("language", "must be en or zh-CN");
    wanted.language = *known;
  }
  return wanted;
}

Task<absl::StatusOr<v1::DailyReport>> ReportingService::Report(rpc::Call& call, Wanted wanted) {
  std::string tenant = call.tenant();
  std::string name;  // in Redis; empty: it is not kept there
  if (redis_ != nullptr) {
    // How far each source is read: the same gives the same report, but while one is read anew.
    name = absl::StrCat("daily/", kDefinitionVersion, "/", kFactVersion, "/", wanted.date, "/",
                        wanted.zone, "/", TagOf(wanted.language), "/", resources_.store().epoch());
    std::function<absl::Status(store::SqlSession&)> positions =
        [&](store::SqlSession& session) -> absl::Status {
      ASSIGN_OR_RETURN(std::vector<Cursor> cursors, LoadCursors(session, tenant));
      bool anew = false;
      for (const Cursor& cursor : cursors) {
        anew |= cursor.token.empty();
        absl::StrAppend(&name, "/", cursor.source, "@", cursor.position, ":", cursor.token, ":",
                        absl::ToUnixMicros(cursor.time));
      }
      if (anew) name.clear();
      return absl::OkStatus();
    };
    Task<absl::Status> querying = resources_.store().Query(std::move(positions));
    absl::Status status = co_await querying;
    if (!status.ok()) co_return status;
  }
  if (redis_ != nullptr && !name.empty()) {
    Task<std::optional<std::string>> getting = redis_->GetResult(tenant, name);
    std::optional<std::string> known = co_await getting;
    v1::DailyReport report;
    if (known.has_value() && report.ParseFromString(*known)) co_return report;
  }
  absl::StatusOr<v1::DailyReport> report = absl::UnknownError("not made");
  std::function<absl::Status(store::SqlSession&)> make = [&](store::SqlSession& session) {
    report = MakeDailyReport(session, tenant, wanted.date, wanted.zone, wanted.language);
    return report.status();
  };
  Task<absl::Status> querying = resources_.store().Query(std::move(make));
  absl::Status status = co_await querying;
  if (!status.ok()) co_return status;
  if (redis_ != nullptr && !name.empty() && !LacksFacts(*report)) {
    Start(redis_->PutResult(tenant, std::move(name), report->SerializeAsString()), [](bool) {});
  }
  co_return report;
}

Task<absl::StatusOr<v1::ExportDailyReportResponse>> ReportingService::Export(
    rpc::Call& call, const v1::ExportDailyReportRequest& request) {
  CO_ASSIGN_OR_RETURN(Wanted wanted,
                      WantedOf(call, request.date(), request.zone(), request.language()));
  std::string date = wanted.date;
  Task<absl::StatusOr<v1::DailyReport>> reporting = Report(call, std::move(wanted));
  absl::StatusOr<v1::DailyReport> report = co_await reporting;
  if (!report.ok()) co_return report.status();
  v1::ExportDailyReportResponse response;
  switch (request.format()) {
    case v1::EXPORT_FORMAT_UNSPECIFIED:
    case v1::EXPORT_FORMAT_HTML:
      response.set_content_type("text/html; charset=utf-8");
      response.set_file_name(absl::StrCat("daily-", date, ".html"));
      response.set_content(RenderHtml(*report));
      break;
    case v1::EXPORT_FORMAT_CSV:
      response.set_content_type("text/csv; charset=utf-8");
      response.set_file_name(absl::StrCat("daily-", date, ".csv"));
      response.set_content(RenderCsv(*report));
      break;
    default: {
      std::string json;
      google::protobuf::util::JsonPrintOptions options;
      options.add_whitespace = true;
      options.preserve_proto_field_names = true;
      auto status = google::protobuf::util::MessageToJsonString(*report, &json, options);
      if (!status.ok()) co_return absl::InternalError("a report cannot be written as JSON");
      response.set_content_type("application/json");
      response.set_file_name(absl::StrCat("daily-", date, ".json"));
      response.set_content(std::move(json));
    }
  }
  co_return response;
}

Task<absl::StatusOr<rpc::Reply>> ReportingService::Freeze(
    rpc::Call& call, const v1::CreateReportRunRequest& request) {
  CO_ASSIGN_OR_RETURN(Wanted wanted,
                      WantedOf(call, request.date(), request.zone(), request.language()));
  if (wanted.end > call.now()) co_return InvalidField("date", "must be over");
  Task<absl::StatusOr<v1::DailyReport>> reporting = Report(call, std::move(wanted));
  absl::StatusOr<v1::DailyReport> report = co_await reporting;
  if (!report.ok()) co_return report.status();
  if (LacksFacts(*report)) {
    co_return RuleViolated("report-incomplete", "a source is being read anew");
  }
  std::string id = resources_.NewId(call, "");
  v1::ReportContent content;
  content.set_name(absl::StrCat("reportContents/", id));
  *content.mutable_daily_report() = *report;
  v1::ReportRun run;
  run.set_name(absl::StrCat("reportRuns/", id));
  run.set_definition("daily");
  run.set_definition_version(report->definition_version());
  run.set_date(report->date());
  run.set_zone(report->zone());
  run.set_language(report->language());
  *run.mutable_start_time() = report->start_time();
  *run.mutable_end_time() = report->end_time();
  *run.mutable_sources() = report->sources();
  run.set_content_hash(ContentHash(*report));
  run.set_content(content.name());
  resource::Mutation mutation;
  mutation.Create(run).Create(content);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  co_return reply;
}

void ReportingService::Register() {
  standard_.Register("sqm.reporting.v1");
  pipeline_.HandleTyped<v1::ListMeasuresRequest, v1::ListMeasuresResponse>(
      PathOf("ListMeasures"),
      [](rpc::Call&,
         const v1::ListMeasuresRequest&) -> Task<absl::StatusOr<v1::ListMeasuresResponse>> {
        v1::ListMeasuresResponse response;
        for (const MeasureDefinition& measure : Measures()) {
          *response.add_measures() = ToProto(measure);
        }
        response.set_definition_version(kDefinitionVersion);
        co_return response;
      });
  pipeline_.HandleTyped<v1::GetDailyReportRequest, v1::DailyReport>(
      PathOf("GetDailyReport"),
      [this](rpc::Call& call,
             const v1::GetDailyReportRequest& request) -> Task<absl::StatusOr<v1::DailyReport>> {
        CO_ASSIGN_OR_RETURN(Wanted wanted,
                            WantedOf(call, request.date(), request.zone(), request.language()));
        Task<absl::StatusOr<v1::DailyReport>> reporting = Report(call, std::move(wanted));
        absl::StatusOr<v1::DailyReport> report = co_await reporting;
        co_return report;
      });
  pipeline_.HandleTyped<v1::ExportDailyReportRequest, v1::ExportDailyReportResponse>(
      PathOf("ExportDailyReport"),
      [this](rpc::Call& call, const v1::ExportDailyReportRequest& request) {
        return Export(call, request);
      });
  pipeline_.Handle(PathOf("CreateReportRun"), this, &ReportingService::Freeze);
}

}  // namespace sqm::reporting
