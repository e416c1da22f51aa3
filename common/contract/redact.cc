#include "common/contract/redact.h"

#include <absl/algorithm/container.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <map>
#include <vector>

#include "common/contract/validate.h"

namespace sqm::contract {
namespace {

constexpr absl::string_view kHidden = "***";

bool StartsCodePoint(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// The first character, if at least one more is hidden.
absl::string_view First(absl::string_view text) {
  size_t end = 1;
  while (end < text.size() && !StartsCodePoint(text[end])) ++end;
  return end < text.size() ? text.substr(0, end) : "";
}

// The last `count` characters, if at least as many more are hidden.
absl::string_view Tail(absl::string_view text, size_t count) {
  size_t begin = text.size(), shown = 0;
  while (begin > 0 && shown < count) shown += StartsCodePoint(text[--begin]);
  size_t hidden = 0;
  for (char c : text.substr(0, begin)) hidden += StartsCodePoint(c);
  return hidden >= count ? text.substr(begin) : "";
}

std::vector<std::string> ValuesOf(const Message& message, const AnnotatedPath& path) {
  std::vector<std::string> values;
  ForEachValue(message, path, [&values](const std::string& value) {
    if (!value.empty()) values.push_back(value);
  });
  return values;
}

}  // namespace

std::string Mask(options::v1::PersonalClass personal, absl::string_view value) {
  if (value.empty()) return "";
  switch (personal) {
    case options::v1::PERSONAL_CLASS_NAME:
      return absl::StrCat(First(value), kHidden);
    case options::v1::PERSONAL_CLASS_PHONE:
      return absl::StrCat(kHidden, Tail(value, 4));
    case options::v1::PERSONAL_CLASS_REFERENCE:
      return absl::StrCat(kHidden, Tail(value, 3));
    default:
      return std::string(kHidden);
  }
}

bool Redact(const ResourceType& type, absl::FunctionRef<bool(options::v1::PersonalClass)> may_see,
            Message& resource) {
  bool visible = false;
  for (const AnnotatedPath& path : type.personal) {
    bool allowed = may_see(path.rules->personal());
    ForEachString(resource, path, [&](Message& holder, const FieldDescriptor* field, int index) {
      const auto* reflection = holder.GetReflection();
      std::string value = index < 0 ? reflection->GetString(holder, field)
                                    : reflection->GetRepeatedString(holder, field, index);
      if (value.empty()) return;
      if (allowed) {
        visible = true;
        return;
      }
      std::string masked = Mask(path.rules->personal(), value);
      if (index < 0) {
        reflection->SetString(&holder, field, masked);
      } else {
        reflection->SetRepeatedString(&holder, field, index, masked);
      }
    });
  }
  return visible;
}

void RestoreMasked(const ResourceType& type,
                   absl::FunctionRef<bool(options::v1::PersonalClass)> may_see,
                   const Message& before, Message& sent) {
  for (const AnnotatedPath& path : type.personal) {
    const options::v1::PersonalClass personal = path.rules->personal();
    if (may_see(personal)) continue;
    // What of the stored values each shown one may stand for.
    std::multimap<std::string, std::string> stored;
    for (const std::string& value : ValuesOf(before, path)) {
      stored.emplace(Mask(personal, value), value);
    }
    ForEachString(sent, path, [&](Message& holder, const FieldDescriptor* field, int index) {
      const auto* reflection = holder.GetReflection();
      const std::string value = index < 0 ? reflection->GetString(holder, field)
                                          : reflection->GetRepeatedString(holder, field, index);
      const auto known = stored.find(value);
      if (!absl::StrContains(value, kHidden) || known == stored.end()) return;
      if (index < 0) {
        reflection->SetString(&holder, field, known->second);
      } else {
        reflection->SetRepeatedString(&holder, field, index, known->second);
      }
      stored.erase(known);
    });
  }
}

void CheckNotMasked(const ResourceType& type,
                    absl::FunctionRef<bool(options::v1::PersonalClass)> may_see,
                    const Message& before, absl::string_view prefix, const Message& after,
                    FieldErrors& errors) {
  for (const AnnotatedPath& path : type.personal) {
    if (may_see(path.rules->personal())) continue;
    const std::vector<std::string> stored = ValuesOf(before, path);
    for (const std::string& value : ValuesOf(after, path)) {
      if (!absl::StrContains(value, kHidden) || absl::c_linear_search(stored, value)) continue;
      errors.Add(absl::StrCat(prefix, path.text),
                 "is masked: leave it out of update_mask, or give the whole value");
    }
  }
}

bool Erase(const ResourceType& type, Message& resource) {
  bool found = false;
  for (const AnnotatedPath& path : type.personal) {
    ForEachString(resource, path, [&](Message& holder, const FieldDescriptor* field, int index) {
      const auto* reflection = holder.GetReflection();
      if (index < 0) {
        found = found || !reflection->GetString(holder, field).empty();
        reflection->ClearField(&holder, field);
      } else {
        found = found || !reflection->GetRepeatedString(holder, field, index).empty();
        reflection->SetRepeatedString(&holder, field, index, "");
      }
    });
  }
  return found;
}

}  // namespace sqm::contract
