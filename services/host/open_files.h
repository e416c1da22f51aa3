// How many files and connections the process may have open, and has.
#pragma once

#include <vector>

#include "common/observe/metrics.h"

namespace sqm::host {

// As many as the system lets this process ask for: shells and supervisors begin with 1024, and gRPC
// 1.51 never again takes a connection once it has found none left.
void RaiseFileLimit();

// sqm_open_files and sqm_open_files_limit, as long as what is returned lives.
[[nodiscard]] std::vector<observe::Metrics::Registration> ShowFiles(observe::Metrics& metrics);

}  // namespace sqm::host
