#include "common/store/decide.h"

#include <absl/strings/str_cat.h>

#include <set>

#include "common/base/status.h"
#include "common/base/task.h"

namespace sqm::store {
namespace {

bool SameValue(const UniqueKey& a, const UniqueKey& b) {
  return a.type == b.type && a.field == b.field && a.value == b.value;
}

// Whether the write set takes the claimed value away from its holder.
bool Releases(const WriteSet& write_set, const UniqueKey& claim, absl::string_view holder) {
  for (const UniqueKey& release : write_set.releases) {
    if (release.id == holder && SameValue(release, claim)) return true;
  }
  return false;
}

// The id for which the write set claims the same value earlier; empty where it does not.
std::string ClaimedEarlier(const WriteSet& write_set, const UniqueKey& claim) {
  for (const UniqueKey& other : write_set.claims) {
    if (&other == &claim) return "";
    if (SameValue(other, claim)) return other.id;
  }
  return "";
}

CommitOutcome Refuse(CommitOutcome::Kind kind, std::string subject, int64_t current = 0) {
  CommitOutcome outcome;
  outcome.kind = kind;
  outcome.subject = std::move(subject);
  outcome.current = current;
  return outcome;
}

}  // namespace

absl::StatusOr<CommitOutcome> Decide(const WriteSet& write_set, StoredState& state) {
  if (write_set.idempotency.has_value()) {
    ASSIGN_OR_RETURN(CommitOutcome remembered, state.Remembered(write_set));
    if (remembered.kind != CommitOutcome::kFailed) return remembered;
  }
  for (const Put& put : write_set.puts) {
    ASSIGN_OR_RETURN(int64_t version, state.VersionOf(*put.type, put.id));
    if (version == put.expected) continue;
    return Refuse(put.expected == 0 ? CommitOutcome::kExists : CommitOutcome::kConflict,
                  put.type->NameOf(put.id), version);
  }
  for (const Require& require : write_set.requires_) {
    ASSIGN_OR_RETURN(int64_t version, state.VersionOf(*require.type, require.id));
    if (version == require.version) continue;
    return Refuse(CommitOutcome::kConflict, require.type->NameOf(require.id), version);
  }
  for (const UniqueKey& claim : write_set.claims) {
    ASSIGN_OR_RETURN(std::string holder, state.HolderOf(claim));
    if (Releases(write_set, claim, holder)) holder.clear();
    if (holder.empty()) holder = ClaimedEarlier(write_set, claim);
    if (!holder.empty() && holder != claim.id) {
      CommitOutcome outcome = Refuse(CommitOutcome::kTaken, claim.field);
      outcome.replay = claim.type->NameOf(holder);
      return outcome;
    }
  }
  for (const Guard& guard : write_set.guards) {
    if (guard.expected == Guard::kAnywhere) continue;
    ASSIGN_OR_RETURN(int64_t position, state.GuardPosition(guard.name));
    if (position != guard.expected) {
      return Refuse(CommitOutcome::kConflict, guard.name, position);
    }
  }
  return Refuse(CommitOutcome::kApplied, "");
}

CommitOutcome Recall(const Idempotency& asked, absl::string_view payload, absl::Time remembered,
                     absl::string_view response, absl::Time forgotten_before) {
  CommitOutcome outcome;
  if (remembered < forgotten_before) return outcome;
  if (payload != BytesOf(asked.payload)) {
    outcome.kind = CommitOutcome::kRequestIdReused;
  } else {
    outcome.kind = CommitOutcome::kReplayed;
    outcome.replay = std::string(response);
  }
  return outcome;
}

absl::Status CheckBounds(const WriteSet& write_set) {
  if (write_set.puts.size() > kMaxPuts || write_set.Bytes() > kMaxWriteSetBytes) {
    return Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_TOO_LARGE,
                absl::StrCat("one change may hold at most ", kMaxPuts, " resources and ",
                             kMaxWriteSetBytes, " bytes"),
                {{"limit", absl::StrCat(kMaxPuts)}});
  }
  if (write_set.puts.size() < 2) return absl::OkStatus();
  std::set<std::pair<uint32_t, absl::string_view>> seen;
  for (const Put& put : write_set.puts) {
    if (!seen.emplace(put.type->number, put.id).second) {
      return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL,
                  absl::StrCat(put.type->NameOf(put.id), " is written twice in one write set"));
    }
  }
  return absl::OkStatus();
}

StoredChange ChangeOf(const WriteSet& write_set, const Put& put, int64_t position,
                      int64_t commit_id) {
  StoredChange change;
  change.position = position;
  change.commit_id = commit_id;
  change.time = write_set.time;
  change.type = put.type;
  change.id = put.id;
  change.version = put.record->version;
  change.kind = put.kind;
  change.actor = write_set.actor;
  change.method = write_set.method;
  change.request_id = write_set.request_id;
  change.record = put.record;
  return change;
}

absl::Status TooManyWait() {
  return WithRetry(Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_OVERLOADED,
                        "too many writes wait for the store"),
                   absl::Milliseconds(100));
}

}  // namespace sqm::store
