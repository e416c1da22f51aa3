// What the process logs while this lives, in place of where it goes otherwise.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/strings/str_cat.h>
#include <absl/synchronization/mutex.h>

#include <memory>
#include <string>

#include "common/observe/log.h"

namespace sqm::testing {

class LogLines {
 public:
  LogLines() : before_(observe::Logger::Process().SetSink(sink_)) {}
  ~LogLines() { observe::Logger::Process().SetSink(before_); }
  LogLines(const LogLines&) = delete;

  std::string text() const {
    absl::MutexLock lock(&sink_->mutex);
    return sink_->text;
  }

 private:
  struct Sink final : observe::LogSink {
    void Write(absl::string_view line) override {
      absl::MutexLock lock(&mutex);
      absl::StrAppend(&text, line);
    }
    absl::Mutex mutex;
    std::string text ABSL_GUARDED_BY(mutex);
  };

  const std::shared_ptr<Sink> sink_ = std::make_shared<Sink>();
  const std::shared_ptr<observe::LogSink> before_;
};

}  // namespace sqm::testing
