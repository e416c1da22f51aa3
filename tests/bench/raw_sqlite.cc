#include "tests/bench/raw_sqlite.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <sqlite3.h>

#include <memory>

#include "tests/bench/sample.h"

namespace sqm::bench {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

absl::Status Failed(sqlite3* database) {
  return absl::UnknownError(absl::StrCat("sqlite: ", sqlite3_errmsg(database)));
}

absl::Status Execute(sqlite3* database, const char* sql) {
  return sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK ? absl::OkStatus()
                                                                             : Failed(database);
}

absl::StatusOr<Database> Open(const std::string& file) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open(file.c_str(), &opened);
  Database database(opened);
  if (code != SQLITE_OK) return Failed(opened);
  absl::Status status = Execute(
      opened, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;");
  if (!status.ok()) return status;
  return database;
}

absl::StatusOr<Statement> Prepare(sqlite3* database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) != SQLITE_OK) {
    return Failed(database);
  }
  return Statement(statement);
}

void BindText(sqlite3_stmt* statement, int at, const std::string& text) {
  sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

bool Step(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  sqlite3_reset(statement);
  return code == SQLITE_DONE;
}

}  // namespace

absl::StatusOr<double> SqliteRowsPerSecond(const std::string& folder, int64_t rows, int batch) {
  auto database = Open(folder + "/raw.db");
  if (!database.ok()) return database.status();
  sqlite3* db = database->get();
  absl::Status status = Execute(
      db,
      "CREATE TABLE IF NOT EXISTS contact(id TEXT PRIMARY KEY, version INTEGER, external TEXT,"
      " agent TEXT, body BLOB) WITHOUT ROWID;"
      "CREATE INDEX IF NOT EXISTS by_external ON contact(external);"
      "CREATE INDEX IF NOT EXISTS by_agent ON contact(agent, id);"
      "CREATE TABLE IF NOT EXISTS change(position INTEGER PRIMARY KEY, id TEXT, body BLOB);"
      "DELETE FROM contact; DELETE FROM change;");
  if (!status.ok()) return status;
  auto put = Prepare(db, "INSERT INTO contact VALUES(?,1,?,?,?)");
  auto append = Prepare(db, "INSERT INTO change(id,body) VALUES(?,?)");
  if (!put.ok()) return put.status();
  if (!append.ok()) return append.status();
  const absl::Time begin = absl::Now();
  for (int64_t i = 0; i < rows; ++i) {
    if (i % batch == 0 && !(status = Execute(db, "BEGIN IMMEDIATE")).ok()) return status;
    const auto contact = StoredContact(static_cast<uint64_t>(i));
    const std::string body = contact.SerializeAsString();
    BindText(put->get(), 1, contact.name());
    BindText(put->get(), 2, contact.external_id());
    BindText(put->get(), 3, contact.agent());
    BindText(put->get(), 4, body);
    BindText(append->get(), 1, contact.name());
    BindText(append->get(), 2, body);
    if (!Step(put->get()) || !Step(append->get())) return Failed(db);
    if ((i + 1) % batch == 0 || i + 1 == rows) {
      if (!(status = Execute(db, "COMMIT")).ok()) return status;
    }
  }
  return static_cast<double>(rows) / absl::ToDoubleSeconds(absl::Now() - begin);
}

absl::StatusOr<SqliteFacts> SqliteFacts::Make(const std::string& folder, int64_t rows) {
  SqliteFacts facts(folder + "/facts.db");
  auto database = Open(facts.file_);
  if (!database.ok()) return database.status();
  sqlite3* db = database->get();
  absl::Status status =
      Execute(db, "CREATE TABLE fact(time INTEGER, type TEXT, talk REAL, score INTEGER); BEGIN");
  if (!status.ok()) return status;
  auto put = Prepare(db, "INSERT INTO fact VALUES(?,?,?,?)");
  if (!put.ok()) return put.status();
  for (int64_t i = 0; i < rows; ++i) {
    const auto contact = SampleContact(static_cast<uint64_t>(i));
    sqlite3_bind_int64(put->get(), 1, contact.start_time().seconds());
    BindText(put->get(), 2, contact.type());
    sqlite3_bind_double(put->get(), 3, static_cast<double>(contact.talk_duration().seconds()));
    sqlite3_bind_int(put->get(), 4, contact.satisfaction());
    if (!Step(put->get())) return Failed(db);
  }
  if (!(status = Execute(db, "COMMIT")).ok()) return status;
  return facts;
}

absl::StatusOr<double> SqliteFacts::AggregateMilliseconds() {
  auto database = Open(file_);
  if (!database.ok()) return database.status();
  auto query = Prepare(database->get(),
                       "SELECT type, count(*), avg(talk), avg(score) FROM fact GROUP BY type");
  if (!query.ok()) return query.status();
  const absl::Time begin = absl::Now();
  while (sqlite3_step(query->get()) == SQLITE_ROW) {
  }
  return absl::ToDoubleMilliseconds(absl::Now() - begin);
}

}  // namespace sqm::bench
