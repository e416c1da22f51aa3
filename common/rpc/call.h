// One call on its way through the pipeline, as a handler sees it.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "common/auth/permissions.h"
#include "common/auth/principal.h"
#include "common/contract/registry.h"
#include "common/observe/trace.h"
#include "common/store/write_set.h"

namespace sqm::auth {
class Authenticator;
}

namespace sqm::rpc {

class ConcurrencyLimit;

// Metadata of a request: `sqm-personal: masked` asks for no personal value.
inline constexpr absl::string_view kPersonalKey = "sqm-personal";
inline constexpr absl::string_view kPersonalMasked = "masked";
// Trailing metadata of every answer from a store, and sent back with a request: how far the store's
// changes had come, and the name of the history (cache::HistoryName) that this is counted in, which
// snapshots in Redis are kept under too. A position of another history, as after a restore, says
// nothing here and is not waited for; one without a history is taken for one of this.
inline constexpr absl::string_view kPositionKey = "sqm-position";
inline constexpr absl::string_view kHistoryKey = "sqm-history";

// Written by the pipeline before the handler begins, read by the handler; `Cancel` may come from
// another thread at any time.
class Call {
 public:
  Call() = default;
  // A call that a service makes to itself for what falls due: it sees all rows of the tenant.
  // `subject`: who is said to have done it; `as`, which must outlive the call: what.
  Call(const contract::MethodInfo& as, absl::string_view subject, absl::string_view tenant,
       absl::Time now)
      : method_(&as), tenant_(tenant), now_(now), visibility_(auth::Visibility::kAll) {
    auth::Principal self;
    self.subject = std::string(subject);
    self.staff = self.subject;
    self.tenant = tenant_;
    self.roles = auth::BitOf(auth::Role::kService);
    principal_ = std::make_shared<const auth::Principal>(std::move(self));
  }

  const contract::MethodInfo& method() const { return *method_; }
  const auth::Principal& principal() const { return *principal_; }
  // The caller's tenant; for a service that works for all of them, the one that it named.
  const std::string& tenant() const { return tenant_; }
  // What the caller sent as `authorization`, for calls that are made in his name; empty where
  // nobody called. Lives as long as the call.
  absl::string_view authorization() const { return authorization_; }
  // Instant of the call: the same for all that it writes, of a stream for each part.
  absl::Time now() const { return now_; }
  // Of a stream, which may last for hours: what comes from here on belongs to `now`.
  void GoOnAt(absl::Time now) { now_ = now; }
  absl::Time deadline() const { return deadline_; }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  // Which rows the caller may see of a resource that has a row rule.
  auth::Visibility visibility() const { return visibility_; }
  // Empty where the caller gave none.
  const std::string& request_id() const { return request_id_; }
  // Checked and computed in full, but nothing is written.
  bool validate_only() const { return validate_only_; }
  // Whether texts for people are wanted in Chinese; English otherwise.
  bool chinese() const { return chinese_; }
  // The caller wants no personal value, whatever he may see.
  bool masked() const { return masked_; }
  const std::optional<store::Idempotency>& idempotency() const { return idempotency_; }
  const std::optional<observe::TraceContext>& trace() const { return trace_; }
  // The position after the call's own commit; 0 = it has none.
  void SetPosition(int64_t position) { position_ = position; }
  int64_t position() const { return position_; }
  // Gives back the call's place among those in progress: what it waits for from now on is no work
  // here, or work that keeps nobody else waiting. It is not measured as one of them either. Nothing
  // that the call says changes by it.
  void StepAside() const;

 private:
  friend class Pipeline;
  friend class CallForTest;
  friend absl::Status CheckToken(const Call& call, absl::Time now);
  const contract::MethodInfo* method_ = nullptr;
  std::shared_ptr<const auth::Principal> principal_;
  std::string tenant_;
  absl::string_view authorization_;
  auth::Authenticator* authenticator_ = nullptr;  // that found it good
  absl::Time now_;
  absl::Time deadline_ = absl::InfiniteFuture();
  std::atomic<bool> cancelled_{false};
  auth::Visibility visibility_ = auth::Visibility::kOwn;
  std::string request_id_;
  bool validate_only_ = false;
  bool admitted_ = true;  // false: it is answered as overloaded, and nothing else of it counts
  ConcurrencyLimit* limit_ = nullptr;  // of the calls in progress, unless it is a stream
  mutable bool holds_slot_ = false;    // it counts among the calls in progress
  bool chinese_ = false;
  bool masked_ = false;
  std::optional<store::Idempotency> idempotency_;
  std::optional<observe::TraceContext> trace_;
  int64_t position_ = 0;
  int64_t awaited_position_ = 0;  // that the caller has seen elsewhere and that is not here yet
  absl::Duration awaited_for_;    // how long it was waited for
};

// A stream may outlive the token that it began with: OK, or UNAUTHENTICATED once that has ended or
// its key is no longer in force. Its handler asks before each part.
absl::Status CheckToken(const Call& call, absl::Time now);

// A response: a message, or a stored record that is sent as it is.
struct Reply {
  std::shared_ptr<const google::protobuf::Message> message;
  store::RecordPtr record;
  const contract::ResourceType* type = nullptr;  // of the record
  // There was nothing to write, and nothing says who was shown what: as if it had been read.
  bool nothing_written = false;
};

}  // namespace sqm::rpc
