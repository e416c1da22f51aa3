#include "common/cache/redis_connection.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <fstream>
#include <memory>
#include <utility>

#include "common/base/status.h"

namespace sqm::cache {
namespace {

absl::Status Unavailable(absl::string_view what) {
  return Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
              absl::StrCat("Redis: ", what));
}

RedisReply ConvertPart(const redisReply& from) {
  RedisReply to;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      to.kind = RedisReply::Kind::kInteger;
      to.integer = from.integer;
      break;
    case REDIS_REPLY_STRING:
      to.kind = RedisReply::Kind::kString;
      to.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:  // inside an array only
      to.kind = RedisReply::Kind::kStatus;
      to.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_ARRAY:  // hiredis bounds the depth at 7
      to.kind = RedisReply::Kind::kArray;
      to.elements.reserve(from.elements);
      for (size_t i = 0; i < from.elements; ++i)
        to.elements.push_back(ConvertPart(*from.element[i]));
      break;
    default:
      break;
  }
  return to;
}

}  // namespace

absl::StatusOr<RedisAddress> ResolveRedis(const RedisOptions& options) {
  RedisAddress address;
  if (!options.unix_socket.empty()) {
    address.unix_socket = options.unix_socket;
    return address;
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (int error = getaddrinfo(options.host.c_str(), nullptr, &hints, &found); error != 0) {
    return Unavailable(absl::StrCat("cannot resolve ", options.host, ": ", gai_strerror(error)));
  }
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  char text[NI_MAXHOST];
  if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0,
                  NI_NUMERICHOST) != 0) {
    return Unavailable(absl::StrCat("cannot resolve ", options.host));
  }
  address.ip = text;
  address.port = options.port;
  return address;
}

absl::StatusOr<std::string> ReadRedisPassword(const RedisOptions& options) {
  if (options.password_file.empty()) return std::string();
  std::ifstream file(options.password_file, std::ios::binary);
  char text[1024];
  file.read(text, sizeof text);
  if (file.gcount() == 0) return Unavailable("cannot read the password file");
  const absl::string_view line(text, static_cast<size_t>(file.gcount()));
  return std::string(absl::StripTrailingAsciiWhitespace(line));
}

absl::StatusOr<RedisReply> ConvertRedisReply(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_ERROR) {
    return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL,
                absl::StrCat("Redis: ", absl::string_view(reply.str, reply.len)));
  }
  return ConvertPart(reply);
}

// What hiredis asks of an event loop. Cleanup is called exactly once, whenever it frees a context
// of its own accord or on our demand: the only place where the pointer is given up.
struct RedisConnection::Hooks {
  static RedisConnection* Self(void* data) { return static_cast<RedisConnection*>(data); }
  static void AddRead(void* data) { Self(data)->events_ |= POLLIN; }
  static void DelRead(void* data) { Self(data)->events_ &= ~POLLIN; }
  static void AddWrite(void* data) { Self(data)->events_ |= POLLOUT; }
  static void DelWrite(void* data) { Self(data)->events_ &= ~POLLOUT; }
  static void Cleanup(void* data) {
    const redisContext& context = Self(data)->context_->c;
    if (context.err != 0 && Self(data)->error_.empty()) Self(data)->error_ = context.errstr;
    Self(data)->context_ = nullptr;
    Self(data)->events_ = 0;
  }
  static void OnHandshake(redisAsyncContext*, void* reply, void* data) {
    if (reply == nullptr) return;
    const redisReply& answer = *static_cast<redisReply*>(reply);
    // Of a wrong password AUTH tells; after it PING is refused for want of one.
    if (answer.type != REDIS_REPLY_ERROR || Self(data)->refused_) return;
    Self(data)->refused_ = true;
    Self(data)->error_.assign(answer.str, answer.len);
  }
  static void OnPing(redisAsyncContext* context, void* reply, void* data) {
    OnHandshake(context, reply, data);
    if (reply != nullptr && !Self(data)->refused_) Self(data)->ready_ = true;
  }
};

absl::Status RedisConnection::Open(const RedisAddress& address, const std::string& password,
                                   void* owner) {
  Close();
  ready_ = refused_ = false;
  error_.clear();
  redisAsyncContext* context = address.unix_socket.empty()
                                   ? redisAsyncConnect(address.ip.c_str(), address.port)
                                   : redisAsyncConnectUnix(address.unix_socket.c_str());
  if (context == nullptr) return Unavailable("out of memory");
  if (context->err != 0) {
    absl::Status status = Unavailable(context->errstr);
    redisAsyncFree(context);
    return status;
  }
  context_ = context;
  context->data = owner;
  context->ev.data = this;
  context->ev.addRead = &Hooks::AddRead;
  context->ev.delRead = &Hooks::DelRead;
  context->ev.addWrite = &Hooks::AddWrite;
  context->ev.delWrite = &Hooks::DelWrite;
  context->ev.cleanup = &Hooks::Cleanup;
  events_ = POLLOUT;
  // Notices a peer that vanished without a word on a connection that only listens.
  if (address.unix_socket.empty()) redisEnableKeepAlive(&context->c);
  if (!password.empty()) Send({"AUTH", password}, &Hooks::OnHandshake, this);
  Send({"PING"}, &Hooks::OnPing, this);
  return absl::OkStatus();
}

void RedisConnection::Close() {
  if (context_ != nullptr) redisAsyncFree(context_);
}

void RedisConnection::HandleIo(short revents) {
  if (open() && (revents & (POLLIN | POLLHUP | POLLERR)) != 0) redisAsyncHandleRead(context_);
  if (open() && (revents & POLLOUT) != 0) redisAsyncHandleWrite(context_);
}

void RedisConnection::Flush() {
  if (ready() && (events_ & POLLOUT) != 0) redisAsyncHandleWrite(context_);
}

bool RedisConnection::Send(const std::vector<std::string>& args, redisCallbackFn* callback,
                           void* data) {
  if (!open()) return false;
  argv_.clear();
  sizes_.clear();
  for (const std::string& arg : args) {
    argv_.push_back(arg.data());
    sizes_.push_back(arg.size());
  }
  return redisAsyncCommandArgv(context_, callback, data, static_cast<int>(args.size()),
                               argv_.data(), sizes_.data()) == REDIS_OK;
}

}  // namespace sqm::cache
