#include "services/reporting/fact_query.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <utility>

#include "common/base/status.h"

namespace sqm::reporting {
namespace {

using store::SqlRow;
using store::SqlSession;

std::optional<absl::Time> TimeAt(const SqlRow& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return absl::FromUnixMicros(row.Int(column));
}

// Before every token.
const std::string& TokenPrefix() {
  static const auto* prefix = new std::string(absl::StrCat("facts-", kFactVersion, " "));
  return *prefix;
}

Cursor CursorOf(const SqlRow& row) {
  absl::string_view token = row.Text(2);
  if (!absl::ConsumePrefix(&token, TokenPrefix())) return {std::string(row.Text(0))};
  return {std::string(row.Text(0)), row.Int(1), std::string(token),
          TimeAt(row, 3).value_or(absl::InfinitePast())};
}

}  // namespace

std::string StoredToken(absl::string_view token) {
  return token.empty() ? "" : absl::StrCat(TokenPrefix(), token);
}

absl::StatusOr<std::optional<Cursor>> LoadCursor(SqlSession& session, absl::string_view tenant,
                                                 absl::string_view source) {
  std::optional<Cursor> cursor;
  absl::Status status = session.Run(
      "SELECT source, position, token, time FROM reporting_cursors"
      " WHERE tenant = ? AND source = ?",
      {tenant, source}, [&](const SqlRow& row) { cursor = CursorOf(row); });
  if (!status.ok()) return status;
  return cursor;
}

absl::StatusOr<std::vector<Cursor>> LoadCursors(SqlSession& session, absl::string_view tenant) {
  std::vector<Cursor> cursors;
  absl::Status status = session.Run(
      "SELECT source, position, token, time FROM reporting_cursors WHERE tenant = ?"
      " ORDER BY source",
      {tenant}, [&](const SqlRow& row) { cursors.push_back(CursorOf(row)); });
  if (!status.ok()) return status;
  return cursors;
}

absl::StatusOr<CellSet> LoadCells(SqlSession& session, absl::string_view tenant, Bucket from,
                                  Bucket to, std::vector<Bucket> slot_starts) {
  CellSet cells(std::move(slot_starts));
  absl::Status added;
  absl::Status status = session.Run(
      "SELECT bucket, dimensions, value FROM reporting_cells"
      " WHERE tenant = ? AND bucket >= ? AND bucket < ? ORDER BY bucket, dimensions",
      {tenant, from, to},
      [&](const SqlRow& row) { added.Update(cells.Add(row.Int(0), row.Int(1), row.Text(2))); });
  if (status.ok()) status = added;
  if (!status.ok()) return status;
  for (DimensionsId id : cells.Ids()) {
    absl::StatusOr<Dimensions> dimensions =
        Fail(absl::StatusCode::kDataLoss, Reason::ERROR_REASON_INTERNAL,
             "a rollup cell has unknown dimensions");
    status = session.Run("SELECT dimensions FROM reporting_dimensions WHERE tenant = ? AND id = ?",
                         {tenant, id},
                         [&](const SqlRow& row) { dimensions = Dimensions::Decode(row.Text(0)); });
    if (status.ok()) status = dimensions.status();
    if (!status.ok()) return status;
    cells.Name(id, *std::move(dimensions));
  }
  return cells;
}

absl::StatusOr<std::vector<NoteEntry>> LoadNotes(SqlSession& session, absl::string_view tenant,
                                                 Bucket from, Bucket to, int64_t limit) {
  std::vector<NoteEntry> notes;
  absl::Status decoded;
  absl::Status status = session.Run(
      "SELECT resource, bucket, body FROM reporting_facts WHERE tenant = ? AND kind = 4"
      " AND bucket >= ? AND bucket < ? ORDER BY bucket, resource LIMIT ?",
      {tenant, from, to, limit}, [&](const SqlRow& row) {
        auto fact = StoredFact::Decode(FactKind::kNote, row.Int(1), row.Text(2));
        decoded.Update(fact.status());
        if (fact.ok()) notes.push_back({std::string(row.Text(0)), std::move(fact->note)});
      });
  if (status.ok()) status = decoded;
  if (!status.ok()) return status;
  return notes;
}

absl::StatusOr<std::optional<monitoring::v1::ScorecardVersion>> LoadScorecardVersion(
    SqlSession& session, absl::string_view tenant, absl::string_view name) {
  std::optional<monitoring::v1::ScorecardVersion> version;
  absl::Status status = session.Run(
      "SELECT body FROM reporting_scorecards WHERE tenant = ? AND name = ?", {tenant, name},
      [&](const SqlRow& row) {
        const absl::string_view body = row.Text(0);
        if (!version.emplace().ParseFromArray(body.data(), static_cast<int>(body.size()))) {
          version.reset();
        }
      });
  if (!status.ok()) return status;
  return version;
}

absl::StatusOr<type::v1::Text> LoadTaxonLabel(SqlSession& session, absl::string_view tenant,
                                              absl::string_view name) {
  type::v1::Text label;
  std::string next(name);
  // It has one parent at most.
  for (int level = 0; level < 2 && !next.empty(); ++level) {
    const std::string wanted = std::exchange(next, {});
    absl::Status status =
        session.Run("SELECT parent, en, zh FROM reporting_categories WHERE tenant = ? AND name = ?",
                    {tenant, wanted}, [&](const SqlRow& row) {
                      next = std::string(row.Text(0));
                      // A label of one language stands in for the other.
                      const absl::string_view en = row.Text(1).empty() ? row.Text(2) : row.Text(1);
                      const absl::string_view zh = row.Text(2).empty() ? row.Text(1) : row.Text(2);
                      const char* between = label.en().empty() ? "" : " › ";
                      label.set_en(absl::StrCat(en, between, label.en()));
                      label.set_zh(absl::StrCat(zh, between, label.zh()));
                    });
    if (!status.ok()) return status;
  }
  return label;
}

}  // namespace sqm::reporting
