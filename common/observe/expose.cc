// Metrics' outer face: the registry of families, its text, and the HTTP endpoint.
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <thread>

#include "common/observe/families.h"

namespace sqm::observe {
namespace {

using prometheus::MetricType;

// An address to listen on.
struct Endpoint {
  // As civetweb wants it.
  std::string Ports() const {
    return absl::StrCat(family == AF_INET6 ? "[" : "", host, family == AF_INET6 ? "]:" : ":", port);
  }

  int family = AF_INET;
  std::string host;
  uint16_t port = 0;
};

// Checked here, because civetweb's grammar has more in it than addresses (lists, TLS and redirect
// suffixes), and an unfit one makes it listen elsewhere or fail without a word.
absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view address) {
  const auto fail = [address] {
    return absl::InvalidArgumentError(
        absl::StrCat("metrics address \"", address,
                     "\" is not IP:PORT; allowed: 127.0.0.1:9464, [::1]:9464, port 0 to 65535"));
  };
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos) return fail();
  absl::string_view host = address.substr(0, colon);
  const absl::string_view port = address.substr(colon + 1);
  uint32_t number = 0;
  if (port.empty() || port.find_first_not_of("0123456789") != absl::string_view::npos ||
      !absl::SimpleAtoi(port, &number) || number > 65535) {
    return fail();
  }
  const bool brackets = absl::ConsumePrefix(&host, "[");
  if (brackets && !absl::ConsumeSuffix(&host, "]")) return fail();
  Endpoint endpoint{brackets ? AF_INET6 : AF_INET, std::string(host),
                    static_cast<uint16_t>(number)};
  unsigned char binary[sizeof(in6_addr)];
  if (inet_pton(endpoint.family, endpoint.host.c_str(), binary) != 1) return fail();
  return endpoint;
}

// Opens and closes a connection. To an unspecified address Linux connects on the loopback.
void Poke(const Endpoint& endpoint) {
  const int fd = socket(endpoint.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  if (endpoint.family == AF_INET) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(endpoint.port);
    inet_pton(AF_INET, endpoint.host.c_str(), &to.sin_addr);
    connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  } else {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(endpoint.port);
    inet_pton(AF_INET6, endpoint.host.c_str(), &to.sin6_addr);
    connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  }
  close(fd);
}

}  // namespace

class Metrics::Server {
 public:
  explicit Server(Endpoint endpoint)
      : endpoint_(std::move(endpoint)),
        exposer_(std::make_unique<prometheus::Exposer>(std::vector<std::string>{
            "listening_ports", endpoint_.Ports(), "num_threads", "1", "request_timeout_ms", "5000",
            "enable_directory_listing", "no"})) {
    const std::vector<int> ports = exposer_->GetListeningPorts();
    if (!ports.empty()) endpoint_.port = static_cast<uint16_t>(ports[0]);
  }

  // civetweb 1.15 notices that it shall stop only when its poll of two seconds ends or a connection
  // comes: give it connections until it has noticed.
  ~Server() {
    std::atomic<bool> stopped{false};
    std::thread poker([this, &stopped] {
      while (!stopped) {
        Poke(endpoint_);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
    exposer_.reset();
    stopped = true;
    poker.join();
  }

  prometheus::Exposer& exposer() { return *exposer_; }
  int port() const { return endpoint_.port; }

 private:
  Endpoint endpoint_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

Metrics::Metrics() : families_(std::make_shared<Families>()) {}
Metrics::~Metrics() = default;

MethodMetrics* Metrics::ForMethod(absl::string_view service, absl::string_view method,
                                  MethodType type) {
  return families_->ForMethod(service, method, type);
}

Counter* Metrics::GetCounter(absl::string_view name, absl::string_view help, Labels labels) {
  return families_->GetCounter(name, help, std::move(labels));
}

Gauge* Metrics::GetGauge(absl::string_view name, absl::string_view help, Labels labels) {
  return families_->GetGauge(name, help, std::move(labels));
}

Histogram* Metrics::GetHistogram(absl::string_view name, absl::string_view help,
                                 const std::vector<double>& bounds, Labels labels) {
  return families_->GetHistogram(name, help, bounds, std::move(labels));
}

Metrics::Registration Metrics::ReadGauge(absl::string_view name, absl::string_view help,
                                         Labels labels, std::function<double()> read) {
  const uint64_t id =
      families_->AddCallback(MetricType::Gauge, name, help, std::move(labels), std::move(read));
  return Registration([families = families_, id] { families->RemoveCallback(id); });
}

Metrics::Registration Metrics::ReadCounter(absl::string_view name, absl::string_view help,
                                           Labels labels, std::function<double()> read) {
  const uint64_t id =
      families_->AddCallback(MetricType::Counter, name, help, std::move(labels), std::move(read));
  return Registration([families = families_, id] { families->RemoveCallback(id); });
}

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(families_->Collect());
}

absl::Status Metrics::Expose(absl::string_view address) {
  if (server_ != nullptr) return absl::FailedPreconditionError("metrics are exposed already");
  absl::StatusOr<Endpoint> endpoint = ParseEndpoint(address);
  if (!endpoint.ok()) return endpoint.status();
  try {
    server_ = std::make_unique<Server>(*std::move(endpoint));
    server_->exposer().RegisterCollectable(families_);
  } catch (const std::exception& error) {
    server_.reset();
    return absl::UnavailableError(
        absl::StrCat("cannot serve metrics on ", address, ": ", error.what()));
  }
  return absl::OkStatus();
}

int Metrics::port() const { return server_ == nullptr ? 0 : server_->port(); }

}  // namespace sqm::observe
