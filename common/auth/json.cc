#include "common/auth/json.h"

#include <absl/algorithm/container.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <string>
#include <utility>
#include <vector>

namespace sqm::auth {
namespace {

using nlohmann::json;

// Watches the parser's events and remembers the first bound that was broken.
class Watcher {
 public:
  explicit Watcher(const JsonBounds& bounds) : bounds_(bounds) {}

  // nlohmann reports `depth` 0 for the start and end of the outermost container.
  bool Event(int depth, json::parse_event_t event, json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        if (depth + 1 > bounds_.depth) Refuse("nested too deeply");
        names_.emplace_back();
        Count();
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        if (!names_.empty()) names_.pop_back();
        break;
      case json::parse_event_t::key:
        if (parsed.is_string() && !names_.empty() &&
            !names_.back().insert(parsed.get_ref<const std::string&>()).second) {
          Refuse("names a member twice");
        }
        break;
      case json::parse_event_t::value:
        Count();
        break;
    }
    // Values past a broken bound are dropped, so that they cost no memory.
    return problem_ == nullptr;
  }
  const char* problem() const { return problem_; }

 private:
  void Count() {
    if (++members_ > bounds_.members + 1) Refuse("has too many members");
  }
  void Refuse(const char* problem) {
    if (problem_ == nullptr) problem_ = problem;
  }

  const JsonBounds bounds_;
  size_t members_ = 0;
  std::vector<absl::flat_hash_set<std::string>> names_;  // of the open containers
  const char* problem_ = nullptr;
};

absl::Status InvalidJson(absl::string_view what) { return absl::InvalidArgumentError(what); }

}  // namespace

absl::StatusOr<json> ParseObject(absl::string_view text, const JsonBounds& bounds) {
  if (text.size() > bounds.bytes) {
    return InvalidJson(absl::StrCat("is larger than ", bounds.bytes, " bytes"));
  }
  Watcher watcher(bounds);
  json object = json::parse(
      text.begin(), text.end(),
      [&watcher](int depth, json::parse_event_t event, json& parsed) {
        return watcher.Event(depth, event, parsed);
      },
      /*allow_exceptions=*/false);
  if (watcher.problem() != nullptr) return InvalidJson(watcher.problem());
  if (object.is_discarded()) return InvalidJson("is not JSON");
  if (!object.is_object()) return InvalidJson("is not a JSON object");
  return object;
}

absl::StatusOr<std::optional<std::string>> StringMember(const json& object, absl::string_view name,
                                                        size_t max_bytes) {
  const auto it = object.find(std::string(name));
  if (it == object.end()) return std::nullopt;
  if (!it->is_string()) return InvalidJson(absl::StrCat("\"", name, "\" is not a string"));
  const auto& value = it->get_ref<const std::string&>();
  if (value.empty()) return InvalidJson(absl::StrCat("\"", name, "\" is empty"));
  if (value.size() > max_bytes) {
    return InvalidJson(absl::StrCat("\"", name, "\" is longer than ", max_bytes, " bytes"));
  }
  if (absl::c_any_of(value, [](unsigned char c) { return absl::ascii_iscntrl(c); })) {
    return InvalidJson(absl::StrCat("\"", name, "\" holds control characters"));
  }
  return std::optional<std::string>(value);
}

}  // namespace sqm::auth
