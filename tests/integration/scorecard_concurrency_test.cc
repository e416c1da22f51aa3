// Scorecards under many hands: no acknowledged change is lost, none counts twice.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/monitoring_samples.h"
#include "tests/support/refusal.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

namespace v1 = monitoring::v1;
using Monitoring = v1::MonitoringService::Stub;

TEST(ScorecardTest, LifeFromTemplateToRetired) {
  auto server = ServerProcess::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  Client officer(**server, As(auth::Role::kQaOfficer));
  Client manager(**server, As(auth::Role::kManager));
  auto version = PublishTemplate(**server, "process-audit");
  ASSERT_TRUE(version.ok()) << version.status();
  EXPECT_EQ(version->name(), "scorecards/process-audit/versions/1");
  EXPECT_EQ(version->publisher(), "staff/manager");
  const std::string name = "scorecards/process-audit";

  v1::UpdateScorecardRequest update;
  update.mutable_scorecard()->set_name(name);
  update.mutable_scorecard()->mutable_title()->set_en("Process audit, 2nd edition");
  update.mutable_update_mask()->add_paths("title.en");
  auto changed = officer.Call(&Monitoring::UpdateScorecard, update);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_FALSE(changed->title().zh().empty());
  EXPECT_EQ(changed->latest_version(), 1);
  // The published version stays as it was published.
  v1::GetScorecardVersionRequest get;
  get.set_name(version->name());
  auto stays = officer.Call(&Monitoring::GetScorecardVersion, get);
  ASSERT_TRUE(stays.ok()) << stays.status();
  EXPECT_EQ(stays->title().en(), version->title().en());

  v1::PublishScorecardRequest publish;
  publish.set_name(name);
  publish.set_change_note("second edition");
  publish.set_request_id("123e4567-e89b-12d3-a456-426614174002");
  auto second = manager.Call(&Monitoring::PublishScorecard, publish);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->number(), 2);
  auto replay = manager.Call(&Monitoring::PublishScorecard, publish);
  ASSERT_TRUE(replay.ok()) << replay.status();
  EXPECT_EQ(replay->SerializeAsString(), second->SerializeAsString());
  EXPECT_TRUE(IsRefused(officer.Call(&Monitoring::PublishScorecard, publish).status(),
                        {absl::StatusCode::kPermissionDenied,
                         type::v1::ERROR_REASON_PERMISSION_DENIED,
                         {{"permission", "monitoring.scorecards.publish"}}}));
  for (const std::string& parent : {name, std::string("scorecards/-")}) {
    v1::ListScorecardVersionsRequest list;
    list.set_parent(parent);
    list.set_order_by("number desc");
    auto versions = officer.Call(&Monitoring::ListScorecardVersions, list);
    ASSERT_TRUE(versions.ok()) << parent << versions.status();
    ASSERT_EQ(versions->scorecard_versions_size(), 2) << parent;
    EXPECT_EQ(versions->scorecard_versions(0).change_note(), "second edition");
  }
  v1::DeleteScorecardRequest remove;
  remove.set_name(name);
  EXPECT_TRUE(IsRefused(manager.Call(&Monitoring::DeleteScorecard, remove).status(),
                        {absl::StatusCode::kFailedPrecondition,
                         type::v1::ERROR_REASON_WRONG_STATE,
                         {{"current_state", "PUBLISHED"}}}));
  v1::RetireScorecardRequest retire;
  retire.set_name(name);
  auto retired = manager.Call(&Monitoring::RetireScorecard, retire);
  ASSERT_TRUE(retired.ok()) << retired.status();
  EXPECT_EQ(retired->state(), v1::SCORECARD_STATE_RETIRED);
  const Refusal final = {absl::StatusCode::kFailedPrecondition,
                         type::v1::ERROR_REASON_WRONG_STATE,
                         {{"current_state", "RETIRED"}}};
  EXPECT_TRUE(IsRefused(manager.Call(&Monitoring::RetireScorecard, retire).status(), final));
  publish.clear_request_id();
  EXPECT_TRUE(IsRefused(manager.Call(&Monitoring::PublishScorecard, publish).status(), final));
  update.mutable_scorecard()->mutable_title()->set_en("Third");
  EXPECT_TRUE(IsRefused(officer.Call(&Monitoring::UpdateScorecard, update).status(), final));
}

TEST(ScorecardTest, ManyHandsOnOne) {
  constexpr int kClients = 32;
  constexpr int kUpdates = 6;
  auto server = ServerProcess::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_TRUE(PublishTemplate(**server, "process-audit").ok());
  const std::string name = "scorecards/process-audit";
  Client reader(**server, As(auth::Role::kManager));
  v1::GetScorecardRequest get;
  get.set_name(name);
  auto before = reader.Call(&Monitoring::GetScorecard, get);
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_EQ(before->etag(), "\"2\"");  // created, published

  std::atomic<int> acknowledged{0}, conflicts{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      Client client(**server, As(auth::Role::kQaOfficer, absl::StrCat("officer-", i)));
      for (int k = 0; k < kUpdates; ++k) {
        v1::UpdateScorecardRequest update;
        update.mutable_scorecard()->set_name(name);
        update.mutable_scorecard()->mutable_description()->set_en(absl::StrCat(i, " wrote ", k));
        update.mutable_update_mask()->add_paths("description.en");
        auto changed = client.Call(&Monitoring::UpdateScorecard, update);
        if (changed.ok()) {
          ++acknowledged;
        } else {
          // Only this, and only after the service has tried again by itself.
          EXPECT_TRUE(IsRefused(changed.status(),
                                {absl::StatusCode::kAborted, type::v1::ERROR_REASON_CONFLICT}));
          EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(changed.status()).has_retry_delay());
          ++conflicts;
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(acknowledged + conflicts, kClients * kUpdates);
  EXPECT_GE(acknowledged, kUpdates);
  auto after = reader.Call(&Monitoring::GetScorecard, get);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->etag(), absl::StrCat("\"", 2 + acknowledged, "\""));
  RecordProperty("conflicts", conflicts);
}

}  // namespace
}  // namespace sqm::testing
