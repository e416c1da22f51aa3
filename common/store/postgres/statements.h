// The statements of the PostgreSQL store, derived from the contracts.
//
// Only what Citus, YugabyteDB and CockroachDB run too: no sequences, triggers, LISTEN, and no types
// beyond text, bigint, double precision and bytea. Rows name their tenant by its text, the first
// column of every key: a database that spreads tables by key spreads them by tenant, the same
// tenant the same way everywhere, and no replica has to ask which number a tenant has.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/contract/registry.h"
#include "common/store/postgres/values.h"

namespace sqm::store {

// What is read for many keys is read key by key (LATERAL): with `= ANY(…)` the planner, as long as
// it has no statistics, takes the index for the tenant alone and looks at every row of it.

// Of one resource type. `…s`: many rows at once, as arrays.
struct PgTypeStatements {
  PgStatement read;      // $1 tenant $2 id → version, deleted, body
  PgStatement versions;  // $1 tenant $2 ids → id, version
  PgStatement inserts;   // $1 tenants $2 ids $3 versions $4 delete times $5 bodies $6… columns
  PgStatement updates;   // the same
  // By unique field: $1 tenant $2 values → id, value of the undeleted resources that have one.
  std::vector<std::pair<std::string, PgStatement>> holders;
  const PgStatement& HoldersOf(absl::string_view field) const;
};

// Every statement that stays prepared. Immutable; lives as long as the store.
struct PgStatements {
  explicit PgStatements(const contract::Registry& registry);

  std::vector<PgTypeStatements> types;  // by type number

  // Each statement sees what was committed before it, so what is read after the locks is the truth.
  PgStatement begin{"BEGIN ISOLATION LEVEL READ COMMITTED", {}};
  PgStatement commit{"COMMIT", {}};

  // $1 tenant. The row that orders all commits of a tenant, of all replicas.
  PgStatement make_head{
      "INSERT INTO heads(tenant, head, oldest) VALUES($1, 0, 1) ON CONFLICT (tenant) DO NOTHING",
      {pg::kText}};
  PgStatement lock_head{"SELECT head, oldest FROM heads WHERE tenant = $1 FOR UPDATE", {pg::kText}};
  PgStatement move_head{"UPDATE heads SET head = $2 WHERE tenant = $1", {pg::kText, pg::kInt}};
  PgStatement head{"SELECT head, oldest FROM heads WHERE tenant = $1", {pg::kText}};
  // On a standby, whether the tenant has a row or not; 1 where the server is a standby.
  PgStatement standby_head{
      "SELECT coalesce(h.head, 0), coalesce(h.oldest, 1), "
      "(CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END)::bigint "
      "FROM (SELECT $1 AS tenant) AS one LEFT JOIN heads h ON h.tenant = one.tenant",
      {pg::kText}};
  PgStatement heads{"SELECT tenant, head, oldest FROM heads", {}};
  // $1 milliseconds that each statement has until the transaction ends
  PgStatement set_timeout{"SELECT set_config('statement_timeout', $1, true)", {pg::kText}};

  // $1 tenant $2 names → name, position
  PgStatement guards{
      "SELECT k.name, g.position FROM unnest($2) AS k(name) CROSS JOIN LATERAL "
      "(SELECT position FROM guards WHERE tenant = $1 AND name = k.name OFFSET 0) g",
      {pg::kText, pg::kTextArray}};
  // $1 tenants $2 names $3 positions
  PgStatement put_guards{
      "INSERT INTO guards(tenant, name, position) SELECT * FROM unnest($1, $2, $3) "
      "ON CONFLICT (tenant, name) DO UPDATE SET position = excluded.position",
      {pg::kTextArray, pg::kTextArray, pg::kIntArray}};

  // $1 tenant $2 keys → key, payload, time, response
  PgStatement requests{
      "SELECT r.key, r.payload, r.time, coalesce(r.response, (SELECT c.body FROM changes c "
      "WHERE c.tenant = $1 AND c.position = r.position)) FROM unnest($2) AS k(key) "
      "CROSS JOIN LATERAL (SELECT * FROM requests WHERE tenant = $1 AND key = k.key OFFSET 0) r",
      {pg::kText, pg::kBytesArray}};
  // $1 tenants $2 keys $3 payloads $4 times $5 positions $6 responses
  PgStatement put_requests{
      "INSERT INTO requests(tenant, key, payload, time, position, response) "
      "SELECT * FROM unnest($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, key) DO UPDATE "
      "SET payload = excluded.payload, time = excluded.time, position = excluded.position, "
      "response = excluded.response",
      {pg::kTextArray, pg::kBytesArray, pg::kBytesArray, pg::kIntArray, pg::kIntArray,
       pg::kBytesArray}};

  // One array a column, in the order of the table.
  PgStatement put_changes{
      "INSERT INTO changes(tenant, position, commit_id, time, type, id, version, kind, actor, "
      "method, request_id, body) "
      "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      {pg::kTextArray, pg::kIntArray, pg::kIntArray, pg::kIntArray, pg::kTextArray, pg::kTextArray,
       pg::kIntArray, pg::kIntArray, pg::kTextArray, pg::kTextArray, pg::kTextArray,
       pg::kBytesArray}};
  // $1 tenant $2 after $3 rows $4 bytes: whole rows until the bodies before one exceed the bytes.
  PgStatement changes{
      "SELECT position, commit_id, time, type, id, version, kind, actor, method, request_id, body "
      "FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY position) - octet_length(body) "
      "AS before FROM changes WHERE tenant = $1 AND position > $2 ORDER BY position LIMIT $3) page "
      "WHERE before < $4 ORDER BY position",
      {pg::kText, pg::kInt, pg::kInt, pg::kInt}};
  PgStatement oldest{"SELECT oldest FROM heads WHERE tenant = $1", {pg::kText}};

  // What became of a transaction whose COMMIT was not answered: its row is there or it is not.
  PgStatement put_commit{"INSERT INTO commits(tenant, time, id) VALUES($1, $2, $3)",
                         {pg::kText, pg::kInt, pg::kText}};
  PgStatement find_commit{
      "SELECT 1::bigint FROM commits WHERE tenant = $1 AND time = $2 AND id = $3",
      {pg::kText, pg::kInt, pg::kText}};
};

}  // namespace sqm::store
