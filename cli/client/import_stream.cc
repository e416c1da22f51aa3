#include "cli/client/import_stream.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <utility>

namespace sqm::cli {
namespace {

// Streams in a row that bring no answer.
constexpr int kMostAttempts = 5;
constexpr absl::Duration kPause = absl::Milliseconds(300);

}  // namespace

ImportStream::ImportStream(const Connection& connection, size_t window, Answered answered)
    : connection_(connection),
      window_(window),
      answered_(std::move(answered)),
      stub_(monitoring::v1::MonitoringService::NewStub(connection.channel())) {
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
  stream_ = stub_->ImportContacts(context_.get());
  reader_ = std::thread([this] { ReadAnswers(); });
}

void ImportStream::ReadAnswers() {
  monitoring::v1::ImportContactsResponse response;
  while (stream_->Read(&response)) {
    std::shared_ptr<ImportBatch> batch;
    {
      absl::MutexLock lock(&mutex_);
      if (unanswered_.empty() || unanswered_.front()->request.sequence() != response.sequence() ||
          unanswered_.front()->request.contacts_size() != response.outcomes_size()) {
        disordered_ = true;
        break;
      }
      batch = unanswered_.front();
    }
    answered_(*batch, response);
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
    if (!stream_->Write(batch->request)) break;  // the reader notices too
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
  batch->request.set_sequence(++sequence_);
  {
    absl::MutexLock lock(&mutex_);
    unanswered_.push_back(batch);
  }
  // A failed write means a broken stream: the next wait finds out and sends the batch again.
  stream_->Write(batch->request);
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
