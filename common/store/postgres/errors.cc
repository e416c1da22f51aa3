#include "common/store/postgres/errors.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <absl/strings/substitute.h>
#include <absl/time/time.h>
#include <libpq-fe.h>

#include <vector>

#include "common/base/status.h"

namespace sqm::store {
namespace {

constexpr char kRefusedUrl[] = "sqm/login-refused";
// What somebody has to set right takes longer than what comes back by itself.
constexpr absl::Duration kSoon = absl::Milliseconds(200), kLater = absl::Seconds(5);

absl::Status Unavailable(absl::string_view message, absl::Duration again) {
  return Inside(WithRetry(
      Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE, message), again));
}

// SQLSTATE in libpq's verbose words, `FATAL:  28P01: password …`; the last one, of several
// attempts.
absl::string_view StateIn(absl::string_view said) {
  for (size_t at = said.rfind(":  "); at != absl::string_view::npos && at > 0;
       at = said.rfind(":  ", at - 1)) {
    const absl::string_view state = said.substr(at + 3, 6);
    if (state.size() < 6 || state[5] != ':') continue;
    bool all = true;
    for (char c : state.substr(0, 5))
      all = all && (absl::ascii_isdigit(c) || absl::ascii_isupper(c));
    if (all) return state.substr(0, 5);
  }
  return "";
}

// On one line, without the line of the server's source.
std::string Flat(absl::string_view said) {
  std::vector<absl::string_view> lines;
  for (absl::string_view line : absl::StrSplit(said, '\n', absl::SkipEmpty())) {
    if (!absl::StartsWith(line, "LOCATION:")) lines.push_back(absl::StripAsciiWhitespace(line));
  }
  return absl::StrJoin(lines, " ");
}

constexpr char kTooMany[] =
    ": it takes no more connections: raise max_connections (or the role's CONNECTION LIMIT), or "
    "have fewer processes or store.postgres.readers";

// What to do about a login that the server refuses; null: nothing is known to help but waiting.
const char* AdviceOnLogin(absl::string_view state) {
  if (state == "28P01") {
    return ": the password is not the role's: write the right one into the connection string, or "
           "set it with ALTER ROLE ... PASSWORD";
  }
  if (absl::StartsWith(state, "28")) {
    return ": have the role log in (CREATE ROLE ... LOGIN, pg_hba.conf), or name another one in "
           "the connection string";
  }
  if (state == "3D000") {
    return ": create the database, or name another one in the connection string";
  }
  if (state == "42501") return ": GRANT CONNECT ON DATABASE ... to the role";
  return nullptr;
}

}  // namespace

std::string Trimmed(const char* message) {
  return std::string(absl::StripSuffix(message == nullptr ? "" : message, "\n"));
}

absl::Status NoConnection(absl::string_view why) {
  return Unavailable(absl::StrCat("no connection to PostgreSQL: ", why), kSoon);
}

absl::Status LoginRefused(absl::string_view why) {
  absl::Status status = Unavailable(absl::StrCat("no connection to PostgreSQL: ", why), kLater);
  status.SetPayload(kRefusedUrl, absl::Cord());
  return status;
}

bool IsLoginRefused(const absl::Status& status) {
  return status.GetPayload(kRefusedUrl).has_value();
}

absl::Status NotConnected(const PGconn* raw) {
  const std::string said = Flat(PQerrorMessage(raw));
  const absl::string_view state = StateIn(said);
  if (const char* advice = AdviceOnLogin(state)) return LoginRefused(absl::StrCat(said, advice));
  if (PQconnectionNeedsPassword(raw) != 0) {
    return LoginRefused(
        absl::StrCat(said, ": write the role's password into the connection string"));
  }
  return NoConnection(absl::StrCat(said, state == "53300" ? kTooMany : ""));
}

bool EndsSession(absl::string_view sqlstate) {
  return absl::StartsWith(sqlstate, "57P") || absl::StartsWith(sqlstate, "08") ||
         sqlstate == "25006" || sqlstate == "25P03";
}

bool MayRunAgain(absl::string_view sqlstate) {
  return sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "55P03" || sqlstate == "57014";
}

absl::Status StatementFailed(absl::string_view sqlstate, absl::string_view message,
                             absl::string_view schema, absl::string_view user) {
  const std::string said = absl::StrCat("PostgreSQL: ", message, " (SQLSTATE ", sqlstate, ")");
  if (EndsSession(sqlstate)) return Unavailable(said, kSoon);
  if (sqlstate == "53100") {
    return Inside(
        Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_STORE_FULL, said));
  }
  if (absl::StartsWith(sqlstate, "53") || MayRunAgain(sqlstate)) return Unavailable(said, kSoon);
  // Taken away under the service: what was asked is right, and will do once it is given back.
  if (sqlstate == "42501") {
    return Unavailable(
        absl::Substitute("$0: GRANT to $2 what it lacks: USAGE ON SCHEMA $1; SELECT, INSERT, "
                         "UPDATE, DELETE ON ALL TABLES IN SCHEMA $1; where tables are to be made, "
                         "CREATE ON SCHEMA $1, or on the database",
                         said, schema, user),
        kLater);
  }
  if (sqlstate == "42P01" || sqlstate == "42703" || sqlstate == "3F000") {
    return Unavailable(
        absl::Substitute("$0: somebody has changed the schema $1, or $2 may not use it: undo that, "
                         "or GRANT USAGE ON SCHEMA $1 TO $2",
                         said, schema, user),
        kLater);
  }
  // A NUL in a text, a value too long for its index: what the caller sent cannot be stored.
  if (sqlstate == "22021" || sqlstate == "54000") {
    return Inside(
        Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_FIELD, said));
  }
  return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL, said);
}

}  // namespace sqm::store
