#include "tests/fault/history/checker.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <utility>

namespace sqm::testing::history {
namespace {

void Add(std::vector<Violation>& found, Rule rule, const std::string& text) {
  found.push_back(Violation{rule, absl::StrCat(RuleName(rule), ": ", text)});
}

bool IsWrite(const Operation& operation) { return operation.kind != Kind::kGet; }

// A mutation with all attempts at it.
struct Mutation {
  std::vector<const Operation*> attempts;  // by begin
  std::vector<const Event*> events;

  absl::Duration begin() const { return attempts.front()->begin; }
  const Operation* acknowledged() const {
    const Operation* first = nullptr;
    for (const Operation* attempt : attempts) {
      if (attempt->outcome != Outcome::kOk) continue;
      if (first == nullptr || attempt->end < first->end) first = attempt;
    }
    return first;
  }
};

std::map<std::string, Mutation> MutationsOf(const History& history) {
  std::map<std::string, Mutation> mutations;
  for (const Operation& operation : history.operations) {
    if (IsWrite(operation)) mutations[operation.request_id].attempts.push_back(&operation);
  }
  for (auto& [id, mutation] : mutations) {
    std::stable_sort(mutation.attempts.begin(), mutation.attempts.end(),
                     [](const auto* a, const auto* b) { return a->begin < b->begin; });
  }
  for (const Batch& batch : history.feed) {
    for (const Event& event : batch) {
      auto it = mutations.find(event.request_id);
      if (it != mutations.end()) it->second.events.push_back(&event);
    }
  }
  return mutations;
}

// When a version was known to be there, and by what; answers "the newest known before".
class Knowledge {
 public:
  void Learn(int64_t version, const Operation* by) { known_.push_back({by->end, version, by}); }
  void Sort() {
    std::sort(known_.begin(), known_.end(),
              [](const Known& a, const Known& b) { return a.time < b.time; });
    for (size_t i = 1; i < known_.size(); ++i) {
      if (known_[i - 1].version > known_[i].version) {
        known_[i].version = known_[i - 1].version;
        known_[i].by = known_[i - 1].by;
      }
    }
  }
  std::pair<int64_t, const Operation*> Before(absl::Duration time) const {
    auto it = std::lower_bound(known_.begin(), known_.end(), time,
                               [](const Known& a, absl::Duration b) { return a.time < b; });
    if (it == known_.begin()) return {0, nullptr};
    --it;
    return {it->version, it->by};
  }

 private:
  struct Known {
    absl::Duration time;
    int64_t version;
    const Operation* by;
  };
  std::vector<Known> known_;
};

// One resource: the order of its versions is the order of its writes, so each operation is judged
// against that order alone.
class Resource {
 public:
  explicit Resource(bool replicas) : replicas_(replicas) {}

  void AddEvent(const Event& event, const Mutation* mutation) {
    events_[event.version] = {&event, mutation};
  }
  void AddRead(const Operation& read) { reads_.push_back(&read); }

  void Check(std::vector<Violation>& found) {
    CheckOrder(found);
    Learn();
    for (const Operation* read : reads_) CheckRead(*read, found);
  }

 private:
  struct Written {
    const Event* event;
    const Mutation* mutation;  // null: nobody asked for it
    bool BegunBy(absl::Duration time) const {
      return mutation == nullptr || mutation->begin() <= time;
    }
  };

  void CheckOrder(std::vector<Violation>& found) const {
    const Operation* earliest = nullptr;  // acknowledgement of the versions above
    for (auto it = events_.end(); it != events_.begin();) {
      const Written& written = (--it)->second;
      if (written.mutation == nullptr) continue;
      if (earliest != nullptr && earliest->end < written.mutation->begin()) {
        Add(found, Rule::kWriteOrder,
            absl::StrCat(ToText(*earliest), " was over before ",
                         ToText(*written.mutation->attempts.front()), " began, which became ",
                         ToText(*written.event)));
      }
      const Operation* told = written.mutation->acknowledged();
      if (told != nullptr && (earliest == nullptr || told->end < earliest->end)) earliest = told;
    }
  }

  void Learn() {
    for (const auto& [version, written] : events_) {
      const Operation* told =
          written.mutation == nullptr ? nullptr : written.mutation->acknowledged();
      if (told == nullptr) continue;
      anybody_.Learn(version, told);
      // Of a repetition nobody knows who carried it out.
      if (told == written.mutation->attempts.front()) own_[told->replica].Learn(version, told);
    }
    for (const Operation* read : reads_) {
      if (read->version > 0) anybody_.Learn(read->version, read);
    }
    anybody_.Sort();
    for (auto& [replica, known] : own_) known.Sort();
  }

  // The version that a read has shown at best; -1 and a violation for one that cannot be.
  int64_t Shown(const Operation& read, std::vector<Violation>& found) const {
    if (read.version == 0) {
      for (auto it = events_.end(); it != events_.begin();) {
        --it;
        if (it->second.event->deleted && it->second.BegunBy(read.end)) return it->first;
      }
      return 0;
    }
    auto it = events_.find(read.version);
    if (it == events_.end() || it->second.event->deleted || it->second.event->value != read.value ||
        !it->second.BegunBy(read.end)) {
      Add(found, Rule::kInvented,
          absl::StrCat(ToText(read), it == events_.end() ? ": no such version"
                                                         : ": " + ToText(*it->second.event)));
      return -1;
    }
    return read.version;
  }

  void CheckRead(const Operation& read, std::vector<Violation>& found) const {
    const int64_t shown = Shown(read, found);
    if (shown < 0) return;
    const auto [known, by] =
        anybody_.Before(read.begin - (replicas_ ? kCacheBound : absl::ZeroDuration()));
    if (shown < known) {
      Add(found, Rule::kStale, absl::StrCat(ToText(read), " after ", ToText(*by)));
    }
    auto own = own_.find(read.replica);
    if (own != own_.end()) {
      const auto [written, told] = own->second.Before(read.begin);
      if (shown < written) {
        Add(found, Rule::kOwnWrite, absl::StrCat(ToText(read), " after ", ToText(*told)));
      }
    }
    // Versions and positions rise together.
    auto next = events_.upper_bound(shown);
    if (next != events_.end() && next->second.event->position <= read.asked) {
      Add(found, Rule::kAskedNewer,
          absl::StrCat(ToText(read), ": there is ", ToText(*next->second.event)));
    }
    // In one process every later read is as new anyhow.
    auto it = events_.find(shown);
    if (replicas_ && read.version > 0 && it->second.event->position > read.position) {
      Add(found, Rule::kPositionLow,
          absl::StrCat(ToText(read), ": it shows ", ToText(*it->second.event)));
    }
  }

  const bool replicas_;
  std::map<int64_t, Written> events_;  // by version
  std::vector<const Operation*> reads_;
  Knowledge anybody_;
  std::map<int, Knowledge> own_;  // by replica
};

bool Same(const Event& a, const Event& b) {
  return a.position == b.position && a.commit_id == b.commit_id && a.resource == b.resource &&
         a.version == b.version && a.deleted == b.deleted && a.value == b.value &&
         a.request_id == b.request_id;
}

std::vector<const Event*> Flat(const std::vector<Batch>& batches) {
  std::vector<const Event*> events;
  for (const Batch& batch : batches) {
    for (const Event& event : batch) events.push_back(&event);
  }
  return events;
}

// Whether batches are made of whole commits, without a gap.
void CheckBatches(const std::vector<Batch>& batches, const char* whose,
                  std::vector<Violation>& found) {
  const Event* last = nullptr;
  for (const Batch& batch : batches) {
    for (size_t i = 0; i < batch.size(); ++i) {
      const Event& event = batch[i];
      if (event.position != (last == nullptr ? 0 : last->position) + 1) {
        Add(found, Rule::kGap,
            absl::StrCat(whose, ToText(event), " after ",
                         last == nullptr ? std::string("nothing") : ToText(*last)));
      }
      const bool first = event.position == event.commit_id;
      const bool goes_on = i > 0 && batch[i - 1].commit_id == event.commit_id;
      if (first == goes_on) Add(found, Rule::kTorn, absl::StrCat(whose, ToText(event)));
      last = &event;
    }
  }
}

}  // namespace

const char* RuleName(Rule rule) {
  switch (rule) {
    case Rule::kLost:
      return "an acknowledged write is lost";
    case Rule::kTwice:
      return "a write is there more than once";
    case Rule::kNotAsked:
      return "a change that nobody made, or that was refused";
    case Rule::kOtherThanTold:
      return "a write is not what was acknowledged";
    case Rule::kStaleEtag:
      return "a write was applied to another version than it named";
    case Rule::kWriteOrder:
      return "versions are not in the order of the writes";
    case Rule::kInvented:
      return "a read shows what was not written";
    case Rule::kStale:
      return "a read is too old";
    case Rule::kOwnWrite:
      return "a process does not see its own write";
    case Rule::kAskedNewer:
      return "a read is older than the position that was sent";
    case Rule::kPositionLow:
      return "a position does not cover what was shown";
    case Rule::kGap:
      return "the feed has a gap";
    case Rule::kTorn:
      return "a commit is torn";
    case Rule::kVersionGap:
      return "a resource's versions have a gap";
    case Rule::kFollower:
      return "a reader of the feed was told something else";
    case Rule::kFold:
      return "the feed does not lead to what is stored";
    case Rule::kTotal:
      return "a consumer counted something else";
    case Rule::kReplay:
      return "a repetition has another result";
  }
  return "";
}

std::vector<Violation> CheckWrites(const History& history) {
  std::vector<Violation> found;
  const std::map<std::string, Mutation> mutations = MutationsOf(history);
  for (const auto& [id, mutation] : mutations) {
    const Operation& first = *mutation.attempts.front();
    const Operation* told = mutation.acknowledged();
    if (mutation.events.size() > 1) {
      Add(found, Rule::kTwice,
          absl::StrCat(ToText(first), ": ", ToText(*mutation.events[0]), " and ",
                       ToText(*mutation.events[1])));
    }
    if (mutation.events.empty()) {
      if (told != nullptr) Add(found, Rule::kLost, ToText(*told));
      continue;
    }
    const Event& event = *mutation.events.front();
    const bool refused =
        std::all_of(mutation.attempts.begin(), mutation.attempts.end(),
                    [](const auto* attempt) { return attempt->outcome == Outcome::kRefused; });
    if (refused) {
      Add(found, Rule::kNotAsked, absl::StrCat(ToText(first), " became ", ToText(event)));
    }
    if (first.expected > 0 && event.version != first.expected + 1) {
      Add(found, Rule::kStaleEtag, absl::StrCat(ToText(first), " became ", ToText(event)));
    }
    if (told == nullptr) continue;
    const bool as_told =
        event.resource == told->resource && event.deleted == (told->kind == Kind::kDelete) &&
        (event.deleted || (event.version == told->version && event.value == told->value)) &&
        (told->kind != Kind::kCreate || event.version == 1);
    if (!as_told) {
      Add(found, Rule::kOtherThanTold, absl::StrCat(ToText(*told), " became ", ToText(event)));
    }
    for (const Operation* attempt : mutation.attempts) {
      if (attempt->outcome != Outcome::kOk || attempt->position >= event.position) continue;
      Add(found, Rule::kPositionLow, absl::StrCat(ToText(*attempt), " became ", ToText(event)));
    }
  }
  for (const Event* event : Flat(history.feed)) {
    if (!mutations.contains(event->request_id)) Add(found, Rule::kNotAsked, ToText(*event));
  }
  return found;
}

std::vector<Violation> CheckResources(const History& history) {
  std::vector<Violation> found;
  const std::map<std::string, Mutation> mutations = MutationsOf(history);
  std::map<std::string, Resource> resources;
  auto of = [&](const std::string& name) -> Resource& {
    return resources.emplace(name, Resource(history.replicas)).first->second;
  };
  for (const Event* event : Flat(history.feed)) {
    auto it = mutations.find(event->request_id);
    of(event->resource).AddEvent(*event, it == mutations.end() ? nullptr : &it->second);
  }
  for (const Operation& operation : history.operations) {
    if (!IsWrite(operation) && operation.outcome == Outcome::kOk) {
      of(operation.resource).AddRead(operation);
    }
  }
  for (auto& [name, resource] : resources) resource.Check(found);
  return found;
}

std::vector<Violation> CheckFeed(const History& history) {
  std::vector<Violation> found;
  CheckBatches(history.feed, "", found);
  const std::vector<const Event*> feed = Flat(history.feed);
  std::map<std::string, const Event*> last;
  for (const Event* event : feed) {
    const Event*& before = last[event->resource];
    if (event->version != (before == nullptr ? 0 : before->version) + 1 ||
        (before != nullptr && before->deleted)) {
      Add(found, Rule::kVersionGap,
          absl::StrCat(ToText(*event), " after ",
                       before == nullptr ? std::string("nothing") : ToText(*before)));
    }
    before = event;
  }
  for (const auto& [name, event] : last) {
    auto it = history.stored.find(name);
    const bool stored = it != history.stored.end();
    if (stored == event->deleted ||
        (stored && (it->second.version != event->version || it->second.value != event->value))) {
      Add(found, Rule::kFold,
          absl::StrCat(ToText(*event), "; stored is ",
                       stored ? absl::StrCat("v", it->second.version, " ", it->second.value)
                              : std::string("nothing")));
    }
  }
  for (const auto& [name, stored] : history.stored) {
    if (!last.contains(name)) Add(found, Rule::kFold, absl::StrCat(name, " has no change"));
  }
  for (const std::vector<Batch>& batches : history.followed) {
    CheckBatches(batches, "a follower: ", found);
    const std::vector<const Event*> told = Flat(batches);
    for (size_t i = 0; i < told.size(); ++i) {
      if (i < feed.size() && Same(*told[i], *feed[i])) continue;
      Add(found, Rule::kFollower,
          absl::StrCat(ToText(*told[i]), " instead of ",
                       i < feed.size() ? ToText(*feed[i]) : std::string("nothing")));
      break;
    }
    if (told.size() < feed.size()) {
      Add(found, Rule::kFollower,
          absl::StrCat("it has heard of ", told.size(), " changes of ", feed.size()));
    }
  }
  return found;
}

std::vector<Violation> CheckTotal(const History& history) {
  std::vector<Violation> found;
  if (history.total.has_value() && history.total->reported != history.total->stored) {
    Add(found, Rule::kTotal, absl::StrCat(history.total->reported, " of ", history.total->stored));
  }
  return found;
}

std::vector<Violation> CheckReplays(const History& history) {
  std::vector<Violation> found;
  for (const auto& [id, mutation] : MutationsOf(history)) {
    const Operation* told = mutation.acknowledged();
    for (const Operation* attempt : mutation.attempts) {
      if (attempt->outcome == Outcome::kOk) {
        if (attempt->version != told->version || attempt->value != told->value) {
          Add(found, Rule::kReplay, absl::StrCat(ToText(*attempt), " after ", ToText(*told)));
        }
      } else if (attempt->outcome == Outcome::kRefused) {
        const bool after = told != nullptr && told->end < attempt->begin;
        if (after || (attempt->settled && !mutation.events.empty())) {
          Add(found, Rule::kReplay,
              absl::StrCat(
                  ToText(*attempt), after ? absl::StrCat(" after ", ToText(*told)) : "",
                  mutation.events.empty() ? "" : ": it is " + ToText(*mutation.events[0])));
        }
      }
    }
  }
  return found;
}

std::vector<Violation> Check(const History& history) {
  std::vector<Violation> found;
  for (auto part : {CheckWrites, CheckResources, CheckFeed, CheckTotal, CheckReplays}) {
    std::vector<Violation> some = part(history);
    found.insert(found.end(), some.begin(), some.end());
  }
  return found;
}

std::string ToText(const Operation& operation) {
  static constexpr const char* kKinds[] = {"create", "update", "delete", "get"};
  static constexpr const char* kOutcomes[] = {"ok", "refused", "unknown"};
  std::string text =
      absl::StrCat("[", absl::FormatDuration(operation.begin), " to ",
                   absl::FormatDuration(operation.end), " client ", operation.client, " replica ",
                   operation.replica, " ", kKinds[static_cast<int>(operation.kind)], " ",
                   operation.resource, " ", kOutcomes[static_cast<int>(operation.outcome)]);
  if (operation.expected > 0) absl::StrAppend(&text, " etag ", operation.expected);
  if (operation.asked > 0) absl::StrAppend(&text, " asked @", operation.asked);
  if (operation.outcome == Outcome::kOk) {
    absl::StrAppend(&text, " v", operation.version, " ", operation.value, " @", operation.position);
  }
  if (!operation.error.empty()) absl::StrAppend(&text, " '", operation.error, "'");
  if (!operation.request_id.empty()) absl::StrAppend(&text, " request ", operation.request_id);
  return absl::StrCat(text, "]");
}

std::string ToText(const Event& event) {
  return absl::StrCat("{@", event.position, " commit ", event.commit_id, " ", event.resource, " v",
                      event.version, event.deleted ? " deleted " : " ", event.value, " request ",
                      event.request_id, "}");
}

}  // namespace sqm::testing::history
