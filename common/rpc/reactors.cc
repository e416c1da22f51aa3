#include "common/rpc/reactors.h"

#include <absl/strings/str_cat.h>
#include <google/protobuf/arena.h>

#include "common/base/status.h"
#include "common/rpc/operation.h"

namespace sqm::rpc {
namespace {

using grpc::ByteBuffer;

// What all kinds of call share. Finishing is the last thing that a call's coroutine does: gRPC may
// delete the reactor on another thread right after.
class CallState {
 public:
  CallState(Pipeline& pipeline, const Route& route, grpc::CallbackServerContext* context,
            bool stream)
      : pipeline_(pipeline), route_(route), context_(context), stream_(stream) {
    started_ = pipeline.parts().clock->Now();
    route.metrics->Started();
    status_ = pipeline.Begin(route, *context, started_, call_);
  }
  ~CallState() { pipeline_.Release(route_, call_); }

  Message* NewRequest() { return route_.method->request->New(&arena_); }

  grpc::Status End(const absl::Status& status) {
    if (status.ok() && !stream_ && pipeline_.parts().store != nullptr) {
      int64_t position = call_.position() > 0 ? call_.position()
                                              : pipeline_.parts().store->Head(call_.tenant()).head;
      context_->AddTrailingMetadata(std::string(kPositionKey), absl::StrCat(position));
      context_->AddTrailingMetadata(std::string(kHistoryKey), pipeline_.history());
    }
    return pipeline_.End(route_, call_, started_, status);
  }

  Pipeline& pipeline_;
  const Route& route_;
  grpc::CallbackServerContext* const context_;
  const bool stream_;
  google::protobuf::Arena arena_;
  Call call_;
  absl::Time started_;
  absl::Status status_;  // of Begin
};

class UnaryReactor final : public grpc::ServerUnaryReactor {
 public:
  UnaryReactor(Pipeline& pipeline, const Route& route, grpc::CallbackServerContext* context)
      : state_(pipeline, route, context, false) {}

  void Run(const ByteBuffer* bytes, ByteBuffer* response) {
    absl::Status status = state_.status_;
    Message* request = nullptr;
    if (status.ok()) {
      request = state_.NewRequest();
      status = state_.pipeline_.Decode(state_.route_, *bytes, *request, state_.call_);
    }
    if (!status.ok()) {
      Finish(state_.End(status));
      return;
    }
    state_.route_.metrics->Received();
    Start(state_.pipeline_.Run(state_.route_, state_.call_, *request),
          [this, response](absl::StatusOr<ByteBuffer> result) {
            if (result.ok()) {
              response->Swap(&*result);
              state_.route_.metrics->Sent();
            }
            Finish(state_.End(result.status()));
          });
  }

  void OnCancel() override { state_.pipeline_.Cancel(state_.call_); }
  void OnDone() override { delete this; }
  // OnDone never waits: gRPC need not hand it to a thread of its own executor.
  bool InternalInlineable() override { return true; }

 private:
  CallState state_;
};

class ServerStreamReactor final : public grpc::ServerWriteReactor<ByteBuffer>, public Stream {
 public:
  ServerStreamReactor(Pipeline& pipeline, const Route& route, grpc::CallbackServerContext* context)
      : state_(pipeline, route, context, true) {}

  void Run(const ByteBuffer* bytes) {
    absl::Status status = state_.status_;
    Message* request = nullptr;
    if (status.ok()) {
      request = state_.NewRequest();
      status = state_.pipeline_.Decode(state_.route_, *bytes, *request, state_.call_);
    }
    if (!status.ok()) {
      Finish(state_.End(status));
      return;
    }
    state_.route_.metrics->Received();
    sqm::Start(state_.route_.stream(state_.call_, *request, *this),
               [this](absl::Status status) { Finish(state_.End(status)); });
  }

  Task<absl::StatusOr<bool>> Read(Message&) override { co_return false; }
  Task<bool> Write(std::shared_ptr<const Message> response) override {
    absl::StatusOr<ByteBuffer> encoded = state_.pipeline_.Encode(*response);
    if (!encoded.ok() || state_.call_.cancelled()) co_return false;
    response.reset();  // while a slow client makes it wait, only the bytes are kept
    OneShot<bool> done;
    out_.Swap(&*encoded);
    written_.Begin(done);
    StartWrite(&out_);
    bool ok = co_await done;
    if (ok) state_.route_.metrics->Sent();
    co_return ok;
  }

  void OnWriteDone(bool ok) override {
    std::coroutine_handle<> waiter = written_.End(ok);
    if (waiter) state_.pipeline_.parts().executor->Post([waiter] { waiter.resume(); });
  }
  void OnCancel() override { state_.pipeline_.Cancel(state_.call_); }
  void OnDone() override { delete this; }

 private:
  CallState state_;
  ByteBuffer out_;
  Operation<bool> written_;
};

class BidiReactor final : public grpc::ServerBidiReactor<ByteBuffer, ByteBuffer>, public Stream {
 public:
  BidiReactor(Pipeline& pipeline, const Route& route, grpc::CallbackServerContext* context)
      : state_(pipeline, route, context, true) {}

  void Run() {
    if (!state_.status_.ok()) {
      Finish(state_.End(state_.status_));
      return;
    }
    Message* none = state_.NewRequest();
    sqm::Start(state_.route_.stream(state_.call_, *none, *this),
               [this](absl::Status status) { Finish(state_.End(status)); });
  }

  Task<absl::StatusOr<bool>> Read(Message& request) override {
    OneShot<bool> done;
    read_.Begin(done);
    StartRead(&in_);
    bool ok = co_await done;
    if (!ok) co_return false;
    state_.route_.metrics->Received();
    absl::Status status = state_.pipeline_.DecodeStreamed(in_, request);
    if (!status.ok()) co_return status;
    co_return true;
  }
  Task<bool> Write(std::shared_ptr<const Message> response) override {
    absl::StatusOr<ByteBuffer> encoded = state_.pipeline_.Encode(*response);
    if (!encoded.ok() || state_.call_.cancelled()) co_return false;
    response.reset();  // while a slow client makes it wait, only the bytes are kept
    OneShot<bool> done;
    out_.Swap(&*encoded);
    written_.Begin(done);
    StartWrite(&out_);
    bool ok = co_await done;
    if (ok) state_.route_.metrics->Sent();
    co_return ok;
  }

  void OnReadDone(bool ok) override { Resume(read_.End(ok)); }
  void OnWriteDone(bool ok) override { Resume(written_.End(ok)); }
  void OnCancel() override { state_.pipeline_.Cancel(state_.call_); }
  void OnDone() override { delete this; }

 private:
  void Resume(std::coroutine_handle<> waiter) {
    if (waiter) state_.pipeline_.parts().executor->Post([waiter] { waiter.resume(); });
  }

  CallState state_;
  ByteBuffer in_, out_;
  Operation<bool> read_, written_;
};

}  // namespace

grpc::ServerUnaryReactor* StartUnary(Pipeline& pipeline, const Route& route,
                                     grpc::CallbackServerContext* context,
                                     const ByteBuffer* request, ByteBuffer* response) {
  auto* reactor = new UnaryReactor(pipeline, route, context);
  reactor->Run(request, response);
  return reactor;
}

grpc::ServerWriteReactor<ByteBuffer>* StartServerStream(Pipeline& pipeline, const Route& route,
                                                        grpc::CallbackServerContext* context,
                                                        const ByteBuffer* request) {
  auto* reactor = new ServerStreamReactor(pipeline, route, context);
  reactor->Run(request);
  return reactor;
}

grpc::ServerBidiReactor<ByteBuffer, ByteBuffer>* StartBidiStream(
    Pipeline& pipeline, const Route& route, grpc::CallbackServerContext* context) {
  auto* reactor = new BidiReactor(pipeline, route, context);
  reactor->Run();
  return reactor;
}

}  // namespace sqm::rpc
