#include "common/calendar/zone.h"

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/synchronization/mutex.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "common/base/status.h"

namespace sqm::calendar {
namespace {

// Tables made so far. Never more than the database has names.
struct Tables {
  absl::Mutex mutex;
  absl::flat_hash_map<std::string, std::shared_ptr<const ZoneTable>> by_name ABSL_GUARDED_BY(mutex);
};

Tables& AllTables() {
  static auto* const tables = new Tables;
  return *tables;
}

}  // namespace

absl::StatusOr<absl::TimeZone> FindZone(absl::string_view name, absl::string_view field) {
  if (name == "UTC") return absl::UTCTimeZone();
  // Only names of the database: neither paths nor the other schemes that the loader knows.
  bool plain = !name.empty() && name.size() <= 64 && absl::ascii_isalpha(name.front()) &&
               name != "localtime" && !absl::StrContains(name, "//");
  for (char c : name) plain = plain && (absl::ascii_isalnum(c) || absl::StrContains("/_+-", c));
  if (plain) {
    // The loader remembers every name it is asked for; ask only for those that exist.
    const char* folder = std::getenv("TZDIR");
    std::error_code ignored;
    plain = std::filesystem::is_regular_file(
        absl::StrCat(folder != nullptr ? folder : "/usr/share/zoneinfo", "/", name), ignored);
  }
  absl::TimeZone found;
  if (plain && absl::LoadTimeZone(std::string(name), &found)) return found;
  return InvalidField(field, absl::StrCat("'", name.substr(0, 64),
                                          "' is not an IANA time zone, e.g. Asia/Shanghai"));
}

absl::Time WindowBegin() { return absl::UnixEpoch(); }

absl::Time WindowEnd() {
  static const absl::Time end = absl::FromCivil(absl::CivilSecond(2200, 1, 1), absl::UTCTimeZone());
  return end;
}

absl::StatusOr<std::shared_ptr<const ZoneTable>> ZoneTable::Of(absl::string_view name,
                                                               absl::string_view field) {
  Tables& tables = AllTables();
  {
    absl::ReaderMutexLock lock(&tables.mutex);
    auto it = tables.by_name.find(name);
    if (it != tables.by_name.end()) return it->second;
  }
  auto zone = FindZone(name, field);
  if (!zone.ok()) return zone.status();
  std::shared_ptr<const ZoneTable> table(new ZoneTable(name, *zone));
  absl::MutexLock lock(&tables.mutex);
  return tables.by_name.try_emplace(std::string(name), std::move(table)).first->second;
}

ZoneTable::ZoneTable(absl::string_view name, absl::TimeZone zone) : name_(name), zone_(zone) {
  const auto add = [this](absl::Time begin) {
    const int64_t offset = zone_.At(begin).offset * int64_t{1'000'000'000};
    // A change of the name or of the summer flag alone changes no clock.
    if (!periods_.empty() && periods_.back().offset == offset) return;
    periods_.push_back({absl::ToUnixNanos(begin), offset});
  };
  add(WindowBegin());
  absl::TimeZone::CivilTransition change;
  absl::Time time = WindowBegin();
  while (zone_.NextTransition(time, &change)) {
    time = zone_.At(change.to).trans;
    if (time >= WindowEnd()) break;
    add(time);
  }
  periods_.shrink_to_fit();
}

size_t ZoneTable::PeriodAt(int64_t time) const {
  const auto after = std::upper_bound(periods_.begin() + 1, periods_.end(), time,
                                      [](int64_t t, const Period& p) { return t < p.begin; });
  return static_cast<size_t>(after - periods_.begin()) - 1;
}

int64_t ZoneTable::EndOf(size_t index) const {
  return index + 1 < periods_.size() ? periods_[index + 1].begin : absl::ToUnixNanos(WindowEnd());
}

}  // namespace sqm::calendar
