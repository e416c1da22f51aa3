#include "common/store/long_lists.h"

#include "common/base/status.h"

namespace sqm::store {

Task<absl::Status> LongLists::Run(std::function<absl::Status()> work) {
  count_.fetch_add(1);
  if (waiting_.fetch_add(1) >= most_waiting_) {
    waiting_.fetch_sub(1);
    co_return WithRetry(
        Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_OVERLOADED,
             "too many lists that look at much wait for each other; with '=' of some field in its "
             "filter a list looks at less"),
        absl::Seconds(1));
  }
  co_await threads_.Hop();
  waiting_.fetch_sub(1);
  absl::Status status = work();
  co_return status;
}

}  // namespace sqm::store
