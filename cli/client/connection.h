// A channel to the suite, and calls of any method on it by name or descriptor.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "cli/client/failure.h"
#include "cli/client/login.h"
#include "cli/text/language.h"
#include "common/base/ids.h"

namespace sqm::cli {

// Thread-safe: immutable after Open.
class Connection {
 public:
  // Does not connect yet. FAILED_PRECONDITION where the authorities' file cannot be read.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Login& login,
                                                          absl::Duration deadline,
                                                          Language language);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const Login& login() const { return login_; }

  // Metadata and, with a finite `deadline`, the deadline of a call.
  void Prepare(grpc::ClientContext& context, absl::Duration deadline) const;

  // `method` is `/package.Service/Method`. Repeats while the server is unavailable, as the service
  // config says. `position`, where wanted, becomes the feed position that the answer stands at, 0
  // when the server does not say.
  Failure Call(const std::string& method, const google::protobuf::Message& request,
               google::protobuf::Message& response, int64_t* position = nullptr) const;

  // A call whose answer is a stream; `take` says whether to go on. Unlimited in time.
  Failure Stream(const google::protobuf::MethodDescriptor* method,
                 const google::protobuf::Message& request,
                 const std::function<bool(const google::protobuf::Message&)>& take) const;

 private:
  Connection(std::shared_ptr<grpc::Channel> channel, Login login, absl::Duration deadline,
             Language language)
      : channel_(std::move(channel)),
        login_(std::move(login)),
        deadline_(deadline),
        language_(language) {}

  const std::shared_ptr<grpc::Channel> channel_;
  const Login login_;
  const absl::Duration deadline_;
  const Language language_;
};

// A message as it travels, and back; false where it cannot be decoded.
grpc::ByteBuffer Encode(const google::protobuf::Message& message);
bool Decode(const grpc::ByteBuffer& buffer, google::protobuf::Message& message);

// `/package.Service/Method`.
std::string MethodPath(const google::protobuf::MethodDescriptor* method);

// Fills an empty `request_id` field, where the message has one, with a new UUID: made once, so that
// a repetition of the call is harmless.
void FillRequestId(google::protobuf::Message& request, IdSource& ids);

}  // namespace sqm::cli
