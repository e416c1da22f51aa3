// One plaintext HTTP/2 connection to a gRPC server on this machine, for unary calls. Not
// thread-safe: one thread drives all connections of a load.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

struct nghttp2_session;

namespace sqm::bench {

// gRPC puts five bytes before a message: no compression, and the length.
inline constexpr size_t kFrameHeader = 5;
// Makes `request` the frame of a message that `append` appends.
void FrameRequest(std::string* request, const std::function<void(std::string*)>& append);

// One call in flight. Owned by the load, reused for the next call when it is done.
struct UnaryCall {
  uint64_t index = 0;
  // Steady clock, nanoseconds: when the call was made, or was due in an open loop.
  int64_t start_nanos = 0;
  // The framed request; what was sent of it.
  std::string request;
  size_t sent = 0;
  // Filled when `keep_response`: the framed response.
  bool keep_response = false;
  std::string response;
  // From the trailers; -1 = the stream ended without one.
  int grpc_status = -1;
  // Which connection it is on; the load's own.
  int connection = 0;
};

class Http2Connection {
 public:
  using Metadata = std::vector<std::pair<std::string, std::string>>;

  // `done` is called for every call that ended, whatever its end; it may submit another.
  static absl::StatusOr<std::unique_ptr<Http2Connection>> Connect(
      int port, std::string path, Metadata metadata, std::function<void(UnaryCall*)> done);
  ~Http2Connection();
  Http2Connection(const Http2Connection&) = delete;

  int fd() const { return fd_; }
  // Queues the call; Flush sends it.
  absl::Status Submit(UnaryCall* call);
  // Takes what the socket has. An error when the peer is gone.
  absl::Status Read();
  // Sends what is queued, as far as the socket takes it.
  absl::Status Flush();
  // The socket did not take everything: Flush again when it is writable.
  bool blocked() const { return !unsent_.empty(); }

 private:
  struct Callbacks;

  Http2Connection(int fd, std::string path, Metadata metadata,
                  std::function<void(UnaryCall*)> done);
  absl::Status Start();

  const int fd_;
  const std::string path_;
  const Metadata metadata_;
  const std::function<void(UnaryCall*)> done_;
  nghttp2_session* session_ = nullptr;
  std::string unsent_;
};

// One unary call on a connection of its own; the answer's serialized message. An error when the
// call does not end with grpc-status 0 within the patience.
absl::StatusOr<std::string> CallOnce(int port, const std::string& path,
                                     const Http2Connection::Metadata& metadata,
                                     absl::string_view message, absl::Duration patience);

}  // namespace sqm::bench
