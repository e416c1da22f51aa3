#include "tests/unit/feed/world.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "common/rpc/channel.h"
#include "sqm/audit/v1/audit.pb.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/improvement_note.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::feed {
namespace {

const google::protobuf::FileDescriptor* ServiceFile() {
  return google::protobuf::DescriptorPool::generated_pool()
      ->FindServiceByName("sqm.monitoring.v1.MonitoringService")
      ->file();
}

store::Put MakePut(const contract::ResourceType& type, const std::string& id, int64_t expected,
                   std::shared_ptr<const google::protobuf::Message> message) {
  auto record = std::make_shared<store::Record>();
  record->version = expected + 1;
  record->body = message->SerializeAsString();
  record->message = std::move(message);
  store::Put put;
  put.type = &type;
  put.id = id;
  put.expected = expected;
  put.kind = expected == 0 ? store::ChangeKind::kCreated : store::ChangeKind::kUpdated;
  put.record = std::move(record);
  return put;
}

std::unique_ptr<store::SqliteStore> OpenStore(World& world, const std::string& path) {
  store::SqliteOptions options;
  options.path = path;
  auto store =
      store::SqliteStore::Open(TestRegistry(), options, world.executor, world.clock, world.ids);
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

}  // namespace

const contract::Registry& TestRegistry() {
  static const contract::Registry* const registry = [] {
    auto built = contract::Registry::Build(
        {ServiceFile(), monitoring::v1::Contact::descriptor()->file(),
         monitoring::v1::Scorecard::descriptor()->file(),
         monitoring::v1::Evaluation::descriptor()->file(),
         monitoring::v1::ImprovementNote::descriptor()->file(),
         audit::v1::AuditEntry::descriptor()->file(), v1::Change::descriptor()->file()});
    EXPECT_TRUE(built.ok()) << built.status();
    return built->release();
  }();
  return *registry;
}

const contract::ResourceType& ContactType() {
  return *TestRegistry().FindType("monitoring/Contact");
}
const contract::ResourceType& NoteType() {
  return *TestRegistry().FindType("monitoring/ImprovementNote");
}

store::Put PutContact(const std::string& id, int64_t expected, size_t bytes) {
  auto contact = std::make_shared<monitoring::v1::Contact>();
  contact->set_name(absl::StrCat("contacts/", id));
  contact->set_team("north");
  contact->set_customer("customer 4711");
  contact->set_type(std::string(bytes, 'x'));
  return MakePut(ContactType(), id, expected, std::move(contact));
}

store::Put PutNote(const std::string& id, int64_t expected) {
  auto note = std::make_shared<monitoring::v1::ImprovementNote>();
  note->set_name(absl::StrCat("improvementNotes/", id));
  note->set_text("greet first");
  return MakePut(NoteType(), id, expected, std::move(note));
}

store::Put DeleteContact(const std::string& id, int64_t expected) {
  store::Put put = PutContact(id, expected);
  auto record = std::make_shared<store::Record>(*put.record);
  record->deleted = true;
  put.record = std::move(record);
  put.kind = store::ChangeKind::kDeleted;
  return put;
}

int64_t Commit(store::Store& store, const std::string& tenant, std::vector<store::Put> puts) {
  store::WriteSet write_set;
  write_set.tenant = tenant;
  write_set.puts = std::move(puts);
  write_set.actor = "tester";
  write_set.method = "/sqm.monitoring.v1.MonitoringService/CreateContact";
  write_set.time = absl::Now();
  store::CommitOutcome outcome = Await(store.Commit(std::move(write_set)));
  EXPECT_EQ(outcome.kind, store::CommitOutcome::kApplied)
      << outcome.status << " " << outcome.subject;
  return outcome.position;
}

void CommitContacts(store::Store& store, const std::string& tenant, const std::string& prefix,
                    int count, size_t bytes) {
  std::vector<store::WriteSet> write_sets;
  for (int i = 0; i < count; ++i) {
    store::WriteSet& one = write_sets.emplace_back();
    one.tenant = tenant;
    one.puts = {PutContact(absl::StrCat(prefix, i), 0, bytes)};
    one.actor = "tester";
    one.method = "/sqm.monitoring.v1.MonitoringService/CreateContact";
    one.time = absl::Now();
    if (write_sets.size() < 1000 && i + 1 < count) continue;
    std::vector<store::CommitOutcome> outcomes = Await(store.CommitAll(std::move(write_sets)));
    for (const store::CommitOutcome& outcome : outcomes) {
      ASSERT_EQ(outcome.kind, store::CommitOutcome::kApplied) << outcome.status;
    }
    write_sets.clear();
  }
}

World::World(WorldOptions options) {
  store =
      OpenStore(*this, options.database.empty() ? directory.File("store.db") : options.database);
  hub = std::make_unique<Hub>(*store, timer, executor, options.hub);
  std::map<std::string, FeedSource> sources = {
      {"monitoring", {hub.get(), store.get(), &TestRegistry()}}};
  if (options.sources > 1) {
    other_store = OpenStore(*this, directory.File("other.db"));
    other_hub = std::make_unique<Hub>(*other_store, timer, executor, options.hub);
    sources["reporting"] = {other_hub.get(), other_store.get(), &TestRegistry()};
  }
  issuer = *auth::Issuer::Generate(auth::Algorithm::kEs256, {});
  auth::Authenticator::Options rules;
  rules.rules = {"sqm-dev", "sqm"};
  authenticator =
      std::make_unique<auth::Authenticator>(*auth::KeySet::FromJwks(issuer->jwks()), rules);
  rpc::PipelineParts parts;
  parts.registry = &TestRegistry();
  parts.authenticator = authenticator.get();
  parts.policy = options.policy;
  parts.store = store.get();
  parts.metrics = &metrics;
  parts.clock = &clock;
  parts.ids = &ids;
  parts.executor = &executor;
  parts.timer = &timer;
  pipeline = std::make_unique<rpc::Pipeline>(parts, rpc::PipelineLimits());
  service = std::make_unique<FeedService>(std::move(sources), options.limits);
  EXPECT_TRUE(service->Register(*pipeline).ok());
  rpc::ServerOptions server_options;
  server_options.reflection = false;
  server_options.address = options.address;
  server_options.in_process = true;
  auto started = rpc::Server::Start(server_options, {pipeline.get()});
  EXPECT_TRUE(started.ok()) << started.status();
  server = *std::move(started);
  channel = server->InProcess();
}

World::~World() {
  service->Drain();
  server->Stop(absl::Seconds(5));
  channel.reset();
  timer.Stop();
  clients.Stop();
  executor.Stop();
  server.reset();
  hub.reset();
  other_hub.reset();
  store.reset();
  other_store.reset();
}

std::string World::Token(auth::RoleBits roles, const std::string& tenant,
                         absl::Duration lifetime) const {
  auth::TokenClaims claims;
  claims.subject = "tester";
  claims.tenant = tenant;
  claims.roles = roles;
  auto token = issuer->Mint(claims, lifetime, absl::Now());
  EXPECT_TRUE(token.ok()) << token.status();
  return absl::StrCat("Bearer ", *token);
}

namespace {
rpc::CallOptions OptionsOf(World& world, const std::string& tenant,
                           const std::string& authorization) {
  rpc::CallOptions options;
  options.authorization = authorization.empty() ? world.ServiceToken() : authorization;
  options.tenant = tenant;
  options.executor = &world.clients;
  return options;
}
}  // namespace

Watch::Watch(World& world, const v1::WatchChangesRequest& request, const std::string& tenant,
             const std::string& authorization)
    : stream_(world.channel, "/sqm.feed.v1.FeedService/WatchChanges",
              OptionsOf(world, tenant, authorization)) {
  Await(stream_.WriteLast(request));
}

std::optional<v1::ChangeBatch> Watch::Next() {
  v1::ChangeBatch batch;
  if (!Await(stream_.Read(batch))) return std::nullopt;
  return batch;
}

std::optional<v1::ChangeBatch> Watch::NextChanges() {
  while (true) {
    std::optional<v1::ChangeBatch> batch = Next();
    if (!batch.has_value() || batch->changes_size() > 0 || batch->snapshot_complete()) return batch;
  }
}

absl::Status Watch::Finish() { return Await(stream_.Finish()); }

v1::WatchChangesRequest FromOldest() {
  v1::WatchChangesRequest request;
  request.set_from_oldest(true);
  return request;
}

v1::WatchChangesRequest From(const std::string& token) {
  v1::WatchChangesRequest request;
  request.set_resume_token(token);
  return request;
}

// How a stream ends that is refused at once.
absl::Status Refusal(World& world, const v1::WatchChangesRequest& request,
                     const std::string& tenant, const std::string& token) {
  Watch watch(world, request, tenant, token);
  EXPECT_FALSE(watch.Next().has_value());
  return watch.Finish();
}

absl::StatusOr<v1::ListFeedsResponse> ListFeeds(World& world, const std::string& service,
                                                const std::string& token) {
  v1::ListFeedsRequest request;
  request.set_service(service);
  rpc::CallOptions options;
  options.authorization = token;
  return Await(rpc::CallUnary<v1::ListFeedsRequest, v1::ListFeedsResponse>(
      world.channel, "/sqm.feed.v1.FeedService/ListFeeds", request, options));
}

}  // namespace sqm::feed
