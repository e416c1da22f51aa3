// Open cases in bulk, for the benches of the complaints service.
#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>

#include "sqm/complaints/v1/case.pb.h"
#include "tests/bench/servers.h"

namespace sqm::bench {

// How much time the policy of CreateCaseRules gives for the first response.
inline constexpr absl::Duration kFirstResponse = absl::Hours(24);

// A complaint of a customer of its own, as a branch writes it down.
complaints::v1::Case SampleCase(uint64_t index);

// A calendar, a category, and a policy: a first response in kFirstResponse, a resolution in 60
// working days, with warnings and an escalation.
absl::Status CreateCaseRules(const Suite& service);

// Writes `rows` acknowledged cases into the store of a complaints service that does not run, each
// with its deadlines by the rules that are there: nothing happens to any of them for days. A
// twentieth is of each team, a hundredth of each owner, kBenchTeam and kBenchStaff among them.
absl::Status FillCases(const std::string& data_dir, int64_t rows);

}  // namespace sqm::bench
