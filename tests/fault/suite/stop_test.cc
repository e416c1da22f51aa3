// An orderly stop under load, and the refusal of a second process on the same data.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <signal.h>

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

TEST(StopTest, EndsWhatIsInProgressAndStartsAgain) {
  ServerOptions options;
  options.flags = {"--stop.deadline=3s"};
  auto started = ServerProcess::Start(options);
  ASSERT_TRUE(started.ok()) << started.status();
  ServerProcess& server = **started;
  std::atomic<bool> stopping{false};
  std::atomic<int> acknowledged{0}, early{0};
  std::atomic<int> odd{0};
  // A call that is not answered must say that the server was not there, or that it was cut off.
  auto gone = [&](const absl::Status& status) {
    if (!stopping) ++early;
    if (status.code() != absl::StatusCode::kUnavailable &&
        status.code() != absl::StatusCode::kCancelled) {
      ++odd;
      ADD_FAILURE() << status;
    }
  };
  std::vector<std::thread> load;
  for (int i = 0; i < 6; ++i) {
    load.emplace_back([&, i] {
      Client client(server, As(auth::Role::kQaOfficer, absl::StrCat("c-", i)));
      client.Wait(false);
      for (int k = 0;; ++k) {
        v1::CreateContactRequest create;
        *create.mutable_contact() = SampleContact(absl::StrCat("s-", i, "-", k), "ann", k % 1200);
        auto contact = client.Call(&Monitoring::CreateContact, create);
        if (!contact.ok()) return gone(contact.status());
        ++acknowledged;
      }
    });
  }
  // An importer that would go on for ever.
  load.emplace_back([&] {
    Client client(server, As(auth::Role::kQaOfficer, "importer"));
    auto context = client.Context();
    auto stream = client.monitoring().ImportContacts(context.get());
    for (int batch = 0;; ++batch) {
      v1::ImportContactsRequest request;
      *request.add_contacts() = SampleContact(absl::StrCat("stream-", batch), "ann", batch % 1200);
      v1::ImportContactsResponse response;
      if (!stream->Write(request) || !stream->Read(&response)) break;
      acknowledged += response.outcomes(0) == v1::IMPORT_OUTCOME_CREATED ? 1 : 0;
    }
    gone(rpc::FromGrpc(stream->Finish()));
  });
  // A reader of the feed: it is told to come again, and where to go on.
  std::string token;
  int64_t changes = 0;
  absl::Status feed_end;
  load.emplace_back([&] {
    Client client(server, As(auth::Role::kService, "reader"));
    auto context = client.Context();
    feed::v1::WatchChangesRequest request;
    request.set_service("monitoring");
    request.set_from_oldest(true);
    auto stream = client.feed().WatchChanges(context.get(), request);
    feed::v1::ChangeBatch batch;
    while (stream->Read(&batch)) {
      changes += batch.changes_size();
      if (!batch.resume_token().empty()) token = batch.resume_token();
    }
    feed_end = rpc::FromGrpc(stream->Finish());
  });
  absl::SleepFor(absl::Seconds(1));
  stopping = true;
  const absl::Time begin = absl::Now();
  auto code = server.Stop(absl::Seconds(15));
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 0) << server.Log();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(6));
  for (std::thread& one : load) one.join();
  EXPECT_EQ(early, 0);
  EXPECT_EQ(odd, 0);
  EXPECT_GT(acknowledged, 0);
  EXPECT_TRUE(
      IsRefused(feed_end, {absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE}));

  absl::Status restarted = server.Restart();
  ASSERT_TRUE(restarted.ok()) << restarted;
  Client reader(server, As(auth::Role::kManager));
  auto stored = ListAll(reader, "");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_GE(stored->size(), static_cast<size_t>(acknowledged));
  // From its token the reader gets the rest, and only that.
  Client service(server, As(auth::Role::kService, "reader"));
  auto context = service.Context();
  feed::v1::WatchChangesRequest request;
  request.set_service("monitoring");
  request.set_resume_token(token);
  auto stream = service.feed().WatchChanges(context.get(), request);
  feed::v1::ChangeBatch batch;
  while (changes < static_cast<int64_t>(stored->size()) && stream->Read(&batch)) {
    changes += batch.changes_size();
  }
  EXPECT_EQ(changes, static_cast<int64_t>(stored->size()));
  context->TryCancel();
  while (stream->Read(&batch)) EXPECT_EQ(batch.changes_size(), 0);
  stream->Finish();
}

TEST(StopTest, InterruptStopsToo) {
  auto server = ServerProcess::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  (*server)->Signal(SIGINT);
  EXPECT_TRUE(Eventually([&] { return !(*server)->Running(); }, absl::Seconds(10)));
}

TEST(StopTest, AHangUpStopsInOrderToo) {
  auto server = ServerProcess::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  (*server)->Signal(SIGHUP);
  auto code = (*server)->Stop();
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 0);
}

TEST(StopTest, AHangUpIsNothingToWhatNohupStarted) {
  signal(SIGHUP, SIG_IGN);  // as nohup does; whoever is started inherits it
  auto server = ServerProcess::Start();
  signal(SIGHUP, SIG_DFL);
  ASSERT_TRUE(server.ok()) << server.status();
  (*server)->Signal(SIGHUP);
  EXPECT_FALSE(Eventually([&] { return !(*server)->Running(); }, absl::Seconds(2)));
}

TEST(StopTest, OneProcessOnOneDataDirectory) {
  auto first = ServerProcess::Start();
  ASSERT_TRUE(first.ok()) << first.status();
  ServerOptions options;
  options.data_dir = (*first)->data_dir();
  auto second = ServerProcess::Start(options);
  ASSERT_FALSE(second.ok());
  EXPECT_TRUE(absl::StrContains(second.status().message(), "in use by another process"))
      << second.status();
  EXPECT_TRUE(absl::StrContains(second.status().message(), options.data_dir)) << second.status();
  // The first is not disturbed.
  Client client(**first, As(auth::Role::kQaOfficer));
  v1::CreateContactRequest create;
  *create.mutable_contact() = SampleContact("first", "ann");
  EXPECT_TRUE(client.Call(&Monitoring::CreateContact, create).ok());
  // Nor is its port taken from it.
  options.data_dir.clear();
  options.port = (*first)->port();
  auto third = ServerProcess::Start(options);
  ASSERT_FALSE(third.ok());
  EXPECT_TRUE(absl::StrContains(third.status().message(), "cannot listen")) << third.status();
  EXPECT_TRUE(client.Call(&Monitoring::ListContacts, v1::ListContactsRequest()).ok());
}

}  // namespace
}  // namespace sqm::testing
