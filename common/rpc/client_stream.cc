#include "common/rpc/client_stream.h"

#include <grpcpp/generic/generic_stub.h>

#include <utility>

#include "common/rpc/error.h"
#include "common/rpc/operation.h"

namespace sqm::rpc {

using google::protobuf::Message;
using grpc::ByteBuffer;

// Keeps itself until gRPC is done with it. A hold lets operations begin outside of reactions; it
// goes when the owner asks for the end or gives up.
class ClientStream::Reactor final : public grpc::ClientBidiReactor<ByteBuffer, ByteBuffer> {
 public:
  Reactor(std::shared_ptr<grpc::Channel> channel, std::string path, const CallOptions& options)
      : path_(std::move(path)), executor_(options.executor), stub_(std::move(channel)) {
    PrepareContext(options, context_);
    stub_.PrepareBidiStreamingCall(&context_, path_, grpc::StubOptions(), this);
    AddHold();
  }

  void Begin(std::shared_ptr<Reactor> self) {
    self_ = std::move(self);
    StartCall();
  }

  void OnReadDone(bool ok) override { Resume(read_.End(ok)); }
  void OnWriteDone(bool ok) override { Resume(write_.End(ok)); }
  void OnWritesDoneDone(bool ok) override { Resume(write_.End(ok)); }
  void OnDone(const grpc::Status& status) override {
    std::shared_ptr<Reactor> self = std::move(self_);
    Resume(finish_.End(status));
  }

  void Resume(std::coroutine_handle<> waiter) {
    if (!waiter) return;
    if (executor_ == nullptr) {
      waiter.resume();
    } else {
      executor_->Post([waiter] { waiter.resume(); });
    }
  }

  const std::string path_;
  Executor* const executor_;
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::shared_ptr<Reactor> self_;  // from the beginning of the call to its end
  ByteBuffer in_, out_;
  Operation<bool> read_, write_;
  Operation<grpc::Status> finish_;
  // Owner's side only.
  bool read_all_ = false;
  bool held_ = true;
  bool malformed_ = false;
};

ClientStream::ClientStream(std::shared_ptr<grpc::Channel> channel, std::string path,
                           CallOptions options)
    : reactor_(std::make_shared<Reactor>(std::move(channel), std::move(path), options)) {
  reactor_->Begin(reactor_);
}

ClientStream::~ClientStream() {
  if (!reactor_->held_) return;
  reactor_->context_.TryCancel();
  reactor_->RemoveHold();
}

void ClientStream::Cancel() { reactor_->context_.TryCancel(); }

Task<bool> ClientStream::Read(Message& message) {
  OneShot<bool> done;
  reactor_->read_.Begin(done);
  reactor_->StartRead(&reactor_->in_);
  bool ok = co_await done;
  if (!ok) {
    reactor_->read_all_ = true;
    co_return false;
  }
  bool parsed = FromBytes(reactor_->in_, message);
  reactor_->in_.Clear();
  if (!parsed) {
    reactor_->malformed_ = true;
    reactor_->context_.TryCancel();
  }
  co_return parsed;
}

Task<bool> ClientStream::Write(const Message& message) {
  OneShot<bool> done;
  reactor_->out_ = ToBytes(message);
  reactor_->write_.Begin(done);
  reactor_->StartWrite(&reactor_->out_);
  bool ok = co_await done;
  co_return ok;
}

Task<bool> ClientStream::WriteLast(const Message& message) {
  OneShot<bool> done;
  reactor_->out_ = ToBytes(message);
  reactor_->write_.Begin(done);
  reactor_->StartWriteLast(&reactor_->out_, grpc::WriteOptions());
  bool ok = co_await done;
  co_return ok;
}

Task<bool> ClientStream::WritesDone() {
  OneShot<bool> done;
  reactor_->write_.Begin(done);
  reactor_->StartWritesDone();
  bool ok = co_await done;
  co_return ok;
}

Task<absl::Status> ClientStream::Finish() {
  OneShot<grpc::Status> done;
  reactor_->held_ = false;
  reactor_->finish_.Begin(done);
  // The status comes after the last message: those that nobody reads must go.
  if (!reactor_->read_all_) reactor_->context_.TryCancel();
  reactor_->RemoveHold();
  grpc::Status status = co_await done;
  if (reactor_->malformed_) co_return MalformedResponse(reactor_->path_);
  co_return FromGrpc(status);
}

}  // namespace sqm::rpc
