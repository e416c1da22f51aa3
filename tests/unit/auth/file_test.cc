#include "common/auth/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "tests/support/temp_dir.h"

namespace sqm::auth {
namespace {

using testing::TempDir;

TEST(ReadFile, WholeUpToTheBound) {
  const TempDir dir;
  const std::string path = dir.Write("a", "12345");
  EXPECT_EQ(*ReadFile(path, 5), "12345");
  EXPECT_EQ(ReadFile(path, 4).status().message(), path + " is larger than 4 bytes");
  EXPECT_EQ(ReadFile(dir.File("none"), 4).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadFile(dir.path(), 4).status().message(), dir.path() + " is not a regular file");
}

TEST(ReadFile, DoesNotWaitForAFifo) {
  const TempDir dir;
  ASSERT_EQ(mkfifo(dir.File("fifo").c_str(), 0600), 0);
  EXPECT_FALSE(ReadFile(dir.File("fifo"), 4).ok());
}

TEST(ReadSecretFile, OnlyTheOwners) {
  const TempDir dir;
  const std::string path = dir.Write("key", "secret");
  for (mode_t mode : {0640, 0604, 0620}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_EQ(ReadSecretFile(path, 10).status().code(), absl::StatusCode::kPermissionDenied);
  }
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  EXPECT_EQ(*ReadSecretFile(path, 10), "secret");
}

TEST(CreateFile, OnceWithItsMode) {
  const TempDir dir;
  ASSERT_TRUE(CreateFile(dir.File("a"), "one", 0600).ok());
  EXPECT_EQ(CreateFile(dir.File("a"), "two", 0600).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(*ReadFile(dir.File("a"), 10), "one");
  struct stat info;
  ASSERT_EQ(stat(dir.File("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir.path()))
    ++files;
  EXPECT_EQ(files, 1);
  EXPECT_EQ(CreateFile(dir.File("no/such"), "x", 0600).code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace sqm::auth
