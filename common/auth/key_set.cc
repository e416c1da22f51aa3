#include "common/auth/key_set.h"

#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "common/auth/file.h"
#include "common/auth/json.h"

namespace sqm::auth {
namespace {

constexpr size_t kMaxFileBytes = 256 * 1024;
constexpr size_t kMaxKeys = 64;
// A key may carry a certificate chain beside its numbers.
constexpr JsonBounds kBounds{.bytes = kMaxFileBytes, .depth = 4, .members = 2048};

absl::Status InvalidSet(absl::string_view what) { return absl::InvalidArgumentError(what); }

}  // namespace

absl::StatusOr<std::shared_ptr<const KeyRing>> KeyRing::FromJwks(absl::string_view jwks,
                                                                 uint64_t generation) {
  absl::StatusOr<nlohmann::json> set = ParseObject(jwks, kBounds);
  if (!set.ok()) return InvalidSet(absl::StrCat("key set ", set.status().message()));
  const auto list = set->find("keys");
  if (list == set->end() || !list->is_array()) return InvalidSet("key set has no array \"keys\"");
  if (list->size() > kMaxKeys) {
    return InvalidSet(absl::StrCat("key set has ", list->size(), " keys, more than ", kMaxKeys));
  }
  std::vector<std::shared_ptr<const PublicKey>> keys;
  for (size_t i = 0; i < list->size(); ++i) {
    absl::StatusOr<std::shared_ptr<const PublicKey>> key = PublicKey::FromJwk((*list)[i]);
    if (!key.ok())
      return InvalidSet(absl::StrCat("key set: keys[", i, "]: ", key.status().message()));
    if (*key == nullptr) continue;
    for (const auto& other : keys) {
      if (other->id() == (*key)->id()) {
        return InvalidSet(absl::StrCat("key set: keys[", i, "]: another key has the same \"kid\""));
      }
    }
    keys.push_back(*std::move(key));
  }
  if (keys.empty()) return InvalidSet("key set has no key for ES256 or RS256");
  if (keys.size() > 1) {
    for (const auto& key : keys) {
      if (key->id().empty()) return InvalidSet("key set has several keys, and one has no \"kid\"");
    }
  }
  return std::shared_ptr<const KeyRing>(new KeyRing(std::move(keys), generation));
}

const PublicKey* KeyRing::Find(absl::string_view id) const {
  if (id.empty()) return keys_.size() == 1 ? keys_.front().get() : nullptr;
  for (const auto& key : keys_) {
    if (key->id() == id) return key.get();
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<KeySet>> KeySet::FromFile(Options options) {
  std::shared_ptr<KeySet> keys(new KeySet(std::move(options)));
  const absl::MutexLock lock(&keys->refresh_mutex_);
  if (absl::Status status = keys->Load(); !status.ok()) return status;
  return keys;
}

absl::StatusOr<std::shared_ptr<KeySet>> KeySet::FromJwks(absl::string_view jwks) {
  auto ring = KeyRing::FromJwks(jwks, 1);
  if (!ring.ok()) return ring.status();
  std::shared_ptr<KeySet> keys(new KeySet(Options{}));
  const absl::MutexLock lock(&keys->mutex_);
  keys->ring_ = *std::move(ring);
  keys->generation_.store(1, std::memory_order_release);
  return keys;
}

std::shared_ptr<const KeyRing> KeySet::Current() const {
  const absl::MutexLock lock(&mutex_);
  return ring_;
}

absl::Status KeySet::Load() {
  // Whole content instead of the file's times: right even for a change within a time stamp's grain,
  // and for the symbolic links that Kubernetes swaps.
  absl::StatusOr<std::string> text = ReadFile(options_.path, kMaxFileBytes);
  if (!text.ok()) return text.status();
  if (*text == text_) return absl::OkStatus();
  auto ring = KeyRing::FromJwks(*text, generation() + 1);
  if (!ring.ok()) return InvalidSet(absl::StrCat(options_.path, ": ", ring.status().message()));
  text_ = *std::move(text);
  const absl::MutexLock lock(&mutex_);
  ring_ = *std::move(ring);
  generation_.store(ring_->generation(), std::memory_order_release);
  return absl::OkStatus();
}

absl::Status KeySet::Refresh(absl::Time now) {
  absl::Status problem;
  bool tell;
  {
    const absl::MutexLock lock(&refresh_mutex_);
    // Longer than a period until the next look: the clock was set back.
    const bool looked = now < next_check_ && next_check_ - now <= options_.check_period;
    if (options_.path.empty() || looked) return problem_;
    next_check_ = now + options_.check_period;
    const uint64_t before = generation();
    problem = Load();
    tell = generation() != before || problem != problem_;
    problem_ = problem;
  }
  if (tell && options_.on_change) options_.on_change(problem);
  return problem;
}

void KeySet::Watch(const std::shared_ptr<KeySet>& keys, const Clock& clock, Timer& timer,
                   Executor& executor) {
  timer.Every(keys->options_.check_period, [weak = std::weak_ptr<KeySet>(keys), &clock, &executor] {
    executor.Post([weak, &clock] {
      if (const auto alive = weak.lock()) alive->Refresh(clock.Now()).IgnoreError();
    });
  });
}

}  // namespace sqm::auth
