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

// Columns as the environment says them; 0 where it does not.
int ColumnsSaid() {
  int columns = 0;
  return absl::SimpleAtoi(Environment("COLUMNS"), &columns) && columns > 0 ? columns : 0;
}

}  // namespace

Terminal LookAtTerminal(int fd) {
  Terminal terminal;
  terminal.interactive = isatty(fd) == 1;
  if (!terminal.interactive) return terminal;
  terminal.width = kDefaultWidth;
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.width = size.ws_col;
  } else if (const int said = ColumnsSaid(); said > 0) {
    terminal.width = said;
  }
  terminal.colour = Environment("NO_COLOR").empty() && Environment("TERM") != "dumb" &&
                    !Environment("TERM").empty();
  return terminal;
}

int ReadingWidth(const Terminal& terminal) {
  if (terminal.width > 0) return terminal.width;
  const int said = ColumnsSaid();
  return said > 0 ? said : kDefaultWidth;
}

}  // namespace sqm::cli
