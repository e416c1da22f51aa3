// The monitoring service in a process of its own.
#pragma once

namespace sqm::monitoring {

// What `sqm-monitoring` does with its command line; the exit code of the process.
int Main(int argc, char** argv);

}  // namespace sqm::monitoring
