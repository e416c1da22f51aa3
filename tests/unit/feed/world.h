// A service with a feed, all in this process: store, hub, pipeline, server, tokens.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/authenticator.h"
#include "common/auth/issuer.h"
#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/contract/registry.h"
#include "common/feed/feed_service.h"
#include "common/feed/hub.h"
#include "common/observe/metrics.h"
#include "common/rpc/client_stream.h"
#include "common/rpc/pipeline.h"
#include "common/rpc/server.h"
#include "common/store/sqlite/sqlite_store.h"
#include "sqm/feed/v1/feed.pb.h"
#include "sqm/monitoring/v1/contact.pb.h"
#include "tests/support/temp_dir.h"

namespace sqm::feed {

using testing::TempDir;

// The contracts that the tests use: monitoring, audit, feed.
const contract::Registry& TestRegistry();
const contract::ResourceType& ContactType();
const contract::ResourceType& NoteType();

// A put of a contact (or a note) with a body of about `bytes`.
store::Put PutContact(const std::string& id, int64_t expected, size_t bytes = 64);
store::Put PutNote(const std::string& id, int64_t expected);
store::Put DeleteContact(const std::string& id, int64_t expected);
// Commits and waits. The position after it.
int64_t Commit(store::Store& store, const std::string& tenant, std::vector<store::Put> puts);
// `count` contacts `<prefix><number>`, one a commit.
void CommitContacts(store::Store& store, const std::string& tenant, const std::string& prefix,
                    int count, size_t bytes = 64);

struct WorldOptions {
  HubOptions hub;
  FeedLimits limits;
  int sources = 1;       // `monitoring`, and with 2 an empty `reporting`
  std::string database;  // empty: a file in the world's own directory
  std::string address = "127.0.0.1:0";
  const auth::Policy* policy = &auth::Policy::Default();
};

class World {
 public:
  explicit World(WorldOptions options = {});
  ~World();

  // `Bearer …`.
  std::string Token(auth::RoleBits roles, const std::string& tenant,
                    absl::Duration lifetime = absl::Hours(1)) const;
  std::string ServiceToken() const { return Token(auth::BitOf(auth::Role::kService), "*"); }

  TempDir directory;
  // The server's and the clients' threads.
  Executor executor{"server", 4};
  Executor clients{"clients", 4};
  Timer timer;
  RandomIds ids;
  const Clock& clock = SystemClock::Get();
  observe::Metrics metrics;
  std::unique_ptr<store::SqliteStore> store, other_store;
  std::unique_ptr<Hub> hub, other_hub;
  std::unique_ptr<auth::Issuer> issuer;
  std::unique_ptr<auth::Authenticator> authenticator;
  std::unique_ptr<rpc::Pipeline> pipeline;
  std::unique_ptr<FeedService> service;
  std::unique_ptr<rpc::Server> server;
  std::shared_ptr<grpc::Channel> channel;
};

// One WatchChanges stream, read by the test's thread.
class Watch {
 public:
  Watch(World& world, const v1::WatchChangesRequest& request, const std::string& tenant = "default",
        const std::string& authorization = "");
  // The next message; nothing when the stream has ended.
  std::optional<v1::ChangeBatch> Next();
  // The next message that has changes or completes a snapshot.
  std::optional<v1::ChangeBatch> NextChanges();
  void Cancel() { stream_.Cancel(); }
  absl::Status Finish();

 private:
  rpc::ClientStream stream_;
};

v1::WatchChangesRequest FromOldest();
v1::WatchChangesRequest From(const std::string& token);
// How a stream ends that is refused at once.
absl::Status Refusal(World& world, const v1::WatchChangesRequest& request,
                     const std::string& tenant = "default", const std::string& token = "");
absl::StatusOr<v1::ListFeedsResponse> ListFeeds(World& world, const std::string& service,
                                                const std::string& token);

}  // namespace sqm::feed
