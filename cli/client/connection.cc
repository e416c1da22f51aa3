#include "cli/client/connection.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/synchronization/notification.h>
#include <absl/time/clock.h>
#include <grpcpp/generic/generic_stub.h>

#include "cli/schema/value.h"
#include "common/base/task.h"
#include "common/rpc/keep_grpc.h"
#include "common/rpc/tls.h"

namespace sqm::cli {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

constexpr int kLargestMessage = 64 << 20;

// Only what the server surely did not take is repeated; mutations carry a request id besides.
constexpr char kServiceConfig[] = R"({
  "methodConfig": [{
    "name": [{}],
    "retryPolicy": {
      "maxAttempts": 4,
      "initialBackoff": "0.1s",
      "maxBackoff": "2s",
      "backoffMultiplier": 3,
      "retryableStatusCodes": ["UNAVAILABLE"]
    }
  }],
  "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.2}
})";

Failure Undecodable() {
  return LocalFailure(grpc::StatusCode::INTERNAL, "the answer could not be decoded");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Login& login,
                                                             absl::Duration deadline,
                                                             Language language) {
  rpc::KeepGrpc();
  ASSIGN_OR_RETURN(const auto credentials,
                   rpc::ClientTls({login.ca, login.certificate, login.key}));
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetMaxReceiveMessageSize(kLargestMessage);
  arguments.SetUserAgentPrefix("sqm-cli");
  auto channel = grpc::CreateCustomChannel(login.server, credentials, arguments);
  return std::unique_ptr<Connection>(new Connection(std::move(channel), login, deadline, language));
}

void Connection::Prepare(grpc::ClientContext& context, absl::Duration deadline) const {
  if (deadline < absl::InfiniteDuration()) {
    context.set_deadline(absl::ToChronoTime(absl::Now() + deadline));
  }
  if (!login_.token.empty()) {
    context.AddMetadata("authorization", absl::StrCat("Bearer ", login_.token));
  }
  context.AddMetadata("accept-language", std::string(LanguageTag(language_)));
}

Failure Connection::Call(const std::string& method, const Message& request, Message& response,
                         int64_t* position) const {
  grpc::ClientContext context;
  Prepare(context, deadline_);
  grpc::GenericStub stub(channel_);
  const grpc::ByteBuffer sent = Encode(request);
  grpc::ByteBuffer received;
  grpc::Status status;
  absl::Notification done;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &sent, &received, [&](grpc::Status result) {
    status = std::move(result);
    done.Notify();
  });
  done.WaitForNotification();
  if (!status.ok()) return ReadFailure(status);
  if (position != nullptr) {
    const auto& trailer = context.GetServerTrailingMetadata();
    const auto found = trailer.find("sqm-position");
    *position = 0;
    if (found != trailer.end() &&
        !absl::SimpleAtoi(absl::string_view(found->second.data(), found->second.size()),
                          position)) {
      *position = 0;
    }
  }
  return Decode(received, response) ? Failure() : Undecodable();
}

Failure Connection::Stream(const MethodDescriptor* method, const Message& request,
                           const std::function<bool(const Message&)>& take) const {
  grpc::ClientContext context;
  Prepare(context, absl::InfiniteDuration());
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  // One operation at a time: each is waited for before the next is begun.
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  auto call = stub.PrepareCall(&context, MethodPath(method), &queue);
  call->StartCall(nullptr);
  bool alive = wait();
  if (alive) {
    call->WriteLast(Encode(request), grpc::WriteOptions(), nullptr);
    alive = wait();
  }
  Failure failure;
  bool stopped = false;  // by this side
  const std::unique_ptr<Message> message = NewMessage(method->output_type());
  while (alive) {
    grpc::ByteBuffer buffer;
    call->Read(&buffer, nullptr);
    if (!wait()) break;
    if (!Decode(buffer, *message)) failure = Undecodable();
    if (!failure.ok() || !take(*message)) {
      stopped = true;
      context.TryCancel();
      break;
    }
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  wait();
  queue.Shutdown();
  while (wait()) {
  }
  if (stopped) return failure;
  return status.ok() ? Failure() : ReadFailure(status);
}

grpc::ByteBuffer Encode(const Message& message) {
  grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

bool Decode(const grpc::ByteBuffer& buffer, Message& message) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return false;
  std::string bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return message.ParseFromString(bytes);
}

std::string MethodPath(const MethodDescriptor* method) {
  return absl::StrCat("/", method->service()->full_name(), "/", method->name());
}

void FillRequestId(Message& request, IdSource& ids) {
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr || field->is_repeated() ||
      field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    return;
  }
  std::string scratch;
  const auto* reflection = request.GetReflection();
  if (!reflection->GetStringReference(request, field, &scratch).empty()) return;
  reflection->SetString(&request, field, NewUuid(ids, absl::Now()));
}

}  // namespace sqm::cli
