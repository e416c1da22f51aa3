// Metrics' outer face: the registry of families, its text, and the HTTP endpoint.
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <thread>

#include "common/observe/families.h"

namespace sqm::observe {
namespace {

using prometheus::MetricType;

// The IPv4 address and port of "host:port". Checked here, because civetweb's grammar has more in it
// than addresses (lists, TLS and redirect suffixes), and an unfit one makes it listen elsewhere or
// fail without a word. Debian's civetweb is built without IPv6.
absl::StatusOr<sockaddr_in> ParseAddress(absl::string_view address) {
  const size_t colon = std::min(address.rfind(':'), address.size());
  const std::string host(address.substr(0, colon));
  const absl::string_view port = address.substr(std::min(colon + 1, address.size()));
  uint32_t number = 0;
  sockaddr_in out{};
  if (port.empty() || port.find_first_not_of("0123456789") != absl::string_view::npos ||
      !absl::SimpleAtoi(port, &number) || number > 65535 ||
      inet_pton(AF_INET, host.c_str(), &out.sin_addr) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", address,
                     "\" is not the IP:PORT of metrics; allowed: an IPv4 address and a port from 0 "
                     "to 65535, 0.0.0.0:9464"));
  }
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<uint16_t>(number));
  return out;
}

// Opens and closes a connection. To 0.0.0.0 Linux connects on the loopback.
void Poke(const sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  (void)connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  close(fd);
}

}  // namespace

class Metrics::Server {
 public:
  // `ports`: the address as civetweb wants it.
  Server(const sockaddr_in& address, const std::string& ports)
      : address_(address),
        exposer_(std::make_unique<prometheus::Exposer>(std::vector<std::string>{
            "listening_ports", ports, "num_threads", "1", "request_timeout_ms", "5000",
            "enable_directory_listing", "no"})) {
    const std::vector<int> bound = exposer_->GetListeningPorts();
    if (!bound.empty()) address_.sin_port = htons(static_cast<uint16_t>(bound[0]));
  }

  // civetweb 1.15 notices that it shall stop only when its poll of two seconds ends or a connection
  // comes: give it connections until it has noticed.
  ~Server() {
    std::atomic<bool> stopped{false};
    std::thread poker([this, &stopped] {
      while (!stopped) {
        Poke(address_);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
    exposer_.reset();
    stopped = true;
    poker.join();
  }

  prometheus::Exposer& exposer() { return *exposer_; }
  int port() const { return ntohs(address_.sin_port); }

 private:
  sockaddr_in address_;
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

absl::Status Metrics::CheckAddress(absl::string_view address) {
  return ParseAddress(address).status();
}

absl::Status Metrics::Expose(absl::string_view address) {
  if (server_ != nullptr) return absl::FailedPreconditionError("metrics are exposed already");
  const absl::StatusOr<sockaddr_in> parsed = ParseAddress(address);
  if (!parsed.ok()) return parsed.status();
  try {
    server_ = std::make_unique<Server>(*parsed, std::string(address));
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
