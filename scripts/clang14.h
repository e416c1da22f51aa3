// What libstdc++ 12 asks of a compiler that clang 14 does not have, for reading our code with
// clang-tidy. Included before every file by scripts/lint.sh; nothing is built with it.
#pragma once

// clang 14 has coroutines but does not announce them in the way that libstdc++ looks for.
#define __cpp_impl_coroutine 201902L

namespace std {
struct source_location {
  static constexpr source_location current(const char* file = __builtin_FILE(),
                                           const char* function = __builtin_FUNCTION(),
                                           unsigned line = __builtin_LINE()) {
    return {file, function, line};
  }
  constexpr const char* file_name() const { return file; }
  constexpr const char* function_name() const { return function; }
  constexpr unsigned line() const { return number; }
  constexpr unsigned column() const { return 0; }

  const char* file = "";
  const char* function = "";
  unsigned number = 0;
};
}  // namespace std
