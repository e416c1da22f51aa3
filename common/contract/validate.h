// Checks of a request against the annotations of its fields.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <functional>

#include "common/base/status.h"
#include "common/contract/registry.h"

namespace sqm::contract {

// Adds a violation for every field of `message` that breaks its rules: required, length (in code
// points), pattern, range, number of elements, unknown enum numbers, timestamps and durations out
// of range, decimals that are not decimal, references that are not names of their type.
// `prefix` stands before each path (`contact.`). What `unread` holds, a message field of `message`,
// is not looked into.
void Validate(const Registry& registry, const Message& message, absl::string_view prefix,
              FieldErrors& errors, const FieldDescriptor* unread = nullptr);

// Clears the output-only fields of a resource (and of its nested messages), its `name` excepted.
void ClearOutputOnly(const Registry& registry, Message& resource);

// Sets `path` (dotted, singular message fields) to now, the etag and so on: small reflection
// helpers for the standard fields.
void SetTimestamp(Message& message, const FieldDescriptor* field, absl::Time time);
absl::Time GetTimestamp(const Message& message, const FieldDescriptor* field);

// Calls `each` with every string that the annotated path reaches (repeated fields fan out).
void ForEachValue(const Message& message, const AnnotatedPath& path,
                  absl::FunctionRef<void(const std::string&)> each);
// The same with the message that holds the leaf, so that the callback may change the value.
void ForEachString(Message& message, const AnnotatedPath& path,
                   absl::FunctionRef<void(Message&, const FieldDescriptor*, int index)> each);

}  // namespace sqm::contract
