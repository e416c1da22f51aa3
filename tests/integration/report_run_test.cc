// Frozen reports: what was said of a day stays as it was said, and half of it is never frozen.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "services/reporting/daily_source.h"
#include "tests/support/monitoring_samples.h"
#include "tests/support/refusal.h"
#include "tests/support/suite_process.h"
#include "tests/unit/reporting/sqlite_session.h"

namespace sqm::testing {
namespace {

namespace runs = reporting::v1;
using Runs = runs::ReportingService::Stub;

absl::Status AddContact(const ServerProcess& server, const std::string& id) {
  monitoring::v1::CreateContactRequest request;
  *request.mutable_contact() = SampleContact(id, "ann");
  Client officer(server, As(auth::Role::kQaOfficer));
  return officer.Call(&monitoring::v1::MonitoringService::Stub::CreateContact, request).status();
}

runs::CreateReportRunRequest Freezing(const std::string& date, const std::string& request_id = "") {
  runs::CreateReportRunRequest request;
  request.set_date(date);
  request.set_request_id(request_id);
  return request;
}

TEST(ReportRunTest, WhatWasSaidStays) {
  auto server = ServerProcess::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_TRUE(AddContact(**server, "one").ok());
  ASSERT_TRUE(SettledReport(**server, **server, kSampleDay).ok());
  Client manager(**server, As(auth::Role::kManager));
  const auto first = Freezing(kSampleDay, "123e4567-e89b-12d3-a456-426614174301");
  auto run = manager.Call(&Runs::CreateReportRun, first);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->definition(), "daily");
  EXPECT_EQ(run->date(), kSampleDay);
  EXPECT_EQ(run->end_time().seconds() - run->start_time().seconds(), 86400);
  ASSERT_GE(run->sources_size(), 1);

  ASSERT_TRUE(AddContact(**server, "two").ok());
  auto later = SettledReport(**server, **server, kSampleDay);
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->contacts().total(), 2);
  runs::GetReportContentRequest wanted;
  wanted.set_name(run->content());
  auto content = manager.Call(&Runs::GetReportContent, wanted);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->daily_report().contacts().total(), 1);
  EXPECT_EQ(reporting::ContentHash(content->daily_report()), run->content_hash());

  // The same request again gives what it gave; another one is another run.
  auto repeated = manager.Call(&Runs::CreateReportRun, first);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_EQ(repeated->SerializeAsString(), run->SerializeAsString());
  auto second = manager.Call(&Runs::CreateReportRun, Freezing(kSampleDay));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(second->content_hash(), run->content_hash());
  runs::ListReportRunsRequest list;
  list.set_filter(absl::StrCat("date = \"", kSampleDay, "\""));
  list.set_order_by("create_time");
  auto listed = manager.Call(&Runs::ListReportRuns, list);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->report_runs_size(), 2);
  EXPECT_EQ(listed->report_runs(0).name(), run->name());
  EXPECT_EQ(listed->report_runs(1).name(), second->name());
  runs::GetReportRunRequest get;
  get.set_name(run->name());
  auto got = manager.Call(&Runs::GetReportRun, get);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->SerializeAsString(), run->SerializeAsString());
}

TEST(ReportRunTest, ADayMustBeOver) {
  auto server = ServerProcess::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  Client manager(**server, As(auth::Role::kManager));
  auto request =
      Freezing(absl::FormatCivilTime(absl::ToCivilDay(absl::Now(), absl::UTCTimeZone())));
  const absl::Status refused = manager.Call(&Runs::CreateReportRun, request).status();
  EXPECT_EQ(
      Differences(
          refused,
          {absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_FIELD, {}, {"date"}},
          false),
      "");
}

// Facts of a source that is read anew: reports say that some are missing, and none is frozen.
TEST(ReportRunTest, NoneIsFrozenWhileASourceIsReadAnew) {
  TempDir keys;
  MakeKeys(keys.path());
  ServerOptions options;
  options.key_dir = keys.path();
  options.port = FreePort();
  options.program = "sqm-monitoring";
  auto monitoring = ServerProcess::Start(options);
  ASSERT_TRUE(monitoring.ok()) << monitoring.status();
  options.flags = {absl::StrCat("--monitoring.address=127.0.0.1:", options.port)};
  options.program = "sqm-reporting";
  options.port = 0;
  auto reporting = ServerProcess::Start(options);
  ASSERT_TRUE(reporting.ok()) << reporting.status();
  ASSERT_TRUE(AddContact(**monitoring, "one").ok());
  ASSERT_TRUE(SettledReport(**monitoring, **reporting, kSampleDay).ok());

  // As a release with other facts left it.
  (*monitoring)->Kill();
  (*reporting)->Kill();
  {
    reporting::TestSession session((*reporting)->data_dir() + "/reporting.db");
    const absl::Status changed =
        session.Run("UPDATE reporting_cursors SET token = 'facts-0 ' || token");
    ASSERT_TRUE(changed.ok()) << changed;
    ASSERT_EQ(session.Changes(), 1);
  }
  ASSERT_TRUE((*reporting)->Restart().ok());
  Client manager(**reporting, As(auth::Role::kManager));
  runs::GetDailyReportRequest wanted;
  wanted.set_date(kSampleDay);
  const auto said = [&] {
    std::vector<std::string> keys;
    auto report = manager.Call(&Runs::GetDailyReport, wanted);
    EXPECT_TRUE(report.ok()) << report.status();
    if (report.ok()) {
      for (const runs::Notice& notice : report->notices()) keys.push_back(notice.key());
    }
    return keys;
  };
  EXPECT_THAT(said(), ::testing::Contains("read-anew"));
  EXPECT_EQ(Differences(manager.Call(&Runs::CreateReportRun, Freezing(kSampleDay)).status(),
                        {absl::StatusCode::kFailedPrecondition,
                         type::v1::ERROR_REASON_RULE_VIOLATED,
                         {{"rule", "report-incomplete"}}},
                        false),
            "");
  ASSERT_TRUE((*monitoring)->Restart().ok());
  auto report = SettledReport(**monitoring, **reporting, kSampleDay);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->contacts().total(), 1);
  EXPECT_THAT(said(), ::testing::Not(::testing::Contains("read-anew")));
  EXPECT_TRUE(manager.Call(&Runs::CreateReportRun, Freezing(kSampleDay)).ok());
}

// The command line asks sources how far they are; elsewhere it cannot, and says so.
TEST(ReportRunTest, WaitsForSourcesOfTheSameServer) {
  ServerOptions options;
  options.program = "sqm-reporting";
  options.flags = {absl::StrCat("--monitoring.address=127.0.0.1:", FreePort())};
  auto alone = ServerProcess::Start(options);
  ASSERT_TRUE(alone.ok()) << alone.status();
  auto together = ServerProcess::Start();
  ASSERT_TRUE(together.ok()) << together.status();
  const auto told = [](const ServerProcess& server) {
    const Finished made = RunProgram({SQM_BIN_DIR "/sqm", "--login", server.login_file(), "report",
                                      "daily", "--date", kSampleDay, "--wait", "5"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return made.err;
  };
  constexpr char kNote[] = "--wait knows only sources of the same server";
  EXPECT_THAT(told(**alone), ::testing::HasSubstr(kNote));
  EXPECT_THAT(told(**together), ::testing::Not(::testing::HasSubstr(kNote)));
}

}  // namespace
}  // namespace sqm::testing
