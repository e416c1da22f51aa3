// Logs: one JSON object a line, or a line for people where a terminal reads it.
//
//   Log(Level::kWarning, "call refused", {{"method", method}, {"code", "NOT_FOUND"}, {"ms", 1.5}});
//
// The message is a constant of the program; what varies stands in fields. Personal data stands in
// neither: log resource names and ids, never what a customer said or is called.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "common/base/clock.h"

namespace sqm::observe {

enum class Level : int { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning", "error".
absl::string_view NameOf(Level level);
std::optional<Level> LevelOf(absl::string_view name);

// A name and a value of a line. Holds views: build it in the call of Log.
class Field {
 public:
  using Value = std::variant<absl::string_view, int64_t, uint64_t, double, bool>;

  Field(absl::string_view key, absl::string_view value) : key(key), value(value) {}
  Field(absl::string_view key, std::string_view value)
      : key(key), value(absl::string_view(value.data(), value.size())) {}
  Field(absl::string_view key, const std::string& value)
      : key(key), value(absl::string_view(value)) {}
  Field(absl::string_view key, const char* value)
      : key(key), value(value == nullptr ? absl::string_view() : absl::string_view(value)) {}
  Field(absl::string_view key, bool value) : key(key), value(value) {}
  // In seconds; let the key end in _seconds.
  Field(absl::string_view key, absl::Duration value)
      : key(key), value(absl::ToDoubleSeconds(value)) {}
  template <typename T>
  requires std::is_arithmetic_v<T> Field(absl::string_view key, T number)
      : key(key), value(Widen(number)) {}

  absl::string_view key;
  Value value;

 private:
  template <typename T>
  static Value Widen(T number) {
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(number);
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<int64_t>(number);
    } else {
      return static_cast<uint64_t>(number);
    }
  }
};
using Fields = std::initializer_list<Field>;

// Where lines go. Write gets one whole line with its newline; calls never overlap.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void Write(absl::string_view line) = 0;
  // Lines that were left out so far because their reader was behind.
  virtual uint64_t Dropped() const { return 0; }
};

// Writes each line to a file descriptor with one write(2). What cannot be written is dropped.
//
// A reader of a pipe or socket that is behind is waited for once and briefly; then lines are
// dropped at once until one can be written again, for whoever logs is in the middle of a call. The
// descriptor itself stays as it is: other processes that share it expect it to block.
class FdSink final : public LogSink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}
  ~FdSink() override;
  FdSink(const FdSink&) = delete;
  void Write(absl::string_view line) override;
  uint64_t Dropped() const override { return dropped_; }

 private:
  // Finds out what the descriptor is now: a program may put another file in its place.
  void Look();
  ssize_t WriteSome(absl::string_view text) const;
  // Writes what can be written, and removes it from `text`. False: not all of it.
  bool Put(absl::string_view& text);

  const int fd_;  // not owned
  uint64_t device_ = 0, inode_ = 0;
  bool socket_ = false;
  int pipe_ = -1;  // the same pipe, opened for this sink alone so that it need not block; -1 = none
  bool behind_ = false;
  std::string rest_;  // of a line that was written in part
  uint64_t dropped_ = 0;
};

// Turns events into lines. Thread-safe; never throws.
class Logger {
 public:
  enum class Form { kJson, kPeople };

  // Bounds of a line: a longer string or message is cut with a mark, further fields are counted.
  static constexpr size_t kMaxValueBytes = 4096;
  static constexpr size_t kMaxKeyBytes = 64;
  static constexpr size_t kMaxLineBytes = 64 * 1024;
  // Lines that one place in the code may write a second; what is over is counted, and the count
  // stands in that place's next line as "suppressed". Info and debug lines are not bounded.
  static constexpr int kWarningsPerSecond = 10;
  static constexpr int kErrorsPerSecond = 100;

  Logger(std::shared_ptr<LogSink> sink, Form form, const Clock& clock = SystemClock::Get());

  // The logger of the process: stderr, in the form for people where that is a terminal.
  static Logger& Process();

  void SetLevel(Level level) { level_.store(level, std::memory_order_relaxed); }
  bool Enabled(Level level) const { return level >= level_.load(std::memory_order_relaxed); }
  void SetForm(Form form);
  // Returns the sink that stood there.
  std::shared_ptr<LogSink> SetSink(std::shared_ptr<LogSink> sink);

  void Log(Level level, absl::string_view message, Fields fields = {},
           std::source_location where = std::source_location::current());
  // Writes the counts of suppressed lines that no later line has carried: call it at the end.
  void Flush();

 private:
  struct Site {
    int64_t second = 0;  // of the window that `lines` counts
    int lines = 0;
    uint64_t suppressed = 0;
    Level level = Level::kWarning;
    std::string message;
  };
  // A place in the code: its file's name is a literal, so its address will do.
  using SiteKey = std::pair<const char*, uint32_t>;

  std::string Line(absl::Time now, Level level, absl::string_view message, Fields fields,
                   uint64_t suppressed) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Says how many lines the sink has left out since it was last said.
  void TellDropped(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  std::atomic<Level> level_{Level::kInfo};
  absl::Mutex mutex_;
  std::shared_ptr<LogSink> sink_ ABSL_GUARDED_BY(mutex_);
  Form form_ ABSL_GUARDED_BY(mutex_);
  uint64_t told_dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  // One entry a place that has warned: bounded by the program.
  absl::flat_hash_map<SiteKey, Site> sites_ ABSL_GUARDED_BY(mutex_);
};

// Logs through the process's logger.
void Log(Level level, absl::string_view message, Fields fields = {},
         std::source_location where = std::source_location::current());

}  // namespace sqm::observe
