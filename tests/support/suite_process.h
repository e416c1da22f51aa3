// Real processes of the suite for tests: started on a free port with a data directory of their own,
// called with typed stubs as anybody, stopped, killed and started again.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <grpcpp/grpcpp.h>
#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/auth/principal.h"
#include "common/rpc/error.h"
#include "sqm/audit/v1/audit.grpc.pb.h"
#include "sqm/complaints/v1/complaints_service.grpc.pb.h"
#include "sqm/feed/v1/feed.grpc.pb.h"
#include "sqm/monitoring/v1/monitoring_service.grpc.pb.h"
#include "sqm/reporting/v1/reporting_service.grpc.pb.h"
#include "tests/support/temp_dir.h"

namespace sqm::testing {

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, absl::string_view text);

// A program that ran to its end.
struct Finished {
  int exit_code = -1;  // 128 + signal: that ended it; -1: it did not end in time
  std::string out, err;
};
// Runs argv[0]; `environment` is added to this process's own. Killed after `patience`.
Finished RunProgram(const std::vector<std::string>& argv,
                    const std::map<std::string, std::string>& environment = {},
                    absl::Duration patience = absl::Seconds(60));

// A port of 127.0.0.1 that nothing listens on now.
int FreePort();

// A signing key in `dir`, with its JWKS file and a token for calls between services: what processes
// that run without --dev share. The token is good for `lifetime`.
void MakeKeys(const std::string& dir, absl::Duration lifetime = absl::Hours(1));

struct ServerOptions {
  std::string program = "sqm-suite";
  std::vector<std::string> flags;  // beside --data.dir, --listen.address and where the keys are
  std::string data_dir;            // empty: one of its own
  std::string key_dir;             // from MakeKeys; empty: --dev, which makes keys by itself
  int port = 0;                    // 0 = any free one
  std::string host = "127.0.0.1";  // where it listens
  // Put before the program, e.g. to run it in a network namespace; must end by exec.
  std::vector<std::string> launcher;
  std::map<std::string, std::string> environment;
};

// One process. Start and restart from the test's main thread only: the child dies with the thread
// that started it.
class ServerProcess {
 public:
  // Ready when it says so. An error holds what it logged.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(ServerOptions options = {});
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;

  // Starts it again, after Kill or Stop, on the same data directory and the same port.
  absl::Status Restart();
  // kill -9.
  void Kill();
  // SIGTERM; the exit code. An error if it is still there after `patience`: then it is killed.
  absl::StatusOr<int> Stop(absl::Duration patience = absl::Seconds(15));
  void Signal(int signal) const;
  // Whether it still runs; reaps it if not.
  bool Running();

  pid_t pid() const { return pid_; }
  int port() const { return port_; }
  std::string address() const;
  const std::string& data_dir() const { return options_.data_dir; }
  // Where the key is that signs tokens for it.
  std::string key_dir() const {
    return options_.key_dir.empty() ? options_.data_dir + "/dev" : options_.key_dir;
  }
  // The development login that it wrote.
  std::string login_file() const { return options_.data_dir + "/dev/login.json"; }
  // Resident memory in megabytes (10^6 bytes).
  double ResidentMegabytes() const;
  // All that it logged so far.
  std::string Log() const;

 private:
  explicit ServerProcess(ServerOptions options);
  absl::Status Launch();
  absl::StatusOr<int> Wait(absl::Duration patience);

  ServerOptions options_;
  std::unique_ptr<TempDir> own_dir_;
  pid_t pid_ = 0;
  int port_ = 0;
};

// Who calls: the claims of the token.
struct Caller {
  auth::RoleBits roles = auth::BitOf(auth::Role::kManager);
  std::string staff = "boss";  // the subject too
  std::string team;
  std::string tenant;  // empty = default
};
Caller As(auth::Role role, std::string staff = "", std::string team = "");

// `Bearer …` signed with the key of `key_dir`, good for `lifetime` from `now`.
std::string Authorization(const std::string& key_dir, const Caller& caller,
                          absl::Time now = absl::Now(), absl::Duration lifetime = absl::Hours(1));

// Calls as one caller over a connection of its own. Thread-safe once set up.
class Client {
 public:
  Client(const ServerProcess& server, const Caller& caller);
  // Of a server, or of several as gRPC names them.
  Client(const std::string& target, const std::string& authorization,
         const std::shared_ptr<grpc::ChannelCredentials>& credentials =
             grpc::InsecureChannelCredentials());

  // Metadata of every call; replaces what was set under the key. An empty value removes it.
  Client& Set(const std::string& key, const std::string& value);
  // `accept-language`.
  Client& Speak(const std::string& language) { return Set("accept-language", language); }
  // Whether calls wait for a server that is away; else they fail at once. They wait by default.
  Client& Wait(bool wait) {
    wait_ = wait;
    return *this;
  }
  // How long a call may take.
  Client& Patience(absl::Duration patience) {
    patience_ = patience;
    return *this;
  }

  std::unique_ptr<grpc::ClientContext> Context() const;
  std::shared_ptr<grpc::Channel> channel() const { return channel_; }
  monitoring::v1::MonitoringService::Stub& monitoring() const { return *monitoring_; }
  complaints::v1::ComplaintsService::Stub& complaints() const { return *complaints_; }
  reporting::v1::ReportingService::Stub& reporting() const { return *reporting_; }
  audit::v1::AuditService::Stub& audit() const { return *audit_; }
  feed::v1::FeedService::Stub& feed() const { return *feed_; }

  // A unary call: client.Call(&MonitoringService::Stub::GetContact, request).
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (monitoring::v1::MonitoringService::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*),
                                const Request& request) const {
    return CallOn<Request, Response>(*monitoring_, method, request);
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (complaints::v1::ComplaintsService::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*),
                                const Request& request) const {
    return CallOn<Request, Response>(*complaints_, method, request);
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (reporting::v1::ReportingService::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*),
                                const Request& request) const {
    return CallOn<Request, Response>(*reporting_, method, request);
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (audit::v1::AuditService::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*),
                                const Request& request) const {
    return CallOn<Request, Response>(*audit_, method, request);
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (feed::v1::FeedService::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*),
                                const Request& request) const {
    return CallOn<Request, Response>(*feed_, method, request);
  }
  // Any bytes to any method; the response's bytes.
  absl::StatusOr<std::string> CallRaw(const std::string& method, absl::string_view bytes) const;

 private:
  template <typename Request, typename Response, typename Stub>
  absl::StatusOr<Response> CallOn(Stub& stub,
                                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                                  const Request& request) const {
    std::unique_ptr<grpc::ClientContext> context = Context();
    Response response;
    grpc::Status status = (stub.*method)(context.get(), request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<monitoring::v1::MonitoringService::Stub> monitoring_;
  std::unique_ptr<complaints::v1::ComplaintsService::Stub> complaints_;
  std::unique_ptr<reporting::v1::ReportingService::Stub> reporting_;
  std::unique_ptr<audit::v1::AuditService::Stub> audit_;
  std::unique_ptr<feed::v1::FeedService::Stub> feed_;
  std::map<std::string, std::string> metadata_;
  bool wait_ = true;
  absl::Duration patience_ = absl::Seconds(20);
};

// Repeats until `done`, at most for `patience`; whether it was.
bool Eventually(const std::function<bool()>& done, absl::Duration patience = absl::Seconds(20));

}  // namespace sqm::testing
