// Updates by field mask (AIP-134, AIP-161).
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/field_mask.pb.h>

#include "common/contract/registry.h"

namespace sqm::contract {

// Copies the masked fields of `patch` into `resource`. An absent or empty mask means every field
// that `patch` has set, `*` every field that may be changed. A path that is unknown, output-only,
// immutable (and different), or leads through a repeated field is INVALID_ARGUMENT
// INVALID_FIELD_MASK with metadata `path`. Returns whether anything changed.
absl::StatusOr<bool> ApplyUpdate(const ResourceType& type, const google::protobuf::FieldMask& mask,
                                 const Message& patch, Message& resource);

}  // namespace sqm::contract
