// Resources of another service, read where one of ours names them.
//
// A name is answered from a small cache of this process, then, where the type is `shared`, from the
// owner's snapshot in Redis, then by the owner's Get, called with the caller's token and within the
// caller's time. What holds:
//   - The owner decides who sees what: what it answered to one principal is kept for that principal
//     alone. A snapshot in Redis is taken for whoever has the permission of the owner's Get: a
//     shared type has no row rule and no personal data (the registry sees to it).
//   - Personal values come masked from the owner, whatever the caller may see, so that none is kept
//     here, and nothing is audited as seen.
//   - An answer is kept for 2 s since it was asked for (one from Redis, since it was the committed
//     state); that there is no such resource, for 250 ms. The owner's own answer may come from a
//     cache of its own, which is at most 2 s old.
//   - Callers of one principal who want the same at once share one call.
//   - Nobody waits longer than `call_time`. An owner that is away is left alone for a while: calls
//     then fail at once. Redis slow or gone changes latency only.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/status/statusor.h>
#include <absl/synchronization/mutex.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/permissions.h"
#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/task.h"
#include "common/cache/circuit_breaker.h"
#include "common/cache/expiring_cache.h"
#include "common/cache/redis_tier.h"
#include "common/cache/single_flight.h"
#include "common/contract/registry.h"
#include "common/rpc/call.h"

namespace sqm::resource {

struct ReferenceParts {
  std::string owner;                             // `monitoring`: for errors
  const contract::Registry* registry = nullptr;  // the owner's contracts
  // A channel to the owner; called once, for the first question.
  std::function<std::shared_ptr<grpc::Channel>()> connect;
  const auth::Policy* policy = nullptr;  // the owner's
  cache::RedisTier* redis = nullptr;     // null: not configured
  const Clock* clock = nullptr;
  IdSource* ids = nullptr;
  Executor* executor = nullptr;
};

struct ReferenceOptions {
  absl::Duration keep = absl::Seconds(2);
  absl::Duration keep_absent = absl::Milliseconds(250);
  absl::Duration call_time = absl::Seconds(2);
  size_t cache_bytes = size_t{16} << 20;
  int calls_at_once = 16;  // of one ReadAhead
  cache::CircuitBreakerOptions breaker = {.failures = 3,
                                          .window = absl::Seconds(10),
                                          .first_wait = absl::Milliseconds(100),
                                          .max_wait = absl::Seconds(2)};
};

// By what the questions were answered; those who shared a call count once.
struct ReferenceStats {
  uint64_t cached = 0;  // by this process
  uint64_t redis = 0;
  uint64_t owner = 0;
  uint64_t failed = 0;  // by nobody: the owner is away, or refused
};

// Thread-safe. All parts must outlive it and its calls.
class ReferenceClient {
 public:
  using MessagePtr = std::shared_ptr<const google::protobuf::Message>;

  explicit ReferenceClient(ReferenceParts parts, ReferenceOptions options = {});
  ReferenceClient(const ReferenceClient&) = delete;

  // The resource as the caller sees it, personal values masked. `type`: of the owner's registry.
  // INVALID_NAME; NOT_FOUND where it does not exist or is not for the caller; PERMISSION_DENIED;
  // UNAVAILABLE with RetryInfo where the owner is away or does not answer within `call_time`;
  // DEADLINE_EXCEEDED where the caller's own time is over; what else the owner refuses with.
  Task<absl::StatusOr<MessagePtr>> Get(const rpc::Call& call, const contract::ResourceType& type,
                                       std::string name);

  // Whether the field, which may be left empty, names what the caller may refer to: OK, or
  // FAILED_PRECONDITION REFERENCE_NOT_FOUND, or what Get says; the field, the name and what to do
  // in each.
  Task<absl::Status> Check(const rpc::Call& call, const contract::ResourceType& type,
                           std::string field, std::string name);

  // Asks for all that is not known yet, by few calls, so that who asks for one of them next finds
  // it kept. Says nothing of what failed.
  Task<void> ReadAhead(const rpc::Call& call, const contract::ResourceType& type,
                       std::vector<std::string> names);

  ReferenceStats Stats() const;
  const contract::Registry& registry() const { return *parts_.registry; }

 private:
  // What is known of a name: the resource, NOT_FOUND, or why nothing is known.
  struct Answer {
    absl::Status status;
    MessagePtr message;
  };
  // Of a type, resolved once.
  struct Methods {
    const contract::MethodInfo* get = nullptr;
    const contract::MethodInfo* batch_get = nullptr;  // null where the owner has none
    auth::PermissionId permission{};
  };

  const Methods& MethodsOf(const contract::ResourceType& type) const;
  static std::string KeyOf(const rpc::Call& call, const contract::ResourceType& type,
                           absl::string_view name);
  // Keeps what is known, and gives it back.
  Answer Keep(const std::string& key, Answer answer, absl::Time since);
  Task<Answer> Fetch(const rpc::Call& call, const contract::ResourceType& type, std::string name,
                     std::string key);
  Task<std::optional<Answer>> AskRedis(const rpc::Call& call, const contract::ResourceType& type,
                                       const std::string& name, const std::string& key);
  Task<Answer> AskOwner(const rpc::Call& call, const contract::ResourceType& type,
                        const std::string& name, const std::string& key);
  // One call of the owner, within the caller's time and `call_time`; not made while it is left
  // alone.
  Task<absl::StatusOr<MessagePtr>> CallOwner(const rpc::Call& call,
                                             const contract::MethodInfo& method,
                                             const google::protobuf::Message& request);
  // By one call. NOT_FOUND: some are missing, and nothing is known of any.
  Task<absl::Status> AskForAll(const rpc::Call& call, const contract::ResourceType& type,
                               std::vector<std::string> names);
  // One by one, `calls_at_once` of them.
  Task<void> AskForEach(const rpc::Call& call, const contract::ResourceType& type,
                        std::vector<std::string> names);
  struct Crowd;
  Task<void> Work(const rpc::Call& call, const contract::ResourceType& type, Crowd& crowd);

  enum class Heard { kAnswer, kSilence, kTooLittleTime };
  // The channel; null: the owner is left alone.
  std::shared_ptr<grpc::Channel> Channel();
  void Note(Heard heard, const absl::Status& status);
  absl::Status Away(absl::string_view why) const;

  const ReferenceParts parts_;
  const ReferenceOptions options_;
  absl::flat_hash_map<const contract::ResourceType*, Methods> methods_;  // immutable
  cache::ExpiringCache<Answer> cache_;
  cache::SingleFlight<std::string, Answer> flights_;
  absl::Mutex mutex_;
  std::shared_ptr<grpc::Channel> channel_ ABSL_GUARDED_BY(mutex_);
  cache::CircuitBreaker breaker_ ABSL_GUARDED_BY(mutex_);
  std::string history_ ABSL_GUARDED_BY(mutex_);  // of the owner, as it last said
  std::atomic<uint64_t> cached_{0}, redis_{0}, owner_{0}, failed_{0};
};

// The contracts of a package, by the file of its service: what a registry of them is built from.
// Nothing where the program does not hold them.
std::vector<const google::protobuf::FileDescriptor*> ContractsOf(absl::string_view service_file);

}  // namespace sqm::resource
