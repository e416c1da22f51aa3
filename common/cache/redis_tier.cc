#include "common/cache/redis_tier.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <utility>
#include <vector>

#include "common/base/digest.h"

namespace sqm::cache {
namespace {

// Bytes 9..24 (Lua counts from 1) are version and instant, big-endian: compared one by one, since
// Lua's own string order follows the locale and its numbers hold 53 bits only. What is not a
// snapshot gives way, and so does what has no time to live: nothing written here lacks one.
const RedisScript& PutScript() {
  static const auto& script = *new RedisScript(R"lua(
local old = redis.pcall('GETRANGE', KEYS[1], 0, 39)
if type(old) == 'string' and #old == 40 and string.sub(old, 1, 5) == 'SQMR\1'
    and redis.call('PTTL', KEYS[1]) >= 0 then
  for i = 9, 24 do
    local a, b = string.byte(old, i), string.byte(ARGV[1], i)
    if a > b then return 0 end
    if a < b then break end
    if i == 24 then return 0 end
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
)lua");
  return script;
}

void Count(std::atomic<uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

bool Plain(absl::string_view part) {
  return !part.empty() && part.find_first_of("{}:") == absl::string_view::npos;
}

// The name's digest as id, under a type that no resource has.
std::string ResultKey(absl::string_view tenant, absl::string_view name) {
  return RedisTier::KeyOf(tenant, "result.", Sha256Hex(name));
}

}  // namespace

RedisTier::RedisTier(RedisTierOptions options, Redis& redis, const Clock& clock)
    : options_(options), redis_(redis), clock_(clock) {}

std::string RedisTier::KeyOf(absl::string_view tenant, absl::string_view type,
                             absl::string_view id) {
  if (!Plain(tenant) || !Plain(type) || id.empty()) return "";
  std::string key = absl::StrCat("sqm:{", tenant, "}:", type, ":", id);
  if (key.size() > 512) key.clear();
  return key;
}

bool RedisTier::Current(const Snapshot& snapshot, int64_t min_position) const {
  const absl::Duration age = clock_.Now() - snapshot.as_of;
  return age >= absl::ZeroDuration() && age < options_.max_staleness &&
         snapshot.position >= min_position;
}

void RedisTier::CountNone(const absl::Status& status) {
  if (status.ok()) {
    Count(counters_.misses);
  } else if (status.code() == absl::StatusCode::kResourceExhausted ||
             absl::StartsWith(status.message(), "Redis: WRONGTYPE")) {
    Count(counters_.garbage);  // longer than anything written here, or not a string
  } else {
    Count(counters_.failures);
  }
}

Task<std::optional<Snapshot>> RedisTier::Get(std::string tenant, std::string type, std::string id,
                                             int64_t min_position) {
  const std::string key = KeyOf(tenant, type, id);
  if (key.empty()) co_return std::nullopt;
  auto value = co_await redis_.Get(key);
  if (!value.ok() || !value->has_value()) {
    CountNone(value.status());
    co_return std::nullopt;
  }
  std::optional<Snapshot> snapshot = DecodeSnapshot(key, **value);
  if (!snapshot) {
    Count(counters_.garbage);
    co_return std::nullopt;
  }
  if (!Current(*snapshot, min_position)) {
    Count(counters_.stale);
    co_return std::nullopt;
  }
  Count(counters_.hits);
  co_return snapshot;
}

Task<bool> RedisTier::Put(std::string tenant, std::string type, std::string id, Snapshot snapshot) {
  const std::string key = KeyOf(tenant, type, id);
  if (key.empty() || snapshot.version < 1 || snapshot.body.size() > options_.max_record_bytes) {
    co_return false;
  }
  std::vector<std::string> keys{key};
  std::vector<std::string> args;
  args.push_back(EncodeSnapshot(key, snapshot));
  args.push_back(absl::StrCat(absl::ToInt64Milliseconds(options_.record_ttl)));
  auto reply = co_await redis_.Eval(PutScript(), std::move(keys), std::move(args));
  if (!reply.ok()) {
    Count(counters_.failures);
    co_return false;
  }
  const bool stored = reply->integer == 1;
  Count(stored ? counters_.puts : counters_.outrun);
  co_return stored;
}

Task<std::optional<std::string>> RedisTier::GetResult(std::string tenant, std::string name) {
  const std::string key = ResultKey(tenant, name);
  if (key.empty()) co_return std::nullopt;
  auto value = co_await redis_.Get(key, options_.result_deadline);
  if (!value.ok() || !value->has_value()) {
    CountNone(value.status());
    co_return std::nullopt;
  }
  const std::string owner = absl::StrCat(key, "\n", name);
  std::optional<std::string> body = DecodeResult(owner, **value);
  Count(body ? counters_.hits : counters_.garbage);
  co_return body;
}

Task<bool> RedisTier::PutResult(std::string tenant, std::string name, std::string body) {
  const std::string key = ResultKey(tenant, name);
  if (key.empty() || body.size() > options_.max_result_bytes) co_return false;
  const std::string owner = absl::StrCat(key, "\n", name);
  std::string value = EncodeResult(owner, body);
  absl::Status stored =
      co_await redis_.Set(key, std::move(value), options_.result_ttl, options_.result_deadline);
  Count(stored.ok() ? counters_.puts : counters_.failures);
  co_return stored.ok();
}

RedisTierStats RedisTier::Stats() const {
  RedisTierStats stats;
  stats.hits = counters_.hits;
  stats.misses = counters_.misses;
  stats.stale = counters_.stale;
  stats.garbage = counters_.garbage;
  stats.failures = counters_.failures;
  stats.puts = counters_.puts;
  stats.outrun = counters_.outrun;
  return stats;
}

}  // namespace sqm::cache
