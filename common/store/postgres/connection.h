// One connection to PostgreSQL: pipelines of prepared statements, bounded in time, errors as
// statuses.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/store/postgres/hosts.h"
#include "common/store/postgres/values.h"

namespace sqm::store {

// What the connections to one database share.
struct PgWay {
  // Nothing is waited for any more: what is under way is lost within 100 ms, and nothing new
  // begins.
  std::atomic<bool> given_up{false};
  // Which of several hosts took the last connection: the next one begins there.
  std::atomic<size_t> host{0};
};

struct PgConnectionOptions {
  // As libpq takes it: `host=… dbname=…` or `postgresql://…`. Holds a password: never logged. Of
  // several hosts each is tried, for the time to connect.
  std::string conninfo;
  // Where it is set: the same as it is now, for passwords are changed. Asked for each connection;
  // where it cannot be told the one above stays.
  std::function<absl::StatusOr<std::string>()> conninfo_now = nullptr;
  // The PostgreSQL schema (namespace) that the tables lie in: [a-z_][a-z0-9_]*.
  std::string schema;
  absl::Duration connect_timeout = absl::Seconds(5);
  // What the server gives one statement, waiting for a lock included. The client waits twice as
  // long for a sign of life before it gives the connection up. Infinite: for migrations.
  absl::Duration statement_timeout = absl::Seconds(10);
  // Of that, what a statement may wait for one lock. Infinite: what the server has set.
  absl::Duration lock_timeout = absl::InfiniteDuration();
  // How long a start waits for a server that is not there yet.
  absl::Duration start_patience = absl::ZeroDuration();
  std::shared_ptr<PgWay> way = nullptr;  // null: the connection is alone
};

// A statement to run.
struct PgCall {
  const PgStatement* statement = nullptr;
  PgParams params;
};

// Used by one thread at a time.
class PgConnection {
 public:
  static absl::StatusOr<std::unique_ptr<PgConnection>> Open(const PgConnectionOptions& options);
  // The same for a start: waits for a server that is not there yet, and says so, but not where it
  // is there and refuses the login.
  static absl::StatusOr<std::unique_ptr<PgConnection>> OpenPatiently(
      const PgConnectionOptions& options);
  ~PgConnection();
  PgConnection(const PgConnection&) = delete;

  // Runs the statements in one round trip (one more where some were not prepared yet); a result
  // each, or the first error. Outside a transaction they are one transaction.
  absl::StatusOr<std::vector<PgResult>> Run(absl::Span<const PgCall> calls);
  absl::StatusOr<PgResult> Run(const PgStatement& statement, PgParams params);
  // Runs one statement without parameters or results.
  absl::Status Execute(absl::string_view sql);
  // Runs `work` in one transaction, begun by `begin`; nothing of it stays where an error comes
  // back.
  absl::Status Transaction(const char* begin, absl::FunctionRef<absl::Status()> work);
  // Ends the open transaction, if there is one, without a trace.
  void Rollback();

  // False: lost. Only good for being thrown away.
  bool alive() const { return raw_ != nullptr && !lost_; }
  // SQLSTATE of the last error that the server told; empty where the connection was lost.
  const std::string& sqlstate() const { return sqlstate_; }
  // Which statement of the last Run that error was of; their number where one was not prepared.
  size_t failed() const { return failed_; }
  // Whether that error says that the statement took longer than it may.
  bool TimedOut() const { return sqlstate_ == "57014"; }
  // Whether that error says that the transaction met another one and may be run again.
  bool MayRunAgain() const;
  PGconn* raw() const { return raw_; }

 private:
  explicit PgConnection(const PgConnectionOptions& options) : options_(options) {}
  absl::Status Connect();
  absl::Status ConnectTo(const PgHost& host);
  absl::Status Setup();
  absl::Status Prepare(absl::Span<const PgCall> calls);
  absl::Status Send(const PgCall& call);
  // Reads the results of `count` statements and the mark after them.
  absl::StatusOr<std::vector<PgResult>> Collect(size_t count);
  absl::StatusOr<PGresult*> Next();
  // Moves bytes both ways until something came in. The deadline is of the steady clock.
  absl::Status Wait(absl::Time deadline);
  absl::Status Lost(absl::string_view why);
  absl::Status ErrorOf(const PGresult* result);

  const PgConnectionOptions options_;
  PGconn* raw_ = nullptr;
  bool lost_ = false;
  std::string sqlstate_;
  size_t failed_ = 0;
  absl::flat_hash_map<const PgStatement*, std::string> prepared_;
  int next_name_ = 0;  // names of statements that failed to prepare are not used again
};

}  // namespace sqm::store
