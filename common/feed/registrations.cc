#include "common/feed/registrations.h"

#include <absl/strings/str_cat.h>

#include "common/base/status.h"
#include "common/store/prepare.h"

namespace sqm::feed {

using store::SqlParam;
using store::SqlRow;
using store::SqlSession;

namespace {

constexpr store::SchemaPart kTable[] = {
    {"feed_consumers",
     "CREATE TABLE IF NOT EXISTS feed_consumers (tenant TEXT NOT NULL, consumer TEXT NOT NULL,"
     " position BIGINT NOT NULL, time BIGINT NOT NULL, PRIMARY KEY (tenant, consumer))"}};

}  // namespace

absl::Status PrepareRegistrations(store::Store& store) {
  return Await(store::Prepare(store, kTable));
}

Task<absl::Status> Acknowledge(store::Store& store, std::string tenant, std::string consumer,
                               int64_t position, absl::Time now) {
  std::function<absl::Status(SqlSession&)> work = [&](SqlSession& session) -> absl::Status {
    int64_t others = 0;
    RETURN_IF_ERROR(
        session.Run("SELECT count(*) FROM feed_consumers WHERE tenant = ? AND consumer <> ?",
                    {SqlParam(absl::string_view(tenant)), SqlParam(absl::string_view(consumer))},
                    [&](const SqlRow& row) { others = row.Int(0); }));
    if (others >= kMaxRegistrations) {
      return Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_TOO_LARGE,
                  absl::StrCat("the feed keeps changes for at most ", kMaxRegistrations,
                               " consumers: use a name again"),
                  {{"limit", absl::StrCat(kMaxRegistrations)}});
    }
    return session.Run(
        "INSERT INTO feed_consumers (tenant, consumer, position, time) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (tenant, consumer)"
        " DO UPDATE SET position = excluded.position, time = excluded.time",
        {SqlParam(absl::string_view(tenant)), SqlParam(absl::string_view(consumer)),
         SqlParam(position), SqlParam(absl::ToUnixMicros(now))});
  };
  Task<absl::Status> writing = store.Project(std::move(work));
  absl::Status status = co_await writing;
  co_return status;
}

Task<absl::StatusOr<std::map<std::string, int64_t>>> NeededFrom(store::Store& store,
                                                                absl::Time heard_since) {
  std::map<std::string, int64_t> needed;
  std::function<absl::Status(SqlSession&)> work = [&](SqlSession& session) {
    return session.Run(
        "SELECT tenant, min(position) FROM feed_consumers WHERE time >= ? GROUP BY tenant",
        {SqlParam(absl::ToUnixMicros(heard_since))},
        [&](const SqlRow& row) { needed[std::string(row.Text(0))] = row.Int(1) + 1; });
  };
  Task<absl::Status> reading = store.Query(std::move(work));
  absl::Status status = co_await reading;
  if (!status.ok()) co_return status;
  co_return needed;
}

Task<absl::Status> ForgetSilent(store::Store& store, absl::Time heard_since) {
  std::function<absl::Status(SqlSession&)> work = [heard_since](SqlSession& session) {
    return session.Run("DELETE FROM feed_consumers WHERE time < ?",
                       {SqlParam(absl::ToUnixMicros(heard_since))});
  };
  Task<absl::Status> writing = store.Note(std::move(work));
  absl::Status status = co_await writing;
  co_return status;
}

}  // namespace sqm::feed
