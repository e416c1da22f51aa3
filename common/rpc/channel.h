// Outgoing calls: channels with every limit said, and unary calls as coroutines.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/task.h"
#include "common/contract/registry.h"
#include "common/observe/trace.h"
#include "common/rpc/call.h"
#include "common/rpc/message_bytes.h"
#include "common/rpc/tls.h"

namespace sqm::rpc {

struct ChannelOptions {
  // As gRPC names targets: `dns:///monitoring:7443` for every address behind a headless service.
  std::string target;
  TlsFiles tls;
  // Full name of the service whose health decides which addresses are used, e.g.
  // `sqm.monitoring.v1.MonitoringService`; empty = health is not looked at.
  std::string health_service;
  // Paths of the methods that gRPC may send again after UNAVAILABLE: those that change nothing, or
  // whose requests always carry a request id. See RetriedMethods.
  std::vector<std::string> retried_methods;
  // The largest message taken or sent. A batch of a feed is at most 16 MiB.
  int message_bytes = 64 << 20;
};

// A channel that balances over all addresses, pings every 30 s (servers of the suite allow 20 s)
// and opens connections when the first call needs one. Only unreadable files are an error here.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ChannelOptions& options);
// The service config that MakeChannel uses, as JSON.
std::string ServiceConfig(const ChannelOptions& options);
// Paths of the methods of the contracts that change nothing.
std::vector<std::string> RetriedMethods(const contract::Registry& registry);

inline constexpr absl::Duration kDefaultCallTime = absl::Seconds(5);

// What goes with an outgoing call beside its message.
struct CallOptions {
  // Absent: kDefaultCallTime from now for a unary call, none for a stream.
  std::optional<absl::Time> deadline;
  // The whole value, `Bearer …`; empty = none.
  std::string authorization;
  // For whom a service calls that works for all tenants; empty = none.
  std::string tenant;
  // The span of this call: ChildOf the span that makes it.
  std::optional<observe::TraceContext> trace;
  std::string accept_language;
  // Personal values come masked, whatever the caller may see: nobody looks at them, and nothing is
  // written to the audit trail.
  bool masked = false;
  // Where the caller goes on; null = on gRPC's event thread, which must not be blocked.
  Executor* executor = nullptr;
  // Called once a unary call has ended, before its caller goes on: for the trailing metadata.
  std::function<void(const grpc::ClientContext&)> on_end;
};

// Options of a call that is made for another one: for its tenant, in its trace and language, within
// its time; with the given authorization.
CallOptions OptionsFor(const Call& call, std::string authorization, IdSource& ids,
                       Executor* executor);
// An earlier deadline by 5 % of the time that is left, so that the caller can still answer when
// what it calls has used up its own.
absl::Time ShaveDeadline(absl::Time deadline, absl::Time now);
// Writes the options to a context.
void PrepareContext(const CallOptions& options, grpc::ClientContext& context);

// One unary call of bytes. The status is what the server sent, details and reason included.
Task<absl::StatusOr<grpc::ByteBuffer>> CallBytes(std::shared_ptr<grpc::Channel> channel,
                                                 std::string path, grpc::ByteBuffer request,
                                                 CallOptions options);

// The error for bytes that are not the answer of `path`.
absl::Status MalformedResponse(absl::string_view path);

// `auto contact = co_await CallUnary<GetContactRequest, Contact>(channel, path, request, options);`
template <typename Request, typename Response>
Task<absl::StatusOr<Response>> CallUnary(std::shared_ptr<grpc::Channel> channel, std::string path,
                                         Request request, CallOptions options) {
  grpc::ByteBuffer bytes = ToBytes(request);
  Task<absl::StatusOr<grpc::ByteBuffer>> calling =
      CallBytes(std::move(channel), path, bytes, std::move(options));
  absl::StatusOr<grpc::ByteBuffer> answer = co_await calling;
  if (!answer.ok()) co_return answer.status();
  Response response;
  bool parsed = FromBytes(*answer, response);
  if (!parsed) co_return MalformedResponse(path);
  co_return response;
}

}  // namespace sqm::rpc
