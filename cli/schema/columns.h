// Which fields of a resource a table and a file show.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "cli/schema/value.h"
#include "cli/text/table.h"

namespace sqm::cli {

// For a table: the name, then what the contract indexes (state first), then short fields that
// people name things by; at most `limit`. Without annotations: every singular scalar.
std::vector<FieldPath> TableColumns(const google::protobuf::Descriptor* message, size_t limit);

// For a file: every singular scalar, time, duration and list of scalars, in order; other messages
// as JSON.
std::vector<FieldPath> FileColumns(const google::protobuf::Descriptor* message);

// Title (with the unit, where one is annotated) and alignment of a column.
Column ColumnOf(const FieldPath& path, Language language);

// Whether it holds a point in time, which people read in a zone.
bool IsTime(const FieldPath& path);

}  // namespace sqm::cli
