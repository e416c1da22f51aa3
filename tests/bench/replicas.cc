// Benches of several replicas on one PostgreSQL and one Redis, and of losing that Redis.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <thread>

#include "common/rpc/channel.h"
#include "sqm/complaints/v1/complaints_service.grpc.pb.h"
#include "sqm/feed/v1/feed.grpc.pb.h"
#include "sqm/monitoring/v1/monitoring_service.grpc.pb.h"
#include "tests/bench/against_baseline.h"
#include "tests/bench/bench.h"
#include "tests/bench/histogram.h"
#include "tests/bench/request_load.h"
#include "tests/bench/sample.h"
#include "tests/bench/servers.h"
#include "tests/support/postgres_server.h"
#include "tests/support/redis_server.h"

namespace sqm::bench {
namespace {

// One database and one Redis for the replicas of a bench.
struct Tiers {
  static absl::StatusOr<std::unique_ptr<Tiers>> Start() {
    if (!testing::PostgresServer::Available() || !testing::RedisServer::Available()) {
      return absl::UnavailableError("PostgreSQL or Redis is not installed: scripts/deps.sh test");
    }
    return std::make_unique<Tiers>();
  }
  // All replicas share the data directory, and with it the development key.
  absl::StatusOr<std::unique_ptr<Suite>> Replica(const Bench& bench, const std::string& program,
                                                 bool with_redis,
                                                 std::vector<std::string> flags = {}) const {
    flags.emplace_back("--store.backend=postgres");
    flags.push_back(absl::StrCat("--store.postgres.url_file=", postgres.ConninfoFile()));
    if (with_redis) flags.push_back(absl::StrCat("--redis.socket=", redis.socket()));
    return Suite::StartProgram(bench, program, data.path(), std::move(flags));
  }

  testing::PostgresServer postgres;
  testing::RedisServer redis;
  TempDir data;
};

// ---- Reads while Redis is away -----------------------------------------------------------------

constexpr int kTemplates = 200;

absl::Status CreateTemplates(const Suite& service) {
  namespace v1 = complaints::v1;
  const auto stub = v1::ComplaintsService::NewStub(service.Channel());
  for (int i = 0; i < kTemplates; ++i) {
    v1::CreateReplyTemplateRequest create;
    create.set_reply_template_id(absl::StrCat("reply-", i));
    create.mutable_reply_template()->mutable_label()->set_en(absl::StrCat("Reply ", i));
    create.mutable_reply_template()->set_body_en("We are sorry for what happened. " +
                                                 std::string(400, 'x'));
    ASSIGN_OR_RETURN(auto context, service.Context("manager"));
    v1::ReplyTemplate created;
    RETURN_IF_ERROR(ToAbsl(stub->CreateReplyTemplate(context.get(), create, &created)));
  }
  return absl::OkStatus();
}

// ---- Lag between replicas ----------------------------------------------------------------------

// When the writer was answered, by resource.
using Answered = std::map<std::string, absl::Time>;

// Follows the feed of a replica: when each resource arrives.
class LagWatch {
 public:
  static absl::StatusOr<std::unique_ptr<LagWatch>> Start(const Suite& replica) {
    std::unique_ptr<LagWatch> watch(new LagWatch());
    ASSIGN_OR_RETURN(watch->context_, replica.Context("service"));
    watch->feed_ = feed::v1::FeedService::NewStub(replica.Channel());
    feed::v1::WatchChangesRequest request;
    request.set_service("monitoring");
    watch->stream_ = watch->feed_->WatchChanges(watch->context_.get(), request);
    watch->thread_ = std::thread([watch = watch.get()] { watch->Run(); });
    // The first progress mark says that the watch stands.
    for (int i = 0; i < 500 && !watch->watching_; ++i) absl::SleepFor(absl::Milliseconds(10));
    return watch;
  }
  ~LagWatch() { Stop(); }

  // From the answer to the arrival, milliseconds. Waits for all, for a while; an error where one
  // does not come.
  absl::StatusOr<double> P99(const Answered& answered) {
    const auto changes = static_cast<int64_t>(answered.size());
    for (int i = 0; i < 500 && seen_ < changes; ++i) absl::SleepFor(absl::Milliseconds(10));
    Stop();
    Latencies lags;
    for (const auto& [name, time] : answered) {
      auto arrived = arrived_.find(name);
      if (arrived == arrived_.end()) return absl::DataLossError(name + " did not come");
      // It may be here before the writer has been told.
      lags.Add(absl::ToInt64Nanoseconds(std::max(absl::ZeroDuration(), arrived->second - time)));
    }
    return lags.Quantile(0.99);
  }

 private:
  LagWatch() = default;
  void Run() {
    feed::v1::ChangeBatch batch;
    while (stream_->Read(&batch)) {
      watching_ = true;
      const absl::Time now = absl::Now();
      for (const feed::v1::Change& change : batch.changes()) {
        arrived_.emplace(change.name(), now);
        ++seen_;
      }
    }
  }
  void Stop() {
    if (!thread_.joinable()) return;
    context_->TryCancel();
    thread_.join();
    stream_->Finish();
  }

  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<feed::v1::FeedService::Stub> feed_;
  std::unique_ptr<grpc::ClientReader<feed::v1::ChangeBatch>> stream_;
  std::thread thread_;
  std::atomic<bool> watching_{false};
  std::atomic<int64_t> seen_{0};
  std::map<std::string, absl::Time> arrived_;  // of the thread, until it has ended
};

// ---- Replicas restarted ------------------------------------------------------------------------

// Clients that create contacts and read them back, through the product's channel over all replicas.
class Callers {
 public:
  static absl::StatusOr<std::unique_ptr<Callers>> Start(
      const std::vector<std::unique_ptr<Suite>>& replicas, int round) {
    constexpr char kService[] = "sqm.monitoring.v1.MonitoringService";
    constexpr int kClients = 4;
    std::unique_ptr<Callers> callers(new Callers());
    rpc::ChannelOptions options;
    for (const auto& replica : replicas) {
      absl::StrAppend(&options.target, options.target.empty() ? "ipv4:" : ",",
                      "127.0.0.1:", replica->port());
    }
    options.health_service = kService;
    options.retried_methods = {absl::StrCat("/", kService, "/CreateContact"),
                               absl::StrCat("/", kService, "/GetContact")};
    ASSIGN_OR_RETURN(auto channel, rpc::MakeChannel(options));
    callers->stub_ = monitoring::v1::MonitoringService::NewStub(channel);
    ASSIGN_OR_RETURN(callers->authorization_, replicas.front()->Authorization("service"));
    for (int c = 0; c < kClients; ++c) {
      callers->threads_.emplace_back([callers = callers.get(), id = round * kClients + c] {
        callers->Run(static_cast<uint64_t>(id));
      });
    }
    return callers;
  }
  ~Callers() { Stop(); }
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  int64_t calls() const { return calls_; }
  int64_t failed() const { return failed_; }

 private:
  Callers() = default;
  template <typename Method, typename Request>
  void Call(Method method, const Request& request) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", authorization_);
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    monitoring::v1::Contact contact;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &contact);
    ++calls_;
    if (status.ok()) return;
    ++failed_;
    std::fprintf(stderr, "  a call failed: %d %s\n", status.error_code(),
                 status.error_message().c_str());
  }
  void Run(uint64_t client) {
    using Stub = monitoring::v1::MonitoringService::Stub;
    for (uint64_t i = client * 1'000'000; !stop_; ++i) {
      monitoring::v1::CreateContactRequest create;
      *create.mutable_contact() = SampleContact(i);
      create.set_contact_id(absl::StrCat("rolling-", i));
      create.set_request_id(SampleRequestId(6, i));
      Call(&Stub::CreateContact, create);
      monitoring::v1::GetContactRequest get;
      get.set_name(absl::StrCat("contacts/rolling-", i));
      Call(&Stub::GetContact, get);
    }
  }

  std::unique_ptr<monitoring::v1::MonitoringService::Stub> stub_;
  std::string authorization_;
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> calls_{0}, failed_{0};
  std::vector<std::thread> threads_;
};

}  // namespace

// Every read is of a snapshot that is shared through Redis: the local cache is too small to keep
// one. What the local cache has does not ask Redis at all.
absl::StatusOr<Measured> RedisOutage(Bench& bench) {
  ASSIGN_OR_RETURN(auto tiers, Tiers::Start());
  ASSIGN_OR_RETURN(auto service,
                   // What is slow must not be refused: it would not be counted.
                   tiers->Replica(bench, "sqm-complaints", true,
                                  {"--cache.bytes=1", "--limits.least_reads=128"}));
  RETURN_IF_ERROR(CreateTemplates(*service));
  LoadOptions get;
  get.port = service->port();
  get.path = "/sqm.complaints.v1.ComplaintsService/GetReplyTemplate";
  ASSIGN_OR_RETURN(get.metadata, service->Metadata("manager"));
  get.rate = 1000;
  get.duration = bench.Time(absl::Seconds(4));
  get.message = [](uint64_t index, std::string* out) {
    complaints::v1::GetReplyTemplateRequest request;
    request.set_name(absl::StrCat("replyTemplates/reply-", index % kTemplates));
    request.AppendToString(out);
  };
  // In the measured time: how it is noticed that Redis is gone is part of the outage.
  get.warmup = absl::ZeroDuration();
  Measured measured{"redis_outage_read_slowdown", "ratio", {}, {}, "ms, p99 with Redis"};
  ASSIGN_OR_RETURN(LoadResult before, RunWithoutFailure(get));  // fills it
  ASSIGN_OR_RETURN(before, RunWithoutFailure(get));
  for (int round = 0; round < bench.rounds(); ++round) {
    const bool kill = round % 2 == 1;
    std::thread fault([&] {
      absl::SleepFor(get.duration / 10);
      if (kill) {
        tiers->redis.Kill();
      } else {
        tiers->redis.Pause();
      }
    });
    auto without = RunWithoutFailure(get);
    fault.join();
    if (kill) {
      tiers->redis.Start();
    } else {
      tiers->redis.Resume();
    }
    if (!without.ok()) return without.status();
    // The breaker looks again within 2 s; then it is filled.
    absl::SleepFor(bench.Time(absl::Seconds(2)));
    ASSIGN_OR_RETURN(LoadResult after, RunWithoutFailure(get));
    ASSIGN_OR_RETURN(after, RunWithoutFailure(get));
    const double with = (before.p99_ms + after.p99_ms) / 2;
    std::printf(
        "  redis %s: p99 %.2f ms, %.2f ms before and %.2f ms after; medians %.2f, %.2f, %.2f\n",
        kill ? "killed" : "paused", without->p99_ms, before.p99_ms, after.p99_ms, without->p50_ms,
        before.p50_ms, after.p50_ms);
    measured.values.push_back(without->p99_ms / with);
    measured.baselines.push_back(with);
    before = after;
  }
  return measured;
}

absl::StatusOr<Measured> CrossReplicaLag(Bench& bench) {
  ASSIGN_OR_RETURN(auto tiers, Tiers::Start());
  ASSIGN_OR_RETURN(auto writer, tiers->Replica(bench, "sqm-monitoring", true));
  ASSIGN_OR_RETURN(auto woken, tiers->Replica(bench, "sqm-monitoring", true));
  ASSIGN_OR_RETURN(auto looking, tiers->Replica(bench, "sqm-monitoring", false));
  ASSIGN_OR_RETURN(LoadOptions create, CreateContactLoad(*writer, 5, bench.Time(absl::Seconds(4))));
  create.rate = 200;
  create.warmup = absl::ZeroDuration();
  Answered answered;
  create.sample_every = 1;
  create.sample = [&answered](uint64_t, absl::string_view message) {
    const absl::Time now = absl::Now();
    monitoring::v1::Contact contact;
    if (contact.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      answered.emplace(contact.name(), now);
    }
  };
  Measured measured{"cross_replica_lag_p99_ms", "ms", {}, {}, "ms, one without Redis"};
  for (int round = 0; round < bench.rounds(); ++round) {
    ASSIGN_OR_RETURN(auto heard, LagWatch::Start(*woken));
    ASSIGN_OR_RETURN(auto found, LagWatch::Start(*looking));
    answered.clear();
    RETURN_IF_ERROR(RunWithoutFailure(create).status());
    ASSIGN_OR_RETURN(const double lag, heard->P99(answered));
    ASSIGN_OR_RETURN(const double alone, found->P99(answered));
    measured.values.push_back(lag);
    measured.baselines.push_back(alone);
  }
  return measured;
}

absl::StatusOr<Measured> RollingRestart(Bench& bench) {
  ASSIGN_OR_RETURN(auto tiers, Tiers::Start());
  std::vector<std::unique_ptr<Suite>> replicas;
  for (int i = 0; i < 2; ++i) {
    ASSIGN_OR_RETURN(auto replica,
                     tiers->Replica(bench, "sqm-monitoring", true, {"--stop.drain_delay=500ms"}));
    replicas.push_back(std::move(replica));
  }
  Measured measured{"rolling_restart_failed_calls", "calls", {}, {}, "calls made"};
  for (int round = 0; round < bench.rounds(); ++round) {
    ASSIGN_OR_RETURN(auto callers, Callers::Start(replicas, round));
    for (auto& replica : replicas) {
      absl::SleepFor(bench.Time(absl::Seconds(1)));
      RETURN_IF_ERROR(replica->Restart());
    }
    absl::SleepFor(bench.Time(absl::Seconds(1)));
    callers->Stop();
    measured.values.push_back(static_cast<double>(callers->failed()));
    measured.baselines.push_back(static_cast<double>(callers->calls()));
  }
  return measured;
}

}  // namespace sqm::bench
