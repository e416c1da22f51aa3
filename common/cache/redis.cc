#include "common/cache/redis.h"

#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <openssl/evp.h>

#include <utility>

#include "common/base/status.h"
#include "common/cache/redis_loop.h"

namespace sqm::cache {
namespace {

std::string Sha1Hex(absl::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(digest), size));
}

absl::Status TooLarge(size_t limit) {
  const std::string text = absl::StrCat(limit);
  return Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_TOO_LARGE,
              absl::StrCat("a Redis value has more than ", text, " bytes"), {{"limit", text}});
}

absl::Status Unexpected(absl::string_view command) {
  return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL,
              absl::StrCat("Redis: unexpected kind of reply to ", command));
}

absl::Status AsStatus(const RedisCall::Result& result) {
  return result.ok() ? absl::OkStatus() : result.status();
}

}  // namespace

RedisScript::RedisScript(std::string text) : text_(std::move(text)), sha1_(Sha1Hex(text_)) {}

Redis::Redis(RedisOptions options, Executor& executor, IdSource& ids)
    : options_(options), loop_(std::make_unique<RedisLoop>(std::move(options), executor, ids)) {}

Redis::~Redis() { Shutdown(); }

void Redis::Shutdown() { loop_->Shutdown(); }

CircuitBreaker::State Redis::state() const { return loop_->state(); }

RedisStats Redis::Stats() const { return loop_->Stats(); }

absl::Status Redis::Subscribe(std::string channel, MessageCallback callback) {
  return loop_->Subscribe(std::move(channel), std::move(callback));
}

Task<absl::StatusOr<RedisReply>> Redis::Command(std::vector<std::string> args) {
  return Command(std::move(args), options_.deadline);
}

Task<absl::StatusOr<RedisReply>> Redis::Command(std::vector<std::string> args,
                                                absl::Duration deadline) {
  size_t bytes = 0;
  for (const std::string& arg : args) bytes += arg.size();
  if (args.empty() || bytes > options_.max_value_bytes + 4096) {
    co_return TooLarge(options_.max_value_bytes);
  }
  // Shared with the event thread: whoever is last frees it.
  auto call = std::make_shared<RedisCall>(std::move(args), bytes, deadline);
  absl::Status submitted = loop_->Submit(call);
  if (!submitted.ok()) co_return submitted;
  // From here on `this` is not touched: the client may be gone when the coroutine goes on.
  RedisCall::Result result = co_await call->done;
  co_return result;
}

Task<absl::StatusOr<std::optional<std::string>>> Redis::Get(std::string key) {
  return Get(std::move(key), options_.deadline);
}

Task<absl::StatusOr<std::optional<std::string>>> Redis::Get(std::string key,
                                                            absl::Duration deadline) {
  const size_t limit = options_.max_value_bytes;
  // A bounded GET: whatever somebody stored there, no more than the bound travels.
  std::vector<std::string> args;
  args.reserve(4);
  args.emplace_back("GETRANGE");
  args.push_back(std::move(key));
  args.emplace_back("0");
  args.push_back(absl::StrCat(limit));
  RedisCall::Result result = co_await Command(std::move(args), deadline);
  if (!result.ok()) co_return result.status();
  if (result->kind != RedisReply::Kind::kString) co_return Unexpected("GETRANGE");
  if (result->text.size() > limit) co_return TooLarge(limit);
  std::optional<std::string> value;
  if (!result->text.empty()) value = std::move(result->text);
  co_return value;
}

Task<absl::Status> Redis::Set(std::string key, std::string value, absl::Duration ttl) {
  return Set(std::move(key), std::move(value), ttl, options_.deadline);
}

Task<absl::Status> Redis::Set(std::string key, std::string value, absl::Duration ttl,
                              absl::Duration deadline) {
  const int64_t ttl_ms = absl::ToInt64Milliseconds(ttl);
  if (ttl_ms < 1) co_return InvalidField("ttl", "must be at least 1 ms");
  if (value.size() > options_.max_value_bytes) co_return TooLarge(options_.max_value_bytes);
  std::vector<std::string> args;
  args.reserve(5);
  args.emplace_back("SET");
  args.push_back(std::move(key));
  args.push_back(std::move(value));
  args.emplace_back("PX");
  args.push_back(absl::StrCat(ttl_ms));
  RedisCall::Result result = co_await Command(std::move(args), deadline);
  co_return AsStatus(result);
}

Task<absl::StatusOr<RedisReply>> Redis::Eval(const RedisScript& script,
                                             std::vector<std::string> keys,
                                             std::vector<std::string> args) {
  const absl::Duration deadline = options_.deadline;
  const int64_t started = RedisLoop::SteadyNanos();
  std::vector<std::string> command;
  command.reserve(3 + keys.size() + args.size());
  command.emplace_back("EVALSHA");
  command.push_back(script.sha1());
  command.push_back(absl::StrCat(keys.size()));
  for (std::string& key : keys) command.push_back(std::move(key));
  for (std::string& arg : args) command.push_back(std::move(arg));
  std::vector<std::string> again = command;
  RedisCall::Result result = co_await Command(std::move(command), deadline);
  if (result.ok() || !absl::StartsWith(result.status().message(), "Redis: NOSCRIPT"))
    co_return result;
  // Unknown after a restart or a flush: the text, which Redis then remembers.
  again[0] = "EVAL";
  again[1] = script.text();
  const absl::Duration left = deadline - absl::Nanoseconds(RedisLoop::SteadyNanos() - started);
  RedisCall::Result full = co_await Command(std::move(again), left);
  co_return full;
}

Task<absl::StatusOr<int64_t>> Redis::Publish(std::string channel, std::string message) {
  std::vector<std::string> args;
  args.reserve(3);
  args.emplace_back("PUBLISH");
  args.push_back(std::move(channel));
  args.push_back(std::move(message));
  RedisCall::Result result = co_await Command(std::move(args));
  if (!result.ok()) co_return result.status();
  if (result->kind != RedisReply::Kind::kInteger) co_return Unexpected("PUBLISH");
  co_return result->integer;
}

}  // namespace sqm::cache
