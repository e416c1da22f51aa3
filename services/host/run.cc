#include "services/host/run.h"

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "common/base/task.h"
#include "common/observe/log.h"
#include "services/host/open_files.h"

namespace sqm::host {
namespace {

// SIGINT, SIGTERM and SIGHUP, from the start on: a process that waits for a database before it
// serves is ended at once, for until then it has begun nothing that another start does not find or
// undo.
class StopSignal {
 public:
  // Before any thread starts, so that every thread leaves the signals to this one.
  StopSignal() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    // Its terminal is gone: nothing to whom nohup started. Blocked, it would be heard all the same.
    struct sigaction hang_up = {};
    sigaction(SIGHUP, nullptr, &hang_up);
    if (hang_up.sa_handler != SIG_IGN) sigaddset(&signals_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::thread([this] { Hear(); }).detach();
  }
  // From now on the process is to stop in order.
  void Serving() {
    absl::MutexLock lock(&mutex_);
    serving_ = true;
  }
  void Await() { received_.WaitForNotification(); }

 private:
  void Hear() {
    int received = 0;
    sigwait(&signals_, &received);
    absl::MutexLock lock(&mutex_);
    if (!serving_) _exit(0);
    received_.Notify();
  }

  sigset_t signals_;
  absl::Mutex mutex_;
  bool serving_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Notification received_;
};

// Lines of libraries, which strangers can bring about, are lines of the log as others: of one form,
// escaped, and so many a second.
void LogForLibraries() {
  gpr_set_log_function([](gpr_log_func_args* line) {
    const bool error = line->severity == GPR_LOG_SEVERITY_ERROR;
    observe::Log(error ? observe::Level::kError : observe::Level::kInfo, "gRPC says",
                 {{"said", line->message}, {"file", line->file}, {"line", line->line}});
  });
  google::protobuf::SetLogHandler(
      [](google::protobuf::LogLevel, const char* file, int line, const std::string& message) {
        observe::Log(observe::Level::kError, "Protocol Buffers says",
                     {{"said", message}, {"file", file}, {"line", line}});
      });
}

absl::Status Run(Config config, const Wiring& open, const Wiring& run) {
  static auto& stop = *new StopSignal;  // its thread may outlive all else
  signal(SIGPIPE, SIG_IGN);
  LogForLibraries();
  RaiseFileLimit();

#ifdef NDEBUG
  // Debian builds Abseil with its checks of lock order, which look every lock up in a table.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif

  bool dev = config.dev;
  std::shared_ptr<void> handlers;  // calls run in them until the host has stopped
  ASSIGN_OR_RETURN(std::unique_ptr<Host> host, Host::Open(std::move(config)));
  const auto files = ShowFiles(host->metrics());
  ASSIGN_OR_RETURN(handlers, open(*host));
  RETURN_IF_ERROR(host->Serve());
  stop.Serving();
  ASSIGN_OR_RETURN(std::shared_ptr<void> running, run(*host));
  if (dev) {
    ASSIGN_OR_RETURN(std::string login, host->WriteDevLogin());
    std::printf("ready on port %d; development login: %s\n", host->port(), login.c_str());
  } else {
    std::printf("ready on port %d\n", host->port());
  }
  std::fflush(stdout);
  stop.Await();
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
