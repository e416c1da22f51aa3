// How near two texts are, and which cases are likely the same.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <cstdint>
#include <vector>

#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/case_more_methods.pb.h"

namespace sqm::complaints {

// Candidates at least this near are suggested, of the same customer and of others.
inline constexpr double kSameCustomerSimilarity = 0.3;
inline constexpr double kOtherSimilarity = 0.5;
inline constexpr int kMaxCandidates = 20;

// The different groups of three neighbouring characters of a text, in order of their codes: letters
// of ASCII in lower case, runs of blanks and punctuation as one blank, a blank at both ends. At
// most the first 4000 characters count.
std::vector<uint64_t> Trigrams(absl::string_view utf8);

// Jaccard's index of two such sets, |A ∩ B| / |A ∪ B|: 0 to 1; 0 where one is empty.
double Similarity(absl::Span<const uint64_t> a, absl::Span<const uint64_t> b);

// Which of `others` are likely the same as `one`, the likeliest first. Merged cases and disclosures
// are never suggested.
std::vector<v1::DuplicateCandidate> SuggestDuplicates(const v1::Case& one,
                                                      absl::Span<const v1::Case* const> others);

}  // namespace sqm::complaints
