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
     " resource TEXT NOT NULL, version BIGINT NOT NULL, kind BIGINT NOT NULL, bucket BIGINT NOT "
     "NULL,"
     " body BYTEA NOT NULL, PRIMARY KEY (tenant, source, resource))"},
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
     " dimensions BIGINT NOT NULL, value BYTEA NOT NULL, PRIMARY KEY (tenant, bucket, "
     "dimensions))"},
    {"reporting_scorecards",
     "CREATE TABLE IF NOT EXISTS reporting_scorecards (tenant TEXT NOT NULL, source TEXT NOT NULL,"
     " name TEXT NOT NULL, version BIGINT NOT NULL, body BYTEA NOT NULL,"
     " PRIMARY KEY (tenant, name))"},
    {"reporting_categories",
     "CREATE TABLE IF NOT EXISTS reporting_categories (tenant TEXT NOT NULL, source TEXT NOT NULL,"
     " name TEXT NOT NULL, version BIGINT NOT NULL, parent TEXT NOT NULL, en TEXT NOT NULL,"
     " zh TEXT NOT NULL, PRIMARY KEY (tenant, name))"},
    // See spans.h.
    {"reporting_spans",
     "CREATE TABLE IF NOT EXISTS reporting_spans (tenant TEXT NOT NULL, node BIGINT NOT NULL,"
     " standing BIGINT NOT NULL, kind BIGINT NOT NULL, since BIGINT NOT NULL, first BIGINT NOT "
     "NULL,"
     " last BIGINT NOT NULL, n BIGINT NOT NULL,"
     " PRIMARY KEY (tenant, node, standing, kind, since, first, last))"},
};
constexpr absl::string_view kScorecardVersionType = "monitoring/ScorecardVersion";
// Sets of dimensions remembered for a tenant; beyond it they are looked up again.
constexpr size_t kRememberedSets = 200000;
// Tenants for which sets are remembered.
constexpr size_t kRememberedTenants = 64;

// Facts that one transaction of a reset takes away.
constexpr int64_t kSliceFacts = 2000;

// 64-bit FNV-1a: the same in every process.
int64_t Chained(int64_t chain, absl::string_view text) {
  auto hash = static_cast<uint64_t>(chain) ^ 0xcbf29ce484222325u;
  for (char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return static_cast<int64_t>(hash);
}

// The stored fact of a resource.
struct Former {
  int64_t version;
  FactKind kind;
  Bucket bucket;
  std::string body;
};

absl::Status ReadFormer(SqlSession& session, absl::string_view tenant, absl::string_view source,
                        absl::string_view resource, std::optional<Former>& former) {
  former.reset();
  return session.Run(
      "SELECT version, kind, bucket, body FROM reporting_facts"
      " WHERE tenant = ? AND source = ? AND resource = ?",
      {tenant, source, resource}, [&](const SqlRow& row) {
        former = Former{row.Int(0), static_cast<FactKind>(row.Int(1)), row.Int(2),
                        std::string(row.Text(3))};
      });
}

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

absl::Status FactStore::Put(SqlSession& session, absl::string_view tenant, absl::string_view source,
                            const feed::v1::Change& change, Numbering& numbering,
                            Applied& applied) {
  ids_.clear();
  for (const FactPart& part : fact_.parts) {
    auto id = Number(session, tenant, numbering, part.dimensions);
    if (!id.ok()) return id.status();
    ids_.push_back(*id);
  }
  EncodeFact(fact_, ids_, body_);
  const auto kind = static_cast<int64_t>(fact_.kind);
  absl::Status status = session.Run(
      "INSERT INTO reporting_facts (tenant, source, resource, version, kind, bucket, body)"
      " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, source, resource) DO NOTHING",
      {tenant, source, change.name(), change.version(), kind, fact_.bucket, Bytes{body_}});
  if (!status.ok()) return status;
  if (session.Changes() == 0) {
    std::optional<Former> former;
    status = ReadFormer(session, tenant, source, change.name(), former);
    if (!status.ok()) return status;
    if (former->version >= change.version()) {
      ++applied.unchanged;
      return absl::OkStatus();
    }
    auto stored = StoredFact::Decode(former->kind, former->bucket, former->body);
    if (!stored.ok()) return stored.status();
    delta_.Subtract(*stored);
    status = session.Run(
        "UPDATE reporting_facts SET version = ?, kind = ?, bucket = ?, body = ?"
        " WHERE tenant = ? AND source = ? AND resource = ?",
        {change.version(), kind, fact_.bucket, Bytes{body_}, tenant, source, change.name()});
    if (!status.ok()) return status;
  }
  delta_.Add(fact_, ids_);
  ++applied.put;
  return absl::OkStatus();
}

absl::Status FactStore::Remove(SqlSession& session, absl::string_view tenant,
                               absl::string_view source, const feed::v1::Change& change,
                               Applied& applied) {
  std::optional<Former> former;
  absl::Status status = ReadFormer(session, tenant, source, change.name(), former);
  if (!status.ok()) return status;
  if (!former.has_value() || former->version > change.version()) {
    ++applied.unchanged;
    return absl::OkStatus();
  }
  auto stored = StoredFact::Decode(former->kind, former->bucket, former->body);
  if (!stored.ok()) return stored.status();
  delta_.Subtract(*stored);
  ++applied.removed;
  return session.Run("DELETE FROM reporting_facts WHERE tenant = ? AND source = ? AND resource = ?",
                     {tenant, source, change.name()});
}

absl::Status FactStore::WriteDelta(SqlSession& session, absl::string_view tenant) {
  for (const auto& [key, delta] : delta_.Sorted()) {
    Cell cell = *delta;
    bool stored = false;
    absl::Status merged;
    absl::Status status = session.Run(
        "SELECT value FROM reporting_cells WHERE tenant = ? AND bucket = ? AND dimensions = ?",
        {tenant, key.bucket, key.dimensions}, [&](const SqlRow& row) {
          stored = true;
          merged = cell.MergeEncoded(row.Text(0));
        });
    if (!status.ok()) return status;
    if (!merged.ok()) return merged;
    if (!stored) {
      cell.Encode(body_);
      status = session.Run(
          "INSERT INTO reporting_cells (tenant, bucket, dimensions, value) VALUES (?, ?, ?, ?)",
          {tenant, key.bucket, key.dimensions, Bytes{body_}});
    } else if (cell.empty()) {
      status = session.Run(
          "DELETE FROM reporting_cells WHERE tenant = ? AND bucket = ? AND dimensions = ?",
          {tenant, key.bucket, key.dimensions});
    } else {
      cell.Encode(body_);
      status = session.Run(
          "UPDATE reporting_cells SET value = ?"
          " WHERE tenant = ? AND bucket = ? AND dimensions = ?",
          {Bytes{body_}, tenant, key.bucket, key.dimensions});
    }
    if (!status.ok()) return status;
  }
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
          status = Remove(session, tenant, source, change, applied);
          break;
        case Effect::kPut:
          status = Put(session, tenant, source, change, **numbering, applied);
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
