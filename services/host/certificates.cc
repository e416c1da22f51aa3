#include "services/host/certificates.h"

#include <string>
#include <utility>

#include "common/observe/log.h"
#include "common/rpc/tls.h"

namespace sqm::host {
namespace {

constexpr absl::Duration kRenewBefore = absl::Hours(24 * 7);

using observe::Level;
using observe::Log;

void Look(const std::string& file, absl::Time now, observe::Gauge& gauge) {
  const absl::StatusOr<absl::Time> end = rpc::CertificateEnd(file);
  if (!end.ok()) {
    Log(Level::kError, "the certificate cannot be read",
        {{"file", file}, {"error", std::string(end.status().message())}});
    return;
  }
  gauge.Set(static_cast<double>(absl::ToUnixSeconds(*end)));
  if (*end - now >= kRenewBefore) return;
  const bool over = *end <= now;
  Log(over ? Level::kError : Level::kWarning,
      over
          ? "the certificate is over, nobody who looks at it connects: renew the file, nothing else"
          : "the certificate is over soon: renew the file, nothing else",
      {{"file", file}, {"end", absl::FormatTime(absl::RFC3339_sec, *end, absl::UTCTimeZone())}});
}

}  // namespace

void WatchCertificates(const Config& config, observe::Metrics& metrics, Timer& timer,
                       const Clock& clock) {
  for (const auto& [shown_to, file] :
       {std::pair<const char*, std::string>{"server", config.tls_certificate},
        {"peers", config.peers_certificate}}) {
    if (file.empty()) continue;
    observe::Gauge* gauge =
        metrics.GetGauge("sqm_certificate_end_timestamp_seconds",
                         "When the certificate is over that this process shows to clients "
                         "(server) or to other services (peers).",
                         {{"shown_to", shown_to}});
    const auto look = [gauge, file = file, &clock] { Look(file, clock.Now(), *gauge); };
    look();
    timer.Every(absl::Hours(1), look);
  }
}

}  // namespace sqm::host
