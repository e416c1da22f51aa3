#include "tests/support/suite_process.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <absl/synchronization/notification.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/auth/issuer.h"
#include "common/rpc/keep_grpc.h"

namespace sqm::testing {
namespace {

// A client that is not in a call reads its connection this rarely, 5 s by default: a server that
// says goodbye would wait that long for it.
[[maybe_unused]] const bool kReadOften =
    setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "50", 1) == 0;

// Generous: a loaded machine runs several tests at once.
constexpr absl::Duration kStartPatience = absl::Seconds(60);

// Starts argv with its output in two files. 0 = it could not be forked.
pid_t Spawn(const std::vector<std::string>& argv,
            const std::map<std::string, std::string>& environment, const std::string& out,
            const std::string& err) {
  std::vector<char*> arguments;
  for (const std::string& word : argv) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int out_file = open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int err_file = open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(out_file, STDOUT_FILENO);
    dup2(err_file, STDERR_FILENO);
    for (const auto& [key, value] : environment) setenv(key.c_str(), value.c_str(), 1);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(out_file);
  close(err_file);
  return pid < 0 ? 0 : pid;
}

// The wait status, once the process has ended.
std::optional<int> WaitFor(pid_t pid, absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (absl::Now() > end) return std::nullopt;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return status;
}

// As shells say it: 128 and the signal for a process that one has ended.
int ExitCodeOf(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void WriteFile(const std::string& path, absl::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

Finished RunProgram(const std::vector<std::string>& argv,
                    const std::map<std::string, std::string>& environment,
                    absl::Duration patience) {
  TempDir dir;
  Finished finished;
  const pid_t pid = Spawn(argv, environment, dir.File("out"), dir.File("err"));
  if (pid == 0) return finished;
  std::optional<int> status = WaitFor(pid, patience);
  if (status.has_value()) {
    finished.exit_code = ExitCodeOf(*status);
  } else {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  finished.out = ReadFile(dir.File("out"));
  finished.err = ReadFile(dir.File("err"));
  return finished;
}

int FreePort() {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    abort();
  }
  close(fd);
  return ntohs(address.sin_port);
}

void MakeKeys(const std::string& dir, absl::Duration lifetime) {
  std::filesystem::create_directories(dir);
  auto issuer = auth::Issuer::Open(dir, auth::Issuer::Options());
  if (!issuer.ok()) abort();
  WriteFile(dir + "/jwks.json", (*issuer)->jwks());
  Caller service = As(auth::Role::kService, "reporting");
  service.tenant = "*";
  const std::string file = dir + "/service.token";
  // Issued a while ago: also a clock that was set back takes it.
  const absl::Duration age = absl::Hours(2);
  WriteFile(
      file,
      Authorization(dir, service, absl::Now() - age, lifetime + age).substr(sizeof("Bearer")));
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
}

// ---- The server ------------------------------------------------------------------------------

ServerProcess::ServerProcess(ServerOptions options) : options_(std::move(options)) {
  own_dir_ = std::make_unique<TempDir>();
  if (options_.data_dir.empty()) options_.data_dir = own_dir_->File("data");
  port_ = options_.port;
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(ServerOptions options) {
  std::unique_ptr<ServerProcess> server(new ServerProcess(std::move(options)));
  absl::Status status = server->Launch();
  if (!status.ok()) return status;
  return server;
}

absl::Status ServerProcess::Launch() {
  const std::string out = own_dir_->File("out");
  std::error_code ignored;
  std::filesystem::remove(out, ignored);
  std::vector<std::string> argv = options_.launcher;
  for (const std::string& word :
       {absl::StrCat(SQM_BIN_DIR, "/", options_.program), std::string("--data.dir"),
        options_.data_dir, std::string("--listen.address"), address()}) {
    argv.push_back(word);
  }
  if (options_.key_dir.empty()) {
    argv.emplace_back("--dev");
  } else {
    argv.push_back(absl::StrCat("--auth.jwks_file=", options_.key_dir, "/jwks.json"));
    argv.push_back(absl::StrCat("--auth.service_token_file=", options_.key_dir, "/service.token"));
  }
  argv.insert(argv.end(), options_.flags.begin(), options_.flags.end());
  pid_ = Spawn(argv, options_.environment, out, own_dir_->File("err"));
  if (pid_ == 0) return absl::UnavailableError("cannot fork");
  const absl::Time end = absl::Now() + kStartPatience;
  while (absl::Now() < end) {
    const std::string said = ReadFile(out);
    absl::string_view rest = said;
    const size_t at = said.find("ready on port ");
    if (at != std::string::npos && absl::StrContains(said.substr(at), '\n')) {
      rest.remove_prefix(at);
      absl::ConsumePrefix(&rest, "ready on port ");
      const size_t digits = rest.find_first_not_of("0123456789");
      if (absl::SimpleAtoi(rest.substr(0, digits), &port_)) return absl::OkStatus();
    }
    if (!Running()) {
      return absl::UnavailableError(absl::StrCat(argv[0], " ended at once: ", said, Log()));
    }
    absl::SleepFor(absl::Milliseconds(2));
  }
  Kill();
  return absl::DeadlineExceededError(absl::StrCat(argv[0], " does not become ready: ", Log()));
}

ServerProcess::~ServerProcess() {
  if (pid_ <= 0) return;
  // A server that falls at its end is at fault in whatever test that is.
  const absl::StatusOr<int> code = Stop();
  if (!code.ok() || *code != 0) {
    ADD_FAILURE() << options_.program << " ended with " << code.value_or(-1) << ": "
                  << code.status() << "\n"
                  << Log();
  }
}

absl::Status ServerProcess::Restart() { return Launch(); }

void ServerProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

absl::StatusOr<int> ServerProcess::Stop(absl::Duration patience) {
  if (pid_ <= 0) return absl::FailedPreconditionError("it does not run");
  kill(pid_, SIGTERM);
  std::optional<int> status = WaitFor(pid_, patience);
  if (!status.has_value()) {
    Kill();
    return absl::DeadlineExceededError(absl::StrCat("it does not stop: ", Log()));
  }
  pid_ = 0;
  return ExitCodeOf(*status);
}

void ServerProcess::Signal(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

bool ServerProcess::Running() {
  if (pid_ <= 0) return false;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = 0;
  return false;
}

std::string ServerProcess::address() const { return absl::StrCat(options_.host, ":", port_); }

double ServerProcess::ResidentMegabytes() const {
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

std::string ServerProcess::Log() const { return ReadFile(own_dir_->File("err")); }

// ---- The client ------------------------------------------------------------------------------

Caller As(auth::Role role, std::string staff, std::string team) {
  Caller caller;
  caller.roles = auth::BitOf(role);
  caller.staff = staff.empty() ? std::string(auth::RoleName(role)) : std::move(staff);
  for (char& c : caller.staff) c = c == '_' ? '-' : c;
  caller.team = std::move(team);
  return caller;
}

std::string Authorization(const std::string& key_dir, const Caller& caller, absl::Time now,
                          absl::Duration lifetime) {
  auto issuer = auth::Issuer::Open(key_dir, auth::Issuer::Options());
  if (!issuer.ok()) return std::string(issuer.status().message());
  auth::TokenClaims claims;
  claims.subject = caller.staff;
  claims.staff = caller.staff;
  claims.team = caller.team;
  claims.tenant = caller.tenant;
  claims.roles = caller.roles;
  auto token = (*issuer)->Mint(claims, lifetime, now);
  return token.ok() ? absl::StrCat("Bearer ", *token) : std::string(token.status().message());
}

Client::Client(const ServerProcess& server, const Caller& caller)
    : Client(server.address(), Authorization(server.key_dir(), caller)) {}

Client::Client(const std::string& target, const std::string& authorization,
               const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  rpc::KeepGrpc();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(64 << 20);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A restarted server is found again quickly.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  channel_ = grpc::CreateCustomChannel(target, credentials, arguments);
  monitoring_ = monitoring::v1::MonitoringService::NewStub(channel_);
  complaints_ = complaints::v1::ComplaintsService::NewStub(channel_);
  reporting_ = reporting::v1::ReportingService::NewStub(channel_);
  audit_ = audit::v1::AuditService::NewStub(channel_);
  feed_ = feed::v1::FeedService::NewStub(channel_);
  Set("authorization", authorization);
}

Client& Client::Set(const std::string& key, const std::string& value) {
  if (value.empty()) {
    metadata_.erase(key);
  } else {
    metadata_[key] = value;
  }
  return *this;
}

std::unique_ptr<grpc::ClientContext> Client::Context() const {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_wait_for_ready(wait_);
  context->set_deadline(absl::ToChronoTime(absl::Now() + patience_));
  for (const auto& [key, value] : metadata_) context->AddMetadata(key, value);
  return context;
}

absl::StatusOr<std::string> Client::CallRaw(const std::string& method,
                                            absl::string_view bytes) const {
  grpc::GenericStub stub(channel_);
  std::unique_ptr<grpc::ClientContext> context = Context();
  grpc::Slice slice(bytes.data(), bytes.size());
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  absl::Notification done;
  stub.UnaryCall(context.get(), method, grpc::StubOptions(), &request, &response,
                 [&](grpc::Status result) {
                   status = std::move(result);
                   done.Notify();
                 });
  done.WaitForNotification();
  if (!status.ok()) return rpc::FromGrpc(status);
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!response.Dump(&slices).ok()) return absl::InternalError("no response");
  for (const grpc::Slice& part : slices) {
    text.append(reinterpret_cast<const char*>(part.begin()), part.size());
  }
  return text;
}

bool Eventually(const std::function<bool()>& done, absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  while (!done()) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(20));
  }
  return true;
}

}  // namespace sqm::testing
