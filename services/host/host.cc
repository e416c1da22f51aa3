#include "services/host/host.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "common/base/status.h"
#include "common/feed/registrations.h"
#include "common/observe/log.h"
#include "common/resource/audit.h"
#include "services/host/certificates.h"
#include "services/host/open_redis.h"
#include "services/host/open_store.h"
#include "sqm/audit/v1/audit.pb.h"
#include "sqm/feed/v1/feed.pb.h"

namespace sqm::host {
namespace {

using observe::Level;
using observe::Log;

int ThreadsOf(const Config& config) {
  if (config.threads > 0) return static_cast<int>(config.threads);
  return std::max(2, static_cast<int>(std::thread::hardware_concurrency()));
}

rpc::PipelineLimits LimitsOf(const Config& config) {
  const int64_t reads = config.least_reads > 0 ? config.least_reads : 2 * ThreadsOf(config);
  auto bounds = [most = config.max_calls](int64_t least) {
    return rpc::LimitBounds{static_cast<int>(std::min(least, most)), static_cast<int>(most)};
  };
  rpc::PipelineLimits limits;
  limits.reads = bounds(reads);
  limits.writes = bounds(config.least_writes);
  return limits;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return text.str();
}

// Replaces the file at once, for its owner's eyes only.
absl::Status WritePrivate(const std::string& path, const std::string& text) {
  std::string temporary = absl::StrCat(path, ".", getpid());  // processes may share the folder
  std::error_code error;
  std::filesystem::remove(temporary, error);
  mode_t old = umask(0077);
  {
    std::ofstream file(temporary, std::ios::binary);
    file << text;
    file.flush();
    umask(old);
    if (!file) return absl::UnavailableError(absl::StrCat("cannot write ", temporary));
  }
  std::filesystem::rename(temporary, path, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot write ", path));
  return absl::OkStatus();
}

}  // namespace

Host::Host(Config config) : config_(std::move(config)), executor_("worker", ThreadsOf(config_)) {}

absl::StatusOr<std::unique_ptr<Host>> Host::Open(Config config) {
  std::unique_ptr<Host> host(new Host(std::move(config)));
  observe::Logger::Process().SetLevel(
      observe::LevelOf(host->config_.log_level).value_or(Level::kInfo));
  std::error_code error;
  // What is kept is personal: a new directory is for this user alone.
  if (std::filesystem::create_directories(host->config_.data_dir, error)) {
    std::filesystem::permissions(host->config_.data_dir, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot make data.dir ", host->config_.data_dir, ": ", error.message()));
  }
  RETURN_IF_ERROR(host->OpenKeys());
  RETURN_IF_ERROR(host->OpenRedis());
  RETURN_IF_ERROR(host->OpenRates());
  if (!host->config_.metrics_address.empty()) {
    RETURN_IF_ERROR(host->metrics_.Expose(host->config_.metrics_address));
    Log(Level::kInfo, "metrics are served", {{"port", host->metrics_.port()}});
  }
  RETURN_IF_ERROR(host->OpenAudit());
  return host;
}

Host::~Host() { Stop(); }

absl::Status Host::OpenKeys() {
  auth::Authenticator::Options options;
  options.rules.audience = config_.audience;
  options.rules.issuer = config_.issuer;
  if (config_.dev) {
    std::string directory = absl::StrCat(config_.data_dir, "/dev");
    std::filesystem::create_directories(directory);
    auth::Issuer::Options issuer;
    issuer.audience = config_.audience;
    if (!config_.issuer.empty()) issuer.issuer = config_.issuer;
    ASSIGN_OR_RETURN(dev_issuer_, auth::Issuer::Open(directory, issuer));
    ASSIGN_OR_RETURN(keys_, auth::KeySet::FromJwks(dev_issuer_->jwks()));
  } else {
    auth::KeySet::Options keys;
    keys.path = config_.jwks_file;
    keys.on_change = [](const absl::Status& status) {
      if (status.ok()) {
        Log(Level::kInfo, "new token keys are in force");
      } else {
        Log(Level::kError, "the token keys cannot be read; the old ones stay",
            {{"error", std::string(status.message())}});
      }
    };
    ASSIGN_OR_RETURN(keys_, auth::KeySet::FromFile(keys));
    auth::KeySet::Watch(keys_, clock(), timer_, executor_);
  }
  authenticator_ = std::make_unique<auth::Authenticator>(keys_, options);
  return absl::OkStatus();
}

absl::Status Host::OpenRedis() {
  if (config_.redis_socket.empty() && config_.redis_host.empty()) return absl::OkStatus();
  redis_ = std::make_unique<cache::Redis>(RedisOptionsOf(config_), executor_, ids_);
  redis_tier_ = std::make_unique<cache::RedisTier>(cache::RedisTierOptions(), *redis_, clock());
  ShowRedis();
  return absl::OkStatus();
}

void Host::ShowRedis() {
  const std::pair<const char*, uint64_t cache::RedisStats::*> outcomes[] = {
      {"answered", &cache::RedisStats::answered},   {"error", &cache::RedisStats::errors},
      {"timeout", &cache::RedisStats::timeouts},    {"refused", &cache::RedisStats::refused},
      {"overload", &cache::RedisStats::overloaded}, {"lost", &cache::RedisStats::lost}};
  for (const auto& [outcome, count] : outcomes) {
    registrations_.push_back(metrics_.ReadCounter(
        "sqm_redis_calls_total", "Calls to Redis that have ended, by how.", {{"outcome", outcome}},
        [this, count = count] { return static_cast<double>(redis_->Stats().*count); }));
  }
  registrations_.push_back(metrics_.ReadCounter(
      "sqm_redis_breaker_opened_total", "How often Redis was left alone because it failed.", {},
      [this] { return static_cast<double>(redis_->Stats().opened); }));
}

absl::Status Host::OpenRates() {
  if (config_.rates.empty()) return absl::OkStatus();
  std::vector<rpc::RateRule> rules;
  for (const std::string& text : config_.rates) {
    ASSIGN_OR_RETURN(rpc::RateRule rule, rpc::ParseRateRule(text));
    rules.push_back(std::move(rule));
  }
  if (redis_ != nullptr) buckets_ = std::make_unique<cache::SharedBuckets>(*redis_);
  rates_ = std::make_unique<rpc::RateLimits>(std::move(rules), buckets_.get(), clock());
  return absl::OkStatus();
}

absl::Status Host::OpenAudit() {
  ASSIGN_OR_RETURN(audit_, AddModule("audit", {audit::v1::AuditEntry::descriptor()->file()}));
  audit_->resources->LimitVisibility(
      *audit_->registry->FindType(audit::v1::AuditEntry::descriptor()), resource::EntriesSeenBy);
  standard_.push_back(
      std::make_unique<resource::StandardMethods>(*audit_->pipeline, *audit_->resources));
  standard_.back()->Register("sqm.audit.v1");
  return absl::OkStatus();
}

absl::StatusOr<Module*> Host::AddModule(
    const std::string& name, std::vector<const google::protobuf::FileDescriptor*> files) {
  auto module = std::make_unique<Module>();
  module->name = name;
  ASSIGN_OR_RETURN(module->registry, contract::Registry::Build(Stored(std::move(files))));
  ASSIGN_OR_RETURN(module->store,
                   OpenStore(config_, name, *module->registry, executor_, clock(), ids_));
  cache::LocalCacheOptions cache_options;
  cache_options.max_bytes = static_cast<size_t>(config_.cache_bytes.bytes);
  module->cache = std::make_unique<cache::LocalCache>(cache_options, clock());
  resource::FollowCommits(*module->store, *module->cache, clock(), timer_);
  const bool alone = config_.store_backend == "sqlite";  // a file is one process's
  const std::string holder = ids_.NewUlid(clock().Now());
  resource::ResourcesParts parts;
  if (!alone && redis_ != nullptr) {
    module->wake_ups = std::make_unique<WakeUps>(name, holder, *module->store, *redis_, timer_);
    parts.committed = [wake_ups = module->wake_ups.get()] { wake_ups->Announce(); };
  }
  parts.registry = module->registry.get();
  parts.store = module->store.get();
  parts.cache = module->cache.get();
  parts.redis = redis_tier_.get();
  parts.clock = &clock();
  parts.ids = &ids_;
  parts.executor = &executor_;
  module->resources = std::make_unique<resource::Resources>(parts);
  rpc::PipelineParts pipeline;
  pipeline.registry = module->registry.get();
  pipeline.authenticator = authenticator_.get();
  pipeline.policy = &auth::Policy::Default();
  pipeline.store = module->store.get();
  pipeline.metrics = &metrics_;
  pipeline.clock = &clock();
  pipeline.ids = &ids_;
  pipeline.executor = &executor_;
  pipeline.timer = &timer_;
  pipeline.rates = rates_.get();
  module->pipeline = std::make_unique<rpc::Pipeline>(pipeline, LimitsOf(config_));
  if (audit_ != nullptr) {
    module->pipeline->SetAudit(
        resource::AuditInto(*audit_->registry, *audit_->store, ids_, *module->resources));
  }
  feed::HubOptions hub_options;
  hub_options.ring_bytes = static_cast<size_t>(config_.feed_ring_bytes.bytes);
  module->hub = std::make_unique<feed::Hub>(*module->store, timer_, executor_, hub_options);
  schedule::LeaseParts leases;
  leases.store = module->store.get();
  leases.registry = module->registry.get();
  leases.clock = &clock();
  leases.holder = holder;
  leases.service = name;
  leases.sole = alone;
  module->leases = std::make_unique<schedule::Leases>(leases, executor_, timer_);
  cache::LocalCache* cache = module->cache.get();
  auto counter = [&](const char* metric, const char* help, std::function<double()> read) {
    registrations_.push_back(metrics_.ReadCounter(metric, help, {{"service", name}}, read));
  };
  auto gauge = [&](const char* metric, const char* help, std::function<double()> read) {
    registrations_.push_back(metrics_.ReadGauge(metric, help, {{"service", name}}, read));
  };
  counter("sqm_cache_hits_total", "Reads answered from the local cache.",
          [cache] { return static_cast<double>(cache->Stats().hits); });
  counter("sqm_cache_misses_total", "Reads that the local cache did not have.",
          [cache] { return static_cast<double>(cache->Stats().misses); });
  gauge("sqm_cache_used_bytes", "Memory held by the local cache.",
        [cache] { return static_cast<double>(cache->Stats().bytes); });
  if (!config_.postgres_standby_url_file.empty()) ShowReads(name, *module->store);
  store::Store* store = module->store.get();
  counter("sqm_long_lists_total",
          "Lists and comparisons that looked at so much that they went on aside.",
          [store] { return static_cast<double>(store->LongListCount()); });
  rpc::Pipeline* calls = module->pipeline.get();
  gauge("sqm_calls_in_flight", "Unary calls in progress.", [calls] {
    return static_cast<double>(calls->reads().in_progress() + calls->writes().in_progress());
  });
  gauge("sqm_reads_limit", "Reads that may be in progress now; more are refused.",
        [calls] { return static_cast<double>(calls->reads().limit()); });
  gauge("sqm_writes_limit", "Writes that may be in progress now; more are refused.",
        [calls] { return static_cast<double>(calls->writes().limit()); });
  modules_.push_back(std::move(module));
  return modules_.back().get();
}

void Host::ShowReads(const std::string& service, const store::Store& store) {
  auto show = [&](const char* metric, const char* help, const char* label, const char* value,
                  uint64_t store::ReadCounts::*count) {
    registrations_.push_back(metrics_.ReadCounter(
        metric, help, {{"service", service}, {label, value}},
        [&store, count] { return static_cast<double>(store.Reads().*count); }));
  };
  constexpr char kReads[] = "sqm_store_reads_total";
  constexpr char kReadsHelp[] = "Reads of resources and lists, by the server that answered them.";
  show(kReads, kReadsHelp, "by", "standby", &store::ReadCounts::standby);
  show(kReads, kReadsHelp, "by", "primary", &store::ReadCounts::primary);
  constexpr char kMisses[] = "sqm_standby_misses_total";
  constexpr char kMissesHelp[] = "Reads that a standby was asked for and did not answer, by why.";
  show(kMisses, kMissesHelp, "why", "behind", &store::ReadCounts::behind);
  show(kMisses, kMissesHelp, "why", "failed", &store::ReadCounts::failed);
}

absl::Status Host::Serve() {
  ASSIGN_OR_RETURN(feed_registry_,
                   contract::Registry::Build({feed::v1::Change::descriptor()->file()}));
  rpc::PipelineParts parts = modules_.front()->pipeline->parts();
  parts.registry = feed_registry_.get();
  // It is of all stores: a position of one of them means nothing to it.
  parts.store = nullptr;
  feed_pipeline_ = std::make_unique<rpc::Pipeline>(parts, rpc::PipelineLimits());
  std::map<std::string, feed::FeedSource> sources;
  std::vector<rpc::Pipeline*> pipelines = {feed_pipeline_.get()};
  for (const auto& module : modules_) {
    std::vector<std::string> missing = module->pipeline->Missing();
    if (!missing.empty()) {
      return absl::InternalError(
          absl::StrCat("methods without a handler: ", absl::StrJoin(missing, ", ")));
    }
    pipelines.push_back(module->pipeline.get());
    if (module.get() == audit_) {
      // Nobody follows it, and its changes are trimmed all the same.
      RETURN_IF_ERROR(feed::PrepareRegistrations(*module->store));
      continue;
    }
    sources[module->name] =
        feed::FeedSource{module->hub.get(), module->store.get(), module->registry.get()};
  }
  feed_service_ = std::make_unique<feed::FeedService>(std::move(sources));
  RETURN_IF_ERROR(feed_service_->Register(*feed_pipeline_));
  // All that may fail, before anybody may call.
  TrimFeeds();
  for (const auto& module : modules_) RETURN_IF_ERROR(module->leases->Start());
  ShowLeases();
  rpc::ServerOptions options;
  options.address = config_.listen;
  options.tls = {config_.tls_client_ca, config_.tls_certificate, config_.tls_key};
  options.reflection = config_.reflection;
  options.in_process = in_process_;
  ASSIGN_OR_RETURN(server_, rpc::Server::Start(options, pipelines));
  WatchHealth();
  WatchCertificates(config_, metrics_, timer_, clock());
  Log(Level::kInfo, "serving", {{"address", config_.listen}, {"port", server_->port()}});
  return absl::OkStatus();
}

void Host::WatchHealth() {
  std::vector<std::string> whole = {""};
  for (const auto* service : feed_registry_->services()) whole.push_back(service->full_name());
  health_ = std::make_unique<Health>(
      std::move(whole),
      [this](const std::string& service, bool serving) { server_->SetServing(service, serving); });
  for (const auto& module : modules_) {
    std::vector<std::string> services;
    for (const auto* service : module->registry->services()) {
      services.push_back(service->full_name());
    }
    health_->Add(module->name, *module->store, std::move(services));
  }
  timer_.Every(absl::Seconds(2), [this] { health_->Look(); });
}

Task<absl::Status> Host::Trim(store::Store& store) {
  const absl::Time now = clock().Now();
  auto reading = feed::NeededFrom(store, now - config_.feed_consumer_lease);
  absl::StatusOr<std::map<std::string, int64_t>> needed = co_await reading;
  if (!needed.ok()) co_return needed.status();
  // Later than what was kept for them: their names are then as good as new.
  auto forgetting =
      feed::ForgetSilent(store, now - std::max(config_.feed_consumer_lease, absl::Hours(24)));
  absl::Status status = co_await forgetting;
  if (!status.ok()) co_return status;
  Task<absl::Status> trimming =
      store.Trim(now - config_.feed_keep_age, config_.feed_keep_changes, *std::move(needed));
  status = co_await trimming;
  co_return status;
}

void Host::TrimFeeds() {
  for (const auto& module : modules_) {
    schedule::Lease& lease = module->leases->Add("feed-trim");
    timer_.Every(absl::Minutes(1), [this, &lease, module = module.get()] {
      // What two trim is trimmed once: there is nothing to fence.
      if (!lease.Held()) return;
      Start(Trim(*module->store), [module](absl::Status status) {
        if (status.ok()) return;
        Log(Level::kWarning, "old changes could not be trimmed",
            {{"service", module->name}, {"error", std::string(status.message())}});
      });
    });
  }
}

void Host::ShowLeases() {
  for (const auto& module : modules_) {
    for (const auto& lease : module->leases->all()) {
      const observe::Labels labels = {{"service", module->name}, {"job", lease->job()}};
      registrations_.push_back(
          metrics_.ReadGauge("sqm_job_held", "1 where this process works on the job, by its lease.",
                             labels, [lease = lease.get()] { return lease->Held() ? 1.0 : 0.0; }));
      registrations_.push_back(metrics_.ReadCounter(
          "sqm_job_terms_total", "How often this process has taken the job.", labels,
          [lease = lease.get()] { return static_cast<double>(lease->terms_taken()); }));
    }
  }
}

rpc::ChannelOptions Host::PeerOptions(std::string target, std::string health_service) const {
  rpc::ChannelOptions options;
  options.target = std::move(target);
  options.tls = {config_.peers_ca, config_.peers_certificate, config_.peers_key};
  options.health_service = std::move(health_service);
  return options;
}

absl::StatusOr<std::string> Host::ServiceAuthorization() const {
  if (dev_issuer_ == nullptr) {
    ASSIGN_OR_RETURN(std::string token, ReadFile(config_.service_token_file));
    return absl::StrCat("Bearer ", absl::StripAsciiWhitespace(token));
  }
  auth::TokenClaims claims;
  claims.subject = "sqm-internal";
  claims.tenant = std::string(auth::kAllTenants);
  claims.roles = auth::BitOf(auth::Role::kService);
  ASSIGN_OR_RETURN(std::string token, dev_issuer_->Mint(claims, absl::Hours(1), clock().Now()));
  return absl::StrCat("Bearer ", token);
}

absl::StatusOr<std::string> Host::WriteDevLogin() {
  if (dev_issuer_ == nullptr) return absl::FailedPreconditionError("needs dev = true");
  auth::TokenClaims claims;
  claims.subject = "dev";
  claims.staff = "dev";
  claims.roles = auth::BitsOf(auth::Role::kManager, auth::Role::kQaOfficer);
  ASSIGN_OR_RETURN(std::string token,
                   dev_issuer_->Mint(claims, absl::Hours(24 * 30), clock().Now()));
  nlohmann::json login = {{"server", absl::StrCat("127.0.0.1:", server_->port())},
                          {"token", token}};
  std::string path = absl::StrCat(config_.data_dir, "/dev/login.json");
  RETURN_IF_ERROR(WritePrivate(path, login.dump(2)));
  return path;
}

void Host::Stop() {
  if (stopped_) return;
  stopped_ = true;
  if (server_ != nullptr) {
    server_->AnnounceStop();
    absl::SleepFor(config_.drain_delay);
    feed_service_->Drain();
  }
  timer_.Stop();
  // A database that hangs is not waited for beyond the time that calls are given.
  Timer patience;
  patience.After(config_.stop_deadline + absl::Seconds(1), [this] {
    for (const auto& module : modules_) module->store->GiveUp();
  });
  if (server_ != nullptr) {
    health_->Await();  // what it hears it tells the server
    server_->Stop(config_.stop_deadline);
  }
  for (const auto& module : modules_) module->leases->Stop();
  if (redis_ != nullptr) redis_->Shutdown();
  executor_.Stop();
  // Before the caches and all else that hears of commits go.
  for (const auto& module : modules_) module->store->Close();
  server_.reset();
  observe::Logger::Process().Flush();
}

}  // namespace sqm::host
