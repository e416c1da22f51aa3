#include "common/rpc/server.h"

#include <absl/strings/str_cat.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/support/server_callback.h>
#include <stdlib.h>

#include <filesystem>
#include <map>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/base/task.h"
#include "common/rpc/error.h"
#include "common/rpc/keep_grpc.h"
#include "common/rpc/reactors.h"

namespace sqm::rpc {
namespace {

std::string InnerAddress(const std::string& dir) { return absl::StrCat("unix:", dir, "/inner"); }

using grpc::ByteBuffer;
using grpc::internal::RpcMethod;

// The transport refuses larger messages without saying why, so the pipeline's own, exact refusal
// must come first.
constexpr int kTransportBytes = 64 << 20;

}  // namespace

// The methods of one service of the contracts.
class Server::RawService : public grpc::Service {
 public:
  void Add(Pipeline& pipeline, const Route& route) {
    const auto* method = route.method->descriptor;
    RpcMethod::RpcType type = RpcMethod::NORMAL_RPC;
    grpc::internal::MethodHandler* handler = nullptr;
    if (method->client_streaming()) {
      type = RpcMethod::BIDI_STREAMING;
      handler = new grpc::internal::CallbackBidiHandler<ByteBuffer, ByteBuffer>(
          [&pipeline, &route](grpc::CallbackServerContext* context) {
            return StartBidiStream(pipeline, route, context);
          });
    } else if (method->server_streaming()) {
      type = RpcMethod::SERVER_STREAMING;
      handler = new grpc::internal::CallbackServerStreamingHandler<ByteBuffer, ByteBuffer>(
          [&pipeline, &route](grpc::CallbackServerContext* context, const ByteBuffer* request) {
            return StartServerStream(pipeline, route, context, request);
          });
    } else {
      handler = new grpc::internal::CallbackUnaryHandler<ByteBuffer, ByteBuffer>(
          [&pipeline, &route](grpc::CallbackServerContext* context, const ByteBuffer* request,
                              ByteBuffer* response) {
            return StartUnary(pipeline, route, context, request, response);
          });
    }
    AddMethod(new grpc::internal::RpcServiceMethod(route.method->path.c_str(), type, nullptr));
    MarkMethodRawCallback(count_++, handler);
  }

 private:
  int count_ = 0;
};

// Everything that no contract declares.
class Server::Unknown : public grpc::CallbackGenericService {
  class Reactor : public grpc::ServerGenericBidiReactor {
   public:
    Reactor(const std::string& method, bool chinese) {
      absl::Status status =
          Fail(absl::StatusCode::kUnimplemented, type::v1::ERROR_REASON_UNIMPLEMENTED,
               absl::StrCat("there is no method ", method.substr(0, 200)),
               {{"method", absl::string_view(method).substr(0, 200)}});
      Finish(ToGrpc(ToWire(status, chinese, "")));
    }
    void OnDone() override { delete this; }
  };
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    auto language = context->client_metadata().find("accept-language");
    bool chinese =
        language != context->client_metadata().end() && language->second.starts_with("zh");
    return new Reactor(context->method(), chinese);
  }
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options,
                                                      std::vector<Pipeline*> pipelines) {
  static const bool plugins = [] {
    KeepGrpc();
    grpc::EnableDefaultHealthCheckService(true);
    return true;
  }();
  (void)plugins;
  if (options.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  std::unique_ptr<Server> server(new Server());
  grpc::ServerBuilder builder;
  ASSIGN_OR_RETURN(auto credentials, ServerTls(options.tls));
  builder.AddListeningPort(options.address, credentials, &server->port_);
  // gRPC's in-process transport loses the last message of a stream that ends early, so the inner
  // channel is a socket, in a directory of this user alone.
  if (options.in_process) {
    std::error_code error;
    std::string dir = std::filesystem::temp_directory_path(error) / "sqm-XXXXXX";
    if (mkdtemp(dir.data()) == nullptr) {
      return absl::UnavailableError(
          absl::StrCat("cannot make ", dir, ": set TMPDIR to a directory that may be written"));
    }
    server->inner_dir_ = dir;
    builder.AddListeningPort(InnerAddress(dir), grpc::InsecureServerCredentials());
  }
  builder.SetMaxReceiveMessageSize(kTransportBytes);
  builder.SetMaxSendMessageSize(kTransportBytes);
  // gRPC unpacks a compressed message before anybody has looked at the caller, however much comes
  // out of it: refused unread, with UNIMPLEMENTED, as the protocol has it.
  for (grpc_compression_algorithm packed : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP}) {
    builder.SetCompressionAlgorithmSupportStatus(packed, false);
  }
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 8 * 1024);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  // Two processes must not share a port by mistake.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Clients may ping every 20 s, also without a call, so that half-open connections are noticed.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 20000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60000);
  builder.AddChannelArgument(
      GRPC_ARG_MAX_CONNECTION_AGE_MS,
      static_cast<int>(absl::ToInt64Milliseconds(options.max_connection_age)));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 30000);
  grpc::ResourceQuota quota("sqm");
  quota.Resize(options.memory_bytes);
  builder.SetResourceQuota(quota);
  std::map<std::string, RawService*> by_service;
  for (Pipeline* pipeline : pipelines) {
    for (const auto& route : pipeline->routes()) {
      RawService*& service = by_service[route->method->descriptor->service()->full_name()];
      if (service == nullptr) {
        server->services_.push_back(std::make_unique<RawService>());
        service = server->services_.back().get();
      }
      service->Add(*pipeline, *route);
    }
  }
  for (auto& service : server->services_) builder.RegisterService(service.get());
  server->unknown_ = std::make_unique<Unknown>();
  builder.RegisterCallbackGenericService(server->unknown_.get());
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr || server->port_ == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.address,
                                               ": is the port taken by another process?"));
  }
  for (const auto& [name, service] : by_service) server->SetServing(name, true);
  return server;
}

Server::~Server() {
  if (server_ != nullptr) Stop(absl::Seconds(1));
  RemoveInnerDirectory();  // of a server that could not start
}

void Server::SetServing(const std::string& service, bool serving) {
  if (auto* health = server_->GetHealthCheckService()) health->SetServingStatus(service, serving);
}

void Server::AnnounceStop() {
  // For good: a check of the store that is under way must not call anybody back.
  if (auto* health = server_->GetHealthCheckService()) health->Shutdown();
}

void Server::Stop(absl::Duration deadline) {
  server_->Shutdown(absl::ToChronoTime(absl::Now() + deadline));
  server_->Wait();
  server_.reset();
  RemoveInnerDirectory();
}

void Server::RemoveInnerDirectory() {
  std::error_code error;
  if (!inner_dir_.empty()) std::filesystem::remove_all(inner_dir_, error);
}

std::shared_ptr<grpc::Channel> Server::InProcess() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kTransportBytes);
  Check(!inner_dir_.empty(), "this server is not called from within");
  return grpc::CreateCustomChannel(InnerAddress(inner_dir_), grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace sqm::rpc
