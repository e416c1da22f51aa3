// Follows another service's feed, for every tenant that it has, into a store of one's own.
//
// Effectively once: a batch is applied together with its token in one transaction of the sink's
// store, before the next batch is read; nothing is acknowledged anywhere else. After a crash on
// either side the stored token says where to go on.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <grpcpp/channel.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/task.h"
#include "sqm/feed/v1/feed.pb.h"

namespace sqm::feed {

// How far a sink has got with one tenant's feed.
struct Position {
  // Of the last batch applied; empty: a snapshot was begun and is not complete.
  std::string token;
};

// Where changes go. Calls for one tenant come one after the other, those for different tenants at
// once. All run on the consumer's executor.
class Sink {
 public:
  virtual ~Sink() = default;
  // What Apply stored; nothing, or an empty token, where nothing was applied since the last Reset.
  virtual Task<absl::StatusOr<std::optional<Position>>> Load(std::string tenant) = 0;
  // Applies the changes and stores the batch's token, in one transaction. A batch without changes
  // moves the token, or says that nothing came until its time. A change of kind SNAPSHOT, or a live
  // one soon after a snapshot, may be of a version that is known already. `batch` lives until the
  // task ends.
  virtual Task<absl::Status> Apply(std::string tenant, const v1::ChangeBatch& batch) = 0;
  // Forgets the tenant: its rows and its token. What follows is a snapshot, or all history.
  virtual Task<absl::Status> Reset(std::string tenant) = 0;
};

struct ConsumerOptions {
  // Whose feed, e.g. `monitoring`: the `service` of requests.
  std::string source;
  // The name under which the source keeps what was not applied yet; empty = it may be trimmed.
  std::string name;
  // Types to follow; empty = all.
  std::vector<std::string> resource_types;
  // Whether to follow now, asked before each batch: of several processes with one sink the one that
  // holds a lease does. Must not block.
  std::function<bool()> follows = [] { return true; };
  // The `authorization` value, `Bearer …`, for the next call: a token of role service for all
  // tenants. Must not block.
  std::function<absl::StatusOr<std::string>()> authorization;
  // How often new tenants are looked for, and those without a stream that moved.
  absl::Duration discover_period = absl::Seconds(3);
  // Streams open at once: servers take 1,000 a connection, and another consumer and calls may share
  // it. Beyond so many tenants they take turns: who has heard nothing for a second, or has had its
  // stream for a turn, gives way to who waits, and is without one until its feed's head moves.
  int most_streams = 400;
  absl::Duration turn = absl::Seconds(5);
  // How long the source may wait for more changes after a batch, below 1 s: larger batches, and
  // fewer transactions of the sink.
  absl::Duration gather = absl::ZeroDuration();
  // Between attempts: doubled at each failure, each wait a random part of it between a half and
  // all.
  absl::Duration least_backoff = absl::Milliseconds(100);
  absl::Duration most_backoff = absl::Seconds(5);
  // A token that moved without changes (marks, other types) is stored this often, and one that
  // moved is acknowledged this often.
  absl::Duration mark_period = absl::Seconds(10);
  // A mark of a token that did not move is given to the sink, and acknowledged, this often: it says
  // until when nothing came.
  absl::Duration still_period = absl::Minutes(1);
  // A stream that is silent for longer is taken for dead: marks come every second.
  absl::Duration silence = absl::Seconds(10);
};

// One tenant's progress.
struct Progress {
  std::string tenant;
  int64_t head = 0;     // of the feed when last heard of
  int64_t applied = 0;  // everything up to here is applied, or is of no interest
  // When the source said so last: what is applied was complete then. InfinitePast: not yet.
  absl::Time as_of = absl::InfinitePast();
  bool connected = false;  // by a stream of its own
  int64_t lag() const { return head > applied ? head - applied : 0; }
};

class Consumer {
 public:
  // All references, and the sink, must outlive the consumer. The executor must run until Stop.
  Consumer(std::shared_ptr<grpc::Channel> channel, ConsumerOptions options, Sink& sink,
           Executor& executor, Timer& timer, const Clock& clock, IdSource& ids);
  // Stops.
  ~Consumer();
  Consumer(const Consumer&) = delete;

  // Begins to follow. Once.
  void Start();
  // Ends all streams and waits until nothing runs any more; a batch that is being applied is
  // finished. Not on a thread of the executor. Idempotent.
  void Stop();

  // Every tenant that is followed, by name.
  std::vector<Progress> progress() const;

  struct Counters {
    uint64_t batches = 0;       // applied
    uint64_t changes = 0;       // applied
    uint64_t streams = 0;       // opened
    uint64_t resets = 0;        // history lost, or never had
    uint64_t apply_errors = 0;  // batches that the sink refused; each is tried again
  };
  Counters counters() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace sqm::feed
