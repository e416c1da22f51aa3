// Real processes on free ports with folders of their own; nothing is left behind.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace sqm::bench {

using testing::TempDir;

// A port of 127.0.0.1 that nothing listens on now.
int FreePort();

// A child process; stopped when the object goes. It dies with this process too.
class Process {
 public:
  // Standard output and error go to `log`.
  static absl::StatusOr<std::unique_ptr<Process>> Start(const std::vector<std::string>& argv,
                                                        const std::string& log);
  ~Process();
  Process(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // False when it ended by itself.
  bool Running();
  // Resident memory, megabytes (10^6 bytes).
  double ResidentMegabytes() const;
  // SIGTERM, and SIGKILL when it is still there after `patience`. Idempotent.
  void Stop(absl::Duration patience = absl::Seconds(10));
  void Kill();
  // The last lines of its output, for an error message.
  std::string LogTail() const;

 private:
  Process(pid_t pid, std::string log) : pid_(pid), log_(std::move(log)) {}

  pid_t pid_;
  const std::string log_;
};

// Waits until something listens on the port, looking every half millisecond.
absl::Status WaitForPort(int port, Process* process, absl::Duration patience);

}  // namespace sqm::bench
