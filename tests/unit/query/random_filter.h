// Random filters over the test ticket, by the grammar.
#pragma once

#include <absl/random/bit_gen_ref.h>
#include <absl/random/random.h>
#include <absl/strings/str_cat.h>

#include <string>

#include "tests/unit/query/test_ticket.h"

namespace sqm::query {

inline std::string RandomRestriction(absl::BitGenRef random) {
  auto pick = [&](const auto& list) {
    return std::string(list[absl::Uniform<size_t>(random, 0, std::size(list))]);
  };
  static constexpr const char* kCompare[] = {" = ", " != ", " < ", " <= ", " > ", " >= ", ":", "="};
  static constexpr const char* kEqual[] = {" = ", " != ", ":"};
  static constexpr const char* kTexts[] = {"a",    "ab",     "\"abc\"", "'abd'",    "b\\*",
                                           "客户", "\"客\"", "zz",      "\"it's\"", "'\"so'"};
  static constexpr const char* kPrefixes[] = {"a*", "\"ab*\"", "abc*", "客*", "z*", "\"b\\**\""};
  static constexpr const char* kNumbers[] = {"-2", "-1", "0", "1", "2"};
  static constexpr const char* kScores[] = {"0", "-0.5", "4.25", "4.3", "80", "100.5"};
  static constexpr const char* kRatios[] = {"0", "-1.5", "0.1", "0.25", "1e300", "7"};
  static constexpr const char* kNames[] = {"UNSPECIFIED", "LOW", "HIGH", "SEVERITY_CRITICAL"};
  static constexpr const char* kTimes[] = {"2026-01-01T00:00:00Z", "2026-01-01T00:00:00.500000Z",
                                           "\"2026-01-01T08:00:01+08:00\"",
                                           "2026-01-01T00:00:02.500000999Z"};
  static constexpr const char* kWaits[] = {"0s", "0.5s", "1s", "1.500001s", "-1s", "2.5s"};
  const auto& fields = TicketFields().fields();
  const Field& field = fields[absl::Uniform<size_t>(random, 0, fields.size())];
  if (absl::Bernoulli(random, 0.1)) return absl::StrCat(field.path, ":*");
  switch (field.type) {
    case FieldType::kString:
      if (absl::Bernoulli(random, 0.3))
        return absl::StrCat(field.path,
                            absl::Bernoulli(random, 0.7) ? " = " : " != ", pick(kPrefixes));
      return absl::StrCat(field.path, pick(kCompare), pick(kTexts));
    case FieldType::kInt:
      return absl::StrCat(field.path, pick(kCompare), pick(kNumbers));
    case FieldType::kDecimal:
      return absl::StrCat(field.path, pick(kCompare), pick(kScores));
    case FieldType::kDouble:
      return absl::StrCat(field.path, pick(kCompare), pick(kRatios));
    case FieldType::kBool:
      return absl::StrCat(field.path, pick(kEqual),
                          absl::Bernoulli(random, 0.5) ? "true" : "false");
    case FieldType::kEnum:
      return absl::StrCat(field.path, pick(kCompare), pick(kNames));
    case FieldType::kTimestamp:
      return absl::StrCat(field.path, pick(kCompare), pick(kTimes));
    case FieldType::kDuration:
      return absl::StrCat(field.path, pick(kCompare), pick(kWaits));
  }
  return "";
}

inline std::string RandomFilter(absl::BitGenRef random, int depth = 3) {
  std::string out;
  int terms = absl::Uniform(random, 1, 4);
  for (int i = 0; i < terms; ++i) {
    if (i > 0) {
      static constexpr const char* kGlue[] = {" ", " AND ", " OR "};
      out += kGlue[absl::Uniform(random, 0, 3)];
    }
    if (absl::Bernoulli(random, 0.3)) out += absl::Bernoulli(random, 0.5) ? "-" : "NOT ";
    if (depth > 0 && absl::Bernoulli(random, 0.3)) {
      absl::StrAppend(&out, "(", RandomFilter(random, depth - 1), ")");
    } else {
      out += RandomRestriction(random);
    }
  }
  return out;
}

}  // namespace sqm::query
