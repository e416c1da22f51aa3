#include "services/reporting/fact_store.h"

#include <algorithm>
#include <utility>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/base/task.h"
#include "services/reporting/fact_parts.h"
#include "services/reporting/spans.h"
#include "sqm/complaints/v1/category.pb.h"
#include "sqm/complaints/v1/cause.pb.h"

namespace sqm::reporting {
namespace {

using store::Bytes;
using store::SqlRow;
using store::SqlSession;

// BIGINT, TEXT and BYTEA mean the same to SQLite and to PostgreSQL.
constexpr store::SchemaPart kSchema[] = {
    {"reporting_tenants",
     "CREATE TABLE IF NOT EXISTS reporting_tenants (tenant TEXT NOT NULL PRIMARY KEY,"
     " dimensions BIGINT NOT NULL, chain BIGINT NOT NULL)"},
    {"reporting_cursors",
     "CREATE TABLE IF NOT EXISTS reporting_cursors (tenant TEXT NOT NULL, source TEXT NOT NULL,"
     " position BIGINT NOT NULL, token TEXT NOT NULL, time BIGINT, PRIMARY KEY (tenant, source))"},
    {"reporting_facts",
     "CREATE TABLE IF NOT EXISTS reporting_facts (tenant TEXT NOT NULL, source TEXT NOT NULL,"
     " resource TEXT NOT NULL, version BIGINT NOT NULL, kind BIGINT NOT NULL,"
     " bucket BIGINT NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (tenant, source, resource))"},
    // Notes are the one kind that a report lists.
    {"reporting_facts_notes",
     "CREATE INDEX IF NOT EXISTS reporting_facts_notes ON reporting_facts (tenant, bucket)"
     " WHERE kind = 4"},
    {"reporting_dimensions",
     "CREATE TABLE IF NOT EXISTS reporting_dimensions (tenant TEXT NOT NULL, id BIGINT NOT NULL,"
     " dimensions BYTEA NOT NULL, PRIMARY KEY (tenant, id))"},
    {"reporting_dimensions_set",
     "CREATE UNIQUE INDEX IF NOT EXISTS reporting_dimensions_set ON reporting_dimensions"
     " (tenant, dimensions)"},
    {"reporting_cells",
     "CREATE TABLE IF NOT EXISTS reporting_cells (tenant TEXT NOT NULL, bucket BIGINT NOT NULL,"
     " dimensions BIGINT NOT NULL, value BYTEA NOT NULL,"
     " PRIMARY KEY (tenant, bucket, dimensions))"},
    {"reporting_scorecards",
     "CREATE TABLE IF NOT EXISTS reporting_scorecards (tenant TEXT NOT NULL, source TEXT NOT NULL,"
     " name TEXT NOT NULL, version BIGINT NOT NULL, body BYTEA NOT NULL,"
     " PRIMARY KEY (tenant, name))"},
    {"reporting_categories",
     "CREATE TABLE IF NOT EXISTS reporting_categories (tenant TEXT NOT NULL, source TEXT NOT NULL,"
     " name TEXT NOT NULL, version BIGINT NOT NULL, parent TEXT NOT NULL, en TEXT NOT NULL,"
     " zh TEXT NOT NULL, PRIMARY KEY (tenant, name))"},
    // What the comparisons of rollups with facts have found last; see rollup_watch.h.
    {"reporting_checks",
     "CREATE TABLE IF NOT EXISTS reporting_checks (tenant TEXT NOT NULL PRIMARY KEY,"
     " time BIGINT NOT NULL, days BIGINT NOT NULL)"},
    // See spans.h.
    {"reporting_spans",
     "CREATE TABLE IF NOT EXISTS reporting_spans (tenant TEXT NOT NULL, node BIGINT NOT NULL,"
     " standing BIGINT NOT NULL, kind BIGINT NOT NULL, since BIGINT NOT NULL,"
     " first BIGINT NOT NULL, last BIGINT NOT NULL, n BIGINT NOT NULL,"
     " PRIMARY KEY (tenant, node, standing, kind, since, first, last))"},
};
constexpr absl::string_view kScorecardVersionType = "monitoring/ScorecardVersion";
// Sets of dimensions remembered for a tenant; beyond it they are looked up again.
constexpr size_t kRememberedSets = 200000;
// Tenants for which sets are remembered.
constexpr size_t kRememberedTenants = 64;

// Changes that are written together, at most.
constexpr size_t kMostWaiting = 1000;
// Facts that one transaction of a reset takes away.
constexpr int64_t kSliceFacts = 2000;

// 64-bit FNV-1a: the same in every process.
int64_t Chained(int64_t chain, absl::string_view text) {
  auto hash = static_cast<uint64_t>(chain) ^ 0xcbf29ce484222325u;
  for (char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return static_cast<int64_t>(hash);
}

// Parameters, a set for each time that a statement is run.
using Sets = std::vector<std::vector<store::SqlParam>>;

// The stored fact of a resource.
struct Former {
  int64_t version;
  FactKind kind;
  Bucket bucket;
  std::string body;
};

absl::Status ApplyScorecard(SqlSession& session, absl::string_view tenant, absl::string_view source,
                            const feed::v1::Change& change) {
  if (change.kind() == feed::v1::CHANGE_KIND_DELETED) {
    return session.Run("DELETE FROM reporting_scorecards WHERE tenant = ? AND name = ?",
                       {tenant, change.name()});
  }
  return session.Run(
      "INSERT INTO reporting_scorecards (tenant, source, name, version, body)"
      " VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, name)"
      " DO UPDATE SET version = excluded.version, body = excluded.body",
      {tenant, source, change.name(), change.version(), Bytes{change.body()}});
}

const std::string& ParentOf(const complaints::v1::Category& one) { return one.parent_category(); }
const std::string& ParentOf(const complaints::v1::Cause& one) { return one.parent_cause(); }

// A category or cause. Their names differ, so one table holds both.
template <typename Taxon>
absl::Status ApplyTaxon(SqlSession& session, absl::string_view tenant, absl::string_view source,
                        const feed::v1::Change& change) {
  Taxon taxon;
  if (change.kind() == feed::v1::CHANGE_KIND_DELETED || !taxon.ParseFromString(change.body())) {
    return session.Run("DELETE FROM reporting_categories WHERE tenant = ? AND name = ?",
                       {tenant, change.name()});
  }
  return session.Run(
      "INSERT INTO reporting_categories (tenant, source, name, version, parent, en, zh)"
      " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, name) DO UPDATE SET"
      " version = excluded.version, parent = excluded.parent, en = excluded.en, zh = excluded.zh",
      {tenant, source, change.name(), change.version(), ParentOf(taxon), taxon.label().en(),
       taxon.label().zh()});
}

}  // namespace

absl::Span<const store::SchemaPart> FactStore::Schema() { return kSchema; }

absl::StatusOr<FactStore::Numbering*> FactStore::EnsureTenant(SqlSession& session,
                                                              absl::string_view tenant) {
  // Writing the row, even unchanged, holds back other writers of the tenant until the end of the
  // transaction.
  absl::Status status = session.Run(
      "INSERT INTO reporting_tenants (tenant, dimensions, chain) VALUES (?, 0, 0)"
      " ON CONFLICT (tenant) DO UPDATE SET chain = reporting_tenants.chain",
      {tenant});
  if (numberings_.size() >= kRememberedTenants && !numberings_.contains(tenant)) {
    numberings_.clear();
  }
  Numbering& numbering = numberings_[std::string(tenant)];
  int64_t count = 0;
  int64_t chain = 0;
  if (status.ok()) {
    status = session.Run("SELECT dimensions, chain FROM reporting_tenants WHERE tenant = ?",
                         {tenant}, [&](const SqlRow& row) {
                           count = row.Int(0);
                           chain = row.Int(1);
                         });
  }
  if (!status.ok()) return status;
  if (numbering.count != count || numbering.chain != chain ||
      numbering.ids.size() > kRememberedSets) {
    numbering = {count, chain, {}};
  }
  return &numbering;
}

absl::StatusOr<DimensionsId> FactStore::Number(SqlSession& session, absl::string_view tenant,
                                               Numbering& numbering,
                                               const std::string& dimensions) {
  const auto known = numbering.ids.find(dimensions);
  if (known != numbering.ids.end()) return known->second;
  DimensionsId id = 0;
  absl::Status status =
      session.Run("SELECT id FROM reporting_dimensions WHERE tenant = ? AND dimensions = ?",
                  {tenant, Bytes{dimensions}}, [&](const SqlRow& row) { id = row.Int(0); });
  if (status.ok() && id == 0) {
    id = ++numbering.count;
    numbering.chain = Chained(numbering.chain, dimensions);
    status =
        session.Run("INSERT INTO reporting_dimensions (tenant, id, dimensions) VALUES (?, ?, ?)",
                    {tenant, id, Bytes{dimensions}});
  }
  if (!status.ok()) return status;
  numbering.ids.emplace(dimensions, id);
  return id;
}

FactStore::Waiting& FactStore::Wait(const feed::v1::Change& change) {
  if (waiting_.size() == waiting_count_) waiting_.emplace_back();
  Waiting& one = waiting_[waiting_count_++];
  one.change = &change;
  one.removed = false;
  waiting_names_.insert(change.name());
  return one;
}

absl::Status FactStore::Put(SqlSession& session, absl::string_view tenant,
                            const feed::v1::Change& change, Numbering& numbering) {
  Waiting& one = Wait(change);
  std::swap(one.fact, fact_);
  one.ids.clear();
  for (const FactPart& part : one.fact.parts) {
    auto id = Number(session, tenant, numbering, part.dimensions);
    if (!id.ok()) return id.status();
    one.ids.push_back(*id);
  }
  EncodeFact(one.fact, one.ids, one.body);
  return absl::OkStatus();
}

absl::Status FactStore::WriteWaiting(SqlSession& session, absl::string_view tenant,
                                     absl::string_view source, Applied& applied) {
  const absl::Span<Waiting> all = absl::MakeSpan(waiting_).first(waiting_count_);
  waiting_count_ = 0;
  waiting_names_.clear();
  Sets inserts;
  std::vector<Waiting*> puts, known;  // those of which there is a fact perhaps
  for (Waiting& one : all) {
    if (one.removed) {
      known.push_back(&one);
      continue;
    }
    puts.push_back(&one);
    inserts.push_back({tenant, source, one.change->name(), one.change->version(),
                       static_cast<int64_t>(one.fact.kind), one.fact.bucket, Bytes{one.body}});
  }
  std::vector<int64_t> inserted;
  RETURN_IF_ERROR(session.RunEach(
      "INSERT INTO reporting_facts (tenant, source, resource, version, kind, bucket, body)"
      " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, source, resource) DO NOTHING",
      inserts, [](size_t, const SqlRow&) {}, &inserted));
  for (size_t i = 0; i < puts.size(); ++i) {
    if (inserted[i] == 0) {
      known.push_back(puts[i]);
      continue;
    }
    delta_.Add(puts[i]->fact, puts[i]->ids);
    ++applied.put;
  }
  return ReplaceKnown(session, tenant, source, known, applied);
}

absl::Status FactStore::ReplaceKnown(SqlSession& session, absl::string_view tenant,
                                     absl::string_view source, const std::vector<Waiting*>& known,
                                     Applied& applied) {
  Sets names, updates, deletes;
  for (const Waiting* one : known) names.push_back({tenant, source, one->change->name()});
  std::vector<std::optional<Former>> formers(known.size());
  RETURN_IF_ERROR(
      session.RunEach("SELECT version, kind, bucket, body FROM reporting_facts"
                      " WHERE tenant = ? AND source = ? AND resource = ?",
                      names, [&](size_t i, const SqlRow& row) {
                        formers[i] = Former{row.Int(0), static_cast<FactKind>(row.Int(1)),
                                            row.Int(2), std::string(row.Text(3))};
                      }));
  for (size_t i = 0; i < known.size(); ++i) {
    const Waiting& one = *known[i];
    const std::optional<Former>& former = formers[i];
    const int64_t version = one.change->version();
    // What is deleted has the version that it had.
    if (!former.has_value() || former->version > version ||
        (former->version == version && !one.removed)) {
      ++applied.unchanged;
      continue;
    }
    auto stored = StoredFact::Decode(former->kind, former->bucket, former->body);
    if (!stored.ok()) return stored.status();
    delta_.Subtract(*stored);
    if (one.removed) {
      ++applied.removed;
      deletes.push_back(names[i]);
      continue;
    }
    delta_.Add(one.fact, one.ids);
    ++applied.put;
    updates.push_back({version, static_cast<int64_t>(one.fact.kind), one.fact.bucket,
                       Bytes{one.body}, tenant, source, one.change->name()});
  }
  RETURN_IF_ERROR(
      session.RunEach("UPDATE reporting_facts SET version = ?, kind = ?, bucket = ?, body = ?"
                      " WHERE tenant = ? AND source = ? AND resource = ?",
                      updates));
  return session.RunEach(
      "DELETE FROM reporting_facts WHERE tenant = ? AND source = ? AND resource = ?", deletes);
}

absl::Status FactStore::WriteDelta(SqlSession& session, absl::string_view tenant) {
  const auto sorted = delta_.Sorted();
  Sets keys, inserts, updates, deletes;
  std::vector<Cell> cells;
  cells.reserve(sorted.size());
  for (const auto& [key, delta] : sorted) {
    keys.push_back({tenant, key.bucket, key.dimensions});
    cells.push_back(*delta);
  }
  std::vector<bool> stored(cells.size());
  absl::Status merged;
  RETURN_IF_ERROR(session.RunEach(
      "SELECT value FROM reporting_cells WHERE tenant = ? AND bucket = ? AND dimensions = ?", keys,
      [&](size_t i, const SqlRow& row) {
        stored[i] = true;
        merged.Update(cells[i].MergeEncoded(row.Text(0)));
      }));
  RETURN_IF_ERROR(merged);
  std::vector<std::string> values(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    const CellKey& key = sorted[i].first;
    if (stored[i] && cells[i].empty()) {
      deletes.push_back(keys[i]);
      continue;
    }
    cells[i].Encode(values[i]);
    if (stored[i]) {
      updates.push_back({Bytes{values[i]}, tenant, key.bucket, key.dimensions});
    } else {
      inserts.push_back({tenant, key.bucket, key.dimensions, Bytes{values[i]}});
    }
  }
  RETURN_IF_ERROR(session.RunEach(
      "INSERT INTO reporting_cells (tenant, bucket, dimensions, value) VALUES (?, ?, ?, ?)",
      inserts));
  RETURN_IF_ERROR(
      session.RunEach("UPDATE reporting_cells SET value = ?"
                      " WHERE tenant = ? AND bucket = ? AND dimensions = ?",
                      updates));
  RETURN_IF_ERROR(session.RunEach(
      "DELETE FROM reporting_cells WHERE tenant = ? AND bucket = ? AND dimensions = ?", deletes));
  return WriteSpans(session, tenant, delta_.spans());
}

absl::StatusOr<Applied> FactStore::ApplyBatch(SqlSession& session, absl::string_view tenant,
                                              absl::string_view source,
                                              const feed::v1::ChangeBatch& batch, int64_t reached) {
  auto numbering = EnsureTenant(session, tenant);
  if (!numbering.ok()) return numbering.status();
  const int64_t sets_before = (*numbering)->count;
  auto loaded = LoadCursor(session, tenant, source);
  if (!loaded.ok()) return loaded.status();
  Cursor cursor = loaded->value_or(Cursor{std::string(source)});
  const int64_t covered = cursor.position;

  Applied applied;
  delta_.Clear();
  waiting_count_ = 0;
  waiting_names_.clear();
  absl::Status status;
  for (const feed::v1::Change& change : batch.changes()) {
    // A snapshot's rows stand at positions of the past; their versions tell what is new.
    const bool snapshot = change.kind() == feed::v1::CHANGE_KIND_SNAPSHOT;
    if (!snapshot && change.position() <= covered) {
      ++applied.skipped;
      continue;
    }
    if (change.resource_type() == kScorecardVersionType) {
      status = ApplyScorecard(session, tenant, source, change);
      ++applied.skipped;
    } else if (change.resource_type() == kCategoryType) {
      status = ApplyTaxon<complaints::v1::Category>(session, tenant, source, change);
      ++applied.skipped;
    } else if (change.resource_type() == kCauseType) {
      status = ApplyTaxon<complaints::v1::Cause>(session, tenant, source, change);
      ++applied.skipped;
    } else {
      // What happened to one resource is applied in its order.
      if (waiting_count_ >= kMostWaiting || waiting_names_.contains(change.name())) {
        RETURN_IF_ERROR(WriteWaiting(session, tenant, source, applied));
      }
      switch (reader_.Read(change, fact_)) {
        case Effect::kIgnore:
          ++applied.skipped;
          break;
        case Effect::kUnusable:
          // What it was before no longer holds either.
          if (++applied.unusable == 1) {
            applied.first_unusable = change.name();
            applied.first_unusable_version = change.version();
          }
          [[fallthrough]];
        case Effect::kRemove:
          Wait(change).removed = true;
          break;
        case Effect::kPut:
          status = Put(session, tenant, change, **numbering);
          break;
      }
    }
    if (!status.ok()) return status;
    // Each row of a snapshot stands at its head: only the token of the last one reaches it.
    if (snapshot) continue;
    cursor.position = std::max(cursor.position, change.position());
    cursor.time = std::max(cursor.time, FromTimestamp(change.time()));
  }
  cursor.position = std::max(cursor.position, reached);
  if (!batch.resume_token().empty() && cursor.position >= batch.head()) {
    cursor.time = std::max(cursor.time, FromTimestamp(batch.time()));
  }
  RETURN_IF_ERROR(WriteWaiting(session, tenant, source, applied));
  status = WriteDelta(session, tenant);
  if (status.ok() && (*numbering)->count != sets_before) {
    status = session.Run("UPDATE reporting_tenants SET dimensions = ?, chain = ? WHERE tenant = ?",
                         {(*numbering)->count, (*numbering)->chain, tenant});
  }
  if (!status.ok()) return status;
  const store::SqlParam time = cursor.time <= absl::UnixEpoch()
                                   ? store::SqlParam()
                                   : store::SqlParam(absl::ToUnixMicros(cursor.time));
  status = session.Run(
      "INSERT INTO reporting_cursors (tenant, source, position, token, time)"
      " VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, source) DO UPDATE SET"
      " position = excluded.position, token = excluded.token, time = excluded.time",
      {tenant, source, cursor.position, StoredToken(batch.resume_token()), time});
  if (!status.ok()) return status;
  return applied;
}

absl::StatusOr<bool> FactStore::ResetSlice(SqlSession& session, absl::string_view tenant,
                                           absl::string_view source) {
  if (auto locked = EnsureTenant(session, tenant); !locked.ok()) return locked.status();
  RETURN_IF_ERROR(
      session.Run("INSERT INTO reporting_cursors (tenant, source, position, token, time)"
                  " VALUES (?, ?, 0, '', NULL) ON CONFLICT (tenant, source) DO UPDATE SET"
                  " position = excluded.position, token = excluded.token, time = excluded.time",
                  {tenant, source}));
  int64_t seen = 0;
  std::string last;
  delta_.Clear();
  absl::Status decoded;
  RETURN_IF_ERROR(session.Run(
      "SELECT resource, kind, bucket, body FROM reporting_facts"
      " WHERE tenant = ? AND source = ? ORDER BY resource LIMIT ?",
      {tenant, source, kSliceFacts}, [&](const SqlRow& row) {
        ++seen;
        last = std::string(row.Text(0));
        auto stored =
            StoredFact::Decode(static_cast<FactKind>(row.Int(1)), row.Int(2), row.Text(3));
        if (stored.ok()) {
          delta_.Subtract(*stored);
        } else {
          decoded = stored.status();
        }
      }));
  RETURN_IF_ERROR(decoded);
  RETURN_IF_ERROR(WriteDelta(session, tenant));
  RETURN_IF_ERROR(
      session.Run("DELETE FROM reporting_facts WHERE tenant = ? AND source = ? AND resource <= ?",
                  {tenant, source, last}));
  if (seen == kSliceFacts) return false;
  for (const char* statement :
       {"DELETE FROM reporting_scorecards WHERE tenant = ? AND source = ?",
        "DELETE FROM reporting_categories WHERE tenant = ? AND source = ?"}) {
    RETURN_IF_ERROR(session.Run(statement, {tenant, source}));
  }
  return true;
}

}  // namespace sqm::reporting
