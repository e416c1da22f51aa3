// Values of a file into fields of a message: the pure part of an import.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "cli/import/mapping.h"
#include "cli/text/language.h"

namespace sqm::cli {

// Why a value was refused. `reason` says what is wrong and what would be right.
struct Issue {
  std::string column;
  std::string value;
  std::string reason;
};

struct ConvertContext {
  absl::TimeZone zone;
  NonexistentTime nonexistent = NonexistentTime::kReject;
  AmbiguousTime ambiguous = AmbiguousTime::kEarlier;
  Language language = Language::kEnglish;
};

// Sets the rule's field of `message` to what `text` means; an empty reason = done. An empty value
// leaves the field unset, or is refused where the rule requires one.
std::string SetField(const FieldRule& rule, absl::string_view text, const ConvertContext& context,
                     google::protobuf::Message& message);

// `Mary Ann` → `mary-ann`; empty where no id can be made.
std::string MakeId(absl::string_view text);

}  // namespace sqm::cli
