#include "services/complaints/module.h"

#include <absl/strings/str_cat.h>
#include <openssl/rand.h>

#include "common/auth/file.h"
#include "common/base/task.h"
#include "common/rpc/channel.h"
#include "services/complaints/case_steps.h"
#include "services/complaints/contracts.h"
#include "services/complaints/end_steps.h"

namespace sqm::complaints {
namespace {

constexpr size_t kSecretBytes = 32;

absl::StatusOr<std::string> ReadSecret(const std::string& path) {
  absl::StatusOr<std::string> secret = auth::ReadSecretFile(path, kSecretBytes);
  if (!secret.ok() || secret->size() == kSecretBytes) return secret;
  return absl::FailedPreconditionError(
      absl::StrCat(path, " must have ", kSecretBytes, " bytes but has ", secret->size(),
                   ": restore it; a new one is made with `openssl rand -out FILE ", kSecretBytes,
                   "`, and customers of before are not recognised with it"));
}

// The secret of customers' pseudonyms, made on first start. With another one the cases of before
// would no longer be known as the same customer's: it belongs to the data directory.
absl::StatusOr<std::string> OpenSecret(host::Host& host, const Settings& settings) {
  const bool given = !settings.key_file.empty();
  const std::string path =
      given ? settings.key_file : absl::StrCat(host.config().data_dir, "/complaints.key");
  absl::StatusOr<std::string> secret = ReadSecret(path);
  // One that is given is everybody's: made here it would be another one in each replica.
  if (secret.status().code() == absl::StatusCode::kNotFound && !given) {
    std::string made(kSecretBytes, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(made.data()), kSecretBytes) != 1) {
      return absl::InternalError("the system gives no random bytes");
    }
    const absl::Status created = auth::CreateFile(path, made, 0600);
    if (!created.ok() && !absl::IsAlreadyExists(created)) return created;
    secret = ReadSecret(path);  // ours, or of a process that was quicker
  }
  return secret;
}

void ShowReferences(observe::Metrics& metrics, Opened& opened) {
  const std::pair<const char*, uint64_t resource::ReferenceStats::*> ways[] = {
      {"cache", &resource::ReferenceStats::cached},
      {"redis", &resource::ReferenceStats::redis},
      {"owner", &resource::ReferenceStats::owner},
      {"nobody", &resource::ReferenceStats::failed}};
  for (const auto& [way, count] : ways) {
    opened.metrics.push_back(metrics.ReadCounter(
        "sqm_references_total",
        "Questions for resources of another service that ours name, by what answered them.",
        {{"service", "complaints"}, {"owner", "monitoring"}, {"answered_by", way}},
        [related = opened.related.get(), count = count] {
          return static_cast<double>(related->Stats().*count);
        }));
  }
}

}  // namespace

void Describe(Settings& settings, ConfigSpec& spec) {
  spec.Add("complaints.keep_personal_data", &settings.keep_personal_data,
           "How long personal data is kept after the end of a case, e.g. 43800h for five years; "
           "0 = for ever. Beyond it what is known of persons is removed from the case and its "
           "timeline.")
      .Range(absl::ZeroDuration(), absl::Hours(24 * 366 * 100));
  spec.Add("complaints.key_file", &settings.key_file,
           "File with the 32 bytes that make customers' pseudonyms, the same for all replicas; "
           "readable by its owner only. Default: complaints.key in the data directory, made at the "
           "first start.")
      .SecretFile();
  spec.Add(
      "complaints.compensation_limits", &settings.compensation_limits,
      "Up to what amounts a team lead and a supervisor decide on compensation for one case, by "
      "currency: `CNY 200 2000, JPY 4000 40000`. A manager decides on more, and on other "
      "currencies.");
  spec.AddCheck([&settings]() -> std::string {
    if (settings.key_file.empty()) return "";
    const auto secret = ReadSecret(settings.key_file);
    return secret.ok() ? "" : absl::StrCat("complaints.key_file: ", secret.status().message());
  });
  spec.AddCheck([&settings]() -> std::string {
    const auto limits = CompensationLimits::Parse(settings.compensation_limits);
    if (limits.ok()) return "";
    return absl::StrCat("complaints.compensation_limits: ", limits.status().message());
  });
  spec.AddCheck([&settings]() -> std::string {
    if (settings.keep_personal_data == absl::ZeroDuration() ||
        settings.keep_personal_data > kReopenWindow) {
      return "";
    }
    return absl::StrCat("complaints.keep_personal_data must be 0 or more than ",
                        absl::FormatDuration(kReopenWindow), ": until then a case may be reopened");
  });
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> MonitoringAt(const host::Host& host,
                                                            const std::string& address) {
  rpc::ChannelOptions options = host.PeerOptions(address, "sqm.monitoring.v1.MonitoringService");
  ASSIGN_OR_RETURN(auto contracts, contract::Registry::Build(resource::ContractsOf(kMonitoring)));
  // A replica that goes is not noticed as long as there is another one.
  options.retried_methods = rpc::RetriedMethods(*contracts);
  return rpc::MakeChannel(options);
}

absl::StatusOr<std::shared_ptr<Opened>> Open(host::Host& host, const Settings& settings,
                                             Connect monitoring) {
  Installation installation;
  ASSIGN_OR_RETURN(installation.secret, OpenSecret(host, settings));
  ASSIGN_OR_RETURN(installation.compensation,
                   CompensationLimits::Parse(settings.compensation_limits));
  ASSIGN_OR_RETURN(host::Module * module, host.AddModule("complaints", Contracts()));
  std::unique_ptr<RelatedResources> related;
  if (monitoring) {
    resource::ReferenceParts parts;
    parts.connect = std::move(monitoring);
    parts.policy = &auth::Policy::Default();
    parts.redis = host.redis();
    parts.clock = &host.clock();
    parts.ids = &host.ids();
    parts.executor = &host.executor();
    ASSIGN_OR_RETURN(related, RelatedResources::Open(std::move(parts)));
  }
  auto opened = std::make_shared<Opened>(host, *module, settings, std::move(related),
                                         std::move(installation));
  opened->metrics.push_back(host.metrics().ReadGauge(
      "sqm_calendar_end_timestamp_seconds",
      "When the first calendar ends that deadlines are measured by; +Inf = none does.", {},
      [books = &opened->books] {
        return absl::ToDoubleSeconds(books->CalendarsEnd() - absl::UnixEpoch());
      }));
  if (opened->related != nullptr) ShowReferences(host.metrics(), *opened);
  opened->service.Register();
  return opened;
}

}  // namespace sqm::complaints
