#include "cli/text/progress.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "cli/text/width.h"

namespace sqm::cli {
namespace {

constexpr absl::Duration kRedraw = absl::Milliseconds(100);
constexpr absl::Duration kLine = absl::Seconds(5);
constexpr int kWidestBar = 40;
constexpr int kNarrowestBar = 8;

std::string Clockwise(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1)));
  if (seconds < 3600) return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
  return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

}  // namespace

std::string FormatProgress(const ProgressState& state, int width, Language language) {
  const double seconds = absl::ToDoubleSeconds(state.elapsed);
  const double rate = seconds > 0 ? static_cast<double>(state.done) / seconds : 0;
  std::string tail =
      absl::StrCat(state.done, "  ", Say(language, Text::kPerSecond, std::llround(rate)));
  const auto fit = [width](const std::string& line) {
    return width > 0 ? Truncate(line, static_cast<size_t>(width)) : line;
  };
  if (state.fraction < 0) return fit(absl::StrCat(state.label, "  ", tail));
  const double fraction = std::clamp(state.fraction, 0.0, 1.0);
  if (fraction > 0 && fraction < 1) {
    const absl::Duration left = state.elapsed * ((1 - fraction) / fraction);
    absl::StrAppend(&tail, "  ", Say(language, Text::kTimeLeft, Clockwise(left)));
  }
  const std::string share = absl::StrFormat("%3d%%", static_cast<int>(fraction * 100));
  const int taken =
      static_cast<int>(DisplayWidth(state.label) + DisplayWidth(share) + DisplayWidth(tail)) + 8;
  std::string bar;
  if (const int room = std::min(kWidestBar, width - taken); room >= kNarrowestBar) {
    const int full = static_cast<int>(fraction * room);
    bar = "[";
    for (int i = 0; i < room; ++i) bar += i < full ? "█" : "·";
    bar += "]  ";
  }
  return fit(absl::StrCat(state.label, "  ", bar, share, "  ", tail));
}

Progress::Progress(std::ostream& out, Terminal terminal, const Clock& clock, Language language,
                   std::string label)
    : terminal_(terminal),
      clock_(clock),
      language_(language),
      start_(clock.Now()),
      out_(out),
      pause_(terminal.interactive ? kRedraw : kLine),
      next_(start_ + pause_) {
  state_.label = std::move(label);
}

void Progress::Update(int64_t done, double fraction) {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.Now();
  if (finished_ || now < next_) return;
  if (!terminal_.interactive) pause_ *= 2;
  next_ = now + pause_;
  state_.done = done;
  state_.fraction = fraction;
  state_.elapsed = now - start_;
  if (terminal_.interactive) {
    out_ << "\r\x1b[K" << FormatProgress(state_, std::max(1, terminal_.width - 1), language_)
         << std::flush;
  } else {
    out_ << FormatProgress(state_, 0, language_) << std::endl;
  }
  drawn_ = true;
}

void Progress::Finish() {
  absl::MutexLock lock(&mutex_);
  if (std::exchange(finished_, true)) return;
  if (drawn_ && terminal_.interactive) out_ << "\r\x1b[K" << std::flush;
}

}  // namespace sqm::cli
