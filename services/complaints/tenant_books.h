// What is made of a tenant's resources and used often: kept until one of them changes.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>
#include <absl/synchronization/mutex.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/resource/resources.h"

namespace sqm::complaints {

template <typename Book>
class TenantBooks {
 public:
  using Ptr = std::shared_ptr<const Book>;
  // Reads the resources and makes the book of a tenant.
  using Make = std::function<Task<absl::StatusOr<std::shared_ptr<Book>>>(std::string tenant)>;
  // Completes a book that nothing has changed for while it was made; must not block.
  using Keep = std::function<void(const std::string& tenant, Book& book)>;

  // `types`: of the resources that the book is made of. Made before the first commit, and outlived
  // by the store.
  TenantBooks(resource::Resources& resources,
              const std::vector<const google::protobuf::Descriptor*>& types, Make make,
              Keep keep = nullptr)
      : make_(std::move(make)), keep_(std::move(keep)) {
    std::vector<const contract::ResourceType*> sources;
    for (const auto* type : types) sources.push_back(resources.registry().FindType(type));
    resources.store().OnCommit([this, sources](const store::CommittedBatchPtr& batch) {
      for (const store::StoredChange& change : batch->changes) {
        if (std::find(sources.begin(), sources.end(), change.type) == sources.end()) continue;
        absl::MutexLock lock(&mutex_);
        Slot& slot = slots_[batch->tenant];
        slot.book = nullptr;
        ++slot.changes;
        return;
      }
    });
    // What was not heard of may have been of any tenant.
    resources.store().OnGap([this](const std::string&, int64_t) {
      absl::MutexLock lock(&mutex_);
      for (auto& [tenant, slot] : slots_) {
        slot.book = nullptr;
        ++slot.changes;
      }
    });
  }
  TenantBooks(const TenantBooks&) = delete;

  Task<absl::StatusOr<Ptr>> Of(std::string tenant) {
    for (int attempt = 1;; ++attempt) {
      uint64_t changes = 0;
      {
        absl::MutexLock lock(&mutex_);
        Slot& slot = slots_[tenant];
        if (slot.book != nullptr) co_return slot.book;
        changes = slot.changes;
      }
      Task<absl::StatusOr<std::shared_ptr<Book>>> making = make_(tenant);
      absl::StatusOr<std::shared_ptr<Book>> book = co_await making;
      if (!book.ok()) co_return book.status();
      absl::MutexLock lock(&mutex_);
      Slot& slot = slots_[tenant];
      // What a book that is behind was used for is done again by whoever follows the changes.
      if (slot.changes != changes && attempt < kAttempts) continue;
      if (slot.changes == changes) {
        if (keep_) keep_(tenant, **book);
        slot.book = *book;
      }
      co_return Ptr(*std::move(book));
    }
  }

  // The next one is made anew.
  void Forget(const std::string& tenant) {
    absl::MutexLock lock(&mutex_);
    Slot& slot = slots_[tenant];
    slot.book = nullptr;
    ++slot.changes;
  }

 private:
  struct Slot {
    Ptr book;              // null: to be made
    uint64_t changes = 0;  // of the resources, so that a book made meanwhile is not kept
  };

  static constexpr int kAttempts = 5;

  const Make make_;
  const Keep keep_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Slot> slots_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sqm::complaints
