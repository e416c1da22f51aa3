#include "tests/bench/process.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <absl/time/clock.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace sqm::bench {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof(address);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    std::abort();
  }
  close(fd);
  return ntohs(address.sin_port);
}

absl::StatusOr<std::unique_ptr<Process>> Process::Start(const std::vector<std::string>& argv,
                                                        const std::string& log) {
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (output < 0) return absl::ErrnoToStatus(errno, log);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(output);
  if (pid < 0) return absl::ErrnoToStatus(errno, "fork");
  return std::unique_ptr<Process>(new Process(pid, log));
}

Process::~Process() { Stop(); }

bool Process::Running() {
  if (pid_ <= 0) return false;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = 0;
  return false;
}

double Process::ResidentMegabytes() const {
  std::ifstream status(absl::StrCat("/proc/", pid_, "/status"));
  for (std::string line; std::getline(status, line);) {
    absl::string_view rest = line;
    double kibibytes = 0;
    if (absl::ConsumePrefix(&rest, "VmRSS:") && absl::ConsumeSuffix(&rest, " kB") &&
        absl::SimpleAtod(rest, &kibibytes)) {
      return kibibytes * 1024 / 1e6;
    }
  }
  return 0;
}

void Process::Stop(absl::Duration patience) {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  const absl::Time end = absl::Now() + patience;
  while (Running()) {
    if (absl::Now() > end) return Kill();
    absl::SleepFor(absl::Milliseconds(5));
  }
}

void Process::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::string Process::LogTail() const {
  std::ifstream file(log_);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  constexpr size_t kTail = 2000;
  return text.size() > kTail ? text.substr(text.size() - kTail) : text;
}

absl::Status WaitForPort(int port, Process* process, absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  const sockaddr_in address = Loopback(port);
  while (absl::Now() < end) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool listens =
        connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    close(fd);
    if (listens) return absl::OkStatus();
    if (!process->Running()) {
      return absl::UnavailableError(absl::StrCat("the process ended:\n", process->LogTail()));
    }
    absl::SleepFor(absl::Microseconds(500));
  }
  return absl::DeadlineExceededError(
      absl::StrCat("nothing listens on port ", port, ":\n", process->LogTail()));
}

}  // namespace sqm::bench
