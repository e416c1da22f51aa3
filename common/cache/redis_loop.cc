#include "common/cache/redis_loop.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "common/base/status.h"

namespace sqm::cache {
namespace {

using State = CircuitBreaker::State;

// Made once: a refusal must cost less than the read that follows it.
absl::Status MakeUnavailable(absl::string_view what) {
  return Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE, what);
}
const absl::Status& NotConnected() {
  static const auto& status = *new absl::Status(MakeUnavailable("Redis: not connected"));
  return status;
}
const absl::Status& Overloaded() {
  static const auto& status =
      *new absl::Status(Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_OVERLOADED,
                             "Redis: too many calls wait"));
  return status;
}
const absl::Status& TimedOut() {
  static const auto& status = *new absl::Status(MakeUnavailable("Redis: no reply in time"));
  return status;
}
const absl::Status& Lost() {
  static const auto& status = *new absl::Status(MakeUnavailable("Redis: connection lost"));
  return status;
}

void Increment(std::atomic<uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

int64_t RedisLoop::SteadyNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

RedisCall::RedisCall(std::vector<std::string> args, size_t bytes, absl::Duration time)
    : args(std::move(args)),
      bytes(bytes),
      deadline(RedisLoop::SteadyNanos() + absl::ToInt64Nanoseconds(time)) {}

RedisLoop::RedisLoop(RedisOptions options, Executor& executor, IdSource& ids)
    : options_(std::move(options)),
      executor_(executor),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      breaker_(options_.breaker, ids),
      subscriber_(options_, executor, ids),
      thread_([this] { Run(); }) {
  if (wake_fd_ < 0) {
    std::perror("eventfd");
    std::abort();  // no descriptors left at start
  }
}

void RedisLoop::Shutdown() {
  absl::MutexLock shutdown(&shutdown_);
  if (!thread_.joinable()) return;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    accepting_ = false;
  }
  Wake();
  thread_.join();
  subscriber_.Close();
  close(wake_fd_);
}

absl::Status RedisLoop::Submit(const RedisCallPtr& call) {
  Increment(counters_.calls);
  {
    absl::MutexLock lock(&mutex_);
    if (!accepting_) {
      Increment(counters_.refused);
      return NotConnected();
    }
    if (queue_.size() >= static_cast<size_t>(options_.max_queued) ||
        queue_bytes_ + call->bytes > options_.max_queued_bytes) {
      Increment(counters_.overloaded);
      return Overloaded();
    }
    queue_.push_back(call);
    queue_bytes_ += call->bytes;
    if (queue_.size() == 1) Wake();  // under the lock: the descriptor is open while accepting
  }
  return absl::OkStatus();
}

absl::Status RedisLoop::Subscribe(std::string channel, Redis::MessageCallback callback) {
  absl::Status status = subscriber_.Add(std::move(channel), std::move(callback));
  absl::MutexLock lock(&mutex_);
  if (!stopping_) Wake();
  return status;
}

RedisStats RedisLoop::Stats() const {
  RedisStats stats;
  stats.calls = counters_.calls;
  stats.answered = counters_.answered;
  stats.errors = counters_.errors;
  stats.timeouts = counters_.timeouts;
  stats.refused = counters_.refused;
  stats.overloaded = counters_.overloaded;
  stats.lost = counters_.lost;
  stats.late_replies = counters_.late_replies;
  stats.connects = counters_.connects;
  stats.opened = counters_.opened;
  stats.messages = subscriber_.messages();
  stats.messages_dropped = subscriber_.dropped();
  return stats;
}

void RedisLoop::Wake() {
  const uint64_t one = 1;
  // Can only fail when the counter is full, and then the thread is awake.
  [[maybe_unused]] ssize_t written = write(wake_fd_, &one, sizeof one);
}

void RedisLoop::Run() {
  pthread_setname_np(pthread_self(), "redis");
  // hiredis writes without MSG_NOSIGNAL; only this thread writes to its sockets.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) break;
    }
    SendQueued();
    const int64_t now = SteadyNanos();
    Expire(now);
    Step(now);
    subscriber_.Step(now, address_known_ ? &address_ : nullptr, password_);
    Poll();
  }
  Drop(SteadyNanos(), absl::OkStatus());
  subscriber_.connection().Close();
}

int64_t RedisLoop::NextWake() const {
  int64_t next = subscriber_.NextStep(address_known_);
  if (breaker_.state() == State::kOpen) next = std::min(next, breaker_.probe_at());
  if (breaker_.state() == State::kHalfOpen) {
    next = std::min(next, opened_at_ + absl::ToInt64Nanoseconds(options_.connect_timeout) + 1);
  }
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  if (!sent_.empty()) {
    next = std::min(next, sent_.front().at + absl::ToInt64Nanoseconds(options_.stall_timeout) + 1);
  }
  return next;
}

void RedisLoop::Poll() {
  pollfd fds[3];
  nfds_t count = 0;
  fds[count++] = {wake_fd_, POLLIN, 0};
  RedisConnection* polled[3] = {};
  for (RedisConnection* connection : {&connection_, &subscriber_.connection()}) {
    if (!connection->open()) continue;
    polled[count] = connection;
    fds[count++] = {connection->fd(), connection->events(), 0};
  }
  const int64_t wait =
      std::clamp<int64_t>(NextWake() - SteadyNanos(), 0, int64_t{3600} * 1000000000);
  const timespec timeout{static_cast<time_t>(wait / 1000000000), wait % 1000000000};
  if (ppoll(fds, count, &timeout, nullptr) <= 0) return;
  if (fds[0].revents != 0) {
    uint64_t drained;
    [[maybe_unused]] ssize_t got = read(wake_fd_, &drained, sizeof drained);
  }
  for (nfds_t i = 1; i < count; ++i) {
    if (fds[i].revents != 0) polled[i]->HandleIo(fds[i].revents);
  }
}

void RedisLoop::SendQueued() {
  std::vector<RedisCallPtr> batch;
  {
    absl::MutexLock lock(&mutex_);
    batch.swap(queue_);
    queue_bytes_ = 0;
  }
  if (batch.empty()) return;
  const int64_t now = SteadyNanos();
  for (const RedisCallPtr& call : batch) {
    if (call->deadline <= now) {
      Increment(counters_.timeouts);
      Finish(call, TimedOut());
      continue;
    }
    if (sent_.size() >= static_cast<size_t>(options_.max_outstanding) ||
        sent_bytes_ + call->bytes > options_.max_outstanding_bytes) {
      Increment(counters_.overloaded);
      Finish(call, Overloaded());
      continue;
    }
    const uint64_t id = next_id_++;
    if (!connection_.Send(call->args, &RedisLoop::OnReply, reinterpret_cast<void*>(id))) {
      Increment(counters_.lost);
      Finish(call, Lost());
      continue;
    }
    calls_.emplace(id, call);
    deadlines_.emplace(call->deadline, id);
    sent_.push_back({now, call->bytes});
    sent_bytes_ += call->bytes;
  }
  connection_.Flush();
}

void RedisLoop::Expire(int64_t now) {
  bool opened = false;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    auto it = calls_.find(deadlines_.begin()->second);
    RedisCallPtr call = std::move(it->second);
    calls_.erase(it);
    deadlines_.erase(deadlines_.begin());
    Increment(counters_.timeouts);
    opened |= breaker_.OnFailure(now);
    Finish(call, TimedOut());
  }
  if (!opened) return;
  Increment(counters_.opened);
  Drop(now, TimedOut());
}

void RedisLoop::Step(int64_t now) {
  const int64_t age = now - opened_at_;
  switch (breaker_.state()) {
    case State::kOpen:
      if (now >= breaker_.probe_at()) Connect(now);
      break;
    case State::kHalfOpen:
      if (connection_.ready()) {
        breaker_.OnSuccess(now);
        Increment(counters_.connects);
        if (!told_.empty()) options_.on_change(absl::OkStatus());
        told_.clear();
        absl::MutexLock lock(&mutex_);
        accepting_ = !stopping_;
      } else if (!connection_.open() || connection_.refused() ||
                 age > absl::ToInt64Nanoseconds(options_.connect_timeout)) {
        Drop(now, Why("no answer to PING in time"));
      }
      break;
    case State::kClosed: {
      const int64_t stall = absl::ToInt64Nanoseconds(options_.stall_timeout);
      if (!connection_.open() || (!sent_.empty() && now - sent_.front().at > stall)) {
        Drop(now, Why("no reply for long"));
      }
      break;
    }
  }
}

void RedisLoop::Connect(int64_t now) {
  breaker_.BeginProbe();
  address_known_ = false;
  // Nothing is accepted meanwhile, so nobody waits for the resolver.
  absl::StatusOr<RedisAddress> address = ResolveRedis(options_);
  absl::StatusOr<std::string> password = ReadRedisPassword(options_);
  absl::Status status = address.status();
  if (status.ok()) status = password.status();
  if (status.ok()) status = connection_.Open(*address, *password, this);
  if (!status.ok()) return Drop(now, status);
  address_ = *std::move(address);
  password_ = *std::move(password);
  address_known_ = true;
  opened_at_ = SteadyNanos();
}

absl::Status RedisLoop::Why(absl::string_view unless_known) const {
  const std::string& known = connection_.error();
  return MakeUnavailable(
      absl::StrCat("Redis: ", known.empty() ? unless_known : absl::string_view(known)));
}

// By the first word after `Redis: `, which names the kind of an error of Redis; few are kept.
void RedisLoop::Tell(const absl::Status& what) {
  constexpr size_t kMostKinds = 16;
  const absl::string_view text = absl::StripPrefix(what.message(), "Redis: ");
  if (told_.size() >= kMostKinds || !told_.emplace(text.substr(0, text.find(' '))).second) return;
  options_.on_change(what);
}

void RedisLoop::Drop(int64_t now, const absl::Status& why) {
  if (!why.ok()) Tell(why);
  std::vector<RedisCallPtr> queued;
  {
    absl::MutexLock lock(&mutex_);
    accepting_ = false;
    queued.swap(queue_);
    queue_bytes_ = 0;
  }
  if (breaker_.state() != State::kOpen) {
    breaker_.Trip(now);
    Increment(counters_.opened);
  }
  connection_.Close();  // ends the calls that were written
  sent_.clear();
  sent_bytes_ = 0;
  for (const RedisCallPtr& call : queued) {
    Increment(counters_.lost);
    Finish(call, Lost());
  }
}

void RedisLoop::OnReply(redisAsyncContext* context, void* reply, void* data) {
  auto* self = static_cast<RedisLoop*>(context->data);
  self->HandleReply(reinterpret_cast<uint64_t>(data), static_cast<redisReply*>(reply));
}

void RedisLoop::HandleReply(uint64_t id, const redisReply* reply) {
  if (reply != nullptr && !sent_.empty()) {
    sent_bytes_ -= sent_.front().bytes;
    sent_.pop_front();
  }
  auto it = calls_.find(id);
  if (it == calls_.end()) {
    if (reply != nullptr) Increment(counters_.late_replies);
    return;
  }
  RedisCallPtr call = std::move(it->second);
  calls_.erase(it);
  deadlines_.erase({call->deadline, id});
  if (reply == nullptr) {
    Increment(counters_.lost);
    Finish(call, Lost());
    return;
  }
  breaker_.OnSuccess(SteadyNanos());
  RedisCall::Result result = ConvertRedisReply(*reply);
  Increment(result.ok() ? counters_.answered : counters_.errors);
  // What is asked of a key that another program has written, or by the digest of a script, is no
  // fault of the server.
  if (!result.ok() && !absl::StartsWith(result.status().message(), "Redis: WRONGTYPE") &&
      !absl::StartsWith(result.status().message(), "Redis: NOSCRIPT")) {
    Tell(result.status());
  }
  Finish(call, std::move(result));
}

void RedisLoop::Finish(const RedisCallPtr& call, RedisCall::Result result) {
  std::coroutine_handle<> waiter = call->done.SetQuietly(std::move(result));
  if (waiter) executor_.Post([waiter] { waiter.resume(); });
}

}  // namespace sqm::cache
