#include "services/complaints/program.h"

int main(int argc, char** argv) { return sqm::complaints::Main(argc, argv); }
