#include "cli/client/health.h"

#include <absl/synchronization/notification.h>
#include <absl/time/time.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/generic/generic_stub.h>

namespace sqm::cli {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

constexpr absl::Duration kDeadline = absl::Seconds(5);
constexpr uint32_t kServing = 1;  // HealthCheckResponse.ServingStatus.SERVING

// HealthCheckRequest {string service = 1}. Debian ships no generated code of the health contract.
std::string EncodeRequest(const std::string& service) {
  std::string bytes;
  StringOutputStream stream(&bytes);
  CodedOutputStream out(&stream);
  if (!service.empty()) WireFormatLite::WriteString(1, service, &out);
  out.Trim();
  return bytes;
}

// HealthCheckResponse {ServingStatus status = 1}.
bool IsServing(const std::string& bytes) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  uint32_t status = 0;
  for (uint32_t tag = in.ReadTag(); tag != 0; tag = in.ReadTag()) {
    if (WireFormatLite::GetTagFieldNumber(tag) == 1) {
      if (!in.ReadVarint32(&status)) return false;
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      return false;
    }
  }
  return status == kServing;
}

}  // namespace

HealthAnswer CheckHealth(const Connection& connection, const std::string& service) {
  HealthAnswer answer;
  grpc::ClientContext context;
  connection.Prepare(context, kDeadline);
  grpc::GenericStub stub(connection.channel());
  grpc::Slice slice(EncodeRequest(service));
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  absl::Notification done;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &request, &response,
                 [&](grpc::Status result) {
                   status = std::move(result);
                   done.Notify();
                 });
  done.WaitForNotification();
  if (!status.ok()) {
    answer.failure = ReadFailure(status);
    return answer;
  }
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (response.Dump(&slices).ok()) {
    for (const grpc::Slice& part : slices) {
      bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
  }
  answer.serving = IsServing(bytes);
  const auto& metadata = context.GetServerInitialMetadata();
  const auto version = metadata.find("sqm-version");
  if (version != metadata.end()) {
    answer.version.assign(version->second.data(), version->second.size());
  }
  return answer;
}

}  // namespace sqm::cli
