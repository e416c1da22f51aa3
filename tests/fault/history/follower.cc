#include "tests/fault/history/follower.h"

#include <absl/strings/str_cat.h>

#include <utility>

namespace sqm::testing::history {
namespace {

std::string ValueOf(const feed::v1::Change& change) {
  if (change.resource_type() == "monitoring/Contact") {
    monitoring::v1::Contact contact;
    if (contact.ParseFromString(change.body())) return contact.type();
  } else if (change.resource_type() == "monitoring/Scorecard") {
    monitoring::v1::Scorecard scorecard;
    if (scorecard.ParseFromString(change.body())) return scorecard.title().en();
  }
  return "(not readable)";
}

}  // namespace

Batch BatchOf(const feed::v1::ChangeBatch& batch) {
  Batch events;
  for (const feed::v1::Change& change : batch.changes()) {
    Event event;
    event.position = change.position();
    event.commit_id = change.commit_id();
    event.resource = change.name();
    event.version = change.version();
    event.deleted = change.kind() == feed::v1::CHANGE_KIND_DELETED;
    event.value = ValueOf(change);
    event.request_id = change.request_id();
    events.push_back(std::move(event));
  }
  return events;
}

absl::StatusOr<std::vector<Batch>> ReadFeed(const Client& client, int64_t head) {
  auto context = client.Context();
  feed::v1::WatchChangesRequest request;
  request.set_service("monitoring");
  request.set_from_oldest(true);
  auto stream = client.feed().WatchChanges(context.get(), request);
  std::vector<Batch> batches;
  int64_t last = 0;
  feed::v1::ChangeBatch batch;
  while (last < head && stream->Read(&batch)) {
    if (batch.changes().empty()) continue;
    batches.push_back(BatchOf(batch));
    last = batches.back().back().position;
  }
  context->TryCancel();
  const grpc::Status status = stream->Finish();
  if (last < head) {
    return absl::UnavailableError(
        absl::StrCat("the feed ended at ", last, " of ", head, ": ", status.error_message()));
  }
  return batches;
}

Follower::Follower(std::vector<std::string> addresses, std::string authorization, uint64_t seed)
    : addresses_(std::move(addresses)),
      authorization_(std::move(authorization)),
      random_(seed),
      thread_([this] { Run(); }) {}

Follower::~Follower() { Finish(0).IgnoreError(); }

void Follower::Run() {
  std::vector<std::unique_ptr<Client>> clients;
  for (const std::string& address : addresses_) {
    clients.push_back(std::make_unique<Client>(address, authorization_));
    clients.back()->Wait(false).Patience(absl::Hours(10));
  }
  feed::v1::WatchChangesRequest request;
  request.set_service("monitoring");
  request.set_from_oldest(true);
  while (!stop_) {
    const Client& client = *clients[random_() % clients.size()];
    auto context = client.Context();
    {
      absl::MutexLock lock(&mutex_);
      context_ = context.get();
    }
    if (stop_) context->TryCancel();
    ++streams_;
    auto stream = client.feed().WatchChanges(context.get(), request);
    feed::v1::ChangeBatch batch;
    while (stream->Read(&batch)) {
      if (!batch.resume_token().empty()) {
        request.set_resume_token(batch.resume_token());
        request.set_from_oldest(false);
      }
      if (batch.changes().empty()) continue;
      batches_.push_back(BatchOf(batch));
      position_ = batches_.back().back().position;
    }
    const grpc::Status status = stream->Finish();
    absl::MutexLock lock(&mutex_);
    context_ = nullptr;
    // The history is kept, whatever fails.
    if (status.error_code() == grpc::StatusCode::OUT_OF_RANGE) {
      refused_ = absl::OutOfRangeError(status.error_message());
    }
    mutex_.AwaitWithTimeout(absl::Condition(
                                +[](std::atomic<bool>* stop) { return stop->load(); }, &stop_),
                            absl::Milliseconds(20));
  }
}

absl::Status Follower::Finish(int64_t head, absl::Duration patience) {
  const bool heard = Eventually([&] { return position_ >= head; }, patience);
  stop_ = true;
  {
    absl::MutexLock lock(&mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }
  if (thread_.joinable()) thread_.join();
  absl::MutexLock lock(&mutex_);
  if (!refused_.ok()) return refused_;
  if (heard) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat("a follower has heard of ", position_.load(), " of ", head));
}

}  // namespace sqm::testing::history
