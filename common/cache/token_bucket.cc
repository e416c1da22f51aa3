#include "common/cache/token_bucket.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/digest.h"
#include "common/base/status.h"
#include "common/cache/redis_tier.h"

namespace sqm::cache {
namespace {

// Stored as "tokens microseconds". What is not of this form is a full bucket.
const RedisScript& SpendScript() {
  static const auto& script = *new RedisScript(R"lua(
local rate, burst, spent = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local tokens = burst
local old = redis.pcall('GET', KEYS[1])
if type(old) == 'string' then
  local held, time = string.match(old, '^(%S+) (%d+)$')
  if held and tonumber(held) then
    tokens = tonumber(held) + math.max(0, now - tonumber(time)) * rate / 1000000
  end
end
tokens = math.max(-burst, math.min(burst, tokens) - spent)
local full = math.ceil((burst - tokens) / rate * 1000) + 1000
redis.call('SET', KEYS[1], string.format('%.6f %.0f', tokens, now), 'PX', string.format('%.0f', full))
return string.format('%.6f', tokens)
)lua");
  return script;
}

}  // namespace

double TokensAt(const BucketRate& rate, const TokenBucket& bucket, absl::Time now) {
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(now - bucket.time));
  return std::min(rate.burst, bucket.tokens + seconds * rate.per_second);
}

absl::Duration WaitForToken(const BucketRate& rate, double tokens) {
  if (tokens >= 1) return absl::ZeroDuration();
  return absl::Ceil(absl::Seconds((1 - tokens) / rate.per_second), absl::Milliseconds(1));
}

Task<absl::StatusOr<double>> SharedBuckets::Spend(std::string tenant, std::string name,
                                                  BucketRate rate, double spent) {
  const std::string key = RedisTier::KeyOf(tenant, "rate.", Sha256Hex(name));
  if (key.empty()) co_return InvalidField("tenant", "is not one");
  std::vector<std::string> keys{key};
  std::vector<std::string> args;
  for (double number : {rate.per_second, rate.burst, spent}) args.push_back(absl::StrCat(number));
  auto reply = co_await redis_.Eval(SpendScript(), std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  double left = 0;
  if (!absl::SimpleAtod(reply->text, &left)) {
    co_return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL,
                   "Redis: a bucket's level is not a number");
  }
  co_return left;
}

}  // namespace sqm::cache
