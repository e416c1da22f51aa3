// One tenant's part of a transaction: what its write sets look at, and what they make of it.
#pragma once

#include <absl/functional/any_invocable.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/store/decide.h"
#include "common/store/postgres/connection.h"
#include "common/store/postgres/statements.h"
#include "common/store/postgres/writes.h"

namespace sqm::store {

// Statements of the first round trip, each with what is done with its result.
struct PgQuestions {
  std::vector<PgCall> calls;
  std::vector<absl::AnyInvocable<void(const PgResult&)>> answers;

  void Ask(const PgStatement& statement, PgParams params,
           absl::AnyInvocable<void(const PgResult&)> answer) {
    calls.push_back(PgCall{&statement, std::move(params)});
    answers.push_back(std::move(answer));
  }
};

// In memory: read whole before the first decision. The write sets must outlive it.
class PgTenantBatch final : public StoredState {
 public:
  PgTenantBatch(const PgStatements& sql, std::string tenant, absl::Duration request_id_memory)
      : sql_(sql),
        tenant_(std::move(tenant)),
        request_id_memory_(request_id_memory),
        batch_(std::make_shared<CommittedBatch>()) {
    batch_->tenant = tenant_;
  }

  // Notes what the decision about the write set looks at.
  void Name(const WriteSet& write_set);

  // Asks to make the head's row where there is none, and to lock it.
  void AskHead(PgQuestions& questions);

  // Asks for everything that was named.
  void AskState(PgQuestions& questions);

  absl::StatusOr<CommitOutcome> Remembered(const WriteSet& write_set) override;
  absl::StatusOr<int64_t> VersionOf(const contract::ResourceType& type,
                                    const std::string& id) override {
    return rows_[{&type, id}].version;
  }
  absl::StatusOr<std::string> HolderOf(const UniqueKey& claim) override {
    return holders_[claim.type][claim.field][claim.value];
  }
  absl::StatusOr<int64_t> GuardPosition(const std::string& name) override {
    return guards_[name].position;
  }

  // Applies what was decided. Returns the tenant's last position.
  int64_t Apply(const WriteSet& write_set);

  // Adds what was applied.
  void Collect(PgWrites& writes) const;

  const FeedHead& head() const { return head_; }
  const std::shared_ptr<CommittedBatch>& batch() const { return batch_; }

 private:
  struct Row {
    int64_t version = 0;
    bool stored = false;       // the table had it before the batch
    const Put* put = nullptr;  // the last one of the batch: what is written
    absl::Time time;
  };
  struct GuardState {
    int64_t position = 0;
    bool moved = false;
  };
  struct Request {
    bool known = false;
    bool write = false;
    bool own_response = false;  // not the body of the first change
    int64_t position = 0;
    std::string payload, response;
    absl::Time time;
  };

  PgParams WithTenant(Oid element, const std::vector<absl::string_view>& keys) const;

  // Keeps what is known of the holders of claimed values as the columns will have it.
  void MoveHolders(const Put& put);

  void Remember(const WriteSet& write_set, int64_t commit_id);

  const PgStatements& sql_;
  const std::string tenant_;
  const absl::Duration request_id_memory_;
  FeedHead head_;
  std::shared_ptr<CommittedBatch> batch_;
  // Keys are views into the write sets.
  std::map<std::pair<const contract::ResourceType*, absl::string_view>, Row> rows_;
  std::vector<const Row*> written_;  // in the order of their first write
  // By type and unique field: the claimed values and who has them.
  std::map<const contract::ResourceType*, std::map<std::string, std::map<std::string, std::string>>>
      holders_;
  std::map<absl::string_view, GuardState> guards_;
  std::map<absl::string_view, Request> requests_;
};

}  // namespace sqm::store
