// Mapping files: which column of a file is which field of a resource, and how it is written there.
//
// A mapping is a JSON object:
//   name        word by which --mapping finds it
//   title       {"en": …, "zh": …}
//   resource    resource type, e.g. `monitoring/Contact`
//   separator   one character; `,` when absent
//   local_time  {"zone": IANA zone, "nonexistent": reject|later, "ambiguous":
//   earlier|later|reject};
//               --zone overrides the zone; without either, times are UTC
//   fields      one object a field:
//     field      path in the resource or, where an import takes more than that, in a row of it
//                (`case.subject`, `close_time`)
//     column     or columns, or constant
//     join       what stands between the values of several columns; one space when absent
//     named      true: each value is written after the name of its column, `Borough: QUEENS`
//     required   an empty value refuses the row; else the field stays unset
//     empty      values that count as empty too, e.g. ["NULL", "-"]
//     values     what stands in the file → what it means; anything else refuses the row
//     as         `id`: made into a resource id (`Mary Ann` → `mary-ann`);
//                `hash`: made into an id of the row, for files that have none: the same columns
//                with the same values give the same id, and the second such row of a file another
//                one
//     prefix     put before the value, e.g. `staff/`
//     formats    tried in order: of times, strptime-like (%Y-%m-%d %H:%M:%S, %Ez for an offset); of
//                durations `seconds`, `minutes`, `HH:MM:SS`, `MM:SS`
//     not_before a time, mapped above, that this one is not before: of the two readings of a time
//                that the zone has twice, the later is taken where the earlier contradicts that
// Unknown keys are errors.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/schema/catalogue.h"
#include "cli/schema/value.h"

namespace sqm::cli {

enum class NonexistentTime { kReject, kLater };
enum class AmbiguousTime { kEarlier, kLater, kReject };

struct FieldRule {
  FieldPath path;
  std::vector<std::string> columns;  // empty: constant
  std::string constant;
  std::string join = " ";
  bool named = false;
  bool required = false;
  std::vector<std::string> empty;
  std::map<std::string, std::string> values;
  bool as_id = false;
  bool as_hash = false;
  std::string prefix;
  std::vector<std::string> formats;
  FieldPath not_before;  // empty: nothing is known
};

struct Mapping {
  std::string name;
  std::string title_en;
  std::string title_zh;
  const ResourceInfo* resource = nullptr;
  char separator = ',';
  std::string zone;
  NonexistentTime nonexistent = NonexistentTime::kReject;
  AmbiguousTime ambiguous = AmbiguousTime::kEarlier;
  std::vector<FieldRule> fields;
};

// Reads a mapping. INVALID_ARGUMENT naming the place, e.g. `fields[3].formats`.
absl::StatusOr<Mapping> ParseMapping(absl::string_view text, const Catalogue& catalogue);

struct ShippedMapping {
  std::string name;
  std::string json;
};
const std::vector<ShippedMapping>& ShippedMappings();

}  // namespace sqm::cli
