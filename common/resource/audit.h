// The audit trail of reads that showed personal data.
#pragma once

#include <string>

#include "common/resource/resources.h"
#include "common/rpc/pipeline.h"

namespace sqm::resource {

// A sink that writes an AuditEntry a call into `store` (whose registry declares the type), and one
// more for each circle of persons that some of what was shown is restricted to. `shown`: where the
// calls read. The answer waits until the entries are durable.
rpc::AuditSink AuditInto(const contract::Registry& registry, store::Store& store, IdSource& ids,
                         Resources& shown);

// Which entries a caller sees: those of what is restricted are for those who may see that. See
// Resources::LimitVisibility.
std::string EntriesSeenBy(const rpc::Call& call);

}  // namespace sqm::resource
