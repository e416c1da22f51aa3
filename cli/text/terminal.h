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

// Columns of what people read even where it leads to a pager or a file: COLUMNS, else 80.
int ReadingWidth(const Terminal& terminal);

}  // namespace sqm::cli
