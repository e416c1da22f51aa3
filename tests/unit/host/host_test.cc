// How a host ends.
#include "services/host/host.h"

#include <gtest/gtest.h>

#include <utility>

#include "common/base/task.h"
#include "tests/support/temp_dir.h"

namespace sqm::host {
namespace {

TEST(Host, ThatHasStoppedHasClosedItsStoresWhileAllThatListensIsThere) {
  testing::TempDir directory;
  Config config;
  config.dev = true;
  config.data_dir = directory.path();
  config.listen = "127.0.0.1:0";
  auto host = Host::Open(config);
  ASSERT_TRUE(host.ok()) << host.status();
  auto module = (*host)->AddModule("test", {});
  ASSERT_TRUE(module.ok()) << module.status();
  store::Store& store = *(*module)->store;
  ASSERT_TRUE((*host)->Serve().ok());
  (*host)->Stop();
  // A store that was still open would take this, and tell the caches of it after they have gone.
  bool refused = false;
  store::WriteSet write_set;
  write_set.tenant = "north";
  sqm::Start(store.Commit(std::move(write_set)), [&](const store::CommitOutcome& outcome) {
    refused = outcome.kind == store::CommitOutcome::kFailed;
  });
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace sqm::host
