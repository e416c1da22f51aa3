#include "common/feed/feed_service.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/feed/methods.h"
#include "common/feed/registrations.h"
#include "common/feed/resume_token.h"

namespace sqm::feed {
namespace {

absl::Status CheckRequest(const v1::WatchChangesRequest& request) {
  int starts = (request.resume_token().empty() ? 0 : 1) + (request.include_snapshot() ? 1 : 0) +
               (request.from_oldest() ? 1 : 0);
  if (starts <= 1) return absl::OkStatus();
  return InvalidField("resume_token",
                      "a stream begins at a token, with a snapshot, or at the oldest change: set "
                      "one of resume_token, include_snapshot and from_oldest");
}

// The feed shows all rows.
absl::Status CheckVisibility(const rpc::Call& call) {
  if (call.visibility() == auth::Visibility::kAll) return absl::OkStatus();
  return Fail(absl::StatusCode::kPermissionDenied, type::v1::ERROR_REASON_PERMISSION_DENIED,
              "the feed is for callers who may see every row",
              {{"permission", call.method().options.permission()}});
}

absl::Status ClientGone() {
  return Fail(absl::StatusCode::kCancelled, type::v1::ERROR_REASON_CANCELLED,
              "the client has gone");
}

}  // namespace

FeedService::FeedService(std::map<std::string, FeedSource> sources, FeedLimits limits)
    : sources_(std::move(sources)), limits_(limits) {}

absl::Status FeedService::Register(rpc::Pipeline& pipeline) {
  for (const auto& [name, source] : sources_) {
    if (absl::Status made = PrepareRegistrations(*source.store); !made.ok()) return made;
  }
  executor_ = pipeline.parts().executor;
  timer_ = pipeline.parts().timer;
  clock_ = pipeline.parts().clock;
  pipeline.HandleStream(
      kWatchChanges, [this](rpc::Call& call, const rpc::Message& request, rpc::Stream& stream) {
        return Watch(call, static_cast<const v1::WatchChangesRequest&>(request), stream);
      });
  pipeline.HandleTyped<v1::AcknowledgeChangesRequest, v1::AcknowledgeChangesResponse>(
      kAcknowledge, [this](rpc::Call& call, const v1::AcknowledgeChangesRequest& request) {
        return Acknowledge(call, request);
      });
  pipeline.HandleTyped<v1::ListFeedsRequest, v1::ListFeedsResponse>(
      kListFeeds, [this](rpc::Call& call, const v1::ListFeedsRequest& request) {
        return ListFeeds(call, request);
      });
  return absl::OkStatus();
}

Task<absl::StatusOr<v1::AcknowledgeChangesResponse>> FeedService::Acknowledge(
    rpc::Call& call, const v1::AcknowledgeChangesRequest& request) {
  CO_RETURN_IF_ERROR(CheckVisibility(call));
  CO_ASSIGN_OR_RETURN(const FeedSource* source, Select(request.service()));
  CO_ASSIGN_OR_RETURN(ResumePoint point, ParseResumeToken(request.resume_token(), call.tenant()));
  if (point.epoch != source->store->epoch()) {
    co_return InvalidResumeToken("it was given before the store was restored or replaced");
  }
  Task<absl::Status> writing = feed::Acknowledge(*source->store, call.tenant(), request.consumer(),
                                                 point.position, call.now());
  absl::Status status = co_await writing;
  if (!status.ok()) co_return status;
  co_return v1::AcknowledgeChangesResponse();
}

void FeedService::Drain() {
  for (const auto& [name, source] : sources_) source.hub->Drain();
}

absl::StatusOr<const FeedSource*> FeedService::Select(const std::string& service) const {
  if (service.empty() && sources_.size() == 1) return &sources_.begin()->second;
  auto it = sources_.find(service);
  if (it != sources_.end()) return &it->second;
  std::string choices;
  for (const auto& [name, source] : sources_) {
    absl::StrAppend(&choices, choices.empty() ? "" : ", ", name);
  }
  return InvalidField("service", absl::StrCat("must be one of: ", choices));
}

Task<absl::StatusOr<v1::ListFeedsResponse>> FeedService::ListFeeds(
    rpc::Call& call, const v1::ListFeedsRequest& request) {
  CO_ASSIGN_OR_RETURN(const FeedSource* source, Select(request.service()));
  v1::ListFeedsResponse response;
  response.set_epoch(source->store->epoch());
  const absl::Time heard = source->store->HeardUntil(clock_->Now());
  if (heard > absl::InfinitePast()) *response.mutable_time() = ToTimestamp(heard);
  bool all = call.principal().tenant == auth::kAllTenants;
  std::map<std::string, store::FeedHead> heads = source->store->Heads();
  for (const auto& [tenant, head] : heads) {
    if (!all && tenant != call.tenant()) continue;
    auto* feed = response.add_feeds();
    feed->set_tenant(tenant);
    feed->set_head(head.head);
    feed->set_oldest(head.oldest);
  }
  co_return response;
}

Task<absl::StatusOr<int64_t>> FeedService::Begin(const FeedSource& source, std::string tenant,
                                                 const v1::WatchChangesRequest& request) {
  store::FeedHead feed = source.store->Head(tenant);
  if (request.from_oldest()) co_return feed.oldest - 1;
  if (request.resume_token().empty()) co_return feed.head;
  CO_ASSIGN_OR_RETURN(ResumePoint point, ParseResumeToken(request.resume_token(), tenant));
  if (point.epoch != source.store->epoch()) {
    co_return Fail(absl::StatusCode::kOutOfRange, type::v1::ERROR_REASON_HISTORY_LOST,
                   "the store was restored or replaced since the token was given: begin again with "
                   "include_snapshot");
  }
  if (point.position > feed.head) {
    // Another replica may have given it and this one lag behind: the table knows.
    auto found = co_await source.store->ReadChanges(tenant, point.position - 1, 1, 1);
    if (!found.ok()) co_return found.status();
    if (found->empty()) co_return InvalidResumeToken("its position is beyond the feed's head");
  }
  co_return point.position;
}

Task<absl::Status> FeedService::Watch(rpc::Call& call, const v1::WatchChangesRequest& request,
                                      rpc::Stream& stream) {
  CO_RETURN_IF_ERROR(CheckVisibility(call));
  CO_RETURN_IF_ERROR(CheckRequest(request));
  CO_ASSIGN_OR_RETURN(const FeedSource* source, Select(request.service()));
  CO_ASSIGN_OR_RETURN(
      ChangeWriter writer,
      ChangeWriter::Make(*source->registry, request.resource_types(), call.principal()));
  // What follows builds large messages: not on an event thread.
  co_await executor_->Hop();
  Watcher watcher{source,
                  &call,
                  &stream,
                  std::move(writer),
                  call.tenant(),
                  0,
                  -1,
                  absl::InfinitePast(),
                  absl::Seconds(request.gather_duration().seconds()) +
                      absl::Nanoseconds(request.gather_duration().nanos())};
  auto begin = co_await Begin(*source, watcher.tenant, request);
  if (!begin.ok()) co_return begin.status();
  watcher.cursor = *begin;
  if (!request.resume_token().empty()) {
    watcher.told = *begin;
  } else if (request.include_snapshot()) {
    absl::Status status = co_await SendSnapshot(watcher);
    if (!status.ok()) co_return status;
  } else {
    // Where the stream begins, so that the reader can resume even if it breaks before a change.
    auto mark = std::make_shared<v1::ChangeBatch>();
    int64_t head = source->store->Head(watcher.tenant).head;
    absl::Status status = co_await Send(watcher, std::move(mark), head);
    if (!status.ok()) co_return status;
  }
  absl::Status status = co_await SendLive(watcher);
  co_return status;
}

Task<absl::Status> FeedService::Write(Watcher& watcher, std::shared_ptr<v1::ChangeBatch> batch,
                                      int64_t head) {
  absl::Time now = clock_->Now();
  CO_RETURN_IF_ERROR(rpc::CheckToken(*watcher.call, now));
  batch->set_head(head);
  *batch->mutable_time() = ToTimestamp(now);
  bool written = co_await watcher.stream->Write(std::move(batch));
  if (!written) co_return ClientGone();
  co_return absl::OkStatus();
}

Task<absl::Status> FeedService::Send(Watcher& watcher, std::shared_ptr<v1::ChangeBatch> batch,
                                     int64_t head) {
  ResumePoint point{watcher.source->store->epoch(), watcher.cursor};
  batch->set_resume_token(FormatResumeToken(point, watcher.tenant));
  absl::Status status = co_await Write(watcher, std::move(batch), head);
  if (!status.ok()) co_return status;
  watcher.told = watcher.cursor;
  watcher.told_at = clock_->Now();
  co_return absl::OkStatus();
}

// The pages are not one snapshot of the store: what changes while they are read is in the feed
// after the head that was taken first. So a change that follows may repeat what the snapshot
// already had; the version tells. What was deleted before its page was read is only in the feed.
Task<absl::Status> FeedService::SendSnapshot(Watcher& watcher) {
  const int64_t head = watcher.cursor;
  const absl::Time now = clock_->Now();
  auto batch = std::make_shared<v1::ChangeBatch>();
  int64_t bytes = 0;
  std::vector<const contract::ResourceType*> types = watcher.writer.types();
  for (const contract::ResourceType* type : types) {
    store::ListQuery query;
    query.type = type;
    query.tenant = watcher.tenant;
    query.limit = limits_.snapshot_page;
    bool more = true;
    while (more) {
      if (watcher.source->hub->draining()) {
        co_return Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
                       "the feed is closing: begin the snapshot again");
      }
      auto rows = co_await watcher.source->store->List(query);
      if (!rows.ok()) co_return rows.status();
      for (const store::Listed& row : *rows) {
        CO_RETURN_IF_ERROR(watcher.writer.AppendPresent(*type, row, head, now, *batch));
        bytes += static_cast<int64_t>(row.record->body.size());
        if (batch->changes_size() < limits_.batch_changes && bytes < limits_.batch_bytes) continue;
        absl::Status status = co_await Write(watcher, std::move(batch), head);
        if (!status.ok()) co_return status;
        batch = std::make_shared<v1::ChangeBatch>();
        bytes = 0;
      }
      more = static_cast<int>(rows->size()) == query.limit;
      if (more) query.after = query::RowPosition{{}, rows->back().id};
    }
  }
  batch->set_snapshot_complete(true);
  absl::Status status = co_await Send(watcher, std::move(batch), head);
  co_return status;
}

Task<absl::Status> FeedService::SendLive(Watcher& watcher) {
  Hub& hub = *watcher.source->hub;
  while (true) {
    auto chunk = co_await hub.Next(watcher.tenant, watcher.cursor, limits_.batch_changes,
                                   limits_.batch_bytes);
    if (watcher.call->cancelled()) co_return ClientGone();
    auto batch = std::make_shared<v1::ChangeBatch>();
    if (!chunk.ok()) {
      // At a drain the reader learns how far it has got, if it does not know.
      bool behind =
          chunk.status().code() == absl::StatusCode::kUnavailable && watcher.told < watcher.cursor;
      if (behind) {
        // The hub hears of changes a moment before the head has moved.
        const int64_t head =
            std::max(watcher.source->store->Head(watcher.tenant).head, watcher.cursor);
        absl::Status told = co_await Send(watcher, std::move(batch), head);
        if (!told.ok()) co_return told;
      }
      co_return chunk.status();
    }
    for (const Chunk::Slice& slice : chunk->slices) {
      for (size_t i = slice.begin; i < slice.end; ++i) {
        CO_RETURN_IF_ERROR(watcher.writer.Append(slice.batch->changes[i], *batch));
      }
    }
    if (batch->changes_size() > 0 && chunk->slices.front().batch->committed.has_value()) {
      *batch->mutable_commit_time() = ToTimestamp(*chunk->slices.front().batch->committed);
    }
    watcher.cursor = chunk->position;
    // Nothing for this reader: it need not hear of every commit.
    bool dropped = !chunk->empty() && batch->changes_size() == 0;
    if (dropped && clock_->Now() - watcher.told_at < limits_.progress_period) continue;
    int64_t head = chunk->head;
    bool gather = watcher.gather > absl::ZeroDuration() && !dropped && !chunk->empty() &&
                  chunk->position == head;
    // The changes must not be held while a slow reader makes the stream wait.
    *chunk = Chunk();
    absl::Status status = co_await Send(watcher, std::move(batch), head);
    if (!status.ok()) co_return status;
    if (gather) {
      co_await timer_->Sleep(watcher.gather);
      co_await executor_->Hop();
    }
  }
}

}  // namespace sqm::feed
