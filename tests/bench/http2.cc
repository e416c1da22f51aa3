#include "tests/bench/http2.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sqm::bench {
namespace {

absl::Status Failed(absl::string_view what, int code) {
  return absl::UnavailableError(absl::StrCat(what, ": ", nghttp2_strerror(code)));
}

nghttp2_nv Header(absl::string_view name, absl::string_view value) {
  // nghttp2 does not write through these; its interface predates const.
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

}  // namespace

void FrameRequest(std::string* request, const std::function<void(std::string*)>& append) {
  request->assign(kFrameHeader, '\0');
  append(request);
  const size_t length = request->size() - kFrameHeader;
  for (size_t i = 0; i < 4; ++i) {
    (*request)[1 + i] = static_cast<char>(length >> (24 - 8 * i) & 0xff);
  }
}

struct Http2Connection::Callbacks {
  static UnaryCall* CallOf(nghttp2_session* session, int32_t stream) {
    return static_cast<UnaryCall*>(nghttp2_session_get_stream_user_data(session, stream));
  }

  static ssize_t ReadRequest(nghttp2_session*, int32_t, uint8_t* buffer, size_t length,
                             uint32_t* flags, nghttp2_data_source* source, void*) {
    auto* call = static_cast<UnaryCall*>(source->ptr);
    const size_t n = std::min(length, call->request.size() - call->sent);
    std::memcpy(buffer, call->request.data() + call->sent, n);
    call->sent += n;
    if (call->sent == call->request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(n);
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_length, const uint8_t* value, size_t value_length, uint8_t,
                      void*) {
    constexpr absl::string_view kStatus = "grpc-status";
    if (absl::string_view(reinterpret_cast<const char*>(name), name_length) != kStatus) return 0;
    UnaryCall* call = CallOf(session, frame->hd.stream_id);
    if (call != nullptr &&
        !absl::SimpleAtoi(absl::string_view(reinterpret_cast<const char*>(value), value_length),
                          &call->grpc_status)) {
      call->grpc_status = -1;
    }
    return 0;
  }

  static int OnData(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* data,
                    size_t length, void*) {
    UnaryCall* call = CallOf(session, stream);
    if (call != nullptr && call->keep_response) {
      call->response.append(reinterpret_cast<const char*>(data), length);
    }
    return 0;
  }

  static int OnClose(nghttp2_session* session, int32_t stream, uint32_t, void* self) {
    UnaryCall* call = CallOf(session, stream);
    if (call != nullptr) static_cast<Http2Connection*>(self)->done_(call);
    return 0;
  }
};

absl::StatusOr<std::unique_ptr<Http2Connection>> Http2Connection::Connect(
    int port, std::string path, Metadata metadata, std::function<void(UnaryCall*)> done) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::ErrnoToStatus(errno, "socket");
  std::unique_ptr<Http2Connection> connection(
      new Http2Connection(fd, std::move(path), std::move(metadata), std::move(done)));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("connect to port ", port));
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  const absl::Status started = connection->Start();
  if (!started.ok()) return started;
  return connection;
}

Http2Connection::Http2Connection(int fd, std::string path, Metadata metadata,
                                 std::function<void(UnaryCall*)> done)
    : fd_(fd), path_(std::move(path)), metadata_(std::move(metadata)), done_(std::move(done)) {}

Http2Connection::~Http2Connection() {
  // No callbacks from here on: the calls are the load's and may be gone.
  nghttp2_session_del(session_);
  close(fd_);
}

absl::Status Http2Connection::Start() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::OnClose);
  int code = nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  if (code != 0) return Failed("session", code);
  // Windows so wide that flow control costs nothing, as h2load sets them.
  constexpr int32_t kWindow = (1 << 30) - 1;
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                             {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow}};
  code = nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 2);
  if (code != 0) return Failed("settings", code);
  code = nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
  return code == 0 ? absl::OkStatus() : Failed("window", code);
}

absl::Status Http2Connection::Submit(UnaryCall* call) {
  std::vector<nghttp2_nv> headers = {
      Header(":method", "POST"),        Header(":scheme", "http"),
      Header(":path", path_),           Header(":authority", "localhost"),
      Header("te", "trailers"),         Header("content-type", "application/grpc"),
      Header("user-agent", "sqm-load"),
  };
  for (const auto& [name, value] : metadata_) headers.push_back(Header(name, value));
  nghttp2_data_provider provider = {};
  provider.source.ptr = call;
  provider.read_callback = Callbacks::ReadRequest;
  const int32_t stream =
      nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &provider, call);
  return stream < 0 ? Failed("request", stream) : absl::OkStatus();
}

absl::Status Http2Connection::Read() {
  uint8_t buffer[64 << 10];
  while (true) {
    const ssize_t n = recv(fd_, buffer, sizeof(buffer), 0);
    if (n == 0) return absl::UnavailableError("the server closed the connection");
    if (n < 0) {
      if (errno == EAGAIN || errno == EINTR) return absl::OkStatus();
      return absl::ErrnoToStatus(errno, "recv");
    }
    const ssize_t taken = nghttp2_session_mem_recv(session_, buffer, static_cast<size_t>(n));
    if (taken < 0) return Failed("receive", static_cast<int>(taken));
    if (static_cast<size_t>(n) < sizeof(buffer)) return absl::OkStatus();
  }
}

absl::Status Http2Connection::Flush() {
  // Many small frames leave in one write.
  constexpr size_t kEnough = 64 << 10;
  while (true) {
    while (unsent_.size() < kEnough) {
      const uint8_t* data = nullptr;
      const ssize_t n = nghttp2_session_mem_send(session_, &data);
      if (n < 0) return Failed("send", static_cast<int>(n));
      if (n == 0) break;
      unsent_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(n));
    }
    if (unsent_.empty()) return absl::OkStatus();
    const ssize_t sent = send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN || errno == EINTR) return absl::OkStatus();
      return absl::ErrnoToStatus(errno, "send");
    }
    unsent_.erase(0, static_cast<size_t>(sent));
  }
}

absl::StatusOr<std::string> CallOnce(int port, const std::string& path,
                                     const Http2Connection::Metadata& metadata,
                                     absl::string_view message, absl::Duration patience) {
  bool done = false;
  auto connection =
      Http2Connection::Connect(port, path, metadata, [&done](UnaryCall*) { done = true; });
  if (!connection.ok()) return connection.status();
  UnaryCall call;
  call.keep_response = true;
  FrameRequest(&call.request, [message](std::string* out) { absl::StrAppend(out, message); });
  if (absl::Status status = (*connection)->Submit(&call); !status.ok()) return status;
  const absl::Time end = absl::Now() + patience;
  while (!done) {
    if (absl::Status status = (*connection)->Flush(); !status.ok()) return status;
    if (absl::Now() > end) return absl::DeadlineExceededError(path);
    pollfd wait = {(*connection)->fd(), POLLIN, 0};
    if ((*connection)->blocked()) wait.events |= POLLOUT;
    poll(&wait, 1, 20);
    if (absl::Status status = (*connection)->Read(); !status.ok()) return status;
  }
  if (call.grpc_status != 0 || call.response.size() < kFrameHeader) {
    return absl::UnknownError(absl::StrCat(path, " ended with grpc-status ", call.grpc_status));
  }
  return call.response.substr(kFrameHeader);
}

}  // namespace sqm::bench
