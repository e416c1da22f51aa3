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

// What became of one service's part.
enum class Seeded { kDone, kFailed, kNotOffered };

// Asks a service for what ships with it. Failed: after a complaint. Not offered: the server is
// another service's, as `failure` says.
Seeded AskWhatShips(Context& context, const std::string& method,
                    const google::protobuf::Message& request, google::protobuf::Message& shipped,
                    Failure& failure);

// Creates what ships with the complaints service, its calendar in the zone of --zone where that is
// given.
Seeded SeedComplaints(Context& context, Table& table, Failure& failure);

}  // namespace sqm::cli
