// How the configuration's Redis is reached.
#pragma once

#include "common/cache/redis.h"
#include "services/host/config.h"

namespace sqm::host {

// The log says why it is left alone.
cache::RedisOptions RedisOptionsOf(const Config& config);

}  // namespace sqm::host
