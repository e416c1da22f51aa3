#include "common/rpc/server.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "tests/unit/feed/world.h"

namespace sqm::rpc {
namespace {

TEST(ServerTest, LeavesNoDirectoryBehind) {
  const feed::TempDir directory;
  const char* const before = getenv("TMPDIR");
  const std::string restored = before == nullptr ? "" : before;
  setenv("TMPDIR", directory.File("").c_str(), 1);
  ServerOptions options;
  options.reflection = false;
  options.in_process = true;
  options.address = "127.0.0.1:0";
  auto first = Server::Start(options, {});
  EXPECT_TRUE(first.ok()) << first.status();
  if (first.ok()) {
    // The port is taken.
    options.address = absl::StrCat("127.0.0.1:", (*first)->port());
    EXPECT_EQ(Server::Start(options, {}).status().code(), absl::StatusCode::kUnavailable);
    first->reset();
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.File("")));
  if (before == nullptr) {
    unsetenv("TMPDIR");
  } else {
    setenv("TMPDIR", restored.c_str(), 1);
  }
}

}  // namespace
}  // namespace sqm::rpc
