#include "common/observe/log.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <vector>

#include "common/observe/log_format.h"

namespace sqm::observe {
namespace {

constexpr absl::string_view kNames[] = {"debug", "info", "warning", "error"};
// How long a line waits for a reader that is behind.
constexpr std::chrono::milliseconds kWriteWait(100);

int BoundOf(Level level) {
  return level == Level::kError ? Logger::kErrorsPerSecond : Logger::kWarningsPerSecond;
}

}  // namespace

absl::string_view NameOf(Level level) { return kNames[static_cast<int>(level)]; }

std::optional<Level> LevelOf(absl::string_view name) {
  for (int i = 0; i < 4; ++i) {
    if (name == kNames[i]) return static_cast<Level>(i);
  }
  return std::nullopt;
}

FdSink::~FdSink() {
  if (pipe_ >= 0) close(pipe_);
}

void FdSink::Look() {
  struct stat now {};
  if (fstat(fd_, &now) != 0) now = {};
  if (now.st_dev == device_ && now.st_ino == inode_) return;
  device_ = now.st_dev;
  inode_ = now.st_ino;
  socket_ = S_ISSOCK(now.st_mode);
  behind_ = false;
  rest_.clear();
  if (pipe_ >= 0) close(pipe_);
  pipe_ = -1;
  if (!S_ISFIFO(now.st_mode)) return;
  pipe_ = open(absl::StrCat("/proc/self/fd/", fd_).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

ssize_t FdSink::WriteSome(absl::string_view text) const {
  if (socket_) return send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return write(pipe_ >= 0 ? pipe_ : fd_, text.data(), text.size());
}

bool FdSink::Put(absl::string_view& text) {
  if (text.empty()) return true;
  const auto until = std::chrono::steady_clock::now() + kWriteWait;
  while (!text.empty()) {
    const ssize_t written = WriteSome(text);
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd ready{pipe_ >= 0 ? pipe_ : fd_, POLLOUT, 0};
    behind_ = behind_ || left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) <= 0;
    if (behind_) return false;
  }
  behind_ = false;
  return true;
}

void FdSink::Write(absl::string_view line) {
  Look();
  // What is left of a line goes first, so that lines do not mix.
  absl::string_view rest = rest_;
  const bool free = Put(rest);
  rest_.erase(0, rest_.size() - rest.size());
  absl::string_view left = line;
  if (free && Put(left)) return;
  if (left.size() < line.size()) {
    rest_ = std::string(left);
  } else {
    ++dropped_;
  }
}

Logger::Logger(std::shared_ptr<LogSink> sink, Form form, const Clock& clock)
    : clock_(clock), sink_(std::move(sink)), form_(form) {}

Logger& Logger::Process() {
  // Never destroyed: other statics may log while the process ends.
  static auto* const logger = new Logger(std::make_shared<FdSink>(STDERR_FILENO),
                                         isatty(STDERR_FILENO) == 1 ? Form::kPeople : Form::kJson);
  return *logger;
}

void Logger::SetForm(Form form) {
  absl::MutexLock lock(&mutex_);
  form_ = form;
}

std::shared_ptr<LogSink> Logger::SetSink(std::shared_ptr<LogSink> sink) {
  absl::MutexLock lock(&mutex_);
  told_dropped_ = sink->Dropped();
  return std::exchange(sink_, std::move(sink));
}

std::string Logger::Line(absl::Time now, Level level, absl::string_view message, Fields fields,
                         uint64_t suppressed) const {
  return form_ == Form::kJson ? JsonLine(now, level, message, fields, suppressed)
                              : PeopleLine(now, level, message, fields, suppressed);
}

void Logger::TellDropped(absl::Time now) {
  const uint64_t dropped = sink_->Dropped();
  if (dropped == told_dropped_) return;
  sink_->Write(Line(now, Level::kWarning, "log lines left out: their reader was behind",
                    {{"count", dropped - told_dropped_}}, 0));
  if (sink_->Dropped() == dropped) told_dropped_ = dropped;
}

void Logger::Log(Level level, absl::string_view message, Fields fields,
                 std::source_location where) {
  if (!Enabled(level)) return;
  try {
    const absl::Time now = clock_.Now();
    absl::MutexLock lock(&mutex_);
    uint64_t suppressed = 0;
    if (level >= Level::kWarning) {
      Site& site = sites_[{where.file_name(), where.line()}];
      const int64_t second = absl::ToUnixSeconds(now);
      if (second != site.second) {
        site.second = second;
        site.lines = 0;
      }
      if (++site.lines > BoundOf(level)) {
        if (site.suppressed++ == 0) {
          site.level = level;
          site.message = std::string(message.substr(0, kMaxValueBytes));
        }
        return;
      }
      suppressed = std::exchange(site.suppressed, 0);
    }
    // Formatted under the lock: writing takes longer anyway, and lines stay in the order of time.
    const uint64_t dropped = sink_->Dropped();
    sink_->Write(Line(now, level, message, fields, suppressed));
    if (sink_->Dropped() == dropped) TellDropped(now);
  } catch (const std::exception&) {
    // Out of memory: the line is lost, the caller goes on.
  }
}

void Logger::Flush() {
  try {
    const absl::Time now = clock_.Now();
    absl::MutexLock lock(&mutex_);
    for (auto& [key, site] : sites_) {
      const uint64_t suppressed = std::exchange(site.suppressed, 0);
      if (suppressed == 0) continue;
      sink_->Write(Line(now, site.level, site.message, {}, suppressed));
    }
    TellDropped(now);
  } catch (const std::exception&) {
  }
}

void Log(Level level, absl::string_view message, Fields fields, std::source_location where) {
  Logger::Process().Log(level, message, fields, where);
}

}  // namespace sqm::observe
