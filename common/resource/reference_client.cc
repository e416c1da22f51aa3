#include "common/resource/reference_client.h"

#include <absl/container/btree_set.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/base/check.h"
#include "common/base/proto_copy.h"
#include "common/base/status.h"
#include "common/observe/log.h"
#include "common/rpc/channel.h"

namespace sqm::resource {
namespace {

using contract::MethodInfo;
using contract::ResourceType;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;

constexpr size_t kNamesAtOnce = 1000;  // of one BatchGet
constexpr absl::Duration kTryAgainAfter = absl::Seconds(1);

int64_t SteadyNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// With its length, so that no two lists of texts make one key.
void AppendPart(std::string& key, absl::string_view part) {
  absl::StrAppend(&key, part.size(), ":", part);
}

bool IsAbsent(const absl::Status& status) {
  return ReasonOf(status) == type::v1::ERROR_REASON_NOT_FOUND;
}

// What befell one caller and says nothing to another one.
bool IsOfTheCaller(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status) || absl::IsCancelled(status) ||
         absl::IsUnauthenticated(status);
}

const FieldDescriptor* RowsOf(const MethodInfo& method, const ResourceType& type) {
  const auto* response = method.response->GetDescriptor();
  for (int i = 0; i < response->field_count(); ++i) {
    if (response->field(i)->message_type() == type.descriptor) return response->field(i);
  }
  return nullptr;
}

void AddContracts(const FileDescriptor* file, std::vector<const FileDescriptor*>& files) {
  if (std::find(files.begin(), files.end(), file) != files.end()) return;
  files.push_back(file);
  for (int i = 0; i < file->dependency_count(); ++i) {
    if (file->dependency(i)->package() == file->package()) {
      AddContracts(file->dependency(i), files);
    }
  }
}

}  // namespace

std::vector<const FileDescriptor*> ContractsOf(absl::string_view service_file) {
  std::vector<const FileDescriptor*> files;
  const FileDescriptor* file =
      google::protobuf::DescriptorPool::generated_pool()->FindFileByName(std::string(service_file));
  if (file != nullptr) AddContracts(file, files);
  return files;
}

ReferenceClient::ReferenceClient(ReferenceParts parts, ReferenceOptions options)
    : parts_(std::move(parts)),
      options_(options),
      cache_(options.cache_bytes),
      flights_(parts_.executor),
      breaker_(options.breaker, *parts_.ids) {
  for (const auto& method : parts_.registry->methods()) {
    if (method->resource == nullptr) continue;
    Methods& methods = methods_[method->resource];
    if (method->options.standard() == options::v1::STANDARD_METHOD_GET) {
      methods.get = method.get();
      auto permission = parts_.policy->Intern(method->options.permission());
      sqm::Check(permission.ok(), absl::StrCat(method->path, ": ", permission.status().message()));
      methods.permission = *permission;
    } else if (method->options.standard() == options::v1::STANDARD_METHOD_BATCH_GET &&
               RowsOf(*method, *method->resource) != nullptr) {
      methods.batch_get = method.get();
    }
  }
  absl::MutexLock lock(&mutex_);
  // Nothing speaks against the owner yet.
  breaker_.BeginProbe();
  breaker_.OnSuccess(SteadyNanos());
}

const ReferenceClient::Methods& ReferenceClient::MethodsOf(const ResourceType& type) const {
  auto found = methods_.find(&type);
  sqm::Check(found != methods_.end() && found->second.get != nullptr,
             absl::StrCat(parts_.owner, " has no method that gets ", type.type));
  return found->second;
}

// All that the owner's answer may depend on.
std::string ReferenceClient::KeyOf(const rpc::Call& call, const ResourceType& type,
                                   absl::string_view name) {
  const auth::Principal& principal = call.principal();
  std::string key = absl::StrCat(type.number, "/", principal.roles, "/");
  for (absl::string_view part :
       {absl::string_view(call.tenant()), absl::string_view(principal.tenant),
        absl::string_view(principal.subject), absl::string_view(principal.staff),
        absl::string_view(principal.team), absl::string_view(principal.department), name}) {
    AppendPart(key, part);
  }
  return key;
}

ReferenceClient::Answer ReferenceClient::Keep(const std::string& key, Answer answer,
                                              absl::Time since) {
  if (answer.status.ok()) {
    cache_.Put(key, answer, answer.message->SpaceUsedLong(), since, options_.keep);
  } else if (IsAbsent(answer.status)) {
    cache_.Put(key, answer, answer.status.message().size(), since, options_.keep_absent);
  }
  return answer;
}

// ---- Questions -------------------------------------------------------------------------------

Task<absl::StatusOr<ReferenceClient::MessagePtr>> ReferenceClient::Get(const rpc::Call& call,
                                                                       const ResourceType& type,
                                                                       std::string name) {
  CO_RETURN_IF_ERROR(type.IdOf(name).status());
  CO_RETURN_IF_ERROR(parts_.policy->Check(call.principal(), MethodsOf(type).permission));
  const std::string key = KeyOf(call, type, name);
  std::optional<Answer> kept = cache_.Get(key, parts_.clock->Now());
  if (kept.has_value()) {
    cached_.fetch_add(1, std::memory_order_relaxed);
    if (!kept->status.ok()) co_return kept->status;
    co_return kept->message;
  }
  bool led = false;
  auto fetch = [this, &call, &type, &name, &key, &led]() {
    led = true;
    return Fetch(call, type, name, key);
  };
  Task<Answer> flying = flights_.Do(key, fetch);
  Answer answer = co_await flying;
  if (!led && IsOfTheCaller(answer.status)) {
    Task<Answer> fetching = Fetch(call, type, name, key);
    answer = co_await fetching;
  }
  if (!answer.status.ok()) co_return answer.status;
  co_return answer.message;
}

Task<ReferenceClient::Answer> ReferenceClient::Fetch(const rpc::Call& call,
                                                     const ResourceType& type, std::string name,
                                                     std::string key) {
  if (parts_.redis != nullptr && type.options.shared()) {
    Task<std::optional<Answer>> asking = AskRedis(call, type, name, key);
    std::optional<Answer> found = co_await asking;
    if (found.has_value()) {
      redis_.fetch_add(1, std::memory_order_relaxed);
      co_return *std::move(found);
    }
  }
  Task<Answer> asking = AskOwner(call, type, name, key);
  Answer answer = co_await asking;
  const bool known = answer.status.ok() || IsAbsent(answer.status);
  (known ? owner_ : failed_).fetch_add(1, std::memory_order_relaxed);
  co_return answer;
}

Task<std::optional<ReferenceClient::Answer>> ReferenceClient::AskRedis(const rpc::Call& call,
                                                                       const ResourceType& type,
                                                                       const std::string& name,
                                                                       const std::string& key) {
  std::string history;
  {
    absl::MutexLock lock(&mutex_);
    history = history_;
  }
  // Known once the owner has answered for the first time.
  if (history.empty()) co_return std::nullopt;
  Task<std::optional<cache::Snapshot>> getting =
      parts_.redis->Get(call.tenant(), absl::StrCat(type.type, "@", history), *type.IdOf(name));
  std::optional<cache::Snapshot> snapshot = co_await getting;
  if (!snapshot.has_value()) co_return std::nullopt;
  Answer answer;
  if (snapshot->deleted) {
    answer.status = NotFound(type.type, name);
  } else {
    std::shared_ptr<Message> message(type.prototype->New());
    if (!message->ParseFromString(snapshot->body)) co_return std::nullopt;
    answer.message = std::move(message);
  }
  co_return Keep(key, std::move(answer), snapshot->as_of);
}

Task<ReferenceClient::Answer> ReferenceClient::AskOwner(const rpc::Call& call,
                                                        const ResourceType& type,
                                                        const std::string& name,
                                                        const std::string& key) {
  const MethodInfo& method = *MethodsOf(type).get;
  std::unique_ptr<Message> request(method.request->New());
  const FieldDescriptor* field = method.request->GetDescriptor()->FindFieldByName("name");
  request->GetReflection()->SetString(request.get(), field, name);
  const absl::Time since = parts_.clock->Now();
  Task<absl::StatusOr<MessagePtr>> calling = CallOwner(call, method, *request);
  absl::StatusOr<MessagePtr> response = co_await calling;
  Answer answer;
  answer.status = response.status();
  if (IsAbsent(answer.status)) answer.status = NotFound(type.type, name);
  if (response.ok()) answer.message = *std::move(response);
  co_return Keep(key, std::move(answer), since);
}

// ---- Calls -----------------------------------------------------------------------------------

std::shared_ptr<grpc::Channel> ReferenceClient::Channel() {
  absl::MutexLock lock(&mutex_);
  switch (breaker_.state()) {
    case cache::CircuitBreaker::State::kHalfOpen:
      return nullptr;
    case cache::CircuitBreaker::State::kOpen:
      if (SteadyNanos() < breaker_.probe_at()) return nullptr;
      breaker_.BeginProbe();
      break;
    case cache::CircuitBreaker::State::kClosed:
      break;
  }
  if (channel_ == nullptr) channel_ = parts_.connect();
  return channel_;
}

void ReferenceClient::Note(Heard heard, const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  const int64_t now = SteadyNanos();
  const bool probe = breaker_.state() == cache::CircuitBreaker::State::kHalfOpen;
  bool opened = false;
  if (heard == Heard::kAnswer) {
    breaker_.OnSuccess(now);
  } else if (probe) {
    breaker_.Trip(now);
  } else if (heard == Heard::kSilence) {
    opened = breaker_.OnFailure(now);
  }
  if (opened) {
    observe::Log(observe::Level::kWarning, "a service that is referred to does not answer",
                 {{"service", parts_.owner}, {"error", std::string(status.message())}});
  }
}

absl::Status ReferenceClient::Away(absl::string_view why) const {
  return WithRetry(
      Fail(absl::StatusCode::kUnavailable, type::v1::ERROR_REASON_UNAVAILABLE,
           absl::StrCat("the ", parts_.owner, " service ", why), {{"service", parts_.owner}}),
      kTryAgainAfter);
}

Task<absl::StatusOr<ReferenceClient::MessagePtr>> ReferenceClient::CallOwner(
    const rpc::Call& call, const MethodInfo& method, const Message& request) {
  std::shared_ptr<grpc::Channel> channel = Channel();
  if (channel == nullptr) co_return Away("has not answered lately");
  rpc::CallOptions options =
      rpc::OptionsFor(call, std::string(call.authorization()), *parts_.ids, parts_.executor);
  const absl::Time end = absl::Now() + options_.call_time;
  const bool enough = end <= *options.deadline;  // whether silence until then says something
  options.deadline = std::min(end, *options.deadline);
  options.masked = true;
  std::string history;
  options.on_end = [&history](const grpc::ClientContext& context) {
    const auto& trailers = context.GetServerTrailingMetadata();
    auto found = trailers.find(grpc::string_ref(rpc::kHistoryKey.data(), rpc::kHistoryKey.size()));
    if (found != trailers.end()) history.assign(found->second.data(), found->second.size());
  };
  grpc::ByteBuffer bytes = rpc::ToBytes(request);
  Task<absl::StatusOr<grpc::ByteBuffer>> calling =
      rpc::CallBytes(std::move(channel), method.path, bytes, std::move(options));
  absl::StatusOr<grpc::ByteBuffer> response = co_await calling;
  const absl::Status& status = response.status();
  if (absl::IsUnavailable(status) || (enough && absl::IsDeadlineExceeded(status))) {
    Note(Heard::kSilence, status);
    co_return Away(
        absl::IsUnavailable(status)
            ? "is not available"
            : absl::StrCat("did not answer within ", absl::FormatDuration(options_.call_time)));
  }
  Note(absl::IsDeadlineExceeded(status) ? Heard::kTooLittleTime : Heard::kAnswer, status);
  if (!status.ok()) {
    absl::Status refused = status;
    // Whoever answers says it in the language of his caller.
    refused.ErasePayload("type.googleapis.com/google.rpc.LocalizedMessage");
    co_return refused;
  }
  if (!history.empty()) {
    absl::MutexLock lock(&mutex_);
    history_ = history;
  }
  std::shared_ptr<Message> message(method.response->New());
  if (!rpc::FromBytes(*response, *message)) co_return rpc::MalformedResponse(method.path);
  co_return message;
}

// ---- References ------------------------------------------------------------------------------

Task<absl::Status> ReferenceClient::Check(const rpc::Call& call, const ResourceType& type,
                                          std::string field, std::string name) {
  Task<absl::StatusOr<MessagePtr>> getting = Get(call, type, name);
  absl::StatusOr<MessagePtr> found = co_await getting;
  const absl::Status& status = found.status();
  if (status.ok()) co_return status;
  const Reason reason = ReasonOf(status);
  if (reason == type::v1::ERROR_REASON_INVALID_NAME)
    co_return InvalidField(field, status.message());
  if (reason == type::v1::ERROR_REASON_NOT_FOUND) {
    co_return Fail(absl::StatusCode::kFailedPrecondition,
                   type::v1::ERROR_REASON_REFERENCE_NOT_FOUND,
                   absl::StrCat(field, ": ", name, " does not exist, or you may not see it"),
                   {{"field", field}, {"name", name}});
  }
  if (reason == type::v1::ERROR_REASON_PERMISSION_DENIED) {
    const std::string permission = MetadataOf(status, "permission");
    co_return Fail(status.code(), reason,
                   absl::StrCat(field, ": to name ", name, " needs the permission ", permission),
                   {{"field", field}, {"name", name}, {"permission", permission}});
  }
  absl::Status failed =
      Fail(status.code(), reason,
           absl::StrCat(field, ": ", name, " could not be checked: ", status.message(),
                        "; repeat the request later, or leave the field empty"),
           {{"field", field}, {"name", name}, {"service", parts_.owner}});
  if (auto retry = status.GetPayload(kRetryInfoUrl)) failed.SetPayload(kRetryInfoUrl, *retry);
  co_return failed;
}

// ---- Many ------------------------------------------------------------------------------------

Task<void> ReferenceClient::ReadAhead(const rpc::Call& call, const ResourceType& type,
                                      std::vector<std::string> names) {
  const Methods& methods = MethodsOf(type);
  if (!parts_.policy->Check(call.principal(), methods.permission).ok()) co_return;
  const absl::Time now = parts_.clock->Now();
  absl::btree_set<std::string> unknown;
  for (std::string& name : names) {
    if (!type.IdOf(name).ok() || cache_.Get(KeyOf(call, type, name), now).has_value()) continue;
    unknown.insert(std::move(name));
  }
  auto next = unknown.begin();
  while (next != unknown.end()) {
    std::vector<std::string> some;
    while (next != unknown.end() && some.size() < kNamesAtOnce) some.push_back(*next++);
    absl::Status status = absl::NotFoundError("");
    if (methods.batch_get != nullptr && some.size() > 1) {
      Task<absl::Status> asking = AskForAll(call, type, some);
      status = co_await asking;
    }
    // It is all or nothing: where one is missing each is asked for by itself.
    if (absl::IsNotFound(status)) {
      Task<void> asking = AskForEach(call, type, std::move(some));
      co_await asking;
    } else if (!status.ok()) {
      co_return;
    }
  }
}

Task<absl::Status> ReferenceClient::AskForAll(const rpc::Call& call, const ResourceType& type,
                                              std::vector<std::string> names) {
  const MethodInfo& method = *MethodsOf(type).batch_get;
  std::unique_ptr<Message> request(method.request->New());
  const FieldDescriptor* field = method.request->GetDescriptor()->FindFieldByName("names");
  for (std::string& name : names) {
    request->GetReflection()->AddString(request.get(), field, std::move(name));
  }
  const absl::Time since = parts_.clock->Now();
  Task<absl::StatusOr<MessagePtr>> calling = CallOwner(call, method, *request);
  absl::StatusOr<MessagePtr> response = co_await calling;
  if (!response.ok()) co_return response.status();
  const FieldDescriptor* rows = RowsOf(method, type);
  const auto* reflection = (*response)->GetReflection();
  for (int i = 0; i < reflection->FieldSize(**response, rows); ++i) {
    const Message& row = reflection->GetRepeatedMessage(**response, rows, i);
    std::shared_ptr<Message> message = CopyOf(row);
    const std::string name = message->GetReflection()->GetString(*message, type.name);
    Answer answer;
    answer.message = std::move(message);
    Keep(KeyOf(call, type, name), std::move(answer), since);
  }
  co_return absl::OkStatus();
}

// Coroutines that share a list.
struct ReferenceClient::Crowd {
  std::vector<std::string> names;
  std::atomic<size_t> next{0};
  std::atomic<size_t> working{0};
  OneShot<bool> done;
};

Task<void> ReferenceClient::Work(const rpc::Call& call, const ResourceType& type, Crowd& crowd) {
  while (!call.cancelled()) {
    const size_t at = crowd.next.fetch_add(1);
    if (at >= crowd.names.size()) break;
    Task<absl::StatusOr<MessagePtr>> getting = Get(call, type, crowd.names[at]);
    absl::StatusOr<MessagePtr> found = co_await getting;
    // Who is away stays so for the others.
    if (absl::IsUnavailable(found.status())) crowd.next = crowd.names.size();
  }
}

Task<void> ReferenceClient::AskForEach(const rpc::Call& call, const ResourceType& type,
                                       std::vector<std::string> names) {
  Crowd crowd;
  crowd.names = std::move(names);
  const size_t workers = std::min(crowd.names.size(), static_cast<size_t>(options_.calls_at_once));
  crowd.working = workers;
  for (size_t i = 0; i < workers; ++i) {
    Start(Work(call, type, crowd), [&crowd] {
      if (crowd.working.fetch_sub(1) == 1) crowd.done.Set(true);
    });
  }
  co_await crowd.done;
}

ReferenceStats ReferenceClient::Stats() const {
  ReferenceStats stats;
  stats.cached = cached_.load(std::memory_order_relaxed);
  stats.redis = redis_.load(std::memory_order_relaxed);
  stats.owner = owner_.load(std::memory_order_relaxed);
  stats.failed = failed_.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace sqm::resource
