// Time zones of the IANA database, and the changes of their offset as a table to search in.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sqm::calendar {

// A zone by its IANA name. INVALID_FIELD names `field` and the zone when there is none.
absl::StatusOr<absl::TimeZone> FindZone(absl::string_view name, absl::string_view field);

// What calendars know: [1970, 2200) in UTC. Within it every count of nanoseconds fits 63 bits; for
// years that no table of the database names, its rule for the years to come holds.
absl::Time WindowBegin();
absl::Time WindowEnd();

// The periods of constant offset of a zone within the window. Immutable; one a zone, shared.
class ZoneTable {
 public:
  // One period, up to the next one's begin.
  struct Period {
    int64_t begin = 0;   // Unix nanoseconds
    int64_t offset = 0;  // nanoseconds to add to UTC
  };

  static absl::StatusOr<std::shared_ptr<const ZoneTable>> Of(absl::string_view name,
                                                             absl::string_view field);

  const std::string& name() const { return name_; }
  absl::TimeZone zone() const { return zone_; }
  // In order of time, the first at the window's begin; at least one.
  const std::vector<Period>& periods() const { return periods_; }
  // The index of the period that holds `time` (Unix nanoseconds within the window).
  size_t PeriodAt(int64_t time) const;
  // Where period `index` ends.
  int64_t EndOf(size_t index) const;

 private:
  ZoneTable(absl::string_view name, absl::TimeZone zone);

  std::string name_;
  absl::TimeZone zone_;
  std::vector<Period> periods_;
};

}  // namespace sqm::calendar
