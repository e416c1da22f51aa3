// One hiredis connection on a poll loop: connect, AUTH, PING, then commands. Inner part of Redis.
// Owned by the event thread; everything here runs on it.
#pragma once

#include <absl/status/status.h>
#include <hiredis/async.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/cache/redis.h"

namespace sqm::cache {

// Where a server is, the name already resolved.
struct RedisAddress {
  std::string unix_socket;
  std::string ip;
  int port = 0;
};

// Resolves the name in the options: blocks as long as the resolver does.
absl::StatusOr<RedisAddress> ResolveRedis(const RedisOptions& options);
// The password, without the line end; empty when no file is named.
absl::StatusOr<std::string> ReadRedisPassword(const RedisOptions& options);
// Copies a reply; error replies become INTERNAL with Redis's text.
absl::StatusOr<RedisReply> ConvertRedisReply(const redisReply& reply);

class RedisConnection {
 public:
  RedisConnection() = default;
  ~RedisConnection() { Close(); }
  RedisConnection(const RedisConnection&) = delete;

  // Begins to connect. `owner` is what callbacks of commands find in `context->data`.
  absl::Status Open(const RedisAddress& address, const std::string& password, void* owner);
  // Calls the callbacks of all commands without reply with a null reply.
  void Close();

  bool open() const { return context_ != nullptr; }  // connecting counts
  bool ready() const { return open() && ready_; }    // the server has answered the PING
  bool refused() const { return refused_; }          // it answered AUTH or PING with an error
  // What it said then, or why the connection ended; empty: nothing is known.
  const std::string& error() const { return error_; }

  // What the loop polls for; meaningful while open.
  int fd() const { return context_->c.fd; }
  short events() const { return events_; }
  // Does what `revents` allows; may end with the connection closed.
  void HandleIo(short revents);
  // Writes now what can be written, without waiting for the next poll.
  void Flush();

  // `callback` is called once, with a null reply if the connection goes first; for SUBSCRIBE, once
  // a message. False: not sent, no callback.
  bool Send(const std::vector<std::string>& args, redisCallbackFn* callback, void* data);

 private:
  struct Hooks;

  redisAsyncContext* context_ = nullptr;  // hiredis frees it itself on errors: see Hooks
  short events_ = 0;
  bool ready_ = false;
  bool refused_ = false;
  std::string error_;
  std::vector<const char*> argv_;  // scratch of Send
  std::vector<size_t> sizes_;
};

}  // namespace sqm::cache
