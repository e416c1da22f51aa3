// More calls than the process can take at once: what is refused is refused exactly and at once,
// what is admitted is answered, and health stays up.
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

const Refusal kOverloaded{absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_OVERLOADED};

// Health of the whole server, over the wire.
bool Serving(const Client& client) {
  // HealthCheckResponse {status: SERVING}.
  auto response = client.CallRaw("/grpc.health.v1.Health/Check", "");
  return response.ok() && *response == std::string("\x08\x01", 2);
}

TEST(OverloadTest, RefusesExactlyWhatIsTooMuch) {
  ServerOptions options;
  options.flags = {"--limits.calls=2"};
  auto server = ServerProcess::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  Client officer(**server, As(auth::Role::kQaOfficer));
  std::vector<v1::Contact> contacts;
  for (int i = 0; i < 200; ++i) contacts.push_back(SampleContact(absl::StrCat("o-", i), "ann", i));
  ASSERT_TRUE(ImportAll(officer, contacts).ok());

  std::atomic<int> answered{0}, refused{0}, other{0}, unhealthy{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> callers;
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&, chinese = i % 2 == 1] {
      Client client(**server, As(auth::Role::kQaOfficer));
      client.Speak(chinese ? "zh-CN" : "en");
      v1::ListContactsRequest list;
      list.set_page_size(200);
      while (!stop) {
        auto page = client.Call(&Monitoring::ListContacts, list);
        if (page.ok()) {
          ++answered;
          EXPECT_EQ(page->contacts_size(), 200);
        } else if (IsRefused(page.status(), kOverloaded, chinese) &&
                   DetailOf<google::rpc::RetryInfo>(page.status()).retry_delay().nanos() > 0) {
          ++refused;
        } else {
          ++other;
          ADD_FAILURE() << page.status();
        }
      }
    });
  }
  callers.emplace_back([&] {
    Client client(**server, As(auth::Role::kQaOfficer));
    while (!stop) unhealthy += !Serving(client);
  });
  EXPECT_TRUE(Eventually([&] { return answered > 100 && refused > 100; }));
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(other, 0);
  EXPECT_EQ(unhealthy, 0);

  // Nothing is counted that is over: as many as before go through, one after the other.
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(Eventually(
        [&] { return officer.Call(&Monitoring::ListContacts, v1::ListContactsRequest()).ok(); }));
  }
}

// A stranger is turned away before the token is looked at, so that strangers cost the least.
TEST(OverloadTest, LooksAtNothingOfACallThatItRefuses) {
  ServerOptions options;
  options.flags = {"--limits.calls=1"};
  auto server = ServerProcess::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  std::atomic<bool> stop{false};
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      Client client(**server, As(auth::Role::kQaOfficer));
      v1::ListContactsRequest list;
      while (!stop) client.Call(&Monitoring::ListContacts, list).IgnoreError();
    });
  }
  Client stranger(**server, As(auth::Role::kQaOfficer));
  stranger.Set("authorization", "Bearer nonsense");
  EXPECT_TRUE(Eventually([&] {
    auto bytes = stranger.CallRaw("/sqm.monitoring.v1.MonitoringService/ListContacts", "\xff\xff");
    return IsRefused(bytes.status(), kOverloaded) == true;
  }));
  stop = true;
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
}  // namespace sqm::testing
