// Removes the personal data of cases whose time to keep it is over, once each.
//
// Three steps a case, so that a crash between any two is made good by the next run: the case itself
// (from then on nothing can be added to it), its entries page by page, and at last the entry that
// says so. Only then does the case lose the time (Case.retained_since, indexed) by which it is
// found.
//
// What it cannot reach: the changes of before in the feed, which go with feed.keep_age, and copies
// outside: backups, what consumers of the feed have kept, attachments behind their links.
#pragma once

#include <string>

#include "services/complaints/tenant_work.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/case_entry.pb.h"

namespace sqm::complaints {

class Anonymiser {
 public:
  // Follows the commits of the store, so it is made before the first one. `keep`: how long after
  // the end of a case; 0 = for ever. All must outlive it.
  Anonymiser(resource::Resources& resources, schedule::Lease& lease, Executor& executor,
             Timer& timer, absl::Duration keep);
  Anonymiser(const Anonymiser&) = delete;

  // Nothing where everything is kept for ever.
  void Start();
  void Stop() { loop_.Stop(); }
  // Does what is due at `now`. The loop calls it; a test may, too.
  Task<absl::Status> RunTenant(std::string tenant, absl::Time now);

 private:
  Task<absl::Status> Anonymise(std::string tenant, absl::Time now, v1::Case one);
  // Erases the entries of the case, a page a commit.
  Task<absl::Status> EraseEntries(std::string tenant, absl::Time now, std::string case_id);
  Task<absl::Status> Commit(std::string tenant, absl::Time now, resource::Mutation mutation);

  resource::Resources& resources_;
  const absl::Duration keep_;
  contract::MethodInfo self_;  // what the feed says did it
  TenantWork loop_;
};

}  // namespace sqm::complaints
