#include "common/cache/redis_subscriber.h"

#include <algorithm>
#include <utility>

#include "common/base/status.h"

namespace sqm::cache {
namespace {

constexpr size_t kMaxSubscriptions = 256;
constexpr int kMaxWaiting = 64;  // messages a subscription

}  // namespace

RedisSubscriber::RedisSubscriber(const RedisOptions& options, Executor& executor, IdSource& ids)
    : options_(options), executor_(executor), breaker_(options.breaker, ids) {}

absl::Status RedisSubscriber::Add(std::string channel, Redis::MessageCallback callback) {
  auto subscription = std::make_shared<Subscription>();
  subscription->channel = std::move(channel);
  subscription->callback = std::move(callback);
  absl::MutexLock lock(&mutex_);
  if (subscriptions_.size() >= kMaxSubscriptions) {
    return Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_OVERLOADED,
                "Redis: more than 256 subscriptions", {{"limit", "256"}});
  }
  subscriptions_.push_back(std::move(subscription));
  size_.store(subscriptions_.size());
  return absl::OkStatus();
}

void RedisSubscriber::Close() {
  std::vector<std::shared_ptr<Subscription>> all;
  {
    absl::MutexLock lock(&mutex_);
    all = subscriptions_;
  }
  for (const std::shared_ptr<Subscription>& subscription : all) {
    absl::MutexLock lock(&subscription->running);
    subscription->closed = true;
  }
}

void RedisSubscriber::Step(int64_t now, const RedisAddress* address, const std::string& password) {
  using State = CircuitBreaker::State;
  if (size_.load() == 0) return;
  if (breaker_.state() == State::kOpen) {
    if (address == nullptr || now < breaker_.probe_at()) return;
    breaker_.BeginProbe();
    opened_at_ = now;
    sent_ = 0;
    if (!connection_.Open(*address, password, this).ok()) breaker_.Trip(now);
    return;
  }
  const bool late =
      !connection_.ready() && now - opened_at_ > absl::ToInt64Nanoseconds(options_.connect_timeout);
  if (!connection_.open() || connection_.refused() || late) {
    connection_.Close();
    breaker_.Trip(now);
    return;
  }
  if (!connection_.ready()) return;
  breaker_.OnSuccess(now);
  for (; sent_ < size_.load(); ++sent_) {
    std::vector<std::string> args{"SUBSCRIBE"};
    {
      absl::MutexLock lock(&mutex_);
      args.push_back(subscriptions_[sent_]->channel);
    }
    connection_.Send(args, &RedisSubscriber::OnMessage, nullptr);
  }
  connection_.Flush();
}

int64_t RedisSubscriber::NextStep(bool address_known) const {
  using State = CircuitBreaker::State;
  if (size_.load() == 0) return INT64_MAX;
  if (breaker_.state() == State::kOpen) return address_known ? breaker_.probe_at() : INT64_MAX;
  if (connection_.ready()) return sent_ < size_.load() ? 0 : INT64_MAX;
  return opened_at_ + absl::ToInt64Nanoseconds(options_.connect_timeout) + 1;
}

void RedisSubscriber::OnMessage(redisAsyncContext* context, void* reply, void*) {
  if (reply == nullptr) return;
  const auto& array = *static_cast<redisReply*>(reply);
  if (array.type != REDIS_REPLY_ARRAY || array.elements != 3) return;
  const redisReply& kind = *array.element[0];
  const redisReply& channel = *array.element[1];
  const redisReply& body = *array.element[2];
  if (kind.str == nullptr || channel.str == nullptr) return;
  const absl::string_view kind_text(kind.str, kind.len);
  const absl::string_view channel_text(channel.str, channel.len);
  std::string message;
  auto& self = *static_cast<RedisSubscriber*>(context->data);
  if (kind_text == "message" && body.str != nullptr) {
    message.assign(body.str, body.len);
    self.messages_.fetch_add(1, std::memory_order_relaxed);
  } else if (kind_text != "subscribe") {
    return;
  }
  for (size_t i = 0; i < self.sent_; ++i) {
    bool here;
    {
      absl::MutexLock lock(&self.mutex_);
      here = self.subscriptions_[i]->channel == channel_text;
    }
    if (here) self.Deliver(i, message);
  }
}

void RedisSubscriber::Deliver(size_t index, std::string message) {
  std::shared_ptr<Subscription> subscription;
  {
    absl::MutexLock lock(&mutex_);
    subscription = subscriptions_[index];
  }
  if (subscription->waiting.fetch_add(1) >= kMaxWaiting) {
    subscription->waiting.fetch_sub(1);
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  executor_.Post([subscription, message = std::move(message)] {
    {
      absl::MutexLock lock(&subscription->running);
      if (!subscription->closed) subscription->callback(message);
    }
    subscription->waiting.fetch_sub(1);
  });
}

}  // namespace sqm::cache
