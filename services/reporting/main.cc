#include "services/reporting/program.h"

int main(int argc, char** argv) { return sqm::reporting::Main(argc, argv); }
