#include "services/reporting/fact_query.h"

#include <absl/container/flat_hash_map.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <utility>

#include "common/base/status.h"
#include "services/reporting/spans.h"

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

absl::StatusOr<int64_t> CountDrift(SqlSession& session, absl::string_view tenant, Bucket from,
                                   Bucket to) {
  // Every fact taken away from the stored cells must leave nothing.
  RollupDelta facts;
  absl::Status decoded;
  absl::Status status = session.Run(
      // What happens to a case lies behind its own time.
      "SELECT kind, bucket, body FROM reporting_facts"
      " WHERE tenant = ? AND (kind = 5 OR (bucket >= ? AND bucket < ?))",
      {tenant, from, to}, [&](const SqlRow& row) {
        auto fact = StoredFact::Decode(static_cast<FactKind>(row.Int(0)), row.Int(1), row.Text(2));
        decoded.Update(fact.status());
        if (fact.ok()) facts.Subtract(*fact);
      });
  if (status.ok()) status = decoded;
  if (!status.ok()) return status;
  absl::flat_hash_map<CellKey, const Cell*> expected;
  for (const auto& [key, cell] : facts.Sorted()) {
    if (key.bucket >= from && key.bucket < to) expected.emplace(key, cell);
  }
  int64_t drift = 0;
  status = session.Run(
      "SELECT bucket, dimensions, value FROM reporting_cells"
      " WHERE tenant = ? AND bucket >= ? AND bucket < ?",
      {tenant, from, to}, [&](const SqlRow& row) {
        const auto it = expected.find({row.Int(0), row.Int(1)});
        Cell rest;
        const bool readable = rest.MergeEncoded(row.Text(2)).ok();
        if (it != expected.end()) {
          rest.Merge(*it->second);
          expected.erase(it);
        }
        if (!readable || !rest.empty()) ++drift;
      });
  if (!status.ok()) return status;
  auto spans = LoadSpans(session, tenant, from, to);
  if (!spans.ok()) return spans.status();
  for (const auto& [span, n] : facts.spans()) {
    if (span.first < from || span.first >= to) continue;
    if (((*spans)[span] += n) != 0) ++drift;
    spans->erase(span);
  }
  return drift + static_cast<int64_t>(expected.size() + spans->size());
}

}  // namespace sqm::reporting
