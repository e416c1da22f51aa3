// The handlers of sqm.monitoring.v1: read, call the rule, hand over what is to be written.
#pragma once

#include <absl/status/statusor.h>

#include "common/resource/resources.h"
#include "common/resource/standard.h"
#include "common/rpc/pipeline.h"
#include "services/monitoring/evaluation_rules.h"
#include "sqm/monitoring/v1/monitoring_service.pb.h"

namespace sqm::monitoring {

class MonitoringService {
 public:
  // Both must outlive it.
  MonitoringService(rpc::Pipeline& pipeline, resource::Resources& resources);

  // Gives every method of the contract its handler.
  void Register();

 private:
  void SetHooks();
  void RegisterImport();
  void RegisterScorecards();
  void RegisterEvaluations();
  void RegisterNotes();

  Task<absl::Status> CompleteEvaluation(rpc::Call& call, v1::Evaluation& evaluation);
  Task<absl::StatusOr<rpc::Reply>> Publish(rpc::Call& call,
                                           const v1::PublishScorecardRequest& request);
  Task<absl::StatusOr<rpc::Reply>> Submit(rpc::Call& call,
                                          const v1::SubmitEvaluationRequest& request);
  Task<absl::StatusOr<rpc::Reply>> Release(rpc::Call& call,
                                           const v1::ReleaseEvaluationRequest& request);
  Task<absl::StatusOr<rpc::Reply>> Void(rpc::Call& call, const v1::VoidEvaluationRequest& request);
  // The notes that follow from an evaluation, whoever asks.
  Task<absl::StatusOr<std::vector<v1::ImprovementNote>>> NotesOf(const rpc::Call& call,
                                                                 std::string evaluation);

  // The shape of every transition: read for the caller, check the etag, apply the rule, write.
  // `rule` changes the resource or refuses.
  template <typename Resource, typename Request>
  Task<absl::StatusOr<rpc::Reply>> Change(rpc::Call& call, const Request& request,
                                          std::function<absl::Status(Resource&)> rule);
  // Registers a transition: `rule(call, request, resource)`.
  template <typename Resource, typename Request>
  void Transition(absl::string_view method,
                  std::function<absl::Status(rpc::Call&, const Request&, Resource&)> rule);

  rpc::Pipeline& pipeline_;
  resource::Resources& resources_;
  resource::StandardMethods standard_;
};

}  // namespace sqm::monitoring
