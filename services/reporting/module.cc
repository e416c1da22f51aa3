#include "services/reporting/module.h"

#include "common/base/task.h"

namespace sqm::reporting {
namespace {

constexpr char kSource[] = "monitoring";

feed::ConsumerOptions OptionsOf(host::Host& host) {
  feed::ConsumerOptions options;
  options.source = kSource;
  options.authorization = [&host] { return host.ServiceAuthorization(); };
  return options;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Opened>> Open(host::Host& host) {
  auto opened = std::make_shared<Opened>();
  ASSIGN_OR_RETURN(opened->module,
                   host.AddModule("reporting", {v1::ReportRun::descriptor()->file(),
                                                v1::ListMeasuresRequest::descriptor()->file()}));
  opened->service = std::make_unique<ReportingService>(*opened->module->pipeline,
                                                       *opened->module->resources, host.redis());
  opened->service->Register();
  RETURN_IF_ERROR(PrepareStore(*opened->module->store));
  return opened;
}

Following::Following(host::Host& host, Opened& reporting, std::shared_ptr<grpc::Channel> channel)
    : sink_(kSource, *reporting.module->store),
      consumer_(std::move(channel), OptionsOf(host), sink_, host.executor(), host.timer(),
                host.clock(), host.ids()) {
  consumer_.Start();
}

}  // namespace sqm::reporting
