// What falls due, when it falls due: warnings, breaches and escalations, once each.
//
// Every case says when something happens to its deadlines next (Case.next_event_time, indexed). The
// engine reads what is due in bounded pages, commits each case with its entries and its next time,
// and sleeps until the earliest that is left: its cost is by what happens, not by how many cases
// there are. A case that somebody changes at the same moment is read again. What happened stands on
// the case, written in the same commit as its entry: a crash repeats nothing and loses nothing.
//
// After a change of a policy or a calendar it computes the deadlines of open cases anew: those
// whose Case.deadlines_time (indexed) is older than the change.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>

#include <atomic>
#include <map>
#include <string>

#include "common/base/executor.h"
#include "common/resource/resources.h"
#include "services/complaints/deadline_books.h"
#include "sqm/complaints/v1/calendar.pb.h"
#include "sqm/complaints/v1/case_entry.pb.h"

namespace sqm::complaints {

class DeadlineEngine {
 public:
  // Follows the commits of the store, so it is made before the first one. All must outlive it.
  DeadlineEngine(resource::Resources& resources, DeadlineBooks& books, Executor& executor,
                 Timer& timer);
  // Stops, if it was started, and waits for what it is at.
  ~DeadlineEngine();
  DeadlineEngine(const DeadlineEngine&) = delete;

  void Start();
  void Stop();
  // Does what is due at `now`. Start calls it; a test may, too.
  Task<absl::Status> RunTenant(std::string tenant, absl::Time now);

 private:
  using Rule = std::function<std::vector<v1::CaseEntry>(v1::Case&)>;

  Task<void> Run();
  std::vector<std::string> TakeDueTenants(absl::Time now);
  void WakeAt(const std::string& tenant, absl::Time time);
  // Pages of cases that the filter finds, in order of `field`: applies the rule to each and
  // commits. True = all are done; false = the last page was not, there may be more.
  Task<absl::StatusOr<bool>> Work(const std::string& tenant, absl::Time now, std::string filter,
                                  std::string field, Rule rule);
  Task<absl::StatusOr<std::vector<store::Listed>>> Find(const std::string& tenant,
                                                        std::string filter, std::string field,
                                                        int limit);

  resource::Resources& resources_;
  DeadlineBooks& books_;
  Executor& executor_;
  Timer& timer_;
  contract::MethodInfo self_;  // what the feed says did it
  std::atomic<bool> stopping_{false};
  bool started_ = false;  // of the thread that starts and stops
  absl::Notification stopped_;
  absl::Mutex mutex_;
  // When to look at a tenant next; absent = never, unless a commit says otherwise.
  std::map<std::string, absl::Time> wake_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sqm::complaints
