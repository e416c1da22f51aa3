#include "services/reporting/fact_sink.h"

#include <utility>

#include "common/base/status.h"
#include "common/feed/resume_token.h"
#include "common/observe/log.h"

namespace sqm::reporting {
namespace {

// Changes still to be read of a tenant that nothing was read of: fewer take less than a second, and
// every new tenant has some.
constexpr int64_t kWorthTelling = 10'000;

}  // namespace

absl::Status PrepareStore(store::Store& store) {
  return Await(store::Prepare(store, FactStore::Schema()));
}

Task<absl::StatusOr<std::optional<feed::Position>>> FactSink::Load(std::string tenant) {
  std::optional<feed::Position> position;
  std::function<absl::Status(store::SqlSession&)> load =
      [&](store::SqlSession& session) -> absl::Status {
    ASSIGN_OR_RETURN(std::optional<Cursor> cursor, LoadCursor(session, tenant, source_));
    if (cursor.has_value()) position = feed::Position{cursor->token};
    return absl::OkStatus();
  };
  Task<absl::Status> loading = store_.Query(std::move(load));
  absl::Status status = co_await loading;
  if (!status.ok()) co_return status;
  Stands(tenant, position.has_value() ? std::optional(position->token) : std::nullopt);
  if (!position.has_value()) {
    BeginAnew(tenant, "nothing of it was read yet");
  } else if (position->token.empty()) {
    BeginAnew(tenant, "what was read is not complete, or is of another version of reporting");
    TellAnew(tenant);
  }
  co_return position;
}

void FactSink::BeginAnew(const std::string& tenant, absl::string_view why) {
  absl::MutexLock lock(&mutex_);
  anew_.emplace(tenant, Anew{absl::Now(), std::string(why)});
}

void FactSink::TellAnew(const std::string& tenant) {
  std::string why;
  {
    absl::MutexLock lock(&mutex_);
    const auto anew = anew_.find(tenant);
    if (anew == anew_.end() || std::exchange(anew->second.told, true)) return;
    why = anew->second.why;
  }
  observe::Log(observe::Level::kInfo,
               "a source is read from its beginning; until then reports say how far it is read",
               {{"source", source_}, {"tenant", tenant}, {"why", why}});
}

void FactSink::EndAnew(const std::string& tenant) {
  Anew anew;
  {
    absl::MutexLock lock(&mutex_);
    auto node = anew_.extract(tenant);
    if (node.empty() || !node.mapped().told) return;
    anew = std::move(node.mapped());
  }
  observe::Log(
      observe::Level::kInfo, "a source that was read from its beginning is read up to now",
      {{"source", source_}, {"tenant", tenant}, {"took_seconds", absl::Now() - anew.since}});
}

void FactSink::Stands(const std::string& tenant, std::optional<std::string> token) {
  absl::MutexLock lock(&mutex_);
  tokens_[tenant] = std::move(token);
}

absl::Status FactSink::CheckOwn(store::SqlSession& session, const std::string& tenant) const {
  ASSIGN_OR_RETURN(std::optional<Cursor> cursor, LoadCursor(session, tenant, source_));
  std::optional<std::string> stored;
  if (cursor.has_value()) stored = std::move(cursor->token);
  absl::MutexLock lock(&mutex_);
  auto known = tokens_.find(tenant);
  if (lease_.Held() && known != tokens_.end() && known->second == stored) return absl::OkStatus();
  return Fail(absl::StatusCode::kAborted, type::v1::ERROR_REASON_CONFLICT,
              "another process follows this feed");
}

Task<absl::Status> FactSink::Apply(std::string tenant, const feed::v1::ChangeBatch& batch) {
  const absl::StatusOr<feed::ResumePoint> point =
      feed::ParseResumeToken(batch.resume_token(), tenant);
  const int64_t reached = point.ok() ? point->position : 0;
  Applied applied;
  std::function<absl::Status(store::SqlSession&)> apply =
      [&](store::SqlSession& session) -> absl::Status {
    RETURN_IF_ERROR(CheckOwn(session, tenant));
    ASSIGN_OR_RETURN(applied, facts_.ApplyBatch(session, tenant, source_, batch, reached));
    return absl::OkStatus();
  };
  Task<absl::Status> applying = store_.Project(std::move(apply));
  absl::Status status = co_await applying;
  if (!status.ok()) co_return status;
  Stands(tenant, batch.resume_token());
  if (batch.head() - reached >= kWorthTelling) TellAnew(tenant);
  if (point.ok() && reached >= batch.head()) EndAnew(tenant);
  if (applied.unusable > 0) {
    unusable_ += static_cast<uint64_t>(applied.unusable);
    observe::Log(observe::Level::kWarning, "changes that cannot be read are in no report",
                 {{"source", source_},
                  {"tenant", tenant},
                  {"count", applied.unusable},
                  {"first", applied.first_unusable},
                  {"version", applied.first_unusable_version}});
  }
  co_return absl::OkStatus();
}

Task<absl::Status> FactSink::Reset(std::string tenant) {
  BeginAnew(tenant, "the source no longer keeps what follows on what was read");
  TellAnew(tenant);
  bool done = false;
  while (!done) {
    std::function<absl::Status(store::SqlSession&)> reset =
        [&](store::SqlSession& session) -> absl::Status {
      RETURN_IF_ERROR(CheckOwn(session, tenant));
      ASSIGN_OR_RETURN(done, facts_.ResetSlice(session, tenant, source_));
      return absl::OkStatus();
    };
    Task<absl::Status> resetting = store_.Project(std::move(reset));
    absl::Status status = co_await resetting;
    if (!status.ok()) co_return status;
    Stands(tenant, "");
  }
  co_return absl::OkStatus();
}

}  // namespace sqm::reporting
