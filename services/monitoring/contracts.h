// The contracts of monitoring: what its store holds and its methods.
#pragma once

#include <google/protobuf/descriptor.h>

#include <vector>

#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/improvement_note.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::monitoring {

inline std::vector<const google::protobuf::FileDescriptor*> Contracts() {
  return {v1::Contact::descriptor()->file(), v1::Scorecard::descriptor()->file(),
          v1::Evaluation::descriptor()->file(), v1::ImprovementNote::descriptor()->file(),
          google::protobuf::DescriptorPool::generated_pool()->FindFileByName(
              "sqm/monitoring/v1/monitoring_service.proto")};
}

}  // namespace sqm::monitoring
