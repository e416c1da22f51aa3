// Resources as handlers read and write them: through the cache, with the row rules of the caller.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/status/statusor.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/cache/local_cache.h"
#include "common/cache/redis_tier.h"
#include "common/cache/single_flight.h"
#include "common/contract/registry.h"
#include "common/query/page_token.h"
#include "common/resource/mutation.h"
#include "common/resource/shared_records.h"
#include "common/rpc/call.h"
#include "common/store/store.h"

namespace sqm::resource {

using google::protobuf::Message;

struct ResourcesParts {
  const contract::Registry* registry = nullptr;
  store::Store* store = nullptr;
  cache::LocalCache* cache = nullptr;
  cache::RedisTier* redis = nullptr;  // null: not configured
  const Clock* clock = nullptr;
  IdSource* ids = nullptr;
  Executor* executor = nullptr;
  // Called after each commit; may be empty. Must be short and must not block.
  std::function<void()> committed;
};

// Most of the rows of a page, so that an answer is within the 4 MiB that clients of gRPC take
// unless they say otherwise. One row is always there.
inline constexpr size_t kMaxPageBytes = size_t{7} << 19;
struct ListOptions {
  std::string parent_id;
  std::string filter, order_by, page_token;
  int32_t page_size = 0;
  bool show_deleted = false;
  // The handler has found out by other means that the caller may see them: no row rules are asked.
  bool unguarded = false;
  // The rows are only looked at: none is left out for its size.
  bool looked_at = false;
};
struct Page {
  std::vector<store::Listed> rows;
  std::string next_page_token;
};

class Resources {
 public:
  explicit Resources(ResourcesParts parts);

  // Narrows what callers who do not see all rows may see of a type, beyond its row rule: a filter
  // text, e.g. `state = RELEASED`. At start-up only.
  void NarrowVisibility(const contract::ResourceType& type, std::string filter);
  // Limits what every caller sees of a type, whatever the role: `filter` gives a filter text for
  // the call. At start-up only. What is below a resource of a type with such a limit or a row rule
  // is seen by those who see that resource.
  using LimitFilter = std::function<std::string(const rpc::Call&)>;
  void LimitVisibility(const contract::ResourceType& type, LimitFilter filter);

  // Has every new reference to a resource of the type move ReferenceGuard of its name: for a
  // deletion that looks at what refers to the resource. At start-up only.
  void GuardReferences(const contract::ResourceType& type) { referred_.insert(&type); }
  static std::string ReferenceGuard(absl::string_view name) {
    return absl::StrCat("references:", name);
  }

  // The stored state as of the cache's bound, whoever asks; null where it does not exist. A
  // tombstone has `deleted`.
  Task<absl::StatusOr<store::RecordPtr>> Read(const contract::ResourceType& type,
                                              std::string tenant, std::string id);
  // The same for the caller: NOT_FOUND where it does not exist, is deleted, or is not for him.
  Task<absl::StatusOr<store::RecordPtr>> GetRecord(const rpc::Call& call,
                                                   const contract::ResourceType& type,
                                                   std::string name);
  template <typename T>
  Task<absl::StatusOr<T>> Get(const rpc::Call& call, std::string name) {
    const contract::ResourceType& type = *parts_.registry->FindType(T::descriptor());
    Task<absl::StatusOr<store::RecordPtr>> reading = GetRecord(call, type, std::move(name));
    absl::StatusOr<store::RecordPtr> record = co_await reading;
    if (!record.ok()) co_return record.status();
    co_return static_cast<const T&>(*(*record)->message);
  }
  // A page for the caller. `method` binds the page token.
  Task<absl::StatusOr<Page>> List(const rpc::Call& call, const contract::ResourceType& type,
                                  ListOptions options);
  // Stored resources of a type that the filter finds, whoever asks: at most `limit`, as `order_by`
  // says; by name where that is empty. For rules and jobs, which decide by all there is.
  Task<absl::StatusOr<std::vector<store::Listed>>> Find(const google::protobuf::Descriptor* message,
                                                        std::string tenant, std::string filter,
                                                        std::string order_by, int limit);
  Task<absl::StatusOr<int64_t>> ReadGuard(const rpc::Call& call, std::string name);

  // Writes it all or nothing; durable on OK. The reply is the first resource written (or the
  // remembered first response of the request id). What is newly referred to must exist. With
  // validate_only nothing is written and the reply is what would have been.
  Task<absl::StatusOr<rpc::Reply>> Commit(rpc::Call& call, Mutation mutation);
  // Independent mutations at once, each answered by itself. `keys` make a request id of each from
  // the call's.
  Task<std::vector<absl::StatusOr<rpc::Reply>>> CommitAll(rpc::Call& call,
                                                          std::vector<Mutation> mutations);

  // ABORTED ETAG_MISMATCH where the caller expects another version; an empty etag expects nothing.
  absl::Status CheckEtag(const Message& current, const std::string& expected) const;
  // A new id: what the caller asked for, or a ULID.
  std::string NewId(const rpc::Call& call, const std::string& wanted);
  const contract::Registry& registry() const { return *parts_.registry; }
  store::Store& store() { return *parts_.store; }
  const Clock& clock() const { return *parts_.clock; }

 private:
  absl::StatusOr<query::Filter> VisibleFilter(const rpc::Call& call,
                                              const contract::ResourceType& type) const;
  // Whether some callers do not see all resources of the type.
  bool IsGuarded(const contract::ResourceType& type) const {
    return type.owner != nullptr || limits_.contains(&type);
  }
  // NOT_FOUND unless the caller sees what the resource is below.
  Task<absl::Status> CheckParent(const rpc::Call& call, const contract::ResourceType& type,
                                 std::string parent_id);
  // From Redis, where the type is shared and Redis has it, or from the store.
  Task<absl::StatusOr<store::RecordPtr>> Load(const contract::ResourceType& type,
                                              std::string tenant, std::string id);
  Task<absl::StatusOr<store::RecordPtr>> ReadThrough(const contract::ResourceType& type,
                                                     std::string tenant, std::string id);
  // Whether there is what the resource names and `before`, null of a new one, did not; the write
  // set rests on it.
  Task<absl::Status> CheckReferences(const rpc::Call& call, const contract::ResourceType& type,
                                     const Message* before, const Message& resource,
                                     const Mutation& mutation, store::WriteSet& write_set);
  Task<absl::StatusOr<store::WriteSet>> Prepare(const rpc::Call& call, const Mutation& mutation);
  // What is needed of a write set after the store has taken it.
  struct Sent {
    store::Put first;
    bool own_response = false;       // not the first resource
    std::vector<store::Put> shared;  // of types that are shared through Redis
    absl::Time time;                 // before it was sent
  };
  Sent Keep(const store::WriteSet& write_set) const;
  absl::StatusOr<rpc::Reply> Answer(rpc::Call& call, const Sent& sent,
                                    store::CommitOutcome outcome) const;
  void Share(const std::string& tenant, const Sent& sent, int64_t position);

  const ResourcesParts parts_;
  const query::PageTokens tokens_;
  const std::unique_ptr<SharedRecords> shared_;                             // null: no Redis
  absl::flat_hash_map<const contract::ResourceType*, std::string> narrow_;  // set at start-up
  absl::flat_hash_map<const contract::ResourceType*, LimitFilter> limits_;  // set at start-up
  absl::flat_hash_set<const contract::ResourceType*> referred_;             // set at start-up
  using FlightKey = std::pair<std::string, cache::FillToken>;
  cache::SingleFlight<FlightKey, absl::StatusOr<store::RecordPtr>> flights_;
};

// Keeps `cache` coherent with the commits of `store`: applied before the writers are answered, and
// marked as fresh as the store has heard of other processes' commits. Call before the first commit.
void FollowCommits(store::Store& store, cache::LocalCache& cache, const Clock& clock, Timer& timer);

}  // namespace sqm::resource
