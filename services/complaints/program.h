// The complaints service in a process of its own.
#pragma once

namespace sqm::complaints {

// What `sqm-complaints` does with its command line; the exit code of the process.
int Main(int argc, char** argv);

}  // namespace sqm::complaints
