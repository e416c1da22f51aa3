// Faults of the program itself, found at start-up: said, then the end.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace sqm {

// Ends the process with `what` unless `holds`. For wiring mistakes only, never for input.
inline void Check(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "fatal: %s\n", what.c_str());
  std::abort();
}

}  // namespace sqm
