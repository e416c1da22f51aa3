// Monitoring and reporting as two processes give the report of the suite, whatever starts first and
// whatever is killed in between.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/monitoring_samples.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

namespace v1 = monitoring::v1;

std::vector<v1::Contact> Contacts(int from, int to) {
  std::vector<v1::Contact> contacts;
  for (int i = from; i < to; ++i) {
    contacts.push_back(SampleContact(absl::StrCat("x-", i), i % 3 == 0 ? "ann" : "bob", i));
  }
  return contacts;
}

TEST(ProcessesTest, NothingIsServedWithoutKeysOfTokens) {
  for (const char* program : {"/sqm-suite", "/sqm-monitoring", "/sqm-complaints"}) {
    const Finished checked = RunProgram({absl::StrCat(SQM_BIN_DIR, program), "--check-config"});
    EXPECT_EQ(checked.exit_code, 2) << program;
    EXPECT_THAT(checked.err, ::testing::HasSubstr("auth.jwks_file must be set unless dev is true"));
  }
}

TEST(ProcessesTest, SameReportAsTheSuite) {
  TempDir keys;
  MakeKeys(keys.path());
  ServerOptions monitoring_options;
  monitoring_options.program = "sqm-monitoring";
  monitoring_options.key_dir = keys.path();
  monitoring_options.port = FreePort();
  ServerOptions reporting_options;
  reporting_options.program = "sqm-reporting";
  reporting_options.key_dir = keys.path();
  reporting_options.flags = {
      absl::StrCat("--monitoring.address=127.0.0.1:", monitoring_options.port)};
  // Reporting waits for its source.
  auto reporting = ServerProcess::Start(reporting_options);
  ASSERT_TRUE(reporting.ok()) << reporting.status();
  reporting::v1::GetDailyReportRequest request;
  request.set_date(kSampleDay);
  Client manager(**reporting, As(auth::Role::kManager));
  auto empty = manager.Call(&reporting::v1::ReportingService::Stub::GetDailyReport, request);
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ(empty->contacts().total(), 0);
  auto monitoring = ServerProcess::Start(monitoring_options);
  ASSERT_TRUE(monitoring.ok()) << monitoring.status();
  auto import = [](const ServerProcess& server, int from, int to) {
    Client officer(server, As(auth::Role::kQaOfficer));
    auto responses = ImportAll(officer, Contacts(from, to));
    EXPECT_TRUE(responses.ok()) << responses.status();
  };
  auto total = [&] {
    auto report = SettledReport(**monitoring, **reporting, kSampleDay);
    EXPECT_TRUE(report.ok()) << report.status() << (*reporting)->Log();
    return report.ok() ? report->contacts().total() : -1;
  };
  import(**monitoring, 0, 500);
  EXPECT_EQ(total(), 500);
  (*monitoring)->Kill();
  // Reporting answers on from what it has.
  EXPECT_TRUE(manager.Call(&reporting::v1::ReportingService::Stub::GetDailyReport, request).ok());
  ASSERT_TRUE((*monitoring)->Restart().ok());
  import(**monitoring, 400, 900);  // some of them again
  EXPECT_EQ(total(), 900);
  (*reporting)->Kill();
  import(**monitoring, 900, 1000);
  ASSERT_TRUE((*reporting)->Restart().ok());
  EXPECT_EQ(total(), 1000);
  auto code = (*monitoring)->Stop();
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 0);
  ASSERT_TRUE((*monitoring)->Restart().ok());
  auto apart = SettledReport(**monitoring, **reporting, kSampleDay);
  ASSERT_TRUE(apart.ok()) << apart.status();

  auto suite = ServerProcess::Start();
  ASSERT_TRUE(suite.ok()) << suite.status();
  import(**suite, 0, 1000);
  auto together = SettledReport(**suite, **suite, kSampleDay);
  ASSERT_TRUE(together.ok()) << together.status();
  apart->clear_sources();
  together->clear_sources();
  EXPECT_EQ(apart->DebugString(), together->DebugString());
}

}  // namespace
}  // namespace sqm::testing
