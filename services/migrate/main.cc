#include "services/migrate/program.h"

int main(int argc, char** argv) { return sqm::migrate::Main(argc, argv); }
