// What the readers of facts share.
#pragma once

#include <absl/strings/ascii.h>
#include <absl/strings/string_view.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/timestamp.pb.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "services/reporting/facts.h"
#include "services/reporting/wire.h"

namespace sqm::reporting {

// What cases are about and what they came of: taxonomies, whose labels reports show.
inline constexpr absl::string_view kCategoryType = "complaints/Category";
inline constexpr absl::string_view kCauseType = "complaints/Cause";

// Values of an enum as keys: the names without their common prefix, in lower case; zero is empty.
// Immutable once made.
class EnumKeys {
 public:
  explicit EnumKeys(const google::protobuf::EnumDescriptor* type) {
    const absl::string_view unspecified = "UNSPECIFIED";
    const std::string zero(type->FindValueByNumber(0)->name());
    const size_t prefix = zero.size() - unspecified.size();
    for (int i = 0; i < type->value_count(); ++i) {
      const auto number = static_cast<size_t>(type->value(i)->number());
      if (number >= keys_.size()) keys_.resize(number + 1);
      if (number != 0) keys_[number] = absl::AsciiStrToLower(type->value(i)->name().substr(prefix));
    }
  }
  // A value that a newer sender knows is empty: not known.
  absl::string_view operator[](int number) const {
    if (number < 0 || static_cast<size_t>(number) >= keys_.size()) return "";
    return keys_[static_cast<size_t>(number)];
  }

 private:
  std::vector<std::string> keys_;
};

// Replaces `out` by the stored form of a set of dimensions.
inline void EncodeDimensions(Group group, std::initializer_list<absl::string_view> values,
                             std::string& out) {
  out.clear();
  out.push_back(static_cast<char>(group));
  for (absl::string_view value : values) wire::PutText(out, value);
}

// The part at `index`, emptied, with its memory.
inline FactPart& PartAt(Fact& fact, size_t index) {
  if (fact.parts.size() <= index) fact.parts.resize(index + 1);
  fact.parts[index].observations.clear();
  fact.parts[index].offset = 0;
  return fact.parts[index];
}

inline Bucket BucketOf(const google::protobuf::Timestamp& time) {
  // Seconds are floored by the format itself: nanos are never negative.
  const int64_t s = time.seconds();
  return s >= 0 ? s / kBucketSeconds : -((-s + kBucketSeconds - 1) / kBucketSeconds);
}

}  // namespace sqm::reporting
