#include "services/reporting/daily_source.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <utility>

#include "common/base/digest.h"

namespace sqm::reporting {

absl::StatusOr<v1::DailyReport> MakeDailyReport(store::SqlSession& session,
                                                absl::string_view tenant, absl::string_view date,
                                                absl::string_view zone, Language language,
                                                int64_t min_evaluations) {
  auto day = LocalDayOf(date, zone);
  if (!day.ok()) return day.status();
  auto before = DayBefore(*day);
  if (!before.ok()) return before.status();

  DailyInput input;
  input.language = language;
  input.min_evaluations = min_evaluations;
  auto cells = LoadCells(session, tenant, day->from(), day->to(), day->HourStarts());
  if (!cells.ok()) return cells.status();
  input.cells = *std::move(cells);
  auto previous = LoadCells(session, tenant, before->from(), before->to());
  if (!previous.ok()) return previous.status();
  input.previous = *std::move(previous);
  auto notes = LoadNotes(session, tenant, day->from(), day->to(), kMaxNotes);
  if (!notes.ok()) return notes.status();
  input.notes = *std::move(notes);
  auto sources = LoadCursors(session, tenant);
  if (!sources.ok()) return sources.status();
  input.sources = *std::move(sources);
  for (const std::string& name : ScorecardVersionsOf(input.cells)) {
    auto version = LoadScorecardVersion(session, tenant, name);
    if (!version.ok()) return version.status();
    if (version->has_value()) input.scorecards.push_back(**std::move(version));
  }
  auto standing = LoadStanding(session, tenant, day->to());
  if (!standing.ok()) return standing.status();
  input.standing = *std::move(standing);
  standing = LoadStanding(session, tenant, day->from());
  if (!standing.ok()) return standing.status();
  input.previous_standing = *std::move(standing);
  for (std::string& name : TaxonsOf(input.cells)) {
    auto label = LoadTaxonLabel(session, tenant, name);
    if (!label.ok()) return label.status();
    input.taxons.emplace(std::move(name), *std::move(label));
  }
  input.day = *std::move(day);
  return BuildDailyReport(input);
}

std::string ContentHash(const v1::DailyReport& report) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    report.SerializeToCodedStream(&coded);
  }
  return Sha256Hex(bytes);
}

}  // namespace sqm::reporting
