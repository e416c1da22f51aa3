#include "services/host/open_redis.h"

#include <string>

#include "common/observe/log.h"

namespace sqm::host {
namespace {

using observe::Level;
using observe::Log;

void Tell(const absl::Status& status) {
  if (status.ok()) {
    Log(Level::kInfo, "Redis answers again");
    return;
  }
  Log(Level::kWarning,
      "Redis does not do what is asked of it: until it does, answers may take longer, and each "
      "process keeps the limits of calls by itself",
      {{"error", std::string(status.message())}});
}

}  // namespace

cache::RedisOptions RedisOptionsOf(const Config& config) {
  cache::RedisOptions options;
  options.unix_socket = config.redis_socket;
  options.host = config.redis_host;
  options.port = static_cast<int>(config.redis_port);
  options.password_file = config.redis_password_file;
  options.on_change = Tell;
  return options;
}

}  // namespace sqm::host
