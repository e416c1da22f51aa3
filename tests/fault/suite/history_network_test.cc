// Histories of replicas between which and the database the network delays, loses and is parted.
// Each replica is in a network of its own, with one way to the clients and another to the database.
#include <absl/strings/match.h>

#include <iostream>

#include "tests/fault/history/fault_world.h"
#include "tests/fault/history/net_namespace.h"
#include "tests/fault/history/replicas.h"
#include "tests/support/fault_proxy.h"

namespace sqm::testing::history {
namespace {

constexpr int kReplicas = 2;

class NetworkHistory : public FaultTest {
 protected:
  void SetUp() override {
    const std::string missing = Replicas::Missing();
    if (!missing.empty()) GTEST_SKIP() << missing;
    replicas_ = std::make_unique<Replicas>();
  }
  void TearDown() override {
    replicas_.reset();
    proxies_.clear();
    networks_.clear();
  }
  // Whether there may be networks; their links to the database are links_.
  std::string MakeNetworks() {
    for (int i = 0; i < kReplicas; ++i) {
      auto network = std::make_unique<NetNamespace>();
      if (!network->failure().empty()) return network->failure();
      const NetNamespace::Link clients = network->Join();
      links_.push_back(network->Join());
      if (!network->failure().empty()) return network->failure();
      // The database answers at this end of the link.
      proxies_.push_back(
          std::make_unique<FaultProxy>(replicas_->postgres().socket(), links_.back().here));
      Replicas::Place place;
      place.database = proxies_.back()->address();
      place.host = clients.inside;
      place.launcher = network->Launcher();
      places_.push_back(place);
      networks_.push_back(std::move(network));
    }
    return "";
  }
  void StartAndBegin() {
    absl::Status started = replicas_->Start(places_);
    ASSERT_TRUE(started.ok()) << started;
    Begin(replicas_->Options());
  }

  std::unique_ptr<Replicas> replicas_;
  std::vector<std::unique_ptr<NetNamespace>> networks_;
  std::vector<NetNamespace::Link> links_;
  std::vector<std::unique_ptr<FaultProxy>> proxies_;
  std::vector<Replicas::Place> places_;
};

TEST_F(NetworkHistory, SurvivesPartitions) {
  const std::string failure = MakeNetworks();
  if (!failure.empty()) GTEST_SKIP() << failure;
  ASSERT_NO_FATAL_FAILURE(StartAndBegin());
  Repeat(2, [this] {
    const auto& link = links_[static_cast<size_t>(Pick(0, kReplicas - 1))];
    ASSERT_TRUE(NetNamespace::SetUp(link, false));
    Fault();
    absl::SleepFor(absl::Milliseconds(soak() ? Pick(200, 15000) : Pick(500, 2600)));
    ASSERT_TRUE(NetNamespace::SetUp(link, true));
  });
  Judge();
}

TEST_F(NetworkHistory, SurvivesDelayAndLoss) {
  std::string failure = MakeNetworks();
  if (!failure.empty()) GTEST_SKIP() << failure;
  ASSERT_NO_FATAL_FAILURE(StartAndBegin());
  const bool netem = NetNamespace::Delay(links_[0], 1, 0).empty();
  if (!netem) {
    std::cout << "no netem in this kernel: the proxy delays, and one packet of 32 is lost"
              << std::endl;
  }
  Repeat(3, [&] {
    const auto which = static_cast<size_t>(Pick(0, kReplicas - 1));
    const int delay = Pick(1, 20);
    if (netem) {
      failure = NetNamespace::Delay(links_[which], delay, Pick(0, 5));
    } else {
      proxies_[which]->Delay(absl::Milliseconds(delay));
      failure = NetNamespace::LoseSome(links_[which]);
    }
    ASSERT_EQ(failure, "");
    Fault();
    absl::SleepFor(absl::Milliseconds(Pick(200, 700)));
    NetNamespace::Heal(links_[which]);
    proxies_[which]->Delay(absl::ZeroDuration());
  });
  Judge();
}

// The same without networks: all that a replica says to the database is held, delayed or cut.
TEST_F(NetworkHistory, SurvivesAWayThatStalls) {
  for (int i = 0; i < kReplicas; ++i) {
    proxies_.push_back(std::make_unique<FaultProxy>(replicas_->postgres().socket()));
    Replicas::Place place;
    place.database = proxies_.back()->address();
    places_.push_back(place);
  }
  ASSERT_NO_FATAL_FAILURE(StartAndBegin());
  Repeat(4, [this] {
    FaultProxy& proxy = *proxies_[static_cast<size_t>(Pick(0, kReplicas - 1))];
    switch (Pick(0, 2)) {
      case 0:
        proxy.Delay(absl::Milliseconds(Pick(1, 30)));
        Pause();
        proxy.Delay(absl::ZeroDuration());
        break;
      case 1:
        proxy.Hold(true);
        absl::SleepFor(absl::Milliseconds(Pick(100, 2600)));
        proxy.Hold(false);
        break;
      default:
        proxy.Cut();
    }
    Fault();
  });
  Judge();
}

}  // namespace
}  // namespace sqm::testing::history
