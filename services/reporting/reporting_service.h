// The handlers of sqm.reporting.v1.
#pragma once

#include "common/cache/redis_tier.h"
#include "common/resource/resources.h"
#include "common/resource/standard.h"
#include "common/rpc/pipeline.h"
#include "services/reporting/labels.h"
#include "sqm/reporting/v1/reporting_service.pb.h"

namespace sqm::reporting {

class ReportingService {
 public:
  // `redis` may be null: results are then computed each time.
  ReportingService(rpc::Pipeline& pipeline, resource::Resources& resources, cache::RedisTier* redis)
      : pipeline_(pipeline), resources_(resources), redis_(redis), standard_(pipeline, resources) {}

  // Gives every method of the contract its handler.
  void Register();

 private:
  // What names a report.
  struct Wanted {
    std::string date, zone;
    absl::Time end;  // of the day
    Language language = Language::kEnglish;
  };
  static absl::StatusOr<Wanted> WantedOf(const rpc::Call& call, const std::string& date,
                                         const std::string& zone, const std::string& language);
  // The report as of now: from Redis where the same report was made at the same feed positions.
  Task<absl::StatusOr<v1::DailyReport>> Report(rpc::Call& call, Wanted wanted);
  Task<absl::StatusOr<v1::ExportDailyReportResponse>> Export(
      rpc::Call& call, const v1::ExportDailyReportRequest& request);
  Task<absl::StatusOr<rpc::Reply>> Freeze(rpc::Call& call,
                                          const v1::CreateReportRunRequest& request);

  rpc::Pipeline& pipeline_;
  resource::Resources& resources_;
  cache::RedisTier* const redis_;
  resource::StandardMethods standard_;
};

}  // namespace sqm::reporting
