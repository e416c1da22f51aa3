#include "services/host/open_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace sqm::host {
namespace {

TEST(OpenFiles, AreAsManyAsTheSystemAllowsAndAreShown) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 256;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  RaiseFileLimit();
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  observe::Metrics metrics;
  const auto shown = ShowFiles(metrics);
  EXPECT_THAT(metrics.Text(), ::testing::HasSubstr("\nsqm_open_files "));
  EXPECT_THAT(metrics.Text(), ::testing::HasSubstr("\nsqm_open_files_limit "));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace sqm::host
