#include "services/reporting/module.h"

#include <absl/strings/str_cat.h>

#include "common/base/task.h"
#include "services/reporting/contracts.h"

namespace sqm::reporting {
namespace {

feed::ConsumerOptions OptionsOf(host::Host& host, const Opened& reporting,
                                const std::string& source) {
  feed::ConsumerOptions options;
  options.source = source;
  options.name = "reporting";
  for (absl::string_view type : FactSourceTypes(source)) options.resource_types.emplace_back(type);
  // A report need not know sooner, and many contacts of one interval share a cell.
  options.gather = absl::Milliseconds(100);
  options.follows = [lease = reporting.lease] { return lease->Held(); };
  options.authorization = [&host] { return host.ServiceAuthorization(); };
  return options;
}

}  // namespace

void Describe(Settings& settings, ConfigSpec& spec) {
  spec.Add("reporting.comparison_time", &settings.comparison_time,
           "When the figures of reports are compared with the facts that they are made of, once a "
           "day: HH:MM in UTC, when there is little to do.");
  spec.AddCheck([&settings]() -> std::string {
    const auto time = ParseTimeOfDay(settings.comparison_time);
    if (time.ok()) return "";
    return absl::StrCat("reporting.comparison_time: ", time.status().message());
  });
}

absl::StatusOr<std::shared_ptr<Opened>> Open(host::Host& host, const Settings& settings) {
  ASSIGN_OR_RETURN(const absl::Duration comparison_time, ParseTimeOfDay(settings.comparison_time));
  auto opened = std::make_shared<Opened>();
  ASSIGN_OR_RETURN(opened->module, host.AddModule("reporting", Contracts()));
  opened->lease = &opened->module->leases->Add("reporting-facts");
  opened->service = std::make_unique<ReportingService>(*opened->module->pipeline,
                                                       *opened->module->resources, host.redis());
  opened->service->Register();
  RETURN_IF_ERROR(PrepareStore(*opened->module->store));
  opened->watch =
      std::make_unique<RollupWatch>(*opened->module->store, *opened->lease, host.executor(),
                                    host.timer(), host.clock(), comparison_time);
  const RollupWatch* watch = opened->watch.get();
  opened->metrics.push_back(host.metrics().ReadGauge(
      "sqm_reporting_drifting_days",
      "Days of which rollups were not what their facts add up to when they were compared last, of "
      "all tenants; 0 where another process compares.",
      {}, [watch] { return static_cast<double>(watch->drifting_days()); }));
  opened->metrics.push_back(host.metrics().ReadGauge(
      "sqm_reporting_compared_timestamp_seconds",
      "When the tenant was compared whose turn is longest ago; +Inf = none was yet, or another "
      "process compares.",
      {}, [watch] { return absl::ToDoubleSeconds(watch->compared() - absl::UnixEpoch()); }));
  return opened;
}

Following::Following(host::Host& host, Opened& reporting, const std::string& source,
                     std::shared_ptr<grpc::Channel> channel)
    : sink_(source, *reporting.module->store, *reporting.lease),
      unusable_(host.metrics().ReadCounter(
          "sqm_reporting_unusable_changes_total",
          "Changes of a source that could not be read and are in no report.", {{"source", source}},
          [this] { return static_cast<double>(sink_.unusable()); })),
      consumer_(std::move(channel), OptionsOf(host, reporting, source), sink_, host.executor(),
                host.timer(), host.clock(), host.ids()),
      behind_(host.metrics().ReadGauge(
          "sqm_reporting_behind_changes",
          "Changes of a source that who follows it has not read yet, of all tenants.",
          {{"source", source}}, [this] {
            int64_t behind = 0;
            for (const feed::Progress& one : consumer_.progress()) behind += one.lag();
            return static_cast<double>(behind);
          })) {
  consumer_.Start();
}

}  // namespace sqm::reporting
