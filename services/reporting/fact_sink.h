// Reporting's end of another service's feed: changes become facts, effectively once.
#pragma once

#include <string>

#include "common/feed/consumer.h"
#include "common/store/store.h"
#include "services/reporting/fact_store.h"

namespace sqm::reporting {

// Creates the tables of facts and rollups that are missing. At start-up; blocks.
absl::Status PrepareStore(store::Store& store);

// Facts, rollups and the cursor change in one transaction of the reporting store, so a crash on
// either side counts nothing twice and loses nothing.
class FactSink final : public feed::Sink {
 public:
  // `source`: the service that the feed is of. The store must outlive the sink.
  FactSink(std::string source, store::Store& store) : source_(std::move(source)), store_(store) {}

  Task<absl::StatusOr<std::optional<feed::Position>>> Load(std::string tenant) override;
  Task<absl::Status> Apply(std::string tenant, const feed::v1::ChangeBatch& batch) override;
  Task<absl::Status> Reset(std::string tenant) override;

 private:
  const std::string source_;
  store::Store& store_;
  FactStore facts_;  // used within Project only, that is on the committer's thread
};

}  // namespace sqm::reporting
