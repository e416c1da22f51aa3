// A PostgreSQL server of a test's own, on a unix socket in a directory of its own, as an ordinary
// user (the server refuses root). Killed with the test.
#pragma once

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace sqm::testing {

class PostgresServer {
 public:
  // Whether the machine has a PostgreSQL server and a user to run it; else tests skip.
  static bool Available() { return !Programs().empty() && (getuid() != 0 || User() != nullptr); }

  // `durable`: whether commits reach the disk. Without it they survive a crash of the server, not
  // one of the machine, which is enough for tests.
  explicit PostgresServer(bool durable = true) : durable_(durable) {
    char name[] = "/tmp/sqm-postgres-XXXXXX";
    directory_ = mkdtemp(name);
    if (getuid() == 0 && chown(directory_.c_str(), User()->pw_uid, User()->pw_gid) != 0) return;
    if (CopyData(Template(), data()) || MakeData()) Start();
  }
  // Whether standbys can be made too.
  static bool StandbyAvailable() {
    return Available() && std::filesystem::exists(Programs() + "/pg_basebackup");
  }
  // A hot standby that follows `primary`, which must run and stay where it is.
  static std::unique_ptr<PostgresServer> StandbyOf(const PostgresServer& primary) {
    std::unique_ptr<PostgresServer> standby(new PostgresServer(&primary));
    return standby;
  }
  ~PostgresServer() {
    Stop(SIGKILL);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  PostgresServer(const PostgresServer&) = delete;

  // One server for all tests of a program.
  static PostgresServer& Shared() {
    static PostgresServer server(false);
    return server;
  }

  // How to reach a database of it.
  std::string Conninfo(const std::string& database = "postgres") const {
    return absl::StrCat("host=", directory_, " user=sqm dbname=", database);
  }
  // Where it listens.
  std::string socket() const { return directory_ + "/.s.PGSQL.5432"; }
  // A file with the connection string, as a configuration names it.
  std::string ConninfoFile() const {
    std::string path = directory_ + "/conninfo";
    std::ofstream(path) << Conninfo() << "\n";
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path;
  }

  // Runs statements as the administrator; what they print, unaligned. Empty where they fail.
  std::string Sql(const std::string& sql) const {
    const std::string out = directory_ + "/out";
    const int failed = Wait(Spawn({"psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
                                   Conninfo(), "-o", out, "-c", sql}));
    std::ifstream file(out);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return failed != 0 ? "" : text;
  }

  // Starts it, if it does not run, on what was there. True once it answers.
  bool Start() {
    if (pid_ > 0) return true;
    pid_ = Spawn({Programs() + "/postgres", "-D", data(), "-k", directory_, "-c",
                  "listen_addresses=", "-c", absl::StrCat("fsync=", durable_ ? "on" : "off"), "-c",
                  "max_connections=200",
                  // A standby asks soon again after its primary was restarted.
                  "-c", "wal_retrieve_retry_interval=100ms"});
    for (int i = 0; i < 1000; ++i) {
      if (Sql("SELECT 1") == "1") return true;
      absl::SleepFor(absl::Milliseconds(20));
    }
    return false;
  }
  // SIGINT: ends every session and stops in order. SIGKILL or SIGQUIT: as a crash.
  void Stop(int how = SIGINT) {
    if (pid_ <= 0) return;
    // Its children would keep the shared memory that the next start needs.
    kill(pid_, how == SIGKILL ? SIGQUIT : how);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  // Standbys only: stops to apply what arrives, at once and for good, until ResumeReplay.
  void PauseReplay() const {
    Sql("SELECT pg_wal_replay_pause()");
    for (int i = 0; i < 1000; ++i) {
      if (Sql("SELECT pg_get_wal_replay_pause_state()") == "paused") return;
      absl::SleepFor(absl::Milliseconds(5));
    }
  }
  void ResumeReplay() const { Sql("SELECT pg_wal_replay_resume()"); }
  // Until it has applied all that the primary has written by now.
  bool AwaitReplay(const PostgresServer& primary) const {
    const std::string written = primary.Sql("SELECT pg_current_wal_flush_lsn()");
    for (int i = 0; i < 1000; ++i) {
      if (Sql("SELECT pg_last_wal_replay_lsn() >= '" + written + "'::pg_lsn") == "t") return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  }
  // Stands still, its connections open, until Continue: the server and its sessions.
  void Freeze() const { SignalAll(SIGSTOP); }
  void Continue() const { SignalAll(SIGCONT); }

 private:
  explicit PostgresServer(const PostgresServer* primary) : durable_(false) {
    char name[] = "/tmp/sqm-standby-XXXXXX";
    directory_ = mkdtemp(name);
    if (getuid() == 0 && chown(directory_.c_str(), User()->pw_uid, User()->pw_gid) != 0) return;
    if (Wait(Spawn({Programs() + "/pg_basebackup", "-D", data(), "-h", primary->directory_, "-U",
                    "sqm", "-R", "-X", "stream", "-c", "fast", "--no-sync"})) == 0) {
      Start();
    }
  }
  // The server is the leader of no group of its own: its children are found by their parent.
  void SignalAll(int signal) const {
    if (pid_ <= 0) return;
    const std::string children =
        "/proc/" + std::to_string(pid_) + "/task/" + std::to_string(pid_) + "/children";
    if (signal == SIGSTOP) kill(pid_, signal);
    std::ifstream file(children);
    for (pid_t child = 0; file >> child;) kill(child, signal);
    if (signal != SIGSTOP) kill(pid_, signal);
  }
  static const passwd* User() { return getpwnam("postgres"); }
  // The directory of the server's programs; empty where there is none.
  static std::string Programs() {
    std::string newest;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
      std::string bin = entry.path().string() + "/bin";
      if (std::filesystem::exists(bin + "/initdb") && bin > newest) newest = bin;
    }
    return newest;
  }
  std::string data() const { return directory_ + "/data"; }

  // Making a cluster takes as long as many a test: the first one beside the program is kept, and
  // copied by the others.
  static std::string Template() {
    std::error_code ignored;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
    const std::string version = std::filesystem::path(Programs()).parent_path().filename().string();
    return (program.parent_path() / absl::StrCat(".postgres-", version)).string();
  }
  bool MakeData() const {
    std::error_code ignored;
    std::filesystem::remove_all(data(), ignored);
    if (Wait(Spawn({Programs() + "/initdb", "-D", data(), "-U", "sqm", "-A", "trust", "-E", "UTF8",
                    "--locale=C", "--no-sync", "--no-instructions"})) != 0) {
      return false;
    }
    const std::string mine = absl::StrCat(Template(), ".", getpid());
    if (CopyData(data(), mine)) std::filesystem::rename(mine, Template(), ignored);
    std::filesystem::remove_all(mine, ignored);
    return true;
  }
  static bool CopyData(const std::string& from, const std::string& to) {
    std::error_code error;
    if (!std::filesystem::exists(from, error)) return false;
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive, error);
    if (error) return false;
    if (getuid() != 0) return true;
    bool owned = lchown(to.c_str(), User()->pw_uid, User()->pw_gid) == 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(to, error)) {
      owned = owned && lchown(entry.path().c_str(), User()->pw_uid, User()->pw_gid) == 0;
    }
    return owned && !error;
  }

  pid_t Spawn(std::vector<std::string> line) const {
    std::vector<char*> argv;
    for (std::string& word : line) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string log = directory_ + "/log";
    const passwd* user = getuid() == 0 ? User() : nullptr;
    pid_t pid = fork();
    if (pid != 0) return pid;
    if (freopen(log.c_str(), "a", stderr) == nullptr) _exit(126);
    dup2(2, 1);
    if (user != nullptr &&
        (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
      _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (chdir(directory_.c_str()) != 0) _exit(126);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  static int Wait(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  const bool durable_;
  std::string directory_;
  pid_t pid_ = -1;
};

}  // namespace sqm::testing
