#include "tests/fault/history/workload.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/strip.h>
#include <time.h>

#include <algorithm>
#include <utility>

#include "common/base/task.h"
#include "tests/support/monitoring_samples.h"

namespace sqm::testing::history {
namespace {

namespace v1 = monitoring::v1;
using Monitoring = v1::MonitoringService::Stub;

constexpr absl::Duration kSettlePatience = absl::Seconds(60);
constexpr int kAttempts = 5;
constexpr size_t kRepeatedAtTheEnd = 40;  // a client
constexpr int kAvoidedCalls = 40;

Caller Officer() {
  Caller caller;
  caller.roles = auth::BitOf(auth::Role::kQaOfficer) | auth::BitOf(auth::Role::kManager) |
                 auth::BitOf(auth::Role::kService);
  return caller;
}

Outcome OutcomeOf(const grpc::Status& status, Kind kind) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return Outcome::kOk;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::INTERNAL:
      return Outcome::kUnknown;
    case grpc::StatusCode::NOT_FOUND:
      return kind == Kind::kGet ? Outcome::kOk : Outcome::kRefused;
    default:
      return Outcome::kRefused;
  }
}

// Whether a fault around it explains the answer.
bool IsOdd(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return false;
    default:
      return true;
  }
}

}  // namespace

absl::Duration Monotonic() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

Workload::Workload(WorkloadOptions options)
    : options_(std::move(options)),
      authorization_(Authorization(options_.key_dir, Officer(), absl::Now(), absl::Hours(1000))) {
  for (int i = 0; i < options_.clients; ++i) {
    auto worker = std::make_unique<Worker>();
    worker->number = i;
    worker->random.seed(options_.seed * 1000 + static_cast<uint64_t>(i));
    for (const std::string& address : options_.addresses) {
      worker->clients.push_back(std::make_unique<Client>(address, authorization_));
      worker->clients.back()->Wait(false).Patience(options_.patience);
    }
    workers_.push_back(std::move(worker));
  }
  absl::MutexLock lock(&mutex_);
  slots_.resize(static_cast<size_t>(options_.slots));
}

Workload::~Workload() { Stop(); }

void Workload::Start() {
  Client client(options_.addresses.front(), authorization_);
  auto templates =
      client.Call(&Monitoring::ListScorecardTemplates, v1::ListScorecardTemplatesRequest());
  if (templates.ok() && templates->templates_size() > 0) {
    scorecard_ = templates->templates(0).scorecard();
  }
  const auto& addresses =
      options_.feed_addresses.empty() ? options_.addresses : options_.feed_addresses;
  for (uint64_t i = 0; i < 2; ++i) {
    followers_.push_back(std::make_unique<Follower>(addresses, authorization_, options_.seed + i));
  }
  for (auto& worker : workers_) threads_.emplace_back([this, &worker] { Run(*worker); });
}

void Workload::Stop() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Workload::Run(Worker& worker) {
  while (!stop_) Step(worker);
}

int Workload::AnyReplica(Worker& worker) const {
  const size_t count = options_.addresses.size();
  const int replica = static_cast<int>(worker.random() % count);
  if (count == 1 || replica != worker.avoided || worker.avoided_for-- <= 0) return replica;
  return static_cast<int>((static_cast<size_t>(replica) + 1) % count);
}

std::string Workload::NewRequestId(Worker& worker) const {
  const uint64_t a = worker.random(), b = worker.random();
  return absl::StrFormat("%08x-%04x-4%03x-8%03x-%012x", a >> 32, a & 0xffff, (a >> 16) & 0xfff,
                         b >> 52, b & 0xffffffffffff);
}

std::string Workload::NameOf(size_t slot, int generation) const {
  return absl::StrCat(slot % 2 == 0 ? kContacts : kScorecards, "s", slot, "-", generation);
}

void Workload::Step(Worker& worker) {
  size_t slot = worker.random() % static_cast<size_t>(options_.slots);
  Slot now;
  {
    absl::MutexLock lock(&mutex_);
    now = slots_[slot];
    if (now.name.empty()) now.name = slots_[slot].name = NameOf(slot, now.generation);
  }
  const uint64_t dice = worker.random() % 100;
  if (dice < 60) {
    return Read(worker, now.name, AnyReplica(worker), dice % 2 == 0, false);
  }
  Order order;
  order.request_id = NewRequestId(worker);
  order.value = absl::StrCat("by ", worker.number, " number ", ++worker.count);
  order.resource = now.name;
  if (dice < 68) {
    order.resource = absl::StrCat("contacts/x", worker.number, "-", worker.count);
    slot = SIZE_MAX;
  } else if (now.version > 0) {
    order.kind = dice < 97 ? Kind::kUpdate : Kind::kDelete;
    if (dice % 4 != 0) order.expected = now.version;
  }
  Mutate(worker, order, slot);
}

void Workload::Mutate(Worker& worker, const Order& order, size_t slot) {
  Outcome outcome = Outcome::kUnknown;
  for (int attempt = 0; attempt < kAttempts && !(stop_ && attempt > 0); ++attempt) {
    outcome = Send(worker, order, AnyReplica(worker), false);
    if (outcome != Outcome::kUnknown) break;
  }
  if (outcome == Outcome::kUnknown) {
    worker.undecided.push_back(order);
    return;
  }
  const Operation told = worker.operations.back();
  if (slot != SIZE_MAX) Learn(slot, order, told);
  if (outcome != Outcome::kOk) return;
  worker.done.push_back(order);
  if (worker.random() % 10 == 0) Send(worker, order, AnyReplica(worker), false);
}

void Workload::Learn(size_t slot, const Order& order, const Operation& told) {
  absl::MutexLock lock(&mutex_);
  Slot& known = slots_[slot];
  if (known.name != order.resource) return;
  if (told.outcome == Outcome::kOk && order.kind == Kind::kDelete) {
    known = Slot{"", 0, known.generation + 1};
  } else if (told.outcome == Outcome::kOk) {
    known.version = std::max(known.version, told.version);
  }
}

void Workload::Read(Worker& worker, const std::string& name, int replica, bool with_position,
                    bool settled) {
  Operation operation;
  operation.kind = Kind::kGet;
  operation.client = worker.number;
  operation.replica = replica;
  operation.resource = name;
  operation.settled = settled;
  const Client& client = *worker.clients[static_cast<size_t>(replica)];
  auto context = client.Context();
  if (with_position) {
    operation.asked = position_;
    context->AddMetadata("sqm-position", absl::StrCat(operation.asked));
  }
  operation.begin = Monotonic();
  grpc::Status status;
  if (IsScorecard(name)) {
    v1::GetScorecardRequest request;
    request.set_name(name);
    v1::Scorecard scorecard;
    status = client.monitoring().GetScorecard(context.get(), request, &scorecard);
    if (status.ok()) Take(scorecard, operation);
  } else {
    v1::GetContactRequest request;
    request.set_name(name);
    v1::Contact contact;
    status = client.monitoring().GetContact(context.get(), request, &contact);
    if (status.ok()) Take(contact, operation);
  }
  Finish(worker, operation, *context, status);
  if (operation.outcome != Outcome::kOk || operation.version == 0) return;
  // What others wrote is known from reading it.
  absl::MutexLock lock(&mutex_);
  for (Slot& slot : slots_) {
    if (slot.name == name) slot.version = std::max(slot.version, operation.version);
  }
}

Outcome Workload::Send(Worker& worker, const Order& order, int replica, bool settled) {
  Operation operation;
  operation.kind = order.kind;
  operation.client = worker.number;
  operation.replica = replica;
  operation.resource = order.resource;
  operation.request_id = order.request_id;
  operation.expected = order.expected;
  operation.settled = settled;
  const Client& client = *worker.clients[static_cast<size_t>(replica)];
  auto context = client.Context();
  operation.begin = Monotonic();
  const grpc::Status status =
      SendOrder(client.monitoring(), *context, order, scorecard_, operation);
  Finish(worker, operation, *context, status);
  return operation.outcome;
}

void Workload::Finish(Worker& worker, Operation& operation, const grpc::ClientContext& context,
                      const grpc::Status& status) {
  operation.end = Monotonic();
  operation.outcome = OutcomeOf(status, operation.kind);
  if (!status.ok()) {
    operation.error = absl::StrCat(status.error_code(), " ", status.error_message());
  }
  const auto& trailers = context.GetServerTrailingMetadata();
  auto found = trailers.find("sqm-position");
  if (status.ok() && found != trailers.end()) {
    const absl::string_view text(found->second.data(), found->second.size());
    if (!absl::SimpleAtoi(text, &operation.position)) operation.position = -1;
    int64_t seen = position_;
    while (seen < operation.position &&
           !position_.compare_exchange_weak(seen, operation.position)) {
    }
  }
  if (operation.outcome == Outcome::kOk) ++answered_;
  if (IsOdd(status)) {
    absl::MutexLock lock(&mutex_);
    ++odd_[operation.error];
  }
  worker.operations.push_back(operation);
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    worker.avoided = operation.replica;
    worker.avoided_for = kAvoidedCalls;
  }
  // Who is not there, or full, is not asked again at once.
  if (operation.outcome == Outcome::kUnknown ||
      status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
    exhausted_ += operation.outcome == Outcome::kUnknown ? 0 : 1;
    absl::SleepFor(absl::Milliseconds(10 + worker.random() % 20));
  }
}

absl::Status Workload::Settle() {
  const int replicas = static_cast<int>(options_.addresses.size());
  // A process sees a moment later that its clock was put right: until then it takes no new token,
  // or finds that every deadline is over.
  for (const std::string& address : options_.addresses) {
    Client fresh(address, Authorization(options_.key_dir, Officer()));
    absl::Status status;
    const bool well = Eventually(
        [&] {
          status =
              fresh.Call(&Monitoring::ListScorecardTemplates, v1::ListScorecardTemplatesRequest())
                  .status();
          return status.ok();
        },
        kSettlePatience);
    if (!well) return status;
  }
  const absl::Time end = absl::Now() + kSettlePatience;
  for (auto& owned : workers_) {
    Worker& worker = *owned;
    for (auto& client : worker.clients) client->Patience(absl::Seconds(15));
    for (const Order& order : worker.undecided) {
      // Whoever has it still under way ends before this does.
      while (Send(worker, order, AnyReplica(worker), false) == Outcome::kUnknown) {
        if (absl::Now() > end) {
          return absl::DeadlineExceededError(
              absl::StrCat("not decided: ", worker.operations.back().error));
        }
      }
      worker.done.push_back(order);
    }
    worker.undecided.clear();
  }
  std::vector<std::string> names;
  {
    absl::MutexLock lock(&mutex_);
    for (size_t slot = 0; slot < slots_.size(); ++slot) {
      for (int g = 0; g <= slots_[slot].generation; ++g) names.push_back(NameOf(slot, g));
    }
  }
  for (auto& owned : workers_) {
    Worker& worker = *owned;
    for (size_t i = 0; i < std::min(kRepeatedAtTheEnd, worker.done.size()); ++i) {
      const size_t back = i < kRepeatedAtTheEnd / 2 ? i : worker.random() % worker.done.size();
      const Order& order = worker.done[worker.done.size() - 1 - back];
      for (int attempt = 0; attempt < kAttempts; ++attempt) {
        if (Send(worker, order, AnyReplica(worker), true) != Outcome::kUnknown) break;
      }
    }
  }
  for (const std::string& name : names) {
    for (int replica = 0; replica < replicas; ++replica) {
      Read(*workers_.front(), name, replica, true, true);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<History> Workload::Collect() {
  History history;
  history.replicas = options_.addresses.size() > 1;
  for (const auto& worker : workers_) {
    history.operations.insert(history.operations.end(), worker->operations.begin(),
                              worker->operations.end());
  }
  Client client(options_.addresses.front(), authorization_);
  client.Patience(kSettlePatience);
  feed::v1::ListFeedsRequest list;
  list.set_service("monitoring");
  int64_t head = position_;
  ASSIGN_OR_RETURN(auto feeds, client.Call(&feed::v1::FeedService::Stub::ListFeeds, list));
  for (const auto& feed : feeds.feeds()) {
    if (feed.tenant() == "default") head = std::max(head, feed.head());
  }
  ASSIGN_OR_RETURN(history.feed, ReadFeed(client, head));
  for (auto& follower : followers_) {
    RETURN_IF_ERROR(follower->Finish(head));
    history.followed.push_back(follower->batches());
  }
  ASSIGN_OR_RETURN(std::vector<v1::Contact> contacts, ListAll(client, ""));
  for (const v1::Contact& contact : contacts) {
    history.stored[contact.name()] = {VersionOf(contact.etag()), contact.type()};
  }
  v1::ListScorecardsRequest request;
  request.set_page_size(1000);
  do {
    ASSIGN_OR_RETURN(auto page, client.Call(&Monitoring::ListScorecards, request));
    for (const v1::Scorecard& scorecard : page.scorecards()) {
      history.stored[scorecard.name()] = {VersionOf(scorecard.etag()), scorecard.title().en()};
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return history;
}

std::vector<std::string> Workload::Odd() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> odd;
  for (const auto& [error, count] : odd_) odd.push_back(absl::StrCat(count, " x ", error));
  return odd;
}

}  // namespace sqm::testing::history
