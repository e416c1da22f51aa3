#include "common/store/prepare.h"

#include <functional>

namespace sqm::store {

absl::Status Ensure(SqlSession& session, absl::Span<const SchemaPart> parts) {
  for (const SchemaPart& part : parts) {
    ASSIGN_OR_RETURN(const bool there, session.Has(part.name));
    if (there) continue;
    RETURN_IF_ERROR(session.Run(part.create));
  }
  return absl::OkStatus();
}

Task<absl::Status> Prepare(Store& store, absl::Span<const SchemaPart> parts) {
  const std::function<absl::Status(SqlSession&)> work = [parts](SqlSession& session) {
    return Ensure(session, parts);
  };
  Task<absl::Status> making = store.Note(work);
  absl::Status status = co_await making;
  if (!absl::IsInternal(status)) co_return status;
  // Of two that make the same at once one is refused; then it is there.
  Task<absl::Status> again = store.Note(work);
  status = co_await again;
  co_return status;
}

}  // namespace sqm::store
