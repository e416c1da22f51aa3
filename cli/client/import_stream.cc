#include "cli/client/import_stream.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/sync_stream.h>

#include <utility>

namespace sqm::cli {
namespace {

// Streams in a row that bring no answer.
constexpr int kMostAttempts = 5;
constexpr absl::Duration kPause = absl::Milliseconds(300);

}  // namespace

ImportStream::ImportStream(const Connection& connection, const ImportMethod& method, size_t window,
                           Answered answered)
    : connection_(connection),
      method_(method),
      path_(MethodPath(method.method())),
      window_(window),
      answered_(std::move(answered)) {
  Open();
}

ImportStream::~ImportStream() {
  if (stream_ == nullptr) return;
  context_->TryCancel();
  End();
}

void ImportStream::Open() {
  {
    absl::MutexLock lock(&mutex_);
    broken_ = false;
    progressed_ = false;
  }
  context_ = std::make_unique<grpc::ClientContext>();
  connection_.Prepare(*context_, absl::InfiniteDuration());
  // What a generated stub does for its own messages.
  const grpc::internal::RpcMethod method(path_.c_str(), grpc::internal::RpcMethod::BIDI_STREAMING,
                                         connection_.channel());
  stream_.reset(
      grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
          connection_.channel().get(), method, context_.get()));
  reader_ = std::thread([this] { ReadAnswers(); });
}

bool ImportStream::Match(const grpc::ByteBuffer& buffer, std::shared_ptr<ImportBatch>& batch,
                         ImportAnswer& answer) {
  const std::unique_ptr<google::protobuf::Message> response = method_.NewResponse();
  const bool decoded = Decode(buffer, *response);
  if (decoded) answer = method_.Read(*response);
  absl::MutexLock lock(&mutex_);
  if (!decoded || unanswered_.empty()) return false;
  batch = unanswered_.front();
  return method_.SequenceOf(*batch->request) == answer.sequence &&
         method_.RowCount(*batch->request) == static_cast<int>(answer.outcomes.size());
}

void ImportStream::ReadAnswers() {
  grpc::ByteBuffer buffer;
  while (stream_->Read(&buffer)) {
    std::shared_ptr<ImportBatch> batch;
    ImportAnswer answer;
    if (!Match(buffer, batch, answer)) {
      absl::MutexLock lock(&mutex_);
      disordered_ = true;
      break;
    }
    answered_(*batch, answer);
    absl::MutexLock lock(&mutex_);
    unanswered_.pop_front();
    progressed_ = true;
  }
  absl::MutexLock lock(&mutex_);
  broken_ = true;
}

grpc::Status ImportStream::End() {
  reader_.join();
  const grpc::Status status = stream_->Finish();
  stream_ = nullptr;
  return status;
}

bool ImportStream::Recover() {
  {
    absl::MutexLock lock(&mutex_);
    if (disordered_) context_->TryCancel();
  }
  const grpc::Status status = End();
  std::vector<std::shared_ptr<ImportBatch>> again;
  {
    absl::MutexLock lock(&mutex_);
    if (disordered_) {
      failure_ = LocalFailure(grpc::StatusCode::INTERNAL, "an answer belongs to no batch");
      return false;
    }
    again.assign(unanswered_.begin(), unanswered_.end());
    attempts_ = progressed_ ? 0 : attempts_ + 1;
    worked_ = worked_ || progressed_;
  }
  const bool gone = status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE;
  // A server that was never there is not waited for.
  if (!gone || !worked_ || attempts_ >= kMostAttempts) {
    failure_ = status.ok()
                   ? LocalFailure(grpc::StatusCode::UNAVAILABLE, "the server ended the import")
                   : ReadFailure(status);
    return false;
  }
  absl::SleepFor(kPause * (1 << attempts_));
  Open();
  for (const auto& batch : again) {
    if (!stream_->Write(Encode(*batch->request))) break;  // the reader notices too
  }
  return true;
}

bool ImportStream::WaitBelow(size_t limit) {
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      const auto ready = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return broken_ || unanswered_.size() < limit;
      };
      mutex_.Await(absl::Condition(&ready));
      if (!broken_) return true;
      if (unanswered_.empty() && limit == 1) return true;
    }
    if (!Recover()) return false;
  }
}

bool ImportStream::Send(std::shared_ptr<ImportBatch> batch) {
  if (!failure_.ok() || !WaitBelow(window_)) return false;
  method_.SetSequence(*batch->request, ++sequence_);
  {
    absl::MutexLock lock(&mutex_);
    unanswered_.push_back(batch);
  }
  // A failed write means a broken stream: the next wait finds out and sends the batch again.
  stream_->Write(Encode(*batch->request));
  return true;
}

Failure ImportStream::Finish() {
  if (failure_.ok() && WaitBelow(1)) {
    stream_->WritesDone();
    const grpc::Status status = End();
    if (!status.ok()) failure_ = ReadFailure(status);
  }
  return failure_;
}

}  // namespace sqm::cli
