// The whole program, so that a test can run it in process.
#pragma once

namespace sqm::cli {

// Parses the arguments, runs the command, answers the exit code.
int RunProgram(int argc, const char* const* argv);

}  // namespace sqm::cli
