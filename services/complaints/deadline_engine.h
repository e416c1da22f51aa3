// What falls due, when it falls due: warnings, breaches and escalations of cases, and late
// corrective actions, once each.
//
// Every case and every action says when something happens to it next (next_event_time, indexed).
// The engine reads what is due in bounded pages, commits each with its entries and its next time,
// and sleeps until the earliest that is left: its cost is by what happens, not by how many there
// are. One that somebody changes at the same moment is read again. What happened stands on it,
// written in the same commit as its entry: a crash repeats nothing and loses nothing.
//
// After a change of a policy or a calendar it computes the deadlines of open cases anew: those
// whose Case.deadlines_time (indexed) is older than the change.
//
// One replica works at a time, by the lease of the job; each commit requires the lease's term, so
// that one that was paused meanwhile commits nothing more (see common/schedule/lease.h).
#pragma once

#include <absl/container/flat_hash_map.h>

#include <string>

#include "services/complaints/deadline_books.h"
#include "services/complaints/tenant_work.h"
#include "sqm/complaints/v1/calendar.pb.h"
#include "sqm/complaints/v1/case_entry.pb.h"
#include "sqm/complaints/v1/corrective_action.pb.h"

namespace sqm::complaints {

class DeadlineEngine {
 public:
  // Follows the commits of the store, so it is made before the first one. All must outlive it.
  DeadlineEngine(resource::Resources& resources, DeadlineBooks& books, schedule::Lease& lease,
                 Executor& executor, Timer& timer);
  DeadlineEngine(const DeadlineEngine&) = delete;

  void Start() { loop_.Start(); }
  void Stop() { loop_.Stop(); }
  // Does what is due at `now`. The loop calls it; a test may, too.
  Task<absl::Status> RunTenant(std::string tenant, absl::Time now);

 private:
  // What is to happen to one resource now; empty = nothing is to be told.
  template <typename T>
  using Rule = std::function<std::vector<v1::CaseEntry>(T&)>;

  // Pages of resources that the filter finds, in order of `field`: applies the rule to each and
  // commits. True = all are done; false = the last page was not, there may be more.
  template <typename T>
  Task<absl::StatusOr<bool>> Work(std::string tenant, absl::Time now, std::string filter,
                                  std::string field, Rule<T> rule);
  // Deadlines of cases that are older than the book. True = all are done.
  Task<absl::StatusOr<bool>> Renew(std::string tenant, absl::Time now, DeadlineBookPtr book);
  // Cases that an earlier version of the program computed are computed again, once: this says that
  // all are to be, and the other, when that is done, that none is any more.
  Task<absl::Status> CheckForm(std::string tenant, absl::Time now);
  Task<absl::Status> KeepForm(std::string tenant, absl::Time now);
  // Looks at the tenant again when something happens to a resource of the type.
  template <typename T>
  Task<absl::Status> WakeAtNext(std::string tenant);

  resource::Resources& resources_;
  DeadlineBooks& books_;
  contract::MethodInfo self_;                     // what the feed says did it
  absl::flat_hash_map<std::string, bool> forms_;  // by tenant: whether all have the present one
  TenantWork loop_;
};

}  // namespace sqm::complaints
