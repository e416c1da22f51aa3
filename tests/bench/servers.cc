#include "tests/bench/servers.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <thread>

#include "common/auth/issuer.h"
#include "sqm/monitoring/v1/monitoring_service.grpc.pb.h"
#include "sqm/reporting/v1/reporting_service.grpc.pb.h"
#include "tests/bench/sample.h"

namespace sqm::bench {

absl::Status ToAbsl(const grpc::Status& status) {
  return status.ok() ? absl::OkStatus()
                     : absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                                    status.error_message());
}

absl::StatusOr<std::unique_ptr<BaselineServer>> BaselineServer::StartEcho(const Bench& bench) {
  return Start(bench, "sqm-echo", false);
}

absl::StatusOr<std::unique_ptr<BaselineServer>> BaselineServer::StartBare(const Bench& bench) {
  return Start(bench, "sqm-bare", true);
}

absl::StatusOr<std::unique_ptr<BaselineServer>> BaselineServer::Start(const Bench& bench,
                                                                      const std::string& program,
                                                                      bool with_folder) {
  std::unique_ptr<BaselineServer> server(new BaselineServer());
  server->port_ = FreePort();
  const absl::Time begin = absl::Now();
  std::vector<std::string> argv = {bench.Program(program), absl::StrCat(server->port_)};
  if (with_folder) argv.push_back(server->folder_.path());
  auto process = Process::Start(argv, server->folder_.path() + "/server.log");
  if (!process.ok()) return process.status();
  server->process_ = *std::move(process);
  absl::Status status = WaitForPort(server->port_, server->process_.get(), absl::Seconds(10));
  if (!status.ok()) return status;
  server->start_time_ = absl::Now() - begin;
  return server;
}

absl::StatusOr<std::unique_ptr<Suite>> Suite::Start(const Bench& bench, const std::string& data_dir,
                                                    std::vector<std::string> flags) {
  return StartProgram(bench, "sqm-suite", data_dir, std::move(flags));
}

absl::StatusOr<std::unique_ptr<Suite>> Suite::StartProgram(const Bench& bench,
                                                           const std::string& program,
                                                           const std::string& data_dir,
                                                           std::vector<std::string> flags) {
  std::unique_ptr<Suite> suite(new Suite());
  suite->data_dir_ = data_dir;
  suite->port_ = FreePort();
  suite->argv_ = {bench.Program(program), "--dev", absl::StrCat("--data.dir=", data_dir),
                  absl::StrCat("--listen.address=127.0.0.1:", suite->port_)};
  suite->argv_.insert(suite->argv_.end(), flags.begin(), flags.end());
  const absl::Status status = suite->Launch();
  if (!status.ok()) return status;
  return suite;
}

absl::Status Suite::Restart() {
  process_->Stop();
  return Launch();
}

absl::Status Suite::Launch() {
  const absl::Time begin = absl::Now();
  auto process = Process::Start(argv_, folder_.path() + "/suite.log");
  if (!process.ok()) return process.status();
  process_ = *std::move(process);
  constexpr absl::Duration kPatience = absl::Seconds(60);
  const absl::Status status = WaitForPort(port_, process_.get(), kPatience);
  if (!status.ok()) return status;
  // HealthCheckResponse {status: SERVING}.
  const std::string serving = "\x08\x01";
  while (true) {
    const auto health = CallOnce(port_, "/grpc.health.v1.Health/Check", {}, "", absl::Seconds(5));
    if (health.ok() && *health == serving) break;
    if (absl::Now() - begin > kPatience) {
      return absl::DeadlineExceededError(
          absl::StrCat(argv_[0], " does not serve:\n", process_->LogTail()));
    }
    absl::SleepFor(absl::Milliseconds(1));
  }
  start_time_ = absl::Now() - begin;
  return absl::OkStatus();
}

absl::StatusOr<std::string> Suite::Authorization(const std::string& role) const {
  auto issuer = auth::Issuer::Open(data_dir_ + "/dev", {});
  if (!issuer.ok()) return issuer.status();
  const auto parsed = auth::ParseRole(role);
  if (!parsed) return absl::InvalidArgumentError(absl::StrCat("no role ", role));
  auth::TokenClaims claims;
  claims.subject = "bench";
  claims.tenant = std::string(auth::kDefaultTenant);
  claims.roles = auth::BitOf(*parsed);
  claims.staff = kBenchStaff;
  claims.team = kBenchTeam;
  const auto token = (*issuer)->Mint(claims, absl::Hours(12), absl::Now());
  if (!token.ok()) return token.status();
  return absl::StrCat("Bearer ", *token);
}

absl::StatusOr<Http2Connection::Metadata> Suite::Metadata(const std::string& role) const {
  auto authorization = Authorization(role);
  if (!authorization.ok()) return authorization.status();
  return Http2Connection::Metadata{{"authorization", *std::move(authorization)}};
}

std::shared_ptr<grpc::Channel> Suite::Channel() const {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port_),
                                   grpc::InsecureChannelCredentials(), arguments);
}

absl::StatusOr<std::unique_ptr<grpc::ClientContext>> Suite::Context(const std::string& role) const {
  auto authorization = Authorization(role);
  if (!authorization.ok()) return authorization.status();
  auto context = std::make_unique<grpc::ClientContext>();
  context->AddMetadata("authorization", *authorization);
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(10));
  return context;
}

absl::Status ImportContacts(const Suite& suite, uint64_t first, int64_t count) {
  namespace v1 = monitoring::v1;
  constexpr int64_t kBatch = 500;
  constexpr int64_t kUnanswered = 4;
  const auto stub = v1::MonitoringService::NewStub(suite.Channel());
  auto context = suite.Context("service");
  if (!context.ok()) return context.status();
  const auto stream = stub->ImportContacts(context->get());
  const int64_t batches = (count + kBatch - 1) / kBatch;
  int64_t sent = 0;
  int64_t answered = 0;
  absl::Status status;
  v1::ImportContactsResponse response;
  while (answered < batches) {
    while (sent < batches && sent - answered < kUnanswered) {
      v1::ImportContactsRequest request;
      request.set_sequence(sent);
      for (int64_t i = sent * kBatch; i < std::min(count, (sent + 1) * kBatch); ++i) {
        *request.add_contacts() = SampleContact(first + static_cast<uint64_t>(i));
      }
      if (!stream->Write(request)) return ToAbsl(stream->Finish());
      if (++sent == batches) stream->WritesDone();
    }
    if (!stream->Read(&response)) return ToAbsl(stream->Finish());
    if (response.failures_size() > 0) {
      status = absl::InvalidArgumentError(
          absl::StrCat("row refused: ", response.failures(0).ShortDebugString()));
    }
    ++answered;
  }
  while (stream->Read(&response)) {
  }
  const absl::Status end = ToAbsl(stream->Finish());
  return end.ok() ? status : end;
}

absl::StatusOr<int64_t> ReportingPosition(const Suite& suite) {
  const auto stub = reporting::v1::ReportingService::NewStub(suite.Channel());
  auto context = suite.Context("manager");
  if (!context.ok()) return context.status();
  reporting::v1::GetDailyReportRequest request;
  request.set_date("2026-03-03");
  reporting::v1::DailyReport report;
  const absl::Status status = ToAbsl(stub->GetDailyReport(context->get(), request, &report));
  if (!status.ok()) return status;
  for (const auto& source : report.sources()) {
    if (source.source() == "monitoring") return source.position();
  }
  return 0;
}

absl::Status WaitForReporting(const Suite& suite, int64_t position, absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  while (true) {
    const auto now = ReportingPosition(suite);
    if (!now.ok()) return now.status();
    if (*now >= position) return absl::OkStatus();
    if (absl::Now() > end) {
      return absl::DeadlineExceededError(absl::StrCat("reporting is at ", *now, " of ", position));
    }
    absl::SleepFor(absl::Milliseconds(50));
  }
}

}  // namespace sqm::bench
