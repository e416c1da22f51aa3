// The baseline: a minimal gRPC callback server of the suite's own messages. No token, no metrics,
// no store; what a service adds to this is what the ratios show.
//   sqm-echo PORT        (0 = any; prints `listening PORT`)
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdio>

#include "echo.grpc.pb.h"
#include "tests/bench/sample.h"
#include "tests/bench/serve.h"

namespace sqm::bench {
namespace {

// Streams one prepared batch again and again: the cost of gRPC and protobuf, nothing else.
class FloodReactor final : public grpc::ServerWriteReactor<feed::v1::ChangeBatch> {
 public:
  explicit FloodReactor(const v1::FloodRequest& request) : left_(request.changes()) {
    const int size = std::clamp(request.batch(), 1, 10000);
    for (int i = 0; i < size; ++i) {
      feed::v1::Change* change = batch_.add_changes();
      change->set_position(i + 1);
      change->set_commit_id(i + 1);
      change->mutable_time()->set_seconds(1772409600);
      change->set_resource_type("monitoring/Contact");
      change->set_name(absl::StrCat("contacts/01jd00000000000000000", 10000 + i));
      change->set_version(1);
      change->set_kind(feed::v1::CHANGE_KIND_CREATED);
      change->set_actor("staff/bench");
      change->set_method("/sqm.monitoring.v1.MonitoringService/CreateContact");
      change->set_request_id(SampleRequestId(1, i));
      change->set_body(SampleContact(i).SerializeAsString());
    }
    Next();
  }
  void OnWriteDone(bool ok) override { ok ? Next() : Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (left_ <= 0) return Finish(grpc::Status::OK);
    left_ -= batch_.changes_size();
    StartWrite(&batch_);
  }

  feed::v1::ChangeBatch batch_;
  int64_t left_;
};

template <typename Message>
grpc::ServerUnaryReactor* SendBack(grpc::CallbackServerContext* context, const Message& request,
                                   Message* response) {
  *response = request;
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

class EchoServer final : public v1::EchoService::CallbackService {
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context,
                                 const monitoring::v1::Contact* request,
                                 monitoring::v1::Contact* response) override {
    return SendBack(context, *request, response);
  }
  grpc::ServerUnaryReactor* EchoCase(grpc::CallbackServerContext* context,
                                     const complaints::v1::Case* request,
                                     complaints::v1::Case* response) override {
    return SendBack(context, *request, response);
  }
  grpc::ServerWriteReactor<feed::v1::ChangeBatch>* Flood(grpc::CallbackServerContext*,
                                                         const v1::FloodRequest* request) override {
    return new FloodReactor(*request);
  }
};

}  // namespace
}  // namespace sqm::bench

int main(int argc, char** argv) {
  int port = 0;
  if (argc != 2 || !absl::SimpleAtoi(argv[1], &port)) {
    std::fputs("usage: sqm-echo PORT\n", stderr);
    return 2;
  }
  sqm::bench::HoldSignals();
  sqm::bench::EchoServer service;
  const absl::Status status = sqm::bench::ServeUntilSignal(port, service);
  if (status.ok()) return 0;
  std::fprintf(stderr, "sqm-echo: %s\n", std::string(status.message()).c_str());
  return 1;
}
