#include "services/host/open_files.h"

#include <sys/resource.h>

#include <filesystem>
#include <iterator>
#include <system_error>

#include "common/observe/log.h"

namespace sqm::host {
namespace {

// Databases, worker threads and listeners need some fifty; each client needs one.
constexpr rlim_t kFew = 1024;

double Open() {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (error) return 0;
  return static_cast<double>(std::distance(begin(files), end(files)));
}

double Limit() {
  rlimit files{};
  return getrlimit(RLIMIT_NOFILE, &files) == 0 ? static_cast<double>(files.rlim_cur) : 0;
}

}  // namespace

void RaiseFileLimit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max >= kFew) return;
  observe::Log(observe::Level::kWarning,
               "few files may be open: once none is left, nobody can connect until the next start; "
               "raise the limit (ulimit -Hn, LimitNOFILE)",
               {{"limit", static_cast<int64_t>(files.rlim_max)}});
}

std::vector<observe::Metrics::Registration> ShowFiles(observe::Metrics& metrics) {
  std::vector<observe::Metrics::Registration> shown;
  shown.push_back(metrics.ReadGauge("sqm_open_files", "Open files and connections.", {}, Open));
  shown.push_back(
      metrics.ReadGauge("sqm_open_files_limit", "How many of them there may be.", {}, Limit));
  return shown;
}

}  // namespace sqm::host
