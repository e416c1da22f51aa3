// What PostgreSQL and libpq say, as statuses: the code is for who called, the words are for the log
// of who runs it, with what to do where that is known.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <string>

#include "common/store/postgres/values.h"

namespace sqm::store {

// libpq's words without their last newline.
std::string Trimmed(const char* message);

// A connection that was lost or not made, which may be otherwise in a moment.
absl::Status NoConnection(absl::string_view why);
// One that is not made however often it is tried, until somebody changes something.
absl::Status LoginRefused(absl::string_view why);
bool IsLoginRefused(const absl::Status& status);
// Which of them it is, of an attempt that failed with PQERRORS_VERBOSE.
absl::Status NotConnected(const PGconn* raw);

// A statement that the server refused to `user` in `schema`.
absl::Status StatementFailed(absl::string_view sqlstate, absl::string_view message,
                             absl::string_view schema, absl::string_view user);

// The server ends the session, or has become a standby: another connection may find the primary.
bool EndsSession(absl::string_view sqlstate);
// Serialization failure, deadlock, lock not available, statement timeout: the transaction met
// another one and may be run again.
bool MayRunAgain(absl::string_view sqlstate);

}  // namespace sqm::store
