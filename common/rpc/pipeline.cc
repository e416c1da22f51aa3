#include "common/rpc/pipeline.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/check.h"
#include "common/base/proto_copy.h"
#include "common/base/status.h"
#include "common/cache/snapshot.h"
#include "common/contract/validate.h"
#include "common/observe/log.h"
#include "common/rpc/error.h"
#include "common/rpc/message_bytes.h"
#include "common/rpc/request_key.h"

namespace sqm::rpc {
namespace {

using contract::FieldDescriptor;

// How a state that the caller has seen on another replica is waited for: about half a second.
constexpr absl::Duration kLeastPause = absl::Milliseconds(1);
constexpr absl::Duration kMostPause = absl::Milliseconds(50);
constexpr int kPositionLooks = 16;
// Where nobody else writes it was given by another database, or before this one was restored; or a
// watcher has heard of it a moment before it is shown.
constexpr int kPositionLooksAlone = 2;

absl::Status NotHereYet(int64_t position) {
  return WithRetry(Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
                        absl::StrCat("position ", position, " has not arrived here yet"),
                        {{"position", absl::StrCat(position)}}),
                   absl::Milliseconds(100));
}

absl::string_view View(grpc::string_ref ref) { return {ref.data(), ref.size()}; }

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
  route->tells_history = method->resource != nullptr && method->resource->options.shared() &&
                         method->options.read_only();
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

// ---- Before the handler ----------------------------------------------------------------------

bool Pipeline::Admit(const Route& route) {
  if (route.limit != nullptr) return route.limit->Enter();
  if (streams_.fetch_add(1, std::memory_order_relaxed) < limits_.streams) return true;
  streams_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void Pipeline::Release(const Route& route, const Call& call) {
  if (!call.holds_slot_) return;
  if (route.limit != nullptr) return route.limit->Leave();
  streams_.fetch_sub(1, std::memory_order_relaxed);
}

absl::Status Pipeline::ReadMetadata(grpc::CallbackServerContext& context, Call& call) {
  absl::string_view authorization, tenant, traceparent, tracestate, position, personal;
  for (const auto& [key, value] : context.client_metadata()) {
    switch (key.size()) {
      case 13:
        if (key == "authorization") authorization = View(value);
        break;
      case 11:
        if (key == "traceparent") traceparent = View(value);
        break;
      case 10:
        if (key == "sqm-tenant") tenant = View(value);
        if (key == "tracestate") tracestate = View(value);
        break;
      case 12:
        if (key == "sqm-position") position = View(value);
        if (View(key) == kPersonalKey) personal = View(value);
        break;
      case 15:
        if (key == "accept-language") call.chinese_ = absl::StartsWith(View(value), "zh");
        break;
      default:
        break;
    }
  }
  if (!traceparent.empty()) call.trace_ = observe::ParseTrace(traceparent, tracestate);
  auto principal = parts_.authenticator->Authenticate(authorization, call.now_);
  if (!principal.ok()) return principal.status();
  call.principal_ = *std::move(principal);
  call.authorization_ = authorization;
  call.masked_ = personal == kPersonalMasked;
  if (!personal.empty() && !call.masked_) {
    return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_MALFORMED_REQUEST,
                absl::StrCat("sqm-personal must be ", kPersonalMasked, ", or absent"));
  }
  bool allowed;
  if (call.principal_->tenant == auth::kAllTenants) {
    call.tenant_ = std::string(tenant.empty() ? auth::kDefaultTenant : tenant);
    allowed = auth::IsTenant(call.tenant_);
  } else {
    call.tenant_ = call.principal_->tenant;
    allowed = tenant.empty() || tenant == call.tenant_;
  }
  if (allowed) return ReadPosition(position, call);
  return Fail(absl::StatusCode::kPermissionDenied, type::v1::ERROR_REASON_WRONG_TENANT,
              absl::StrCat("the token does not speak for tenant '", tenant.substr(0, 64), "'"),
              {{"tenant", tenant.substr(0, 64)}});
}

// A caller that has seen a position is never answered from an older state.
absl::Status Pipeline::ReadPosition(absl::string_view position, Call& call) const {
  if (position.empty() || parts_.store == nullptr) return absl::OkStatus();
  int64_t seen = 0;
  if (!absl::SimpleAtoi(position, &seen) || seen < 0) {
    return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_MALFORMED_REQUEST,
                "sqm-position must be a number as an earlier response gave it");
  }
  if (seen > parts_.store->Head(call.tenant_).head) call.awaited_position_ = seen;
  return absl::OkStatus();
}

Task<bool> Pipeline::Arrives(const Call& call) {
  const int looks = parts_.store->HearsOthers() ? kPositionLooks : kPositionLooksAlone;
  absl::Duration pause = kLeastPause;
  for (int look = 0; look < looks && !call.cancelled(); ++look) {
    parts_.store->Wake();
    co_await parts_.timer->Sleep(pause);
    co_await parts_.executor->Hop();
    if (call.awaited_position_ <= parts_.store->Head(call.tenant_).head) co_return true;
    pause = std::min(pause * 2, kMostPause);
  }
  co_return false;
}

Task<absl::Status> Pipeline::AwaitPosition(const Route& route, Call& call) {
  if (waiting_.fetch_add(1, std::memory_order_relaxed) >= limits_.waiting) {
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    co_return NotHereYet(call.awaited_position_);
  }
  route.limit->Leave();
  call.holds_slot_ = false;
  const absl::Time began = parts_.clock->Now();
  Task<bool> arriving = Arrives(call);
  const bool arrived = co_await arriving;
  call.awaited_for_ = parts_.clock->Now() - began;
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  if (!arrived) co_return NotHereYet(call.awaited_position_);
  call.holds_slot_ = route.limit->Enter();
  co_return call.holds_slot_ ? absl::OkStatus() : Overloaded();
}

absl::Status Pipeline::Begin(const Route& route, grpc::CallbackServerContext& context,
                             absl::Time now, Call& call) {
  call.method_ = route.method;
  call.now_ = now;
  call.holds_slot_ = call.admitted_ = Admit(route);
  if (!call.admitted_) {
    auto language = context.client_metadata().find("accept-language");
    call.chinese_ = language != context.client_metadata().end() &&
                    absl::StartsWith(View(language->second), "zh");
    return absl::ResourceExhaustedError("");  // End has the whole answer
  }
  if (absl::Status status = ReadMetadata(context, call); !status.ok()) return status;
  if (call.awaited_position_ > 0 && route.unary == nullptr) {
    return NotHereYet(call.awaited_position_);
  }
  if (absl::Status status = parts_.policy->Check(*call.principal_, route.permission);
      !status.ok()) {
    return status;
  }
  if (!route.rates.empty()) {
    absl::Status status = parts_.rates->Check(route.rates, *call.principal_, call.tenant_);
    if (!status.ok()) return status;
  }
  call.visibility_ = parts_.policy->VisibilityOf(*call.principal_, route.permission);
  call.deadline_ = absl::FromChrono(context.deadline());
  // The deadline is the system's time; an injected clock may show another.
  if (call.deadline_ != absl::InfiniteFuture() &&
      call.deadline_ - absl::Now() < limits_.least_time) {
    return Fail(absl::StatusCode::kDeadlineExceeded, type::v1::ERROR_REASON_DEADLINE_EXCEEDED,
                "the deadline is over, or too near to begin");
  }
  return absl::OkStatus();
}

absl::Status Pipeline::DecodeStreamed(const grpc::ByteBuffer& bytes, Message& request) const {
  if (bytes.Length() > limits_.message_bytes) {
    return Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_TOO_LARGE,
                absl::StrCat("the message has ", bytes.Length(), " bytes; at most ",
                             limits_.message_bytes, " are allowed"),
                {{"limit", absl::StrCat(limits_.message_bytes)}});
  }
  const bool parsed = FromBytes(bytes, request);
  if (!parsed) {
    return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_MALFORMED_REQUEST,
                absl::StrCat("the request is not a valid ",
                             std::string(request.GetDescriptor()->full_name()),
                             " (wrong message, or a string that is not UTF-8)"));
  }
  return absl::OkStatus();
}

absl::Status Pipeline::Decode(const Route& route, const grpc::ByteBuffer& bytes, Message& request,
                              Call& call) {
  if (absl::Status status = DecodeStreamed(bytes, request); !status.ok()) return status;
  const contract::MethodInfo& method = *route.method;
  // The elements of a batch are checked, and answered, each by itself.
  if (method.options.standard() != options::v1::STANDARD_METHOD_BATCH_CREATE) {
    // What an update leaves out is not missing: it is checked as a whole once it is applied.
    const FieldDescriptor* unread =
        method.options.standard() == options::v1::STANDARD_METHOD_UPDATE
            ? request.GetDescriptor()->FindFieldByName(method.resource->singular)
            : nullptr;
    FieldErrors errors;
    contract::Validate(*parts_.registry, request, "", errors, unread);
    if (absl::Status status = errors.ToStatus(); !status.ok()) return status;
  }
  const auto* reflection = request.GetReflection();
  if (method.validate_only != nullptr) {
    call.validate_only_ = reflection->GetBool(request, method.validate_only);
  }
  if (method.request_id == nullptr) return absl::OkStatus();
  call.request_id_ = reflection->GetString(request, method.request_id);
  if (call.request_id_.empty()) return absl::OkStatus();
  if (!IsUuid(call.request_id_)) {
    return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_REQUEST_ID,
                "request_id must be a UUID such as 123e4567-e89b-12d3-a456-426614174000");
  }
  if (!call.validate_only_) {
    call.idempotency_ = IdempotencyOf(call.request_id_, call.tenant_, call.principal_->subject,
                                      method.path, request);
  }
  return absl::OkStatus();
}

// ---- The handler -----------------------------------------------------------------------------

Task<void> Pipeline::CatchUp(const Call& call) {
  absl::Duration pause = kLeastPause;
  for (int look = 0; look < kPositionLooks && !call.cancelled(); ++look) {
    parts_.store->Wake();
    co_await parts_.timer->Sleep(pause);
    co_await parts_.executor->Hop();
    if (parts_.store->HeardUntil(parts_.clock->Now()) >= call.now()) co_return;
    pause = std::min(pause * 2, kMostPause);
  }
}

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
  std::vector<std::string> seen = MaskPersonal(route.personal, may_see, *shown);
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
    Task<absl::Status> writing = audit_(call, {NamedIn(request)});
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
