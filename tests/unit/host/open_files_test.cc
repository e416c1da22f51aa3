#include "services/host/open_files.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

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
  const auto value = [&](const std::string& name) {
    const std::string text = metrics.Text();
    const size_t at = text.find(absl::StrCat("\n", name, " "));
    return at == std::string::npos ? -1 : std::atof(text.c_str() + at + name.size() + 2);
  };
  EXPECT_EQ(value("sqm_open_files_limit"), static_cast<double>(before.rlim_max));
  const double open = value("sqm_open_files");
  const std::ifstream one_more("/dev/null");
  EXPECT_EQ(value("sqm_open_files"), open + 1);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(OpenFiles, ThatThereMayBeFewIsSaid) {
  // In a process of its own, which may ask for no more again.
  const auto start = [](rlim_t most) {
    const rlimit files = {most, most};
    setrlimit(RLIMIT_NOFILE, &files);
    RaiseFileLimit();
    _exit(0);
  };
  EXPECT_EXIT(start(1023), ::testing::ExitedWithCode(0), "few files may be open");
  EXPECT_EXIT(start(1024), ::testing::ExitedWithCode(0), "^$");
}

}  // namespace
}  // namespace sqm::host
