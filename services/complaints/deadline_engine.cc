#include "services/complaints/deadline_engine.h"

#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/complaints/case_deadlines.h"
#include "services/complaints/corrective_actions.h"
#include "services/complaints/handlers.h"

namespace sqm::complaints {
namespace {

constexpr int kPage = 200;
// Pages in a row of one tenant before others have their turn.
constexpr int kPages = 20;

// Of what SettleDeadlines writes: 1 = with queue_time, 2 = an agreed appointment has a next event,
// 3 = one that is only wished for, too. One more lets the engine look for open cases of before, by
// what they lack, and compute all again where there are some.
constexpr int kForm = 3;
constexpr char kOfEarlierForm[] =
    "deadlines_time:* AND (NOT queue_time:* OR "
    "(kind = APPOINTMENT AND state != EXECUTED AND NOT next_event_time:*))";

// Whose timeline tells of it.
const std::string& TimelineOwner(const v1::Case& one) { return one.name(); }
const std::string& TimelineOwner(const v1::CorrectiveAction& action) { return action.case_(); }

}  // namespace

DeadlineEngine::DeadlineEngine(resource::Resources& resources, DeadlineBooks& books,
                               schedule::Lease& lease, Executor& executor, Timer& timer)
    : resources_(resources),
      books_(books),
      loop_("deadlines", resources, lease, executor, timer,
            [this](std::string tenant, absl::Time now) {
              return RunTenant(std::move(tenant), now);
            }) {
  self_.path = "complaints/deadlines";
  const contract::Registry& registry = resources_.registry();
  const contract::ResourceType* type = registry.FindType(v1::Case::descriptor());
  const contract::ResourceType* action = registry.FindType(v1::CorrectiveAction::descriptor());
  const contract::ResourceType* policy = registry.FindType(v1::DeadlinePolicy::descriptor());
  const contract::ResourceType* calendar = registry.FindType(v1::Calendar::descriptor());
  const auto wake_for = [this](const std::string& tenant, const auto& resource) {
    if (resource.has_next_event_time()) {
      loop_.WakeAt(tenant, FromTimestamp(resource.next_event_time()));
    }
  };
  resources_.store().OnCommit([=, this](const store::CommittedBatchPtr& batch) {
    for (const store::StoredChange& change : batch->changes) {
      if (change.type == policy || change.type == calendar) {
        books_.ForgetCalendars(batch->tenant);
        loop_.WakeAt(batch->tenant, absl::InfinitePast());
      } else if (change.type == type) {
        const auto& one = static_cast<const v1::Case&>(*change.record->message);
        wake_for(batch->tenant, one);
        // It was computed before the last change of what it is computed by.
        if (one.has_deadlines_time() &&
            FromTimestamp(one.deadlines_time()) < books_.LatestTime(batch->tenant)) {
          loop_.WakeAt(batch->tenant, absl::InfinitePast());
        }
      } else if (change.type == action) {
        wake_for(batch->tenant, static_cast<const v1::CorrectiveAction&>(*change.record->message));
      }
    }
  });
}

template <typename T>
Task<absl::StatusOr<bool>> DeadlineEngine::Work(std::string tenant, absl::Time now,
                                                std::string filter, std::string field,
                                                Rule<T> rule) {
  for (int page = 0; page < kPages && !loop_.stopping(); ++page) {
    Task<absl::StatusOr<std::vector<store::Listed>>> finding =
        resources_.Find(T::descriptor(), tenant, filter, field, kPage);
    absl::StatusOr<std::vector<store::Listed>> rows = co_await finding;
    if (!rows.ok()) co_return rows.status();
    if (rows->empty()) co_return true;
    Task<absl::StatusOr<schedule::v1::JobTerm>> fencing = loop_.lease().Fence(tenant);
    absl::StatusOr<schedule::v1::JobTerm> fence = co_await fencing;
    if (!fence.ok()) co_return fence.status();
    std::vector<resource::Mutation> mutations;
    rpc::Call call(self_, kServiceSubject, tenant, now);
    for (const store::Listed& row : *rows) {
      T one = static_cast<const T&>(*row.record->message);
      std::vector<v1::CaseEntry> entries = rule(one);
      resource::Mutation mutation;
      mutation.Update(one).Require(*fence);
      for (v1::CaseEntry& entry : entries) {
        entry.set_name(absl::StrCat(TimelineOwner(one), "/entries/", resources_.NewId(call, "")));
        mutation.Create(entry);
      }
      mutations.push_back(std::move(mutation));
    }
    const size_t count = mutations.size();
    Task<std::vector<absl::StatusOr<rpc::Reply>>> committing =
        resources_.CommitAll(call, std::move(mutations));
    std::vector<absl::StatusOr<rpc::Reply>> replies = co_await committing;
    size_t done = 0;
    absl::Status failed;
    for (const absl::StatusOr<rpc::Reply>& reply : replies) {
      if (reply.ok()) {
        ++done;
      } else if (ReasonOf(reply.status()) != type::v1::ERROR_REASON_CONFLICT) {
        failed = reply.status();
      } else {
        loop_.lease().Forget(tenant);  // it has changed, or another holds the lease
      }
    }
    if (done == 0 && !failed.ok()) co_return failed;
    if (count < kPage && done == count) co_return true;
  }
  co_return false;
}

Task<absl::StatusOr<bool>> DeadlineEngine::Renew(std::string tenant, absl::Time now,
                                                 DeadlineBookPtr book) {
  if (book->time <= absl::UnixEpoch()) co_return true;
  Rule<v1::Case> renew = [book, now](v1::Case& one) {
    const v1::Case before = one;
    SettleDeadlines(*book, now, one);
    v1::CaseEntry entry;
    AddDeadlineChanges(before, one, entry);
    std::vector<v1::CaseEntry> entries;
    if (entry.changes().empty()) return entries;
    entry.set_action(v1::CASE_ACTION_RECOMPUTE);
    entry.set_from_state(one.state());
    entry.set_to_state(one.state());
    entry.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
    entries.push_back(std::move(entry));
    return entries;
  };
  std::string filter = Compare("deadlines_time", "<", book->time);
  Task<absl::StatusOr<bool>> renewing =
      Work<v1::Case>(tenant, now, std::move(filter), "deadlines_time", std::move(renew));
  absl::StatusOr<bool> done = co_await renewing;
  co_return done;
}

Task<absl::Status> DeadlineEngine::CheckForm(std::string tenant, absl::Time now) {
  if (forms_.contains(tenant)) co_return absl::OkStatus();
  const contract::ResourceType& type =
      *resources_.registry().FindType(schedule::v1::JobTerm::descriptor());
  Task<absl::StatusOr<store::RecordPtr>> reading =
      resources_.Read(type, tenant, loop_.lease().job());
  absl::StatusOr<store::RecordPtr> record = co_await reading;
  if (!record.ok()) co_return record.status();
  const auto* term = *record == nullptr
                         ? nullptr
                         : static_cast<const schedule::v1::JobTerm*>((*record)->message.get());
  const bool kept = term != nullptr && term->computed_form() >= kForm;
  if (!kept) {
    Task<absl::StatusOr<std::vector<store::Listed>>> finding =
        resources_.Find(v1::Case::descriptor(), tenant, kOfEarlierForm, "deadlines_time", 1);
    absl::StatusOr<std::vector<store::Listed>> rows = co_await finding;
    if (!rows.ok()) co_return rows.status();
    if (!rows->empty()) books_.Outdate(tenant, now);
  }
  forms_[tenant] = kept;
  co_return absl::OkStatus();
}

Task<absl::Status> DeadlineEngine::KeepForm(std::string tenant, absl::Time now) {
  if (forms_[tenant]) co_return absl::OkStatus();
  Task<absl::StatusOr<schedule::v1::JobTerm>> fencing = loop_.lease().Fence(tenant);
  absl::StatusOr<schedule::v1::JobTerm> fence = co_await fencing;
  if (!fence.ok()) co_return fence.status();
  fence->set_computed_form(kForm);
  rpc::Call call(self_, kServiceSubject, tenant, now);
  resource::Mutation mutation;
  mutation.Update(*fence);
  Task<absl::StatusOr<rpc::Reply>> committing = resources_.Commit(call, std::move(mutation));
  absl::StatusOr<rpc::Reply> reply = co_await committing;
  loop_.lease().Forget(tenant);  // it has another version now
  if (!reply.ok()) co_return reply.status();
  forms_[tenant] = true;
  co_return absl::OkStatus();
}

template <typename T>
Task<absl::Status> DeadlineEngine::WakeAtNext(std::string tenant) {
  Task<absl::StatusOr<std::vector<store::Listed>>> finding =
      resources_.Find(T::descriptor(), tenant, "next_event_time:*", "next_event_time", 1);
  absl::StatusOr<std::vector<store::Listed>> next = co_await finding;
  if (!next.ok()) co_return next.status();
  if (!next->empty()) {
    const auto& one = static_cast<const T&>(*next->front().record->message);
    loop_.WakeAt(tenant, FromTimestamp(one.next_event_time()));
  }
  co_return absl::OkStatus();
}

Task<absl::Status> DeadlineEngine::RunTenant(std::string tenant, absl::Time now) {
  Task<absl::Status> checking = CheckForm(tenant, now);
  absl::Status checked = co_await checking;
  if (!checked.ok()) co_return checked;
  Task<absl::StatusOr<DeadlineBookPtr>> opening = books_.Of(tenant);
  absl::StatusOr<DeadlineBookPtr> book = co_await opening;
  if (!book.ok()) co_return book.status();
  Rule<v1::Case> take = [&book, now](v1::Case& one) { return TakeDueSteps(**book, now, one); };
  std::string due = Compare("next_event_time", "<=", now);
  Task<absl::StatusOr<bool>> taking =
      Work<v1::Case>(tenant, now, std::move(due), "next_event_time", std::move(take));
  absl::StatusOr<bool> taken = co_await taking;
  // What cannot be done of one kind does not keep the others.
  Task<absl::StatusOr<bool>> renewing = Renew(tenant, now, *book);
  absl::StatusOr<bool> renewed = co_await renewing;

  // An action that is due now is in time.
  std::string late = Compare("next_event_time", "<", now);
  Rule<v1::CorrectiveAction> escalate = [now](v1::CorrectiveAction& action) {
    std::vector<v1::CaseEntry> entries;
    if (auto entry = EscalateLateAction(action, now)) entries.push_back(*std::move(entry));
    return entries;
  };
  Task<absl::StatusOr<bool>> escalating = Work<v1::CorrectiveAction>(
      tenant, now, std::move(late), "next_event_time", std::move(escalate));
  absl::StatusOr<bool> escalated = co_await escalating;
  for (const absl::Status& status : {taken.status(), renewed.status(), escalated.status()}) {
    if (!status.ok()) co_return status;
  }

  if (!*taken || !*renewed || !*escalated) {
    loop_.WakeAt(tenant, absl::InfinitePast());
    co_return absl::OkStatus();
  }
  Task<absl::Status> keeping = KeepForm(tenant, now);
  absl::Status kept = co_await keeping;
  if (!kept.ok()) co_return kept;
  // Until then only commits bring something.
  Task<absl::Status> case_waking = WakeAtNext<v1::Case>(tenant);
  absl::Status woken = co_await case_waking;
  if (!woken.ok()) co_return woken;
  Task<absl::Status> action_waking = WakeAtNext<v1::CorrectiveAction>(tenant);
  woken = co_await action_waking;
  co_return woken;
}

}  // namespace sqm::complaints
