// A redis-server of a test's own, on a unix socket in a directory of its own. Killed with the test.
#pragma once

#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace sqm::testing {

class RedisServer {
 public:
  // Whether the machine has a redis-server; else tests skip.
  static bool Available() { return system("command -v redis-server >/dev/null 2>&1") == 0; }

  // `args`: further settings, as on the command line: {"--requirepass", "x"}.
  explicit RedisServer(std::vector<std::string> args = {}) : args_(std::move(args)) {
    char name[] = "/tmp/sqm-redis-XXXXXX";
    directory_ = mkdtemp(name);
    Start();
  }
  ~RedisServer() {
    Kill();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  RedisServer(const RedisServer&) = delete;

  std::string socket() const { return directory_ + "/redis.sock"; }
  const std::string& directory() const { return directory_; }

  // Starts it, if it does not run, with nothing in it. True once it answers.
  bool Start() {
    if (pid_ > 0) return true;
    std::vector<std::string> line{
        "redis-server",     "--port", "0", "--unixsocket", socket(), "--dir",
        directory_,         "--save", "",  "--appendonly", "no",     "--logfile",
        directory_ + "/log"};
    line.insert(line.end(), args_.begin(), args_.end());
    std::vector<char*> argv;
    for (std::string& word : line) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      execvp(argv[0], argv.data());
      _exit(127);
    }
    for (int i = 0; i < 500; ++i) {
      if (Connect() != nullptr) return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  }
  // kill -9: nothing is said to clients.
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  // It stops to answer, but its connections stay.
  void Pause() { kill(pid_, SIGSTOP); }
  void Resume() { kill(pid_, SIGCONT); }

  // Runs a command on a connection of its own and blocks for the reply; as text: strings as they
  // are, integers in decimal, nil as "(nil)", errors with their text.
  std::string Command(const std::vector<std::string>& args) {
    Context context = Connect();
    if (context == nullptr) return "(no connection)";
    std::vector<const char*> argv;
    std::vector<size_t> sizes;
    for (const std::string& arg : args) {
      argv.push_back(arg.data());
      sizes.push_back(arg.size());
    }
    std::unique_ptr<redisReply, decltype(&freeReplyObject)> reply(
        static_cast<redisReply*>(redisCommandArgv(context.get(), static_cast<int>(args.size()),
                                                  argv.data(), sizes.data())),
        &freeReplyObject);
    if (reply == nullptr) return "(no reply)";
    if (reply->type == REDIS_REPLY_INTEGER) return std::to_string(reply->integer);
    if (reply->str == nullptr) return "(nil)";
    return std::string(reply->str, reply->len);
  }

 private:
  using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;
  Context Connect() const {
    Context context(redisConnectUnix(socket().c_str()), &redisFree);
    if (context == nullptr || context->err != 0) return Context(nullptr, &redisFree);
    return context;
  }

  const std::vector<std::string> args_;
  std::string directory_;
  pid_t pid_ = -1;
};

}  // namespace sqm::testing
