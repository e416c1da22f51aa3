#include "cli/text/terminal.h"

#include <absl/strings/numbers.h>
#include <absl/strings/string_view.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace sqm::cli {
namespace {

constexpr int kDefaultWidth = 80;

absl::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? absl::string_view() : absl::string_view(value);
}

}  // namespace

Terminal LookAtTerminal(int fd) {
  Terminal terminal;
  terminal.interactive = isatty(fd) == 1;
  if (!terminal.interactive) return terminal;
  terminal.width = kDefaultWidth;
  winsize size{};
  int columns = 0;
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.width = size.ws_col;
  } else if (absl::SimpleAtoi(Environment("COLUMNS"), &columns) && columns > 0) {
    terminal.width = columns;
  }
  terminal.colour = Environment("NO_COLOR").empty() && Environment("TERM") != "dumb" &&
                    !Environment("TERM").empty();
  return terminal;
}

}  // namespace sqm::cli
