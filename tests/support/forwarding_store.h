// A store that hands everything to another one: a test overrides what it wants to be otherwise.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/store/store.h"

namespace sqm::testing {

class ForwardingStore : public store::Store {
 public:
  explicit ForwardingStore(std::unique_ptr<store::Store> inner) : inner_(std::move(inner)) {}

  Task<absl::StatusOr<store::RecordPtr>> Read(const contract::ResourceType& type,
                                              std::string tenant, std::string id) override {
    return inner_->Read(type, std::move(tenant), std::move(id));
  }
  Task<absl::StatusOr<std::vector<store::Listed>>> List(store::ListQuery query) override {
    return inner_->List(std::move(query));
  }
  Task<absl::StatusOr<std::string>> FindUnique(const contract::ResourceType& type,
                                               std::string tenant, std::string field,
                                               std::string value) override {
    return inner_->FindUnique(type, std::move(tenant), std::move(field), std::move(value));
  }
  Task<absl::StatusOr<int64_t>> ReadGuard(std::string tenant, std::string name) override {
    return inner_->ReadGuard(std::move(tenant), std::move(name));
  }
  Task<store::CommitOutcome> FindReplay(std::string tenant,
                                        store::Idempotency idempotency) override {
    return inner_->FindReplay(std::move(tenant), std::move(idempotency));
  }
  Task<store::CommitOutcome> Commit(store::WriteSet write_set) override {
    return inner_->Commit(std::move(write_set));
  }
  Task<std::vector<store::CommitOutcome>> CommitAll(
      std::vector<store::WriteSet> write_sets) override {
    return inner_->CommitAll(std::move(write_sets));
  }
  Task<absl::StatusOr<std::vector<store::StoredChange>>> ReadChanges(std::string tenant,
                                                                     int64_t after, int max_changes,
                                                                     int max_bytes) override {
    return inner_->ReadChanges(std::move(tenant), after, max_changes, max_bytes);
  }
  std::map<std::string, store::FeedHead> Heads() const override { return inner_->Heads(); }
  store::FeedHead Head(absl::string_view tenant) const override { return inner_->Head(tenant); }
  const std::string& epoch() const override { return inner_->epoch(); }
  void OnCommit(std::function<void(const store::CommittedBatchPtr&)> listener) override {
    inner_->OnCommit(std::move(listener));
  }
  void OnGap(GapListener listener) override { inner_->OnGap(std::move(listener)); }
  void Wake() override { inner_->Wake(); }
  absl::Time HeardUntil(absl::Time now) const override { return inner_->HeardUntil(now); }
  bool HearsOthers() const override { return inner_->HearsOthers(); }
  Task<absl::Status> Project(std::function<absl::Status(store::SqlSession&)> work) override {
    return inner_->Project(std::move(work));
  }
  Task<absl::Status> Note(std::function<absl::Status(store::SqlSession&)> work) override {
    return inner_->Note(std::move(work));
  }
  Task<absl::Status> Query(std::function<absl::Status(store::SqlSession&)> work) override {
    return inner_->Query(std::move(work));
  }
  Task<absl::Status> QueryAside(std::function<absl::Status(store::SqlSession&)> work) override {
    return inner_->QueryAside(std::move(work));
  }
  absl::Status Hears() const override { return inner_->Hears(); }
  store::ReadCounts Reads() const override { return inner_->Reads(); }
  uint64_t LongListCount() const override { return inner_->LongListCount(); }
  Task<absl::Status> Check() override { return inner_->Check(); }
  Task<absl::Status> Trim(absl::Time older_than, int64_t keep_changes,
                          std::map<std::string, int64_t> keep_from) override {
    return inner_->Trim(older_than, keep_changes, std::move(keep_from));
  }
  void GiveUp() override { inner_->GiveUp(); }
  void Close() override { inner_->Close(); }

 private:
  const std::unique_ptr<store::Store> inner_;
};

}  // namespace sqm::testing
