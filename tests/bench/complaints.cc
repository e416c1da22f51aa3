// Benches of the complaints service: creating cases, the queue of what is due, the delay of what
// happens by itself.
#include <absl/container/flat_hash_map.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <future>
#include <thread>

#include "common/base/proto_time.h"
#include "sqm/complaints/v1/complaints_service.grpc.pb.h"
#include "sqm/feed/v1/feed.grpc.pb.h"
#include "tests/bench/against_baseline.h"
#include "tests/bench/cases.h"
#include "tests/bench/histogram.h"
#include "tests/bench/sample.h"

namespace sqm::bench {
namespace {

constexpr char kService[] = "/sqm.complaints.v1.ComplaintsService/";

// When the breach of each case is seen at a watcher of the feed.
class BreachWatch {
 public:
  static absl::StatusOr<std::unique_ptr<BreachWatch>> Start(const Suite& service) {
    auto context = service.Context("service");
    if (!context.ok()) return context.status();
    std::unique_ptr<BreachWatch> watch(new BreachWatch(service, *std::move(context)));
    // The first progress mark says that the watch stands.
    absl::MutexLock lock(&watch->mutex_);
    if (!watch->mutex_.AwaitWithTimeout(absl::Condition(&watch->stands_), absl::Seconds(10))) {
      return absl::DeadlineExceededError("the feed says nothing");
    }
    return watch;
  }
  ~BreachWatch() {
    context_->TryCancel();
    reader_.join();
    stream_->Finish();
  }
  BreachWatch(const BreachWatch&) = delete;

  // The times once there are `count`; an error when they are not there by `end`.
  absl::StatusOr<absl::flat_hash_map<std::string, absl::Time>> Take(size_t count, absl::Time end) {
    absl::MutexLock lock(&mutex_);
    const auto complete = [&] { return seen_.size() >= count; };
    if (!mutex_.AwaitWithDeadline(absl::Condition(&complete), end)) {
      return absl::DeadlineExceededError(absl::StrCat(seen_.size(), " breaches of ", count));
    }
    return std::move(seen_);
  }

 private:
  BreachWatch(const Suite& service, std::unique_ptr<grpc::ClientContext> context)
      : feed_(feed::v1::FeedService::NewStub(service.Channel())), context_(std::move(context)) {
    feed::v1::WatchChangesRequest request;
    request.set_service("complaints");
    request.add_resource_types("complaints/CaseEntry");
    stream_ = feed_->WatchChanges(context_.get(), request);
    reader_ = std::thread([this] { Read(); });
  }
  void Read() {
    feed::v1::ChangeBatch batch;
    while (stream_->Read(&batch)) {
      const absl::Time now = absl::Now();
      absl::MutexLock lock(&mutex_);
      stands_ = true;
      for (const feed::v1::Change& change : batch.changes()) {
        complaints::v1::CaseEntry entry;
        if (!entry.ParseFromString(change.body())) continue;
        if (entry.action() != complaints::v1::CASE_ACTION_BREACH) continue;
        seen_.emplace(change.name().substr(0, change.name().find("/entries/")), now);
      }
    }
  }

  std::unique_ptr<feed::v1::FeedService::Stub> feed_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<feed::v1::ChangeBatch>> stream_;
  absl::Mutex mutex_;
  bool stands_ = false;
  absl::flat_hash_map<std::string, absl::Time> seen_;  // by case
  std::thread reader_;
};

// Creates cases whose first responses fall due one after the other within `window`, and waits for
// their breaches: the 99th percentile of the delays in seconds.
absl::StatusOr<double> BreachDelay(const Suite& service, int count, absl::Duration window,
                                   absl::Duration lead, uint64_t first) {
  auto watch = BreachWatch::Start(service);
  if (!watch.ok()) return watch.status();
  const auto stub = complaints::v1::ComplaintsService::NewStub(service.Channel());
  const absl::Time begin = absl::Now() + lead;
  absl::flat_hash_map<std::string, absl::Time> due;
  for (int i = 0; i < count; ++i) {
    complaints::v1::CreateCaseRequest request;
    *request.mutable_case_() = SampleCase(first + static_cast<uint64_t>(i));
    *request.mutable_case_()->mutable_received_time() =
        ToTimestamp(begin + i * window / count - kFirstResponse);
    auto context = service.Context("manager");
    if (!context.ok()) return context.status();
    complaints::v1::Case made;
    const absl::Status status = ToAbsl(stub->CreateCase(context->get(), request, &made));
    if (!status.ok()) return status;
    due[made.name()] = FromTimestamp(made.due_time());
    if (due[made.name()] < absl::Now()) {
      return absl::UnavailableError(
          "the machine is too slow to create the cases before they fall due");
    }
  }
  const auto seen = (*watch)->Take(due.size(), begin + window + absl::Minutes(1));
  if (!seen.ok()) return seen.status();
  Latencies delays;
  for (const auto& [name, time] : due) {
    const auto at = seen->find(name);
    if (at == seen->end()) return absl::DataLossError(absl::StrCat("no breach of ", name));
    if (at->second < time) return absl::DataLossError(absl::StrCat("an early breach of ", name));
    delays.Add(absl::ToInt64Nanoseconds(at->second - time));
  }
  return delays.Quantile(0.99) / 1000;
}

// A complaints service over few open cases and one over many.
struct Pair {
  std::unique_ptr<Suite> services[2];

  static absl::StatusOr<Pair> Start(Bench& bench) {
    Pair pair;
    const int64_t sizes[2] = {bench.Count(10'000), bench.Count(1'000'000)};
    for (int i = 0; i < 2; ++i) {
      auto data = bench.PreparedCases(sizes[i]);
      if (!data.ok()) return data.status();
      auto service = Suite::StartProgram(bench, "sqm-complaints", *data);
      if (!service.ok()) return service.status();
      pair.services[i] = *std::move(service);
    }
    return pair;
  }
};

// A suite with the rules of a case, and the load that creates cases in it.
struct Creating {
  TempDir data;
  std::unique_ptr<Suite> suite;
  LoadOptions load;
  complaints::v1::Case made;  // one of them, as it was answered

  static absl::StatusOr<std::unique_ptr<Creating>> Start(Bench& bench) {
    auto creating = std::make_unique<Creating>();
    auto suite = Suite::Start(bench, creating->data.path());
    if (!suite.ok()) return suite.status();
    creating->suite = *std::move(suite);
    const absl::Status rules = CreateCaseRules(*creating->suite);
    if (!rules.ok()) return rules;
    auto metadata = creating->suite->Metadata("manager");
    if (!metadata.ok()) return metadata.status();
    LoadOptions& load = creating->load;
    load.metadata = *metadata;
    load.port = creating->suite->port();
    load.path = absl::StrCat(kService, "CreateCase");
    load.duration = bench.Time(absl::Seconds(3));
    load.message = [next = std::make_shared<uint64_t>(0)](uint64_t, std::string* out) {
      complaints::v1::CreateCaseRequest request;
      *request.mutable_case_() = SampleCase(*next);
      request.set_request_id(SampleRequestId(4, *next));
      ++*next;
      request.AppendToString(out);
    };
    LoadOptions once = load;
    once.duration = bench.Time(absl::Seconds(1));
    once.sample_every = 1;
    complaints::v1::Case& made = creating->made;
    once.sample = [&made](uint64_t, absl::string_view response) {
      made.ParseFromArray(response.data(), static_cast<int>(response.size()));
    };
    if (auto warm = RunWithoutFailure(once); !warm.ok()) return warm.status();
    if (made.deadlines_size() != 2 || !made.has_due_time()) {
      return absl::DataLossError("the case has no deadlines");
    }
    return creating;
  }
};

// Cases as the service made one, each of another customer and with another number.
LoadOptions BareCases(const BaselineServer& bare, const Creating& creating) {
  LoadOptions rows;
  rows.port = bare.port();
  rows.path = "/sqm.bench.v1.BareService/CreateCase";
  rows.duration = creating.load.duration;
  rows.message = [one = creating.made, next = uint64_t{0}](uint64_t, std::string* out) mutable {
    const complaints::v1::Case sample = SampleCase(next);
    *one.mutable_customer() = sample.customer();
    one.set_number(absl::StrFormat("B-2026-%07d", next));
    one.set_customer_key(SampleRequestId(5, next));
    ++next;
    one.AppendToString(out);
  };
  return rows;
}

}  // namespace

absl::StatusOr<Measured> ComplaintCreateVsEcho(Bench& bench) {
  auto creating = Creating::Start(bench);
  if (!creating.ok()) return creating.status();
  auto echo = BaselineServer::StartEcho(bench);
  if (!echo.ok()) return echo.status();
  // The echo sends what the creator gets.
  return AgainstBaseline(bench, "complaint_create_vs_echo", (*creating)->load,
                         EchoLoad(**echo, "EchoCase", (*creating)->made.SerializeAsString(),
                                  (*creating)->load.duration));
}

absl::StatusOr<Measured> ComplaintCreateVsBare(Bench& bench) {
  auto creating = Creating::Start(bench);
  if (!creating.ok()) return creating.status();
  auto bare = BaselineServer::StartBare(bench);
  if (!bare.ok()) return bare.status();
  return AgainstBaseline(bench, "complaint_create_vs_bare", (*creating)->load,
                         BareCases(**bare, **creating), kBareCreates);
}

absl::StatusOr<Measured> BareCaseVsEcho(Bench& bench) {
  auto creating = Creating::Start(bench);
  if (!creating.ok()) return creating.status();
  auto bare = BaselineServer::StartBare(bench);
  if (!bare.ok()) return bare.status();
  auto echo = BaselineServer::StartEcho(bench);
  if (!echo.ok()) return echo.status();
  return AgainstBaseline(bench, "bare_case_vs_echo", BareCases(**bare, **creating),
                         EchoLoad(**echo, "EchoCase", (*creating)->made.SerializeAsString(),
                                  (*creating)->load.duration));
}

// Those who see all cases, those of their team, and their own.
constexpr const char* kReaders[] = {"auditor", "team_lead", "agent"};

// p99 of the first page of what is due next, for each of kReaders; an error where it is not full.
absl::StatusOr<std::vector<LoadOptions>> DueSoonLoads(const Bench& bench, const Suite& suite) {
  std::vector<LoadOptions> loads;
  for (const char* role : kReaders) {
    auto metadata = suite.Metadata(role);
    if (!metadata.ok()) return metadata.status();
    LoadOptions& load = loads.emplace_back();
    load.metadata = *metadata;
    // As a list on a screen: whom a case concerns is looked up when it is opened.
    load.metadata.emplace_back("sqm-personal", "masked");
    load.port = suite.port();
    load.path = absl::StrCat(kService, "ListQueue");
    load.connections = 1;
    load.streams = 1;
    load.duration = bench.Time(absl::Seconds(2));
    load.message = [](uint64_t, std::string* out) {
      complaints::v1::ListQueueRequest request;
      request.set_queue(complaints::v1::CASE_QUEUE_DUE_SOON);
      request.set_page_size(50);
      request.AppendToString(out);
    };
    LoadOptions once = load;
    complaints::v1::ListQueueResponse page;
    once.duration = bench.Time(absl::Seconds(1));
    once.sample_every = 1;
    once.sample = [&page](uint64_t, absl::string_view response) {
      page.ParseFromArray(response.data(), static_cast<int>(response.size()));
    };
    if (auto warm = RunWithoutFailure(once); !warm.ok()) return warm.status();
    if (page.cases_size() < (bench.quick() ? 1 : 50)) {
      return absl::DataLossError(absl::StrCat("the queue of the ", role, " is not full"));
    }
  }
  return loads;
}

absl::StatusOr<Measured> DueSoonP99(Bench& bench) {
  auto pair = Pair::Start(bench);
  if (!pair.ok()) return pair.status();
  std::vector<LoadOptions> loads[2];
  for (int i = 0; i < 2; ++i) {
    auto made = DueSoonLoads(bench, *pair->services[i]);
    if (!made.ok()) return made.status();
    loads[i] = *std::move(made);
  }
  Measured measured{"due_soon_p99_ms", "ms", {}, {}, "ms, p99 over 10,000 open cases"};
  for (int round = 0; round < bench.rounds(); ++round) {
    double p99[2] = {};
    for (int turn = 0; turn < 2; ++turn) {
      const int which = (round + turn) % 2;
      // Of whoever waits longest.
      for (const LoadOptions& load : loads[which]) {
        auto result = RunWithoutFailure(load);
        if (!result.ok()) return result.status();
        p99[which] = std::max(p99[which], result->p99_ms);
      }
    }
    measured.values.push_back(p99[1]);
    measured.baselines.push_back(p99[0]);
  }
  return measured;
}

absl::StatusOr<Measured> BreachDelayP99(Bench& bench) {
  auto pair = Pair::Start(bench);
  if (!pair.ok()) return pair.status();
  const int count = bench.quick() ? 20 : 1000;
  Measured measured{
      "breach_delay_p99_s", "s", {}, {}, "s, over 10,000 open cases at the same time"};
  for (int round = 0; round < bench.rounds(); ++round) {
    const auto run = [&](int which) {
      return BreachDelay(*pair->services[which], count, bench.Time(absl::Minutes(1)),
                         std::max(bench.Time(absl::Seconds(30)), absl::Seconds(10)),
                         static_cast<uint64_t>(round * count) + 10'000'000);
    };
    auto few = std::async(std::launch::async, run, 0);
    const absl::StatusOr<double> many = run(1);
    const absl::StatusOr<double> baseline = few.get();
    if (!many.ok()) return many.status();
    if (!baseline.ok()) return baseline.status();
    measured.values.push_back(*many);
    measured.baselines.push_back(*baseline);
  }
  return measured;
}

}  // namespace sqm::bench
