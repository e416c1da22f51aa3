// The feed service over the pipeline: who follows what from where, and the stream itself.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <map>
#include <string>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/task.h"
#include "common/contract/registry.h"
#include "common/feed/change_writer.h"
#include "common/feed/hub.h"
#include "common/rpc/pipeline.h"
#include "common/store/store.h"
#include "sqm/feed/v1/feed.pb.h"

namespace sqm::feed {

// One service's feed; `service` of the requests selects it.
struct FeedSource {
  Hub* hub = nullptr;
  store::Store* store = nullptr;
  const contract::Registry* registry = nullptr;
};

struct FeedLimits {
  // Of one batch; one commit that is larger goes alone. Bytes are of bodies.
  int batch_changes = 1000;
  int batch_bytes = 1 << 20;
  // Rows that a snapshot reads at once.
  int snapshot_page = 500;
  // A watcher whose filter drops everything gets its progress this often while changes pass.
  absl::Duration progress_period = absl::Milliseconds(500);
};

// Immutable after Register. Sources must outlive the server.
//
// Who may follow: the feed shows every row, so it is refused to callers who see only some (row
// rules); values of personal fields that the caller may not see are masked.
class FeedService {
 public:
  // `sources` by service name, e.g. `monitoring`.
  explicit FeedService(std::map<std::string, FeedSource> sources, FeedLimits limits = {});

  // Gives WatchChanges, AcknowledgeChanges and ListFeeds their handlers. Once, at start-up: makes
  // the table of who follows, where it is not there. The pipeline's executor and clock are used.
  absl::Status Register(rpc::Pipeline& pipeline);
  // Ends all streams with UNAVAILABLE, each after its last token, and refuses new ones.
  void Drain();

 private:
  // One stream.
  struct Watcher {
    const FeedSource* source;
    rpc::Call* call;
    rpc::Stream* stream;
    ChangeWriter writer;
    std::string tenant;
    int64_t cursor = 0;  // everything up to here has been looked at
    int64_t told = 0;    // position of the last token sent; -1 = none yet
    absl::Time told_at;
    absl::Duration gather;  // waits so long after a batch
  };

  absl::StatusOr<const FeedSource*> Select(const std::string& service) const;
  Task<absl::Status> Watch(rpc::Call& call, const v1::WatchChangesRequest& request,
                           rpc::Stream& stream);
  Task<absl::StatusOr<v1::AcknowledgeChangesResponse>> Acknowledge(
      rpc::Call& call, const v1::AcknowledgeChangesRequest& request);
  // Where the stream begins.
  Task<absl::StatusOr<int64_t>> Begin(const FeedSource& source, std::string tenant,
                                      const v1::WatchChangesRequest& request);
  Task<absl::Status> SendSnapshot(Watcher& watcher);
  Task<absl::Status> SendLive(Watcher& watcher);
  // Sends the batch with the token of the watcher's cursor.
  Task<absl::Status> Send(Watcher& watcher, std::shared_ptr<v1::ChangeBatch> batch, int64_t head);
  Task<absl::Status> Write(Watcher& watcher, std::shared_ptr<v1::ChangeBatch> batch, int64_t head);
  Task<absl::StatusOr<v1::ListFeedsResponse>> ListFeeds(rpc::Call& call,
                                                        const v1::ListFeedsRequest& request);

  const std::map<std::string, FeedSource> sources_;
  const FeedLimits limits_;
  Timer* timer_ = nullptr;        // set by Register
  Executor* executor_ = nullptr;  // set by Register
  const Clock* clock_ = nullptr;  // set by Register
};

}  // namespace sqm::feed
