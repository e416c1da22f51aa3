// What was learned from others, kept for a short time.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <iterator>
#include <list>
#include <optional>
#include <string>
#include <utility>

namespace sqm::cache {

// Bounded by bytes; what was not asked for the longest goes first. Thread-safe. `Value` is copied
// to everybody who asks.
template <typename Value>
class ExpiringCache {
 public:
  explicit ExpiringCache(size_t max_bytes) : max_bytes_(max_bytes) {}
  ExpiringCache(const ExpiringCache&) = delete;

  // Nothing where it is absent, too old, or known since a moment that lies ahead: then the clock
  // was set back, and its age is not known.
  std::optional<Value> Get(absl::string_view key, absl::Time now) {
    absl::MutexLock lock(&mutex_);
    auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    const Entry& entry = *found->second;
    if (now < entry.since || now >= entry.until) return std::nullopt;
    order_.splice(order_.begin(), order_, found->second);
    return entry.value;
  }

  // Keeps what was true at `since` until `since + life`. Of two for one key the later known stays.
  // `bytes`: of the value.
  void Put(std::string key, Value value, size_t bytes, absl::Time since, absl::Duration life) {
    bytes += 2 * key.size() + sizeof(Entry) + kNodeBytes;
    if (bytes > max_bytes_) return;
    absl::MutexLock lock(&mutex_);
    auto found = entries_.find(key);
    if (found != entries_.end()) {
      // An entry from ahead is of a clock that was set back.
      if (found->second->since > since && found->second->since < since + life) return;
      Remove(found->second);
    }
    order_.push_front(Entry{std::move(key), std::move(value), bytes, since, since + life});
    entries_.emplace(order_.front().key, order_.begin());
    bytes_ += bytes;
    while (bytes_ > max_bytes_) Remove(std::prev(order_.end()));
  }

  size_t bytes() const {
    absl::MutexLock lock(&mutex_);
    return bytes_;
  }

 private:
  struct Entry {
    std::string key;
    Value value;
    size_t bytes;
    absl::Time since, until;
  };
  using Place = typename std::list<Entry>::iterator;
  static constexpr size_t kNodeBytes = 64;  // of the list and the map, about

  void Remove(Place place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    bytes_ -= place->bytes;
    entries_.erase(place->key);
    order_.erase(place);
  }

  const size_t max_bytes_;
  mutable absl::Mutex mutex_;
  std::list<Entry> order_ ABSL_GUARDED_BY(mutex_);  // last asked for first
  absl::flat_hash_map<std::string, Place> entries_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sqm::cache
