#include "services/monitoring/program.h"

int main(int argc, char** argv) { return sqm::monitoring::Main(argc, argv); }
