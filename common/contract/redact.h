// Masking of personal fields.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/strings/string_view.h>

#include <string>

#include "common/base/status.h"
#include "common/contract/registry.h"

namespace sqm::contract {

// What is left of a value for one who may not see it: never more characters than are hidden. The
// length of the hidden part is not told.
std::string Mask(options::v1::PersonalClass personal, absl::string_view value);

// Masks every personal value of the resource that `may_see` denies. Returns whether any non-empty
// personal value stays visible, which makes the read one to be audited.
bool Redact(const ResourceType& type, absl::FunctionRef<bool(options::v1::PersonalClass)> may_see,
            Message& resource);

// A caller who may not see a value sends it back as it was shown to him: puts what was stored
// (`before`) in the place of every masked value of `sent` that `may_see` denies.
void RestoreMasked(const ResourceType& type,
                   absl::FunctionRef<bool(options::v1::PersonalClass)> may_see,
                   const Message& before, Message& sent);
// Adds an error where a value of `after` looks masked and is not what was stored: it would be kept
// so.
void CheckNotMasked(const ResourceType& type,
                    absl::FunctionRef<bool(options::v1::PersonalClass)> may_see,
                    const Message& before, absl::string_view prefix, const Message& after,
                    FieldErrors& errors);

// Removes every personal value of the resource for good. Returns whether there was any.
bool Erase(const ResourceType& type, Message& resource);

}  // namespace sqm::contract
