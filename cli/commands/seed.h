// What the parts of `sqm seed` share.
#pragma once

#include <absl/strings/string_view.h>

#include <string>

#include "cli/commands/context.h"
#include "cli/text/table.h"

namespace sqm::cli {

// A line of the table that seed prints. `version` is empty where there are none.
void AddSeeded(const Context& context, std::string name, std::string label, std::string version,
               Text outcome, Table& table);

// Creates what ships with the complaints service, its calendar in the zone of --zone where that is
// given. False after a complaint.
bool SeedComplaints(Context& context, Table& table);

}  // namespace sqm::cli
