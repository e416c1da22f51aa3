// ImportContacts: batches of contacts on a stream, each row answered by itself.
#pragma once

#include "common/resource/resources.h"
#include "common/rpc/pipeline.h"

namespace sqm::monitoring {

// Answers every batch once it is durable. Idempotent by external id: a contact that is there with
// the same content is UNCHANGED; with other content it is UPDATED if the batch asks for that, else
// refused with ALREADY_EXISTS. A row that is refused stops no other.
Task<absl::Status> ImportContacts(resource::Resources& resources, rpc::Call& call,
                                  rpc::Stream& stream);

}  // namespace sqm::monitoring
