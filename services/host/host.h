// What every binary of the suite is made of: threads, tokens, Redis, metrics, the server, and one
// module a service with its own store.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "common/auth/authenticator.h"
#include "common/auth/issuer.h"
#include "common/auth/key_set.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/cache/local_cache.h"
#include "common/cache/redis.h"
#include "common/cache/redis_tier.h"
#include "common/feed/feed_service.h"
#include "common/feed/hub.h"
#include "common/observe/metrics.h"
#include "common/resource/resources.h"
#include "common/resource/standard.h"
#include "common/rpc/channel.h"
#include "common/rpc/pipeline.h"
#include "common/rpc/server.h"
#include "common/schedule/lease.h"
#include "common/store/store.h"
#include "services/host/config.h"
#include "services/host/health.h"
#include "services/host/wake_ups.h"

namespace sqm::host {

// One service: its contracts, its store, and what stands on them.
struct Module {
  std::string name;  // `monitoring`
  std::unique_ptr<contract::Registry> registry;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<WakeUps> wake_ups;  // null: no other replicas, or no Redis
  std::unique_ptr<cache::LocalCache> cache;
  std::unique_ptr<resource::Resources> resources;
  std::unique_ptr<rpc::Pipeline> pipeline;
  std::unique_ptr<feed::Hub> hub;
  std::unique_ptr<schedule::Leases> leases;  // of its periodic jobs; added before Serve
};

class Host {
 public:
  // Opens what does not depend on a service: the data directory, keys, Redis, metrics.
  static absl::StatusOr<std::unique_ptr<Host>> Open(Config config);
  // Stops if it was not stopped.
  ~Host();

  // Opens the store of a service. `files`: its contracts.
  absl::StatusOr<Module*> AddModule(const std::string& name,
                                    std::vector<const google::protobuf::FileDescriptor*> files);
  // Starts to answer. Every method of every module must have its handler.
  absl::Status Serve();
  // Announces the stop, lets calls end, ends feeds, closes the stores. Idempotent.
  void Stop();

  int port() const { return server_->port(); }
  // A channel to this process, for its own consumers.
  std::shared_ptr<grpc::Channel> InProcess() { return server_->InProcess(); }
  // Before Serve: modules call each other within this process.
  void AllowInProcess() { in_process_ = true; }
  // The authorization of this process's own calls to other services.
  absl::StatusOr<std::string> ServiceAuthorization() const;
  cache::RedisTier* redis() { return redis_tier_.get(); }
  const Config& config() const { return config_; }
  // For a channel to another service, by the files of peers.*. `health_service`: as in
  // ChannelOptions.
  rpc::ChannelOptions PeerOptions(std::string target, std::string health_service) const;
  const Clock& clock() const { return SystemClock::Get(); }
  IdSource& ids() { return ids_; }
  Executor& executor() { return executor_; }
  Timer& timer() { return timer_; }
  observe::Metrics& metrics() { return metrics_; }
  // Writes the development login file and says how to call; only with `dev`.
  absl::StatusOr<std::string> WriteDevLogin();

 private:
  explicit Host(Config config);
  absl::Status OpenKeys();
  absl::Status OpenRedis();
  absl::Status OpenRates();
  absl::Status OpenAudit();
  void WatchHealth();
  Task<absl::Status> Trim(store::Store& store);
  void TrimFeeds();
  void ShowLeases();
  void ShowReads(const std::string& service, const store::Store& store);
  void ShowRedis();

  const Config config_;
  RandomIds ids_;
  observe::Metrics metrics_;
  Executor executor_;
  Timer timer_;
  std::unique_ptr<auth::Issuer> dev_issuer_;
  std::shared_ptr<auth::KeySet> keys_;
  std::unique_ptr<auth::Authenticator> authenticator_;
  std::unique_ptr<cache::Redis> redis_;
  std::unique_ptr<cache::RedisTier> redis_tier_;
  std::unique_ptr<cache::SharedBuckets> buckets_;
  std::unique_ptr<rpc::RateLimits> rates_;  // null: none are set
  std::vector<std::unique_ptr<Module>> modules_;
  Module* audit_ = nullptr;
  std::unique_ptr<contract::Registry> feed_registry_;
  std::unique_ptr<rpc::Pipeline> feed_pipeline_;
  std::unique_ptr<feed::FeedService> feed_service_;
  std::vector<std::unique_ptr<resource::StandardMethods>> standard_;
  std::vector<observe::Metrics::Registration> registrations_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<Health> health_;  // null before Serve
  bool in_process_ = false;
  bool stopped_ = false;
};

}  // namespace sqm::host
