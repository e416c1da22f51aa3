#include "common/resource/audit.h"

#include <gtest/gtest.h>

#include "common/query/filter.h"
#include "sqm/audit/v1/audit.pb.h"
#include "tests/support/call_for_test.h"

namespace sqm::resource {
namespace {

using audit::v1::AuditEntry;

// Whether the staff member is shown the entry.
bool IsSeen(const std::string& staff, const std::string& restricted_to,
            const std::string& method = "/sqm.complaints.v1.ComplaintsService/GetCase") {
  static const auto registry = *contract::Registry::Build({AuditEntry::descriptor()->file()});
  auth::Principal principal;
  principal.staff = staff;
  rpc::Call call;
  rpc::CallForTest::Fill(call, std::move(principal), "", absl::Now(), absl::InfiniteFuture());
  const auto filter =
      query::ParseFilter(EntriesSeenBy(call), registry->FindType(AuditEntry::descriptor())->fields);
  EXPECT_TRUE(filter.ok()) << filter.status();
  AuditEntry entry;
  entry.set_method(method);
  entry.set_restricted_to(restricted_to);
  return filter.ok() && query::Matches(*filter, entry);
}

TEST(Audit, AnEntryIsForThoseWhoMaySeeWhatItNames) {
  EXPECT_TRUE(IsSeen("ada", "|"));
  EXPECT_TRUE(IsSeen("", "|"));
  EXPECT_TRUE(IsSeen("rita", "|staff/bob|staff/rita|"));
  EXPECT_TRUE(IsSeen("staff/rita", "|staff/rita|"));
  EXPECT_FALSE(IsSeen("ada", "|staff/rita|"));
  EXPECT_FALSE(IsSeen("rit", "|staff/rita|"));
  EXPECT_FALSE(IsSeen("", "|staff/rita|"));
  EXPECT_FALSE(IsSeen("a\" OR restricted_to:\"", "|staff/rita|"));
}

// One of before this was kept may name a disclosure, and does not say so.
TEST(Audit, OldEntriesAboutCasesAreForNobody) {
  EXPECT_FALSE(IsSeen("ada", ""));
  EXPECT_TRUE(IsSeen("ada", "", "/sqm.monitoring.v1.MonitoringService/GetContact"));
}

}  // namespace
}  // namespace sqm::resource
