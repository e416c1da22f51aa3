#include "tests/bench/load.h"

#include <absl/strings/str_cat.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <memory>
#include <vector>

#include "tests/bench/histogram.h"

namespace sqm::bench {
namespace {

int64_t NowNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Load() { close(epoll_); }
  Load(const Load&) = delete;

  absl::StatusOr<LoadResult> Run() {
    for (int i = 0; i < options_.connections; ++i) {
      auto connection = Http2Connection::Connect(options_.port, options_.path, options_.metadata,
                                                 [this](UnaryCall* call) { Done(call); });
      if (!connection.ok()) return connection.status();
      epoll_event event = {};
      event.events = EPOLLIN;
      event.data.u32 = static_cast<uint32_t>(i);
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, (*connection)->fd(), &event) != 0) {
        return absl::ErrnoToStatus(errno, "epoll_ctl");
      }
      connections_.push_back(*std::move(connection));
    }
    begin_ = NowNanos();
    measure_from_ = begin_ + absl::ToInt64Nanoseconds(options_.warmup);
    measure_to_ = measure_from_ + absl::ToInt64Nanoseconds(options_.duration);
    latencies_.Reserve(1 << 20);
    calls_.resize(static_cast<size_t>(options_.connections) * options_.streams);
    for (size_t i = 0; i < calls_.size(); ++i) {
      // Neighbouring calls go to different connections.
      calls_[i].connection = static_cast<int>(i % connections_.size());
      idle_.push_back(&calls_[i]);
    }
    if (options_.rate <= 0) {
      while (!idle_.empty()) SubmitIdle(begin_);
    }
    const absl::Status status = Loop();
    if (!status.ok()) return status;
    return Result();
  }

 private:
  // Sends, receives and, in an open loop, makes the calls that are due, until all have ended.
  absl::Status Loop() {
    constexpr int64_t kPatience = 10'000'000'000;
    std::vector<epoll_event> events(connections_.size());
    std::vector<bool> waits_to_write(connections_.size());
    while (true) {
      int64_t now = NowNanos();
      const bool ending = now >= measure_to_;
      if (!ending && options_.rate > 0) SubmitDue(now);
      if (!error_.ok()) return error_;
      for (size_t i = 0; i < connections_.size(); ++i) {
        Http2Connection& connection = *connections_[i];
        if (absl::Status sent = connection.Flush(); !sent.ok()) return sent;
        if (connection.blocked() != waits_to_write[i]) {
          waits_to_write[i] = connection.blocked();
          epoll_event event = {};
          event.events = EPOLLIN | (waits_to_write[i] ? EPOLLOUT : 0u);
          event.data.u32 = static_cast<uint32_t>(i);
          epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd(), &event);
        }
      }
      if (ending && idle_.size() == calls_.size()) return absl::OkStatus();
      if (now > measure_to_ + kPatience) {
        return absl::DeadlineExceededError(
            absl::StrCat(calls_.size() - idle_.size(), " calls were not answered"));
      }
      const int n = Wait(&events, now);
      if (n < 0) return absl::ErrnoToStatus(errno, "epoll_wait");
      for (int i = 0; i < n; ++i) {
        if ((events[i].events & ~static_cast<uint32_t>(EPOLLOUT)) == 0) continue;
        if (absl::Status read = connections_[events[i].data.u32]->Read(); !read.ok()) {
          return read;
        }
      }
    }
  }

  int Wait(std::vector<epoll_event>* events, int64_t now) {
    int64_t until = now < measure_to_ ? measure_to_ : now + 100'000'000;
    if (options_.rate > 0 && now < measure_to_ && !idle_.empty())
      until = std::min(until, DueTime());
    timespec timeout = {};
    const int64_t nanos = std::max<int64_t>(0, until - now);
    timeout.tv_sec = nanos / 1'000'000'000;
    timeout.tv_nsec = nanos % 1'000'000'000;
    const int n =
        epoll_pwait2(epoll_, events->data(), static_cast<int>(events->size()), &timeout, nullptr);
    return n < 0 && errno == EINTR ? 0 : n;
  }

  int64_t DueTime() const {
    return begin_ + static_cast<int64_t>(static_cast<double>(next_) * 1e9 / options_.rate);
  }

  // A call that found no idle stream keeps its due time: waiting counts as latency.
  void SubmitDue(int64_t now) {
    while (!idle_.empty() && DueTime() <= now) SubmitIdle(DueTime());
  }

  void SubmitIdle(int64_t start) {
    UnaryCall* call = idle_.front();
    idle_.pop_front();
    Submit(call, start);
  }

  void Submit(UnaryCall* call, int64_t start) {
    call->index = next_++;
    call->start_nanos = start;
    call->sent = 0;
    call->grpc_status = -1;
    call->keep_response = options_.sample_every != 0 && call->index % options_.sample_every == 0;
    call->response.clear();
    FrameRequest(&call->request,
                 [this, call](std::string* out) { options_.message(call->index, out); });
    const absl::Status status = connections_[call->connection]->Submit(call);
    if (!status.ok()) {
      error_ = status;
      idle_.push_back(call);
    }
  }

  void Done(UnaryCall* call) {
    const int64_t now = NowNanos();
    if (call->grpc_status == 0) {
      if (now >= measure_from_ && now < measure_to_) latencies_.Add(now - call->start_nanos);
      if (call->keep_response && call->response.size() >= kFrameHeader) {
        options_.sample(call->index, absl::string_view(call->response).substr(kFrameHeader));
      }
    } else {
      ++failures_[call->grpc_status];
    }
    if (options_.rate <= 0 && now < measure_to_ && error_.ok()) {
      Submit(call, now);
    } else {
      idle_.push_back(call);
    }
  }

  LoadResult Result() {
    LoadResult result;
    result.calls = static_cast<int64_t>(latencies_.size());
    result.seconds = absl::ToDoubleSeconds(options_.duration);
    result.per_second = static_cast<double>(result.calls) / result.seconds;
    result.p50_ms = latencies_.Quantile(0.5);
    result.p99_ms = latencies_.Quantile(0.99);
    result.max_ms = latencies_.Quantile(1);
    result.failures = failures_;
    return result;
  }

  const LoadOptions& options_;
  const int epoll_;
  std::vector<std::unique_ptr<Http2Connection>> connections_;
  std::vector<UnaryCall> calls_;
  std::deque<UnaryCall*> idle_;
  uint64_t next_ = 0;
  int64_t begin_ = 0;
  int64_t measure_from_ = 0;
  int64_t measure_to_ = 0;
  Latencies latencies_;
  std::map<int, int64_t> failures_;
  absl::Status error_;
};

}  // namespace

absl::StatusOr<LoadResult> RunLoad(const LoadOptions& options) { return Load(options).Run(); }

}  // namespace sqm::bench
