#include "common/contract/redact.h"

#include <absl/strings/str_cat.h>

#include "common/contract/validate.h"

namespace sqm::contract {
namespace {

constexpr absl::string_view kHidden = "***";

// Byte length of the first code point.
size_t FirstCodePoint(absl::string_view text) {
  size_t end = text.empty() ? 0 : 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return end;
}

// The last `count` characters, if at least as many more are hidden.
absl::string_view Tail(absl::string_view text, size_t count) {
  if (text.size() < 2 * count) return "";
  size_t begin = text.size() - count;
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  return text.substr(begin);
}

}  // namespace

std::string Mask(options::v1::PersonalClass personal, absl::string_view value) {
  if (value.empty()) return "";
  switch (personal) {
    case options::v1::PERSONAL_CLASS_NAME:
      return absl::StrCat(value.substr(0, FirstCodePoint(value)), kHidden);
    case options::v1::PERSONAL_CLASS_PHONE:
      return absl::StrCat(kHidden, Tail(value, 4));
    case options::v1::PERSONAL_CLASS_REFERENCE:
      return absl::StrCat(kHidden, Tail(value, 3));
    default:
      return std::string(kHidden);
  }
}

bool Redact(const ResourceType& type,
            absl::FunctionRef<bool(options::v1::PersonalClass)> may_see, Message& resource) {
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

}  // namespace sqm::contract
