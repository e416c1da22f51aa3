// Redis as a helper that may fail at any time: one pipelined connection a process, every call
// bounded in time, nothing queued while Redis is not well.
//
// A call ends with its answer, or with UNAVAILABLE within its deadline (plus the hand-over to the
// executor): no connection, breaker open, queue full, no reply in time. A reply that comes later is
// dropped. A command that was given up may still be carried out by Redis, even much later: write
// only what is harmless then (see redis_tier.h).
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/task.h"
#include "common/cache/circuit_breaker.h"

namespace sqm::cache {

struct RedisOptions {
  std::string unix_socket;                          // path; or, when empty, host and port
  std::string host;                                 // name or address
  int port = 6379;                                  //
  std::string password_file;                        // read at each connect; empty: no password
  absl::Duration deadline = absl::Milliseconds(5);  // of a call that names none
  absl::Duration connect_timeout = absl::Milliseconds(250);  // connect, AUTH and PING together
  absl::Duration stall_timeout = absl::Seconds(1);           // no reply for so long: reconnect
  int max_queued = 4096;                                     // calls not yet written
  size_t max_queued_bytes = size_t{32} << 20;                //
  int max_outstanding = 8192;                                // commands written, no reply yet
  size_t max_outstanding_bytes = size_t{32} << 20;           //
  size_t max_value_bytes = (size_t{1} << 20) + 4096;         // of a value read or written
  CircuitBreakerOptions breaker;
  // Hears why Redis is left alone or refuses a kind of command, each once until the connection is
  // made anew; then OK. On the event thread: must not block.
  std::function<void(const absl::Status&)> on_change = [](const absl::Status&) {};
};

struct RedisReply {
  enum class Kind { kNil, kStatus, kString, kInteger, kArray };
  Kind kind = Kind::kNil;
  int64_t integer = 0;
  std::string text;
  std::vector<RedisReply> elements;
};

// A Lua script, sent by its digest and in full where Redis does not know it. Lives as long as its
// calls: make it static.
class RedisScript {
 public:
  explicit RedisScript(std::string text);
  const std::string& text() const { return text_; }
  const std::string& sha1() const { return sha1_; }  // lower-case hex

 private:
  const std::string text_;
  const std::string sha1_;
};

// Since the start of the process.
struct RedisStats {
  uint64_t calls = 0;             // all; the sum of the six that follow and of those under way
  uint64_t answered = 0;          // by Redis, in time
  uint64_t errors = 0;            // Redis answered with an error
  uint64_t timeouts = 0;          // no reply within the deadline
  uint64_t refused = 0;           // at once: not connected or breaker open
  uint64_t overloaded = 0;        // at once: a bound was reached
  uint64_t lost = 0;              // the connection went away (or the client shut down) meanwhile
  uint64_t late_replies = 0;      // came after their call had ended; dropped
  uint64_t connects = 0;          // that led to a working connection
  uint64_t opened = 0;            // times the breaker opened: failures, loss, failed probes
  uint64_t messages = 0;          // received on subscribed channels
  uint64_t messages_dropped = 0;  // because the subscriber's callback was still behind
};

class RedisLoop;

// Thread-safe. Awaiting coroutines go on on `executor`. `executor` and `ids` must outlive it, and
// it its calls: Shutdown, let them end, destroy.
class Redis {
 public:
  Redis(RedisOptions options, Executor& executor, IdSource& ids);
  ~Redis();
  Redis(const Redis&) = delete;

  // The value; none when there is none or it is empty. A value longer than `max_value_bytes` is
  // RESOURCE_EXHAUSTED / TOO_LARGE and is not transferred.
  Task<absl::StatusOr<std::optional<std::string>>> Get(std::string key);
  Task<absl::StatusOr<std::optional<std::string>>> Get(std::string key, absl::Duration deadline);
  // `ttl` of at least 1 ms: nothing stays for ever.
  Task<absl::Status> Set(std::string key, std::string value, absl::Duration ttl);
  Task<absl::Status> Set(std::string key, std::string value, absl::Duration ttl,
                         absl::Duration deadline);
  // Runs the script. The deadline spans both attempts.
  Task<absl::StatusOr<RedisReply>> Eval(const RedisScript& script, std::vector<std::string> keys,
                                        std::vector<std::string> args);
  // How many subscribers got it.
  Task<absl::StatusOr<int64_t>> Publish(std::string channel, std::string message);
  // Any other command. An error reply of Redis is INTERNAL with its text.
  Task<absl::StatusOr<RedisReply>> Command(std::vector<std::string> args);
  Task<absl::StatusOr<RedisReply>> Command(std::vector<std::string> args, absl::Duration deadline);

  // Calls `callback` on the executor, never twice at once, for every message; and with an empty
  // message after each (re)subscription, when some may have been missed. Messages are hints: they
  // are dropped while Redis is away or 64 wait for the callback. Kept until Shutdown, after which
  // the callback does not run any more. At most 256 subscriptions.
  using MessageCallback = std::function<void(absl::string_view message)>;
  absl::Status Subscribe(std::string channel, MessageCallback callback);

  CircuitBreaker::State state() const;  // closed: connected and answering
  RedisStats Stats() const;

  // Answers all waiting calls with UNAVAILABLE and ends the thread (after a host name lookup that
  // may be under way). Not from a message callback. Idempotent.
  void Shutdown();

 private:
  const RedisOptions options_;
  std::unique_ptr<RedisLoop> loop_;
};

}  // namespace sqm::cache
