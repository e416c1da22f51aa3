// What is known of the terminal that a stream leads to.
#pragma once

namespace sqm::cli {

struct Terminal {
  // The stream is shown to a person as it is written.
  bool interactive = false;
  // Columns; 0 = unbounded (a file or a pipe).
  int width = 0;
  // Colour is welcome: interactive, NO_COLOR unset, TERM not `dumb`.
  bool colour = false;
};

// Looks at file descriptor `fd`.
Terminal LookAtTerminal(int fd);

}  // namespace sqm::cli
