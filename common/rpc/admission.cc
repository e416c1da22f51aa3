// What a call passes before its handler: whether there is room for it, who asks, what he has seen,
// what he sends.
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/auth/authenticator.h"
#include "common/base/status.h"
#include "common/contract/validate.h"
#include "common/rpc/message_bytes.h"
#include "common/rpc/pipeline.h"
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

// Of a call without a place among those in progress: End has the whole answer.
absl::Status NotAdmitted() { return absl::ResourceExhaustedError(""); }

}  // namespace

void Call::StepAside() const {
  if (limit_ == nullptr || !holds_slot_) return;
  holds_slot_ = false;
  limit_->Leave();
}

absl::Status CheckToken(const Call& call, absl::Time now) {
  return call.authenticator_->Authenticate(call.authorization_, now).status();
}

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
  absl::string_view authorization, tenant, traceparent, tracestate, personal;
  absl::string_view position, history;
  for (const auto& [key, value] : context.client_metadata()) {
    switch (key.size()) {
      case 13:
        if (key == "authorization") authorization = View(value);
        break;
      case 11:
        if (key == "traceparent") traceparent = View(value);
        if (View(key) == kHistoryKey) history = View(value);
        break;
      case 10:
        if (key == "sqm-tenant") tenant = View(value);
        if (key == "tracestate") tracestate = View(value);
        break;
      case 12:
        if (View(key) == kPositionKey) position = View(value);
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
  call.authenticator_ = parts_.authenticator;
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
  if (allowed) return ReadPosition(position, history, call);
  return Fail(absl::StatusCode::kPermissionDenied, type::v1::ERROR_REASON_WRONG_TENANT,
              absl::StrCat("the token does not speak for tenant '", tenant.substr(0, 64), "'"),
              {{"tenant", tenant.substr(0, 64)}});
}

// A caller that has seen a position is never answered from an older state.
absl::Status Pipeline::ReadPosition(absl::string_view position, absl::string_view history,
                                    Call& call) const {
  if (position.empty() || parts_.store == nullptr) return absl::OkStatus();
  int64_t seen = 0;
  if (!absl::SimpleAtoi(position, &seen) || seen < 0) {
    return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_MALFORMED_REQUEST,
                "sqm-position must be a number as an earlier response gave it");
  }
  if (!history.empty() && history != history_) return absl::OkStatus();
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
  call.StepAside();
  const absl::Time began = parts_.clock->Now();
  Task<bool> arriving = Arrives(call);
  const bool arrived = co_await arriving;
  call.awaited_for_ = parts_.clock->Now() - began;
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  if (!arrived) co_return NotHereYet(call.awaited_position_);
  call.holds_slot_ = call.admitted_ = route.limit->Enter();
  co_return call.admitted_ ? absl::OkStatus() : NotAdmitted();
}

absl::Status Pipeline::Begin(const Route& route, grpc::CallbackServerContext& context,
                             absl::Time now, Call& call) {
  call.method_ = route.method;
  call.limit_ = route.limit;
  call.now_ = now;
  call.holds_slot_ = call.admitted_ = Admit(route);
  if (!call.admitted_) {
    auto language = context.client_metadata().find("accept-language");
    call.chinese_ = language != context.client_metadata().end() &&
                    absl::StartsWith(View(language->second), "zh");
    return NotAdmitted();
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
    // Its letters may be of either case (RFC 9562, 4): the request is the same one.
    const std::string id = absl::AsciiStrToLower(call.request_id_);
    reflection->SetString(&request, method.request_id, id);
    call.idempotency_ =
        IdempotencyOf(id, call.tenant_, call.principal_->subject, method.path, request);
  }
  return absl::OkStatus();
}

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

}  // namespace sqm::rpc
