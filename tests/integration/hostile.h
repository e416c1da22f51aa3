// A running suite under requests that it must refuse, each in both languages.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "tests/support/monitoring_samples.h"
#include "tests/support/refusal.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {

namespace mv1 = monitoring::v1;
using Monitoring = mv1::MonitoringService::Stub;

class HostileTest : public ::testing::Test {
 protected:
  void SetUp() override;
  // The server must still answer, and hold no memory for what it refused.
  void TearDown() override;

  // Makes the call once in English and once in Chinese; both must be refused so.
  void ExpectRefused(const Caller& caller, const std::function<absl::Status(Client&)>& call,
                     const Refusal& refusal);
  // The same as a QA officer, who may do most.
  void ExpectRefused(const std::function<absl::Status(Client&)>& call, const Refusal& refusal) {
    ExpectRefused(As(auth::Role::kQaOfficer), call, refusal);
  }
  // A unary method of monitoring with this request.
  template <typename Request, typename Response>
  void ExpectRefused(grpc::Status (Monitoring::*method)(grpc::ClientContext*, const Request&,
                                                        Response*),
                     const Request& request, const Refusal& refusal) {
    ExpectRefused([&](Client& client) { return client.Call(method, request).status(); }, refusal);
  }
  static Refusal Field(const std::string& field) {
    return {absl::StatusCode::kInvalidArgument,
            type::v1::ERROR_REASON_INVALID_FIELD,
            {{"field", ""}},
            {field}};
  }
  // A contact that is stored.
  mv1::Contact Store(const std::string& external_id);

  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<Client> officer_;
};

}  // namespace sqm::testing
