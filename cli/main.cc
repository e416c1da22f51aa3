#include "cli/commands/program.h"

int main(int argc, char** argv) { return sqm::cli::RunProgram(argc, argv); }
