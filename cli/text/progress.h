// How far a long command has come, on stderr.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <cstdint>
#include <ostream>
#include <string>

#include "cli/text/language.h"
#include "cli/text/terminal.h"
#include "common/base/clock.h"

namespace sqm::cli {

struct ProgressState {
  std::string label;
  int64_t done = 0;
  // Share of the work that is done, 0 to 1; negative = unknown.
  double fraction = -1;
  absl::Duration elapsed;
};

// One line: label, bar (only where there is room for it), share, count, rate, time left. Width 0 is
// that of no terminal: no bar, and nothing is cut.
std::string FormatProgress(const ProgressState& state, int width, Language language);

// A bar that is redrawn ten times a second on a terminal; elsewhere a line after five seconds, and
// each next one after twice as long as the one before: an hour is ten lines.
// Thread-safe.
class Progress {
 public:
  Progress(std::ostream& out, Terminal terminal, const Clock& clock, Language language,
           std::string label);

  void Update(int64_t done, double fraction) ABSL_LOCKS_EXCLUDED(mutex_);
  // Clears the bar; nothing is drawn after it.
  void Finish() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const Terminal terminal_;
  const Clock& clock_;
  const Language language_;
  const absl::Time start_;
  absl::Mutex mutex_;
  std::ostream& out_ ABSL_GUARDED_BY(mutex_);
  ProgressState state_ ABSL_GUARDED_BY(mutex_);
  absl::Duration pause_ ABSL_GUARDED_BY(mutex_);
  absl::Time next_ ABSL_GUARDED_BY(mutex_);
  bool drawn_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sqm::cli
