// The contact that every bench sends, distinct by its number; about 450 bytes as it is stored.
#pragma once

#include <cstdint>
#include <string>

#include "sqm/monitoring/v1/contact.pb.h"

namespace sqm::bench {

// Contact number `index`: external id, agent (one of 200), type, times spread over 30 days from
// 2026-03-02 UTC; every field that a caller may set is set.
monitoring::v1::Contact SampleContact(uint64_t index);

// The same as a service would answer it: with name, times and etag.
monitoring::v1::Contact StoredContact(uint64_t index);

// A UUID made from `run` and `index`, as a request id.
std::string SampleRequestId(uint64_t run, uint64_t index);

}  // namespace sqm::bench
