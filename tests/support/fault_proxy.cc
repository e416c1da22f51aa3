#include "tests/support/fault_proxy.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace sqm::testing {
namespace {

constexpr size_t kMostWaiting = 4 << 20;  // of one way: then its sender has to wait
constexpr int kLookMs = 5;                // how soon what it was told takes effect

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

sockaddr_in AddressOf(const std::string& host, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) abort();
  return address;
}

}  // namespace

FaultProxy::FaultProxy(std::string upstream, const std::string& host)
    : upstream_(std::move(upstream)), host_(host) {
  sockaddr_in address = AddressOf(host_, 0);
  socklen_t length = sizeof(address);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

FaultProxy::~FaultProxy() {
  stop_ = true;
  thread_.join();
  for (const Connection& connection : open_) Close(connection, true);
  close(listener_);
}

std::string FaultProxy::address() const { return absl::StrCat(host_, ":", port_); }

int FaultProxy::Dial() const {
  if (upstream_[0] == '/') {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    upstream_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return fd;
    close(fd);
    return -1;
  }
  const size_t colon = upstream_.rfind(':');
  int port = 0;
  if (!absl::SimpleAtoi(upstream_.substr(colon + 1), &port)) abort();
  sockaddr_in address = AddressOf(upstream_.substr(0, colon), port);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int no_delay = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof(no_delay));
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 ||
      errno == EINPROGRESS) {
    return fd;
  }
  close(fd);
  return -1;
}

void FaultProxy::Accept() {
  const int down = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (down < 0) return;
  const int no_delay = 1;
  setsockopt(down, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof(no_delay));
  const int up = refuse_ ? -1 : Dial();
  if (up < 0) {
    close(down);
    return;
  }
  ++connections_;
  open_.push_back(Connection{down, up, {Way{down, up, {}}, Way{up, down, {}}}});
}

void FaultProxy::Close(const Connection& connection, bool reset) {
  // With a reset what was under way is lost.
  const linger at_once = {1, 0};
  for (int fd : {connection.down, connection.up}) {
    if (reset) setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
  }
}

bool FaultProxy::Read(Way& way, int64_t due) {
  char buffer[65536];
  while (way.bytes < kMostWaiting && !way.ended) {
    const ssize_t count = recv(way.from, buffer, sizeof(buffer), 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    way.ended = count == 0;
    if (count == 0) break;
    way.waiting.push_back({due, std::string(buffer, static_cast<size_t>(count))});
    way.bytes += static_cast<size_t>(count);
  }
  return true;
}

bool FaultProxy::Write(Way& way, int64_t now) {
  while (!way.waiting.empty() && way.waiting.front().due <= now) {
    std::string& bytes = way.waiting.front().bytes;
    const ssize_t count = send(way.to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
    way.bytes -= static_cast<size_t>(count);
    bytes.erase(0, static_cast<size_t>(count));
    if (!bytes.empty()) return true;
    way.waiting.pop_front();
  }
  return !(way.ended && way.waiting.empty());
}

void FaultProxy::Run() {
  while (!stop_) {
    std::vector<pollfd> polled{{listener_, POLLIN, 0}};
    for (const Connection& connection : open_) {
      for (const Way& way : connection.ways) {
        const bool room = way.bytes < kMostWaiting && !way.ended;
        polled.push_back({way.from, static_cast<short>(room ? POLLIN : 0), 0});
      }
    }
    if (hold_) {
      absl::SleepFor(absl::Milliseconds(kLookMs));
    } else {
      poll(polled.data(), polled.size(), kLookMs);
    }
    if (cut_.exchange(false) || refuse_) {
      for (const Connection& connection : open_) Close(connection, true);
      open_.clear();
    }
    if (hold_) continue;
    if ((polled[0].revents & POLLIN) != 0) Accept();
    const int64_t now = Now();
    for (auto it = open_.begin(); it != open_.end();) {
      bool alive = true;
      for (Way& way : it->ways) {
        alive = alive && Read(way, now + delay_ns_) && Write(way, now);
      }
      if (!alive) Close(*it, false);
      it = alive ? std::next(it) : open_.erase(it);
    }
  }
}

}  // namespace sqm::testing
