// The contracts of reporting: what its store holds and its methods.
#pragma once

#include <google/protobuf/descriptor.h>

#include <vector>

#include "sqm/reporting/v1/report.pb.h"
#include "sqm/reporting/v1/reporting_service.pb.h"

namespace sqm::reporting {

inline std::vector<const google::protobuf::FileDescriptor*> Contracts() {
  return {v1::ReportRun::descriptor()->file(), v1::ListMeasuresRequest::descriptor()->file()};
}

}  // namespace sqm::reporting
