// What happens to every call, in this order; each step may end it:
//
//   admit         a bound on calls in flight that follows their latency: shed before any work
//   trace         the caller's trace, so that whatever follows can be found by it
//   authenticate  whose token is it? Nothing of the request is decoded for strangers
//   authorise     do the roles grant the method's permission, and is the tenant the caller's?
//                 Then whether the caller is within its rate, where one is set
//   deadline      no work that cannot be answered in time
//   validate      decode, then the annotations of every field
//   idempotency   the request id becomes part of the write set; a refused call that was done
//                 before gets its first answer
//   handler       read, decide, commit; run again on fresh reads after a concurrent change
//   map error     one mapping to google.rpc.Status; inside detail goes to the log only
//   redact        personal fields that the caller may not see; what stays visible is audited
//   record        metrics and log
//
// Idempotency is looked up after a refusal instead of before every call: the commit itself checks
// the request id in its transaction, so the look-up is needed only where the first run has changed
// what the second one sees (e.g. the state machine refuses to submit twice).
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/auth/authenticator.h"
#include "common/auth/permissions.h"
#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/task.h"
#include "common/contract/registry.h"
#include "common/observe/metrics.h"
#include "common/rpc/call.h"
#include "common/rpc/concurrency_limit.h"
#include "common/rpc/personal_fields.h"
#include "common/rpc/rate_limit.h"
#include "common/store/store.h"
#include "google/rpc/status.pb.h"

namespace sqm::rpc {

using google::protobuf::Message;

// A stream as a handler sees it. Reads and writes resume on an executor thread; one of each at a
// time.
class Stream {
 public:
  virtual ~Stream() = default;
  // False: the client has finished sending, or is gone.
  virtual Task<absl::StatusOr<bool>> Read(Message& request) = 0;
  // False: the client is gone.
  virtual Task<bool> Write(std::shared_ptr<const Message> response) = 0;
};

using UnaryHandler = std::function<Task<absl::StatusOr<Reply>>(Call&, const Message&)>;
// For a server stream `request` is its request; for a bidirectional one it is empty.
using StreamHandler = std::function<Task<absl::Status>(Call&, const Message& request, Stream&)>;
// Writes an audit record of what the caller saw personal fields of; must be durable on OK.
using AuditSink = std::function<Task<absl::Status>(Call&, std::vector<ShownResource> shown)>;

struct PipelineLimits {
  // Unary calls in progress, reads and writes each (see concurrency_limit.h). Commits gather what
  // waits, so that fewer writes would only make smaller batches: their least is higher.
  LimitBounds reads{.least = 16, .most = 2000};
  LimitBounds writes{.least = 256, .most = 2000};
  int streams = 20000;
  size_t message_bytes = 4 << 20;
  // A call with less time left than this is refused at once.
  absl::Duration least_time = absl::Milliseconds(1);
  // Calls that wait at once for a state that their caller has seen elsewhere. They work on nothing
  // and do not count among those in progress; more of them are told at once that it is not here.
  int waiting = 256;
  // How often a handler runs again after a concurrent change.
  int conflict_retries = 8;
};

// What the pipeline needs of the process. All must outlive it.
struct PipelineParts {
  const contract::Registry* registry = nullptr;
  auth::Authenticator* authenticator = nullptr;
  const auth::Policy* policy = nullptr;
  store::Store* store = nullptr;
  observe::Metrics* metrics = nullptr;
  const Clock* clock = nullptr;
  IdSource* ids = nullptr;
  Executor* executor = nullptr;
  Timer* timer = nullptr;
  RateLimits* rates = nullptr;  // null: none are set
};

// A method with its handler and all that is resolved once.
struct Route {
  const contract::MethodInfo* method = nullptr;
  UnaryHandler unary;
  StreamHandler stream;
  auth::PermissionId permission{};
  observe::MethodMetrics* metrics = nullptr;
  // Of unary methods: the limit that it counts against, and its own part in it.
  ConcurrencyLimit* limit = nullptr;
  ConcurrencyLimit::Method* latency = nullptr;
  std::vector<size_t> rates;           // rules that match it
  std::vector<PersonalPath> personal;  // where the response has personal fields
};

class Pipeline {
 public:
  Pipeline(PipelineParts parts, PipelineLimits limits);

  void SetAudit(AuditSink audit) { audit_ = std::move(audit); }
  // Gives a method its handler. At start-up only; a method that is not in the contracts, or gets
  // two handlers, is an error of the program and ends it.
  void Handle(absl::string_view path, UnaryHandler handler);
  void HandleStream(absl::string_view path, StreamHandler handler);
  // The same by a member function that takes the method's own message class.
  template <typename Service, typename Request>
  void Handle(absl::string_view path, Service* service,
              Task<absl::StatusOr<Reply>> (Service::*handler)(Call&, const Request&)) {
    Handle(path, [service, handler](Call& call, const Message& request) {
      return (service->*handler)(call, static_cast<const Request&>(request));
    });
  }
  // Typed: Request and Response are the method's message classes.
  template <typename Request, typename Response>
  void HandleTyped(absl::string_view path,
                   std::function<Task<absl::StatusOr<Response>>(Call&, const Request&)> handler);
  // Methods of the contracts that have no handler.
  std::vector<std::string> Missing() const;
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

  // The steps, for the reactors. `Admit`…`Authorise` read metadata only.
  absl::Status Begin(const Route& route, grpc::CallbackServerContext& context, absl::Time now,
                     Call& call);
  absl::Status Decode(const Route& route, const grpc::ByteBuffer& bytes, Message& request,
                      Call& call);
  Task<absl::StatusOr<grpc::ByteBuffer>> Run(const Route& route, Call& call,
                                             const Message& request);
  // Decodes and validates one message of a stream.
  absl::Status DecodeStreamed(const grpc::ByteBuffer& bytes, Message& request) const;
  absl::StatusOr<grpc::ByteBuffer> Encode(const Message& message) const;
  // Maps, logs and counts.
  grpc::Status End(const Route& route, const Call& call, absl::Time started,
                   const absl::Status& status);
  // What the caller is told of an error, be it the call's or that of one of its elements; what is
  // kept from him is logged under the id that he gets instead.
  google::rpc::Status Tell(const Call& call, const absl::Status& status) const;
  // When the call is gone.
  void Release(const Route& route, const Call& call);
  void Cancel(Call& call) { call.cancelled_.store(true, std::memory_order_relaxed); }

  const PipelineParts& parts() const { return parts_; }
  const PipelineLimits& limits() const { return limits_; }
  const std::string& history() const { return history_; }
  const ConcurrencyLimit& reads() const { return reads_; }
  const ConcurrencyLimit& writes() const { return writes_; }
  // Calls that wait for a state that their caller has seen elsewhere.
  int waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  Route& AddRoute(absl::string_view path);
  bool Admit(const Route& route);
  absl::Status ReadMetadata(grpc::CallbackServerContext& context, Call& call);
  absl::Status ReadPosition(absl::string_view position, absl::string_view history,
                            Call& call) const;
  // Waits briefly until what the caller has seen has arrived here; else UNAVAILABLE. Meanwhile the
  // call gives its place among those in progress to one that can be worked on.
  Task<absl::Status> AwaitPosition(const Route& route, Call& call);
  // Whether it has arrived within the time that it is waited for.
  Task<bool> Arrives(const Call& call);
  // Waits, briefly, until what was committed elsewhere before the call has been heard of.
  Task<void> CatchUp(const Call& call);
  Task<absl::StatusOr<Reply>> RunHandler(const Route& route, Call& call, const Message& request);
  // What the request was answered the first time, where it was; else `reply`.
  Task<absl::StatusOr<Reply>> OrFirstAnswer(const Route& route, const Call& call,
                                            absl::StatusOr<Reply> reply);
  // Whether personal values that the caller is shown are written to the audit trail.
  bool AuditsWhatIsSeen(const Route& route, const Call& call, const Reply& reply) const;
  // Whether the answer goes out as it is: nothing to mask, nothing to audit.
  bool ShowsAll(const Route& route, const Call& call, const Reply& reply) const;
  Task<absl::StatusOr<grpc::ByteBuffer>> Redacted(const Route& route, Call& call, Reply reply);

  const PipelineParts parts_;
  const PipelineLimits limits_;
  AuditSink audit_;
  std::vector<std::unique_ptr<Route>> routes_;
  absl::flat_hash_map<const contract::MethodInfo*, Route*> by_method_;
  ConcurrencyLimit reads_, writes_;
  const std::string history_;
  std::atomic<int> streams_{0};
  std::atomic<int> waiting_{0};
  // The answer to a call that was not admitted, ready to send: in English, in Chinese.
  const grpc::Status overloaded_[2];
};

template <typename Request, typename Response>
void Pipeline::HandleTyped(
    absl::string_view path,
    std::function<Task<absl::StatusOr<Response>>(Call&, const Request&)> handler) {
  Handle(path,
         [handler = std::move(handler)](Call& call,
                                        const Message& request) -> Task<absl::StatusOr<Reply>> {
           Task<absl::StatusOr<Response>> work =
               handler(call, static_cast<const Request&>(request));
           absl::StatusOr<Response> response = co_await work;
           if (!response.ok()) co_return response.status();
           Reply reply;
           reply.message = std::make_shared<const Response>(*std::move(response));
           co_return reply;
         });
}

}  // namespace sqm::rpc
