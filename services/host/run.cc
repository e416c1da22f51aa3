#include "services/host/run.h"

#include <absl/synchronization/mutex.h>
#include <pthread.h>
#include <signal.h>

#include <cstdio>

#include "common/base/task.h"

namespace sqm::host {
namespace {

absl::Status Run(Config config, const Wiring& open, const Wiring& run) {
  // Before any thread starts, so that every thread leaves the signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

#ifdef NDEBUG
  // Debian builds Abseil with its checks of lock order, which look every lock up in a table.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif

  bool dev = config.dev;
  std::shared_ptr<void> handlers;  // calls run in them until the host has stopped
  ASSIGN_OR_RETURN(std::unique_ptr<Host> host, Host::Open(std::move(config)));
  ASSIGN_OR_RETURN(handlers, open(*host));
  RETURN_IF_ERROR(host->Serve());
  ASSIGN_OR_RETURN(std::shared_ptr<void> running, run(*host));
  if (dev) {
    ASSIGN_OR_RETURN(std::string login, host->WriteDevLogin());
    std::printf("ready on port %d; development login: %s\n", host->port(), login.c_str());
  } else {
    std::printf("ready on port %d\n", host->port());
  }
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  running.reset();
  host->Stop();
  host.reset();
  return absl::OkStatus();
}

}  // namespace

int Main(int argc, char** argv, ConfigSpec& spec, Config& config, const Wiring& open,
         const Wiring& run) {
  RequireTokens(config, spec);
  if (std::optional<int> exit = spec.LoadMain(argc, argv)) return *exit;
  absl::Status status = Run(config, open, run);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", argv[0], std::string(status.message()).c_str());
  return 1;
}

}  // namespace sqm::host
