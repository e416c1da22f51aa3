#include "common/resource/resources.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/base/task.h"
#include "common/query/filter.h"
#include "common/query/order_by.h"

namespace sqm::resource {
namespace {

using contract::ResourceType;
using store::RecordPtr;

std::string Quoted(absl::string_view text) {
  return absl::StrCat(
      "\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"*", "\\*"}}), "\"");
}

}  // namespace

Resources::Resources(ResourcesParts parts)
    : parts_(parts),
      tokens_(absl::StrCat("sqm-page-token:", parts.store->epoch())),
      shared_(parts.redis == nullptr
                  ? nullptr
                  : std::make_unique<SharedRecords>(*parts.store, *parts.redis, *parts.clock)),
      flights_(parts.executor) {}

void Resources::NarrowVisibility(const ResourceType& type, std::string filter) {
  absl::StatusOr<query::Filter> parsed = query::ParseFilter(filter, type.fields);
  Check(parsed.ok(), absl::StrCat(type.type, ": ", parsed.status().message()));
  narrow_[&type] = std::move(filter);
}

void Resources::LimitVisibility(const ResourceType& type, LimitFilter filter) {
  Check(!type.options.shared(),
        absl::StrCat(type.type, " is shared: others read it without asking who sees it"));
  limits_[&type] = std::move(filter);
}

absl::StatusOr<query::Filter> Resources::VisibleFilter(const rpc::Call& call,
                                                       const ResourceType& type) const {
  std::vector<std::string> parts;
  auth::Visibility visibility = call.visibility();
  if (visibility != auth::Visibility::kAll && type.owner != nullptr) {
    const std::string full = call.principal().StaffName();
    std::string own = absl::StrCat("(", type.owner->path, " = ", Quoted(full));
    for (const query::Field* field : {type.told, type.entered}) {
      if (field != nullptr) absl::StrAppend(&own, " OR ", field->path, " = ", Quoted(full));
    }
    const std::string& team = call.principal().team;
    if (visibility == auth::Visibility::kTeam && !team.empty()) {
      if (type.team != nullptr) {
        absl::StrAppend(&own, " OR ", type.team->path, " = ", Quoted(team));
      }
      if (type.told != nullptr) {
        absl::StrAppend(&own, " OR ", type.told->path, " = ", Quoted(absl::StrCat("team/", team)));
      }
    }
    // No reader's name has any of these; one that had would pass for others.
    if (type.readers != nullptr && full.find_first_of("\"\\|*") == std::string::npos) {
      absl::StrAppend(&own, " OR ", type.readers->path, ":", Quoted(absl::StrCat("|", full, "|")));
    }
    parts.push_back(absl::StrCat(own, ")"));
    auto narrow = narrow_.find(&type);
    if (narrow != narrow_.end()) parts.push_back(absl::StrCat("(", narrow->second, ")"));
  }
  auto limit = limits_.find(&type);
  if (limit != limits_.end()) parts.push_back(absl::StrCat("(", limit->second(call), ")"));
  return query::ParseFilter(absl::StrJoin(parts, " AND "), type.fields);
}

Task<absl::Status> Resources::CheckParent(const rpc::Call& call, const ResourceType& type,
                                          std::string parent_id) {
  if (type.parent == nullptr || !IsGuarded(*type.parent)) co_return absl::OkStatus();
  if (parent_id.empty()) {
    co_return InvalidField("parent", "must name one: each decides who may see what is below it");
  }
  Task<absl::StatusOr<RecordPtr>> reading =
      GetRecord(call, *type.parent, type.parent->NameOf(parent_id));
  absl::StatusOr<RecordPtr> parent = co_await reading;
  co_return parent.status();
}

Task<absl::StatusOr<RecordPtr>> Resources::Load(const ResourceType& type, std::string tenant,
                                                std::string id) {
  if (shared_ == nullptr || !type.options.shared()) {
    Task<absl::StatusOr<RecordPtr>> reading =
        parts_.store->Read(type, std::move(tenant), std::move(id));
    absl::StatusOr<RecordPtr> record = co_await reading;
    co_return record;
  }
  Task<RecordPtr> getting = shared_->Get(type, tenant, id);
  RecordPtr shared = co_await getting;
  if (shared != nullptr) co_return shared;
  // Both before the store is read: what it answers is no older, from whichever server it reads.
  const absl::Time time = parts_.store->HeardUntil(parts_.clock->Now());
  const int64_t position = parts_.store->Head(tenant).head;
  Task<absl::StatusOr<RecordPtr>> reading = parts_.store->Read(type, tenant, id);
  absl::StatusOr<RecordPtr> record = co_await reading;
  // What was read may be of a later position, unless nothing was committed meanwhile.
  if (record.ok() && *record != nullptr && parts_.store->Head(tenant).head == position) {
    shared_->Put(type, tenant, id, **record, time, position);
  }
  co_return record;
}

Task<absl::StatusOr<RecordPtr>> Resources::ReadThrough(const ResourceType& type, std::string tenant,
                                                       std::string id) {
  cache::RecordKey key{type.number, tenant, id};
  cache::FillToken token = parts_.cache->BeginFill(key);
  FlightKey flight(absl::StrCat(type.number, "\n", tenant, "\n", id), token);
  auto load = [this, &type, &tenant, &id]() { return Load(type, tenant, id); };
  Task<absl::StatusOr<RecordPtr>> flying = flights_.Do(std::move(flight), std::move(load));
  absl::StatusOr<RecordPtr> record = co_await flying;
  if (record.ok() && *record != nullptr) parts_.cache->Fill(token, key, *record);
  co_return record;
}

Task<absl::StatusOr<RecordPtr>> Resources::Read(const ResourceType& type, std::string tenant,
                                                std::string id) {
  RecordPtr cached = parts_.cache->Get(cache::RecordKey{type.number, tenant, id});
  if (cached != nullptr) co_return cached;
  Task<absl::StatusOr<RecordPtr>> reading = ReadThrough(type, std::move(tenant), std::move(id));
  absl::StatusOr<RecordPtr> record = co_await reading;
  co_return record;
}

Task<absl::StatusOr<RecordPtr>> Resources::GetRecord(const rpc::Call& call,
                                                     const ResourceType& type, std::string name) {
  absl::StatusOr<std::string> id = type.IdOf(name);
  if (!id.ok()) co_return id.status();
  std::string parent_id = type.parent == nullptr ? "" : id->substr(0, id->rfind('/'));
  RecordPtr record = parts_.cache->Get(cache::RecordKey{type.number, call.tenant(), *id});
  if (record == nullptr) {
    Task<absl::StatusOr<RecordPtr>> reading = ReadThrough(type, call.tenant(), *std::move(id));
    absl::StatusOr<RecordPtr> read = co_await reading;
    if (!read.ok()) co_return read.status();
    record = *std::move(read);
  }
  if (record == nullptr || record->deleted) co_return NotFound(type.type, name);
  if (type.parent != nullptr && IsGuarded(*type.parent)) {
    Task<absl::Status> checking = CheckParent(call, type, std::move(parent_id));
    absl::Status status = co_await checking;
    if (status.code() == absl::StatusCode::kNotFound) co_return NotFound(type.type, name);
    if (!status.ok()) co_return status;
  }
  if (IsGuarded(type) && (call.visibility() != auth::Visibility::kAll || limits_.contains(&type))) {
    absl::StatusOr<query::Filter> visible = VisibleFilter(call, type);
    if (!visible.ok()) co_return visible.status();
    // Not told from one that does not exist.
    if (!query::Matches(*visible, *record->message)) co_return NotFound(type.type, name);
  }
  co_return record;
}

Task<absl::StatusOr<std::vector<store::Listed>>> Resources::Find(
    const google::protobuf::Descriptor* message, std::string tenant, std::string filter,
    std::string order_by, int limit) {
  const ResourceType& type = *registry().FindType(message);
  CO_ASSIGN_OR_RETURN(query::Filter parsed, query::ParseFilter(filter, type.fields));
  CO_ASSIGN_OR_RETURN(query::OrderBy order, query::ParseOrderBy(order_by, type.fields));
  store::ListQuery query;
  query.type = &type;
  query.tenant = std::move(tenant);
  query.filter = &parsed;
  query.order = &order;
  query.limit = limit;
  Task<absl::StatusOr<std::vector<store::Listed>>> listing = store().List(std::move(query));
  absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
  co_return rows;
}

Task<absl::StatusOr<Page>> Resources::List(const rpc::Call& call, const ResourceType& type,
                                           ListOptions options) {
  CO_ASSIGN_OR_RETURN(int page_size, query::ResolvePageSize(options.page_size));
  CO_ASSIGN_OR_RETURN(query::Filter filter, query::ParseFilter(options.filter, type.fields));
  CO_ASSIGN_OR_RETURN(query::OrderBy order, query::ParseOrderBy(options.order_by, type.fields));
  for (const query::OrderKey& key : order.keys()) {
    if (!key.field->sparse || query::NeedsSet(filter, *key.field)) continue;
    co_return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_ORDER_BY,
                   absl::StrCat("few have a value of ", key.field->path,
                                ": only lists of those are in its order, with ", key.field->path,
                                ":* in the filter"),
                   {{"field", key.field->path}});
  }
  query::Filter visible;
  if (!options.unguarded) {
    CO_ASSIGN_OR_RETURN(visible, VisibleFilter(call, type));
    Task<absl::Status> checking = CheckParent(call, type, options.parent_id);
    absl::Status allowed = co_await checking;
    if (!allowed.ok()) co_return allowed;
  }
  std::string filter_text = query::Canonical(filter);
  std::string order_text = query::Canonical(order);
  uint64_t fingerprint = query::Fingerprint(
      {call.method().path, call.tenant(), call.principal().subject, options.parent_id, filter_text,
       order_text, options.show_deleted ? "1" : "0"});
  store::ListQuery query;
  query.type = &type;
  query.tenant = call.tenant();
  query.parent_id = options.parent_id;
  query.filter = &filter;
  query.visible = &visible;
  query.order = &order;
  query.limit = page_size + 1;
  const size_t most = options.looked_at ? query.max_bytes : kMaxPageBytes;
  query.max_bytes = most;
  query.show_deleted = options.show_deleted;
  // Who writes decides by what he lists.
  query.may_lag = call.method().options.read_only();
  query.abandoned = [&call] { return call.cancelled(); };
  query.goes_aside = [&call] { call.StepAside(); };
  if (!options.page_token.empty()) {
    CO_ASSIGN_OR_RETURN(query.after, tokens_.Decode(options.page_token, fingerprint));
  }
  Page page;
  Task<absl::StatusOr<std::vector<store::Listed>>> listing = parts_.store->List(std::move(query));
  absl::StatusOr<std::vector<store::Listed>> rows = co_await listing;
  if (!rows.ok()) co_return rows.status();
  page.rows = *std::move(rows);
  size_t bytes = 0;
  for (const store::Listed& row : page.rows) bytes += row.record->body.size();
  // The row that there is no more room for says that there are more.
  const bool full = bytes > most && page.rows.size() > 1;
  if (full || static_cast<int>(page.rows.size()) > page_size) {
    page.rows.pop_back();
    const store::Listed& last = page.rows.back();
    query::RowPosition position = query::PositionOf(order, *last.record->message, last.id);
    page.next_page_token = tokens_.Encode(position, fingerprint);
  }
  co_return page;
}

Task<absl::StatusOr<int64_t>> Resources::ReadGuard(const rpc::Call& call, std::string name) {
  return parts_.store->ReadGuard(call.tenant(), std::move(name));
}

void FollowCommits(store::Store& store, cache::LocalCache& cache, const Clock& clock,
                   Timer& timer) {
  store.OnCommit([&cache](const store::CommittedBatchPtr& batch) {
    for (const store::StoredChange& change : batch->changes) {
      if (change.type == nullptr) continue;
      cache.Apply(cache::RecordKey{change.type->number, batch->tenant, change.id}, change.record);
    }
  });
  store.OnGap([&cache](const std::string&, int64_t) { cache.Clear(); });
  auto mark = [&store, &cache, &clock] { cache.Mark(store.HeardUntil(clock.Now())); };
  mark();
  timer.Every(absl::Milliseconds(250), mark);
}

}  // namespace sqm::resource
