// The reporting service in a process of its own, following the other services' feeds over the
// network.
#pragma once

namespace sqm::reporting {

// What `sqm-reporting` does with its command line; the exit code of the process.
int Main(int argc, char** argv);

}  // namespace sqm::reporting
