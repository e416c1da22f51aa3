// How a host ends.
#include "services/host/host.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
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

TEST(Host, NeedsAPortToListenOn) {
  for (const auto& [address, good] : {std::pair("127.0.0.1:0", true),
                                      {"[::]:7070", true},
                                      {"localhost", false},
                                      {"localhost:", false},
                                      {"127.0.0.1:70700", false},
                                      {"[::1]", false}}) {
    Config config;
    ConfigSpec spec("sqm-test", "1", "A test.");
    Describe(config, spec);
    const ConfigResult result = spec.Load({absl::StrCat("--listen.address=", address)}, {});
    EXPECT_EQ(result.run, good) << address << ": " << result.errors;
  }
}

// What a start would stumble over is told before, with the key.
TEST(Host, TellsOfAddressesAndFilesBeforeItStarts) {
  for (const char* key : {"metrics.address", "auth.jwks_file", "tls.certificate", "tls.client_ca",
                          "peers.ca", "peers.certificate"}) {
    Config config;
    ConfigSpec spec("sqm-test", "1", "A test.");
    Describe(config, spec);
    const ConfigResult result =
        spec.Load({"--check-config", absl::StrCat("--", key, "=localhost")}, {});
    EXPECT_EQ(result.exit_code, 2) << key;
    EXPECT_THAT(result.errors, ::testing::HasSubstr(absl::StrCat(key, " = \"localhost\"")));
    EXPECT_THAT(result.errors, ::testing::HasSubstr("allowed"));
  }
}

TEST(Host, TakesNoEmptyConnectionString) {
  testing::TempDir directory;
  Config config;
  config.dev = true;
  config.data_dir = directory.path();
  config.store_backend = "postgres";
  config.postgres_url_file = directory.Write("url", "\n");
  std::filesystem::permissions(config.postgres_url_file, std::filesystem::perms::owner_read);
  EXPECT_THAT(std::string(Host::Open(config).status().message()),
              ::testing::HasSubstr("is empty: write the connection string"));
}

}  // namespace
}  // namespace sqm::host
