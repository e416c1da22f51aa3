// A TCP proxy that can be told to fail: to cut its connections, to delay or to hold what they
// carry, to refuse new ones.
#pragma once

#include <absl/time/time.h>

#include <atomic>
#include <deque>
#include <list>
#include <string>
#include <thread>

namespace sqm::testing {

class FaultProxy {
 public:
  // `upstream`: `127.0.0.1:port`, or the path of a unix socket. Listens on `host`, on a port of its
  // own.
  explicit FaultProxy(std::string upstream, const std::string& host = "127.0.0.1");
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;

  int port() const { return port_; }
  std::string address() const;

  // Ends all connections, as a crash does.
  void Cut() { cut_ = true; }
  // Ends all connections and takes no new ones, until false.
  void Refuse(bool refuse) { refuse_ = refuse; }
  // Nothing passes, nothing ends, until false: as a network that loses everything.
  void Hold(bool hold) { hold_ = hold; }
  // Everything arrives so much later, each way.
  void Delay(absl::Duration delay) { delay_ns_ = absl::ToInt64Nanoseconds(delay); }

  int64_t connections() const { return connections_; }

 private:
  struct Chunk {
    int64_t due;
    std::string bytes;
  };
  // One way of a connection.
  struct Way {
    int from, to;
    std::deque<Chunk> waiting;
    size_t bytes = 0;
    bool ended = false;
  };
  struct Connection {
    int down, up;
    Way ways[2];
  };

  void Run();
  void Accept();
  int Dial() const;
  // False: it is over.
  static bool Read(Way& way, int64_t due);
  static bool Write(Way& way, int64_t now);
  static void Close(const Connection& connection, bool reset);

  const std::string upstream_, host_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false}, cut_{false}, refuse_{false}, hold_{false};
  std::atomic<int64_t> delay_ns_{0}, connections_{0};
  std::list<Connection> open_;  // of the thread
  std::thread thread_;
};

}  // namespace sqm::testing
