// The program that brings a PostgreSQL database to the schema of this version.
#pragma once

namespace sqm::migrate {

// What `sqm-migrate` does with its command line; the exit code of the process.
int Main(int argc, char** argv);

}  // namespace sqm::migrate
