// `sqm complaints` as people at the desk call it, for its tests.
#pragma once

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <string>
#include <vector>

#include "tests/integration/complaints_world.h"

namespace sqm::testing {

inline constexpr char kSqm[] = SQM_BIN_DIR "/sqm";

class ComplaintsCliWorld : public ComplaintsWorld {
 protected:
  Finished Sqm(const std::vector<std::string>& words, const std::string& language = "en") {
    std::vector<std::string> argv = {kSqm,     "--login", server_->login_file(),
                                     "--lang", language,  "complaints"};
    argv.insert(argv.end(), words.begin(), words.end());
    return RunProgram(argv);
  }
  // The same by somebody else.
  Finished SqmAs(const struct Caller& caller, const std::vector<std::string>& words) {
    const TempDir dir;
    WriteFile(dir.File("token"),
              Authorization(server_->key_dir(), caller).substr(sizeof("Bearer")));
    std::vector<std::string> argv = {kSqm,           "--server",        server_->address(),
                                     "--token-file", dir.File("token"), "complaints"};
    argv.insert(argv.end(), words.begin(), words.end());
    return RunProgram(argv);
  }
  // Cases are to be resolved within a day.
  void CreatePolicy() {
    complaints::v1::CreateDeadlinePolicyRequest policy;
    policy.mutable_deadline_policy()->mutable_label()->set_en("Standard");
    complaints::v1::DeadlineTarget& target = *policy.mutable_deadline_policy()->add_targets();
    target.set_kind(complaints::v1::DEADLINE_KIND_TOTAL_RESOLUTION);
    target.mutable_target()->set_seconds(86400);
    target.set_measure(complaints::v1::DEADLINE_MEASURE_ELAPSED);
    ASSERT_TRUE(manager_->Call(&Stub::CreateDeadlinePolicy, policy).ok());
  }
};

}  // namespace sqm::testing
