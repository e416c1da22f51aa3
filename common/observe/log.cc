#include "common/observe/log.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <vector>

#include "common/observe/log_format.h"

namespace sqm::observe {
namespace {

constexpr absl::string_view kNames[] = {"debug", "info", "warning", "error"};
// How long a line waits for a reader that is behind on a non-blocking descriptor.
constexpr int kWriteWaitMs = 100;

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

void FdSink::Write(absl::string_view line) {
  // One write carries the line; the loop is for signals, and for a pipe that took a part of it.
  while (!line.empty()) {
    const ssize_t written = write(fd_, line.data(), line.size());
    if (written >= 0) {
      line.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return;
    pollfd ready{fd_, POLLOUT, 0};
    if (poll(&ready, 1, kWriteWaitMs) <= 0) return;
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
  return std::exchange(sink_, std::move(sink));
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
    sink_->Write(form_ == Form::kJson ? JsonLine(now, level, message, fields, suppressed)
                                      : PeopleLine(now, level, message, fields, suppressed));
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
      sink_->Write(form_ == Form::kJson
                       ? JsonLine(now, site.level, site.message, {}, suppressed)
                       : PeopleLine(now, site.level, site.message, {}, suppressed));
    }
  } catch (const std::exception&) {
  }
}

void Log(Level level, absl::string_view message, Fields fields, std::source_location where) {
  Logger::Process().Log(level, message, fields, where);
}

}  // namespace sqm::observe
