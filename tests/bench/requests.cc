// Benches of single requests: reads from the cache, durable creates, lists.
#include <absl/strings/str_cat.h>

#include "sqm/monitoring/v1/monitoring_service.grpc.pb.h"
#include "tests/bench/against_baseline.h"
#include "tests/bench/bench.h"
#include "tests/bench/histogram.h"
#include "tests/bench/load.h"
#include "tests/bench/request_load.h"
#include "tests/bench/sample.h"
#include "tests/bench/servers.h"

namespace sqm::bench {
namespace {

// Contacts as a service would have made them.
LoadOptions BareContacts(const BaselineServer& bare, absl::Duration duration) {
  LoadOptions rows;
  rows.port = bare.port();
  rows.path = "/sqm.bench.v1.BareService/CreateContact";
  rows.duration = duration;
  rows.message = [next = std::make_shared<uint64_t>(0)](uint64_t, std::string* out) {
    StoredContact((*next)++).AppendToString(out);
  };
  return rows;
}

}  // namespace

absl::StatusOr<LoadOptions> CreateContactLoad(const Suite& suite, uint64_t run,
                                              absl::Duration duration) {
  LoadOptions create;
  create.port = suite.port();
  create.path = "/sqm.monitoring.v1.MonitoringService/CreateContact";
  create.duration = duration;
  auto metadata = suite.Metadata("service");
  if (!metadata.ok()) return metadata.status();
  create.metadata = *metadata;
  create.message = [run, next = std::make_shared<uint64_t>(0)](uint64_t, std::string* out) {
    monitoring::v1::CreateContactRequest request;
    *request.mutable_contact() = SampleContact(*next);
    request.set_request_id(SampleRequestId(run, *next));
    ++*next;
    request.AppendToString(out);
  };
  return create;
}

absl::StatusOr<Measured> CachedGetVsEcho(Bench& bench) {
  return CachedGetAgainstEcho(bench, "cached_get_vs_echo", {});
}

absl::StatusOr<Measured> CachedGetAgainstEcho(Bench& bench, const char* name,
                                              std::vector<std::string> flags) {
  constexpr int kContacts = 1000;
  TempDir data;
  auto suite = Suite::Start(bench, data.path(), std::move(flags));
  if (!suite.ok()) return suite.status();
  auto echo = BaselineServer::StartEcho(bench);
  if (!echo.ok()) return echo.status();
  monitoring::v1::BatchCreateContactsRequest create;
  for (int i = 0; i < kContacts; ++i) {
    monitoring::v1::CreateContactRequest* request = create.add_requests();
    *request->mutable_contact() = SampleContact(static_cast<uint64_t>(i));
    request->set_contact_id(absl::StrCat("bench-", 10000 + i));
  }
  create.set_request_id(SampleRequestId(1, 0));
  auto context = (*suite)->Context("service");
  if (!context.ok()) return context.status();
  monitoring::v1::BatchCreateContactsResponse created;
  absl::Status status = ToAbsl(monitoring::v1::MonitoringService::NewStub((*suite)->Channel())
                                   ->BatchCreateContacts(context->get(), create, &created));
  if (!status.ok()) return status;
  for (const auto& result : created.results()) {
    if (!result.has_contact()) {
      return absl::UnknownError(absl::StrCat("no contact: ", result.ShortDebugString()));
    }
  }

  LoadOptions get;
  get.port = (*suite)->port();
  get.path = "/sqm.monitoring.v1.MonitoringService/GetContact";
  get.duration = bench.Time(absl::Seconds(3));
  auto metadata = (*suite)->Metadata("auditor");
  if (!metadata.ok()) return metadata.status();
  get.metadata = *metadata;
  get.message = [](uint64_t index, std::string* out) {
    monitoring::v1::GetContactRequest request;
    request.set_name(absl::StrCat("contacts/bench-", 10000 + index % kContacts));
    request.AppendToString(out);
  };
  // The echo sends what the reader gets.
  std::string message;
  get.sample_every = 1;
  get.sample = [&message](uint64_t, absl::string_view response) {
    message = std::string(response);
  };
  LoadOptions once = get;
  once.duration = bench.Time(absl::Seconds(1));
  if (auto warm = RunWithoutFailure(once); !warm.ok()) return warm.status();
  get.sample_every = 0;
  return AgainstBaseline(bench, name, get, EchoLoad(**echo, "Echo", message, get.duration));
}

absl::StatusOr<Measured> DurableCreateVsEcho(Bench& bench) {
  TempDir data;
  auto suite = Suite::Start(bench, data.path());
  if (!suite.ok()) return suite.status();
  auto echo = BaselineServer::StartEcho(bench);
  if (!echo.ok()) return echo.status();
  auto create = CreateContactLoad(**suite, 2, bench.Time(absl::Seconds(3)));
  if (!create.ok()) return create.status();
  const std::string message = StoredContact(1).SerializeAsString();
  return AgainstBaseline(bench, "durable_create_vs_echo", *create,
                         EchoLoad(**echo, "Echo", message, create->duration));
}

absl::StatusOr<Measured> DurableCreateVsBare(Bench& bench) {
  TempDir data;
  auto suite = Suite::Start(bench, data.path());
  if (!suite.ok()) return suite.status();
  auto bare = BaselineServer::StartBare(bench);
  if (!bare.ok()) return bare.status();
  auto create = CreateContactLoad(**suite, 3, bench.Time(absl::Seconds(3)));
  if (!create.ok()) return create.status();
  return AgainstBaseline(bench, "durable_create_vs_bare", *create,
                         BareContacts(**bare, create->duration), kBareCreates);
}

absl::StatusOr<Measured> BareCreateVsEcho(Bench& bench) {
  auto bare = BaselineServer::StartBare(bench);
  if (!bare.ok()) return bare.status();
  auto echo = BaselineServer::StartEcho(bench);
  if (!echo.ok()) return echo.status();
  const absl::Duration duration = bench.Time(absl::Seconds(3));
  const std::string message = StoredContact(1).SerializeAsString();
  return AgainstBaseline(bench, "bare_create_vs_echo", BareContacts(**bare, duration),
                         EchoLoad(**echo, "Echo", message, duration));
}

absl::StatusOr<Measured> ListGrowth(Bench& bench) {
  const int64_t sizes[2] = {bench.Count(10'000), bench.Count(1'000'000)};
  std::unique_ptr<Suite> suites[2];
  LoadOptions lists[2];
  for (int i = 0; i < 2; ++i) {
    auto data = bench.Prepared(sizes[i]);
    if (!data.ok()) return data.status();
    auto suite = Suite::Start(bench, *data);
    if (!suite.ok()) return suite.status();
    suites[i] = *std::move(suite);
    auto metadata = suites[i]->Metadata("auditor");
    if (!metadata.ok()) return metadata.status();
    lists[i].port = suites[i]->port();
    lists[i].path = "/sqm.monitoring.v1.MonitoringService/ListContacts";
    lists[i].metadata = *metadata;
    lists[i].connections = 1;
    lists[i].streams = 1;
    lists[i].duration = bench.Time(absl::Seconds(2));
    lists[i].message = [](uint64_t index, std::string* out) {
      monitoring::v1::ListContactsRequest request;
      request.set_page_size(50);
      request.set_filter(absl::StrCat("agent = \"", SampleContact(index).agent(), "\""));
      request.AppendToString(out);
    };
  }
  Measured measured{"list_growth", "ratio", {}, {}, "ms, p50 at 10,000 rows"};
  for (int round = 0; round < bench.rounds(); ++round) {
    double p50[2] = {};
    for (int turn = 0; turn < 2; ++turn) {
      const int which = (round + turn) % 2;
      auto result = RunWithoutFailure(lists[which]);
      if (!result.ok()) return result.status();
      p50[which] = result->p50_ms;
    }
    measured.values.push_back(p50[1] / p50[0]);
    measured.baselines.push_back(p50[0]);
  }
  return measured;
}

}  // namespace sqm::bench
