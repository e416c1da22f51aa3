// The audit trail of reads that showed personal data.
#pragma once

#include "common/resource/resources.h"
#include "common/rpc/pipeline.h"

namespace sqm::resource {

// A sink that writes one AuditEntry a call into `store` (whose registry declares the type). The
// answer waits until the entry is durable.
rpc::AuditSink AuditInto(const contract::Registry& registry, store::Store& store, IdSource& ids);

}  // namespace sqm::resource
