#include "common/resource/shared_records.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <memory>

namespace sqm::resource {

SharedRecords::SharedRecords(store::Store& store, cache::RedisTier& redis, const Clock& clock)
    : store_(store), redis_(redis), clock_(clock), history_(cache::HistoryName(store.epoch())) {
  store.OnCommit([this](const store::CommittedBatchPtr& batch) {
    for (const store::StoredChange& change : batch->changes) {
      if (change.type == nullptr || !change.type->options.shared()) continue;
      absl::MutexLock lock(&mutex_);
      applied_[Key(batch->tenant, change.type)] = change.position;
    }
  });
  store.OnGap([this](const std::string& tenant, int64_t head) {
    absl::MutexLock lock(&mutex_);
    int64_t& known = gaps_[tenant];
    known = std::max(known, head);
  });
  // Only now: what is committed meanwhile is heard, or is there, or both.
  began_ = store.Heads();
}

std::string SharedRecords::KeyType(const contract::ResourceType& type) const {
  return absl::StrCat(type.type, "@", history_);
}

int64_t SharedRecords::LeastPosition(const contract::ResourceType& type,
                                     const std::string& tenant) const {
  auto began = began_.find(tenant);
  int64_t least = began == began_.end() ? 0 : began->second.head;
  absl::MutexLock lock(&mutex_);
  auto gap = gaps_.find(tenant);
  if (gap != gaps_.end()) least = std::max(least, gap->second);
  auto applied = applied_.find(Key(tenant, &type));
  return applied == applied_.end() ? least : std::max(least, applied->second);
}

Task<store::RecordPtr> SharedRecords::Get(const contract::ResourceType& type, std::string tenant,
                                          std::string id) {
  // Behind by so much, what was applied here says nothing of how old a snapshot is.
  const absl::Time now = clock_.Now();
  if (now - store_.HeardUntil(now) >= redis_.max_staleness()) co_return nullptr;
  const int64_t least = LeastPosition(type, tenant);
  Task<std::optional<cache::Snapshot>> getting =
      redis_.Get(tenant, KeyType(type), std::move(id), least);
  std::optional<cache::Snapshot> snapshot = co_await getting;
  // One of a commit that was not heard of yet: the answer's position would not cover it.
  if (!snapshot || snapshot->position > store_.Head(tenant).head) co_return nullptr;
  std::shared_ptr<google::protobuf::Message> message(type.prototype->New());
  if (!message->ParseFromString(snapshot->body)) co_return nullptr;
  auto record = std::make_shared<store::Record>();
  record->version = snapshot->version;
  record->deleted = snapshot->deleted;
  record->body = std::move(snapshot->body);
  record->message = std::move(message);
  co_return record;
}

void SharedRecords::Put(const contract::ResourceType& type, const std::string& tenant,
                        const std::string& id, const store::Record& record, absl::Time as_of,
                        int64_t position) {
  cache::Snapshot snapshot;
  snapshot.version = record.version;
  snapshot.deleted = record.deleted;
  snapshot.as_of = as_of;
  snapshot.position = position;
  snapshot.body = record.body;
  Start(redis_.Put(tenant, KeyType(type), id, std::move(snapshot)), [](bool) {});
}

}  // namespace sqm::resource
