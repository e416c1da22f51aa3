#include "common/rpc/channel.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include "common/base/status.h"
#include "common/rpc/error.h"
#include "common/rpc/keep_grpc.h"

namespace sqm::rpc {

using grpc::ByteBuffer;

std::string ServiceConfig(const ChannelOptions& options) {
  std::string config = R"({"loadBalancingConfig":[{"round_robin":{}}])";
  if (!options.health_service.empty()) {
    absl::StrAppend(&config, R"(,"healthCheckConfig":{"serviceName":")", options.health_service,
                    R"("})");
  }
  std::string names;
  for (const std::string& path : options.retried_methods) {
    size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0) continue;
    absl::StrAppend(&names, names.empty() ? "" : ",", R"({"service":")", path.substr(1, slash - 1),
                    R"(","method":")", path.substr(slash + 1), R"("})");
  }
  if (!names.empty()) {
    // Throttled: once half of the tokens are gone, i.e. failures outnumber a tenth of the
    // successes for long, nothing is sent twice any more.
    absl::StrAppend(&config, R"(,"methodConfig":[{"name":[)", names,
                    R"(],"retryPolicy":{"maxAttempts":4,"initialBackoff":"0.1s","maxBackoff":"2s",)"
                    R"("backoffMultiplier":2,"retryableStatusCodes":["UNAVAILABLE"]}}],)"
                    R"("retryThrottling":{"maxTokens":100,"tokenRatio":0.1})");
  }
  return absl::StrCat(config, "}");
}

std::vector<std::string> RetriedMethods(const contract::Registry& registry) {
  std::vector<std::string> paths;
  for (const auto& method : registry.methods()) {
    if (method->options.read_only()) paths.push_back(method->path);
  }
  return paths;
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ChannelOptions& options) {
  KeepGrpc();
  ASSIGN_OR_RETURN(auto credentials, ClientTls(options.tls));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.message_bytes);
  arguments.SetMaxSendMessageSize(options.message_bytes);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, 8 * 1024);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 1);
  arguments.SetServiceConfigJSON(ServiceConfig(options));
  // What a resolver finds in DNS must not replace it.
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  return grpc::CreateCustomChannel(options.target, credentials, arguments);
}

absl::Time ShaveDeadline(absl::Time deadline, absl::Time now) {
  if (deadline == absl::InfiniteFuture() || deadline <= now) return deadline;
  return deadline - (deadline - now) / 20;
}

CallOptions OptionsFor(const Call& call, std::string authorization, IdSource& ids,
                       Executor* executor) {
  CallOptions options;
  absl::Time now = absl::Now();
  options.deadline = std::min(ShaveDeadline(call.deadline(), now), now + kDefaultCallTime);
  options.authorization = std::move(authorization);
  options.tenant = call.tenant();
  if (call.trace().has_value()) options.trace = observe::ChildOf(*call.trace(), ids);
  options.accept_language = call.chinese() ? "zh-CN" : "en";
  options.executor = executor;
  return options;
}

void PrepareContext(const CallOptions& options, grpc::ClientContext& context) {
  if (options.deadline.has_value() && *options.deadline != absl::InfiniteFuture()) {
    context.set_deadline(absl::ToChronoTime(*options.deadline));
  }
  auto add = [&context](const char* key, const std::string& value) {
    if (!value.empty()) context.AddMetadata(key, value);
  };
  add("authorization", options.authorization);
  add("sqm-tenant", options.tenant);
  add("accept-language", options.accept_language);
  if (options.masked) context.AddMetadata(std::string(kPersonalKey), std::string(kPersonalMasked));
  if (options.trace.has_value()) {
    add("traceparent", options.trace->Traceparent());
    add("tracestate", options.trace->tracestate);
  }
}

absl::Status MalformedResponse(absl::string_view path) {
  return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL,
              absl::StrCat("the answer of ", path, " could not be decoded"));
}

Task<absl::StatusOr<ByteBuffer>> CallBytes(std::shared_ptr<grpc::Channel> channel, std::string path,
                                           ByteBuffer request, CallOptions options) {
  if (!options.deadline.has_value()) options.deadline = absl::Now() + kDefaultCallTime;
  Executor* executor = options.executor;
  grpc::ClientContext context;
  PrepareContext(options, context);
  ByteBuffer response;
  OneShot<grpc::Status> done;
  grpc::GenericStub stub(std::move(channel));
  stub.UnaryCall(&context, path, grpc::StubOptions(), &request, &response,
                 [&done, executor](grpc::Status status) {
                   std::coroutine_handle<> waiter = done.SetQuietly(std::move(status));
                   if (!waiter) return;
                   if (executor == nullptr) {
                     waiter.resume();
                   } else {
                     executor->Post([waiter] { waiter.resume(); });
                   }
                 });
  grpc::Status status = co_await done;
  if (options.on_end) options.on_end(context);
  if (!status.ok()) co_return FromGrpc(status);
  co_return response;
}

}  // namespace sqm::rpc
