#include "common/rpc/pipeline.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/check.h"
#include "common/base/proto_copy.h"
#include "common/base/status.h"
#include "common/cache/snapshot.h"
#include "common/observe/log.h"
#include "common/rpc/error.h"
#include "common/rpc/message_bytes.h"

namespace sqm::rpc {
namespace {

absl::Status Overloaded() {
  return WithRetry(Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_OVERLOADED,
                        "too many calls are in progress"),
                   absl::Milliseconds(200));
}

observe::MethodType TypeOf(const contract::MethodDescriptor* method) {
  if (method->client_streaming()) {
    return method->server_streaming() ? observe::MethodType::kBidiStream
                                      : observe::MethodType::kClientStream;
  }
  return method->server_streaming() ? observe::MethodType::kServerStream
                                    : observe::MethodType::kUnary;
}

// A refusal by the state in which something was found.
bool MayBeStale(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case type::v1::ERROR_REASON_ETAG_MISMATCH:
    case type::v1::ERROR_REASON_WRONG_STATE:
    case type::v1::ERROR_REASON_RULE_VIOLATED:
    case type::v1::ERROR_REASON_NOT_FOUND:
    case type::v1::ERROR_REASON_REFERENCE_NOT_FOUND:
      return true;
    default:
      return false;
  }
}

// What the request is about, where it names something.
std::string NamedIn(const Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("name");
  if (field == nullptr || field->cpp_type() != field->CPPTYPE_STRING || field->is_repeated()) {
    return "";
  }
  return request.GetReflection()->GetString(request, field);
}

}  // namespace

Pipeline::Pipeline(PipelineParts parts, PipelineLimits limits)
    : parts_(parts),
      limits_(limits),
      reads_(limits.reads),
      writes_(limits.writes),
      history_(parts.store == nullptr ? "" : cache::HistoryName(parts.store->epoch())),
      overloaded_{ToGrpc(ToWire(Overloaded(), false, "")), ToGrpc(ToWire(Overloaded(), true, ""))} {
}

// ---- Routes ----------------------------------------------------------------------------------

Route& Pipeline::AddRoute(absl::string_view path) {
  const contract::MethodInfo* method = parts_.registry->FindMethod(path);
  Check(method != nullptr, absl::StrCat("no contract declares ", path));
  auto route = std::make_unique<Route>();
  route->method = method;
  auto permission = parts_.policy->Intern(method->options.permission());
  Check(permission.ok(), absl::StrCat(path, ": ", permission.status().message()));
  route->permission = *permission;
  if (parts_.rates != nullptr) route->rates = parts_.rates->RulesFor(path);
  route->metrics =
      parts_.metrics->ForMethod(method->descriptor->service()->full_name(),
                                method->descriptor->name(), TypeOf(method->descriptor));
  route->personal = FindPersonal(*parts_.registry, method->descriptor->output_type());
  bool added = by_method_.emplace(method, route.get()).second;
  Check(added, absl::StrCat(path, " has two handlers"));
  routes_.push_back(std::move(route));
  return *routes_.back();
}

void Pipeline::Handle(absl::string_view path, UnaryHandler handler) {
  Route& route = AddRoute(path);
  route.unary = std::move(handler);
  route.limit = route.method->options.read_only() ? &reads_ : &writes_;
  route.latency = route.limit->AddMethod();
}

void Pipeline::HandleStream(absl::string_view path, StreamHandler handler) {
  AddRoute(path).stream = std::move(handler);
}

std::vector<std::string> Pipeline::Missing() const {
  std::vector<std::string> missing;
  for (const auto& method : parts_.registry->methods()) {
    if (!by_method_.contains(method.get())) missing.push_back(method->path);
  }
  return missing;
}

// ---- The handler -----------------------------------------------------------------------------

Task<absl::StatusOr<Reply>> Pipeline::OrFirstAnswer(const Route& route, const Call& call,
                                                    absl::StatusOr<Reply> reply) {
  if (!call.idempotency_.has_value() || parts_.store == nullptr) co_return reply;
  store::Idempotency idempotency = *call.idempotency_;
  Task<store::CommitOutcome> looking =
      parts_.store->FindReplay(call.tenant_, std::move(idempotency));
  store::CommitOutcome seen = co_await looking;
  if (seen.kind == store::CommitOutcome::kReplayed) {
    std::shared_ptr<Message> first(route.method->response->New());
    if (first->ParseFromString(seen.replay)) {
      Reply replay;
      replay.message = std::move(first);
      co_return replay;
    }
  }
  if (seen.kind == store::CommitOutcome::kRequestIdReused) {
    co_return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_REQUEST_ID_REUSED,
                   "request_id was used for another request in the last 24 h");
  }
  // Whether it was carried out before is not known: the answer would say that it was not.
  const bool unseen = seen.kind == store::CommitOutcome::kFailed && !absl::IsNotFound(seen.status);
  if (unseen) co_return seen.status;
  co_return reply;
}

Task<absl::StatusOr<Reply>> Pipeline::RunHandler(const Route& route, Call& call,
                                                 const Message& request) {
  bool caught_up = false;
  for (int attempt = 1;; ++attempt) {
    Task<absl::StatusOr<Reply>> work = route.unary(call, request);
    absl::StatusOr<Reply> reply = co_await work;
    if (route.method->options.read_only() || (reply.ok() && !reply->nothing_written)) {
      co_return reply;
    }
    if (reply.ok()) {
      Task<absl::StatusOr<Reply>> looking = OrFirstAnswer(route, call, std::move(reply));
      absl::StatusOr<Reply> answer = co_await looking;
      co_return answer;
    }
    // What another process has written may not have been heard of when it was decided.
    if (!caught_up && parts_.store != nullptr && MayBeStale(reply.status()) && !call.cancelled() &&
        parts_.store->HeardUntil(parts_.clock->Now()) < call.now()) {
      caught_up = true;
      Task<void> catching_up = CatchUp(call);
      co_await catching_up;
      continue;
    }
    bool conflict = ReasonOf(reply.status()) == type::v1::ERROR_REASON_CONFLICT;
    if (!conflict || attempt > limits_.conflict_retries || call.cancelled()) {
      Task<absl::StatusOr<Reply>> looking = OrFirstAnswer(route, call, std::move(reply));
      absl::StatusOr<Reply> answer = co_await looking;
      co_return answer;
    }
    // Losers wait, each a different time, so that they do not meet again: up to 1 ms, then twice as
    // long each time, for one of many wins a commit.
    uint64_t draw = parts_.ids->Random() % 1000;
    absl::Duration pause =
        absl::Microseconds(static_cast<int64_t>(draw) << std::min(attempt - 1, 6));
    co_await parts_.timer->Sleep(pause);
    co_await parts_.executor->Hop();
  }
}

absl::StatusOr<grpc::ByteBuffer> Pipeline::Encode(const Message& message) const {
  size_t size = message.ByteSizeLong();
  if (size > (size_t{16} << 20)) {
    return Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_TOO_LARGE,
                "the response is larger than 16 MiB: ask for fewer elements");
  }
  return ToBytes(message, size);
}

bool Pipeline::AuditsWhatIsSeen(const Route& route, const Call& call, const Reply& reply) const {
  // What is written leaves a trace of its own; what is only checked, or changes nothing, does not.
  return (route.method->options.read_only() || call.validate_only() || reply.nothing_written) &&
         !call.principal().Has(auth::Role::kService) && audit_;
}

bool Pipeline::ShowsAll(const Route& route, const Call& call, const Reply& reply) const {
  if (route.personal.empty()) return true;
  if (call.masked() || AuditsWhatIsSeen(route, call, reply)) return false;
  for (const PersonalPath& personal : route.personal) {
    for (const contract::AnnotatedPath& path : personal.type->personal) {
      if (!MaySee(call, *personal.type, path.rules->personal())) return false;
    }
  }
  return true;
}

Task<absl::StatusOr<grpc::ByteBuffer>> Pipeline::Redacted(const Route& route, Call& call,
                                                          Reply reply) {
  const Message& original = reply.record ? *reply.record->message : *reply.message;
  const std::unique_ptr<Message> shown = CopyOf(original);
  const auto may_see = [&call](const contract::ResourceType& type,
                               options::v1::PersonalClass personal) {
    return MaySee(call, type, personal);
  };
  std::vector<ShownResource> seen = MaskPersonal(route.personal, may_see, *shown);
  // Who reads as a person leaves a trace; what a service does with its copy, it audits itself.
  if (!seen.empty() && AuditsWhatIsSeen(route, call, reply)) {
    Task<absl::Status> writing = audit_(call, std::move(seen));
    absl::Status status = co_await writing;
    if (!status.ok()) co_return status;
  }
  co_return Encode(*shown);
}

Task<absl::StatusOr<grpc::ByteBuffer>> Pipeline::Run(const Route& route, Call& call,
                                                     const Message& request) {
  if (call.awaited_position_ > 0) {
    Task<absl::Status> waiting = AwaitPosition(route, call);
    absl::Status arrived = co_await waiting;
    if (!arrived.ok()) co_return arrived;
  }
  Task<absl::StatusOr<Reply>> work = RunHandler(route, call, request);
  absl::StatusOr<Reply> reply = co_await work;
  if (!reply.ok()) co_return reply.status();
  if (route.method->options.audited() && AuditsWhatIsSeen(route, call, *reply)) {
    std::vector<ShownResource> named;
    named.push_back({NamedIn(request), std::nullopt});
    Task<absl::Status> writing = audit_(call, std::move(named));
    absl::Status written = co_await writing;
    if (!written.ok()) co_return written;
  }
  if (!ShowsAll(route, call, *reply)) {
    Task<absl::StatusOr<grpc::ByteBuffer>> redacting = Redacted(route, call, *std::move(reply));
    absl::StatusOr<grpc::ByteBuffer> redacted = co_await redacting;
    co_return redacted;
  }
  if (reply->record != nullptr) co_return ShareBody(reply->record);
  co_return Encode(*reply->message);
}

// ---- After it --------------------------------------------------------------------------------

grpc::Status Pipeline::End(const Route& route, const Call& call, absl::Time started,
                           const absl::Status& status) {
  const absl::Time now = parts_.clock->Now();
  const absl::Duration elapsed = now - started;
  if (!call.admitted_) {
    const grpc::Status& answer = overloaded_[call.chinese_ ? 1 : 0];
    route.metrics->Handled(answer.error_code(), elapsed);
    return answer;
  }
  // How long others took to be heard says nothing of how much is in progress here.
  if (route.limit != nullptr && call.holds_slot_) {
    route.limit->Measure(*route.latency, elapsed - call.awaited_for_, now);
  }
  if (status.ok()) {
    route.metrics->Handled(0, elapsed);
    return grpc::Status::OK;
  }
  google::rpc::Status wire = Tell(call, status);
  route.metrics->Handled(wire.code(), elapsed);
  return ToGrpc(wire);
}

google::rpc::Status Pipeline::Tell(const Call& call, const absl::Status& status) const {
  std::string error_id;
  if (HidesDetail(status)) {
    error_id = parts_.ids->NewUlid(call.now());
    observe::Log(observe::Level::kError, "call failed",
                 {{"method", call.method().path},
                  {"tenant", call.tenant()},
                  {"request_id", call.request_id()},
                  {"trace_id", call.trace() ? call.trace()->TraceId() : std::string()},
                  {"error_id", error_id},
                  {"error", std::string(status.message())}});
  }
  return ToWire(status, call.chinese(), error_id);
}

}  // namespace sqm::rpc
