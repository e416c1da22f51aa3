#include "common/store/postgres/connection.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>

#include "common/base/status.h"
#include "common/base/steady_wait.h"
#include "common/base/task.h"
#include "common/observe/trouble.h"
#include "common/store/postgres/errors.h"

namespace sqm::store {
namespace {

// Statements kept prepared on one connection; beyond it they are prepared for each use.
constexpr size_t kMaxPrepared = 1000;
// Between two attempts of a start.
constexpr absl::Duration kStartPause = absl::Milliseconds(500);

void IgnoreNotice(void*, const PGresult*) {}

// True: ready. False: the time is over, or the way given up.
bool PollSocket(int socket, short events, absl::Time deadline, const PgWay* way, short* seen) {
  pollfd waiting{socket, events, 0};
  while (way == nullptr || !way->given_up) {
    absl::Duration left =
        std::clamp(deadline - SteadyNow(), absl::ZeroDuration(), absl::Milliseconds(100));
    int ready = poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    if (ready > 0) {
      *seen = waiting.revents;
      return true;
    }
    if (SteadyNow() >= deadline) return false;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PgConnection>> PgConnection::Open(
    const PgConnectionOptions& options) {
  std::unique_ptr<PgConnection> connection(new PgConnection(options));
  RETURN_IF_ERROR(connection->Connect());
  RETURN_IF_ERROR(connection->Setup());
  return connection;
}

PgConnection::~PgConnection() {
  if (raw_ != nullptr) PQfinish(raw_);
}

absl::StatusOr<std::unique_ptr<PgConnection>> PgConnection::OpenPatiently(
    const PgConnectionOptions& options) {
  observe::Trouble trouble(observe::Level::kWarning,
                           "PostgreSQL cannot be reached: the start waits for it",
                           "PostgreSQL answers: the start goes on", options.schema);
  const absl::Time begun = SteadyNow();
  while (true) {
    auto connection = Open(options);
    const absl::Status status = connection.status();
    const bool in_time = SteadyNow() - begun + kStartPause <= options.start_patience;
    if (!status.ok() && (IsLoginRefused(status) || !in_time)) return status;
    trouble.Note(status);
    if (status.ok()) return connection;
    absl::SleepFor(kStartPause);
  }
}

absl::Status PgConnection::Connect() {
  std::string conninfo = options_.conninfo;
  if (options_.conninfo_now) {
    if (auto now = options_.conninfo_now(); now.ok()) conninfo = *std::move(now);
  }
  ASSIGN_OR_RETURN(const std::vector<PgHost> hosts, HostsOf(conninfo));
  PgWay alone;
  PgWay& way = options_.way == nullptr ? alone : *options_.way;
  const size_t first = way.host;
  absl::Status status;
  for (size_t i = 0; i < hosts.size(); ++i) {
    const size_t host = (first + i) % hosts.size();
    if (raw_ != nullptr) PQfinish(raw_);
    lost_ = false;
    absl::Status tried = ConnectTo(hosts[host]);
    // One that may come back is worth waiting for, whatever the others refuse.
    if (status.ok() || tried.ok() || !IsLoginRefused(tried)) status = tried;
    if (tried.ok()) way.host = host;
    if (tried.ok() || way.given_up) break;
  }
  return status;
}

absl::Status PgConnection::ConnectTo(const PgHost& host) {
  const absl::Time deadline = SteadyNow() + options_.connect_timeout;
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : host) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  raw_ = PQconnectStartParams(keywords.data(), values.data(), 0);
  if (raw_ == nullptr) return Lost("out of memory");
  PQsetNoticeReceiver(raw_, IgnoreNotice, nullptr);
  PQsetErrorVerbosity(raw_, PQERRORS_VERBOSE);  // else libpq keeps the SQLSTATE to itself
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (PQstatus(raw_) != CONNECTION_BAD && state != PGRES_POLLING_OK) {
    short seen = 0;
    short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!PollSocket(PQsocket(raw_), events, deadline, options_.way.get(), &seen)) {
      return Lost("no answer within the connect timeout");
    }
    state = PQconnectPoll(raw_);
    if (state == PGRES_POLLING_FAILED) break;
  }
  if (PQstatus(raw_) != CONNECTION_OK) {
    lost_ = true;
    return NotConnected(raw_);
  }
  PQsetErrorVerbosity(raw_, PQERRORS_DEFAULT);
  if (PQsetnonblocking(raw_, 1) != 0 || PQenterPipelineMode(raw_) != 1) {
    return Lost(Trimmed(PQerrorMessage(raw_)));
  }
  return absl::OkStatus();
}

absl::Status PgConnection::Setup() {
  const bool bounded = options_.statement_timeout != absl::InfiniteDuration();
  const int64_t timeout = bounded ? absl::ToInt64Milliseconds(options_.statement_timeout) : 0;
  // What this code relies on, whatever an administrator has set for the role or the database.
  std::vector<PgStatement> settings = {
      {"SET client_encoding TO 'UTF8'", {}, false},
      {absl::StrCat("SET search_path TO ", options_.schema), {}, false},
      {absl::StrCat("SET statement_timeout TO ", timeout), {}, false},
      // Nor may a process that hangs hold what others wait for.
      {absl::StrCat("SET idle_in_transaction_session_timeout TO ", timeout), {}, false},
      // A standby refuses to read in another one's default, serializable.
      {"SET default_transaction_isolation TO 'read committed'", {}, false},
      // Bytes and numbers that come as text.
      {"SET bytea_output TO hex", {}, false},
      {"SET extra_float_digits TO 1", {}, false}};
  if (options_.lock_timeout != absl::InfiniteDuration()) {
    const int64_t lock = absl::ToInt64Milliseconds(options_.lock_timeout);
    settings.push_back({absl::StrCat("SET lock_timeout TO ", lock), {}, false});
  }
  std::vector<PgCall> calls;
  for (const PgStatement& setting : settings) calls.push_back({&setting, PgParams()});
  return Run(calls).status();
}

absl::Status PgConnection::Lost(absl::string_view why) {
  lost_ = true;
  sqlstate_.clear();
  return NoConnection(why);
}

absl::Status PgConnection::ErrorOf(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state == nullptr) return Lost(Trimmed(PQresultErrorMessage(result)));
  sqlstate_ = state;
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  lost_ = lost_ || EndsSession(sqlstate_);
  return StatementFailed(sqlstate_, primary == nullptr ? "" : primary, options_.schema,
                         PQuser(raw_));
}

bool PgConnection::MayRunAgain() const { return store::MayRunAgain(sqlstate_); }

absl::Status PgConnection::Wait(absl::Time deadline) {
  while (true) {
    int unsent = PQflush(raw_);
    if (unsent < 0) return Lost(Trimmed(PQerrorMessage(raw_)));
    short seen = 0;
    const auto events = static_cast<short>(POLLIN | (unsent > 0 ? POLLOUT : 0));
    if (!PollSocket(PQsocket(raw_), events, deadline, options_.way.get(), &seen))
      return Lost("the server is silent");
    // Both ways, for the server stops reading while nobody reads what it has to say.
    if ((seen & ~POLLOUT) != 0) {
      if (PQconsumeInput(raw_) != 1) return Lost(Trimmed(PQerrorMessage(raw_)));
      return absl::OkStatus();
    }
  }
}

absl::StatusOr<PGresult*> PgConnection::Next() {
  const absl::Time deadline = SteadyNow() + 2 * options_.statement_timeout;
  while (PQisBusy(raw_) != 0) RETURN_IF_ERROR(Wait(deadline));
  return PQgetResult(raw_);
}

absl::StatusOr<std::vector<PgResult>> PgConnection::Collect(size_t count) {
  if (PQpipelineSync(raw_) != 1) return Lost(Trimmed(PQerrorMessage(raw_)));
  std::vector<PgResult> results;
  results.reserve(count);
  absl::Status first;
  for (size_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(PGresult * raw, Next());
    if (raw == nullptr) return Lost("the server ended the connection");
    results.emplace_back(raw);
    ExecStatusType status = PQresultStatus(raw);
    if (status == PGRES_FATAL_ERROR) {
      if (first.ok()) failed_ = i;
      first.Update(ErrorOf(raw));
      if (PQstatus(raw_) != CONNECTION_OK) lost_ = true;
      if (lost_) return first;
    }
    // Each statement's results end with a null.
    ASSIGN_OR_RETURN(PGresult * end, Next());
    if (end != nullptr) {
      PQclear(end);
      return Lost("results out of step");
    }
  }
  ASSIGN_OR_RETURN(PGresult * sync, Next());
  PgResult mark(sync);
  if (sync == nullptr || PQresultStatus(sync) != PGRES_PIPELINE_SYNC) {
    return Lost("results out of step");
  }
  if (!first.ok()) return first;
  return results;
}

absl::Status PgConnection::Prepare(absl::Span<const PgCall> calls) {
  std::vector<std::pair<const PgStatement*, std::string>> sent;
  for (const PgCall& call : calls) {
    const PgStatement* statement = call.statement;
    if (!statement->keep || prepared_.contains(statement)) continue;
    if (prepared_.size() + sent.size() >= kMaxPrepared) break;
    bool already = false;
    for (const auto& [other, name] : sent) already = already || other == statement;
    if (already) continue;
    std::string name = absl::StrCat("s", next_name_++);
    if (PQsendPrepare(raw_, name.c_str(), statement->sql.c_str(),
                      static_cast<int>(statement->types.size()), statement->types.data()) != 1) {
      return Lost(Trimmed(PQerrorMessage(raw_)));
    }
    sent.emplace_back(statement, std::move(name));
  }
  if (sent.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(Collect(sent.size()).status());
  for (auto& [statement, name] : sent) prepared_.emplace(statement, std::move(name));
  return absl::OkStatus();
}

absl::Status PgConnection::Send(const PgCall& call) {
  const PgStatement& statement = *call.statement;
  const PgParams::Raw raw = call.params.raw();
  const int format = statement.text_results ? 0 : 1;
  int sent;
  auto it = prepared_.find(&statement);
  if (it != prepared_.end()) {
    sent = PQsendQueryPrepared(raw_, it->second.c_str(), call.params.size(), raw.values.data(),
                               raw.lengths.data(), raw.formats.data(), format);
  } else {
    const Oid* types = statement.types.empty() ? nullptr : statement.types.data();
    sent = PQsendQueryParams(raw_, statement.sql.c_str(), call.params.size(), types,
                             raw.values.data(), raw.lengths.data(), raw.formats.data(), format);
  }
  return sent == 1 ? absl::OkStatus() : Lost(Trimmed(PQerrorMessage(raw_)));
}

absl::StatusOr<std::vector<PgResult>> PgConnection::Run(absl::Span<const PgCall> calls) {
  if (!alive()) return Lost("lost before");
  sqlstate_.clear();
  const absl::Status prepared = Prepare(calls);
  if (!prepared.ok()) failed_ = calls.size();
  RETURN_IF_ERROR(prepared);
  for (const PgCall& call : calls) RETURN_IF_ERROR(Send(call));
  return Collect(calls.size());
}

absl::StatusOr<PgResult> PgConnection::Run(const PgStatement& statement, PgParams params) {
  PgCall call{&statement, std::move(params)};
  ASSIGN_OR_RETURN(std::vector<PgResult> results, Run(absl::MakeConstSpan(&call, 1)));
  return std::move(results[0]);
}

absl::Status PgConnection::Execute(absl::string_view sql) {
  PgStatement once{std::string(sql), {}, false, true};
  return Run(once, PgParams()).status();
}

absl::Status PgConnection::Transaction(const char* begin, absl::FunctionRef<absl::Status()> work) {
  RETURN_IF_ERROR(Execute(begin));
  absl::Status status = work();
  if (status.ok() && PQtransactionStatus(raw_) == PQTRANS_INERROR) {
    // COMMIT would say that all is well, and roll back.
    status = Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL,
                  "a statement of the transaction failed and nobody said so");
  }
  if (status.ok()) status = Execute("COMMIT");
  if (!status.ok()) Rollback();
  return status;
}

void PgConnection::Rollback() {
  if (!alive() || PQtransactionStatus(raw_) == PQTRANS_IDLE) return;
  const std::string sqlstate = sqlstate_;  // of what is being rolled back
  if (!Execute("ROLLBACK").ok()) lost_ = true;
  sqlstate_ = sqlstate;
}

}  // namespace sqm::store
