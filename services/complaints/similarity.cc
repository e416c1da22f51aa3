#include "services/complaints/similarity.h"

#include <absl/container/flat_hash_set.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

namespace sqm::complaints {
namespace {

constexpr size_t kMaxCharacters = 4000;

// Code points of well-formed UTF-8, which protobuf has checked already.
std::vector<uint32_t> Characters(absl::string_view utf8) {
  std::vector<uint32_t> characters = {' '};
  for (size_t i = 0; i < utf8.size() && characters.size() <= kMaxCharacters;) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint32_t code = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (size_t k = 1; k < length && i + k < utf8.size(); ++k) {
      code = code << 6 | (static_cast<unsigned char>(utf8[i + k]) & 0x3F);
    }
    i += length;
    if (code < 0x80) {
      const auto ascii = static_cast<unsigned char>(code);
      code = absl::ascii_isalnum(ascii) ? absl::ascii_tolower(ascii) : ' ';
    }
    if (code == ' ' && characters.back() == ' ') continue;
    characters.push_back(code);
  }
  if (characters.back() != ' ') characters.push_back(' ');
  return characters;
}

}  // namespace

std::vector<uint64_t> Trigrams(absl::string_view utf8) {
  const std::vector<uint32_t> characters = Characters(utf8);
  std::vector<uint64_t> trigrams;
  for (size_t i = 2; i < characters.size(); ++i) {
    // 21 bits hold any code point.
    trigrams.push_back(uint64_t{characters[i - 2]} << 42 | uint64_t{characters[i - 1]} << 21 |
                       characters[i]);
  }
  std::sort(trigrams.begin(), trigrams.end());
  trigrams.erase(std::unique(trigrams.begin(), trigrams.end()), trigrams.end());
  return trigrams;
}

double Similarity(absl::Span<const uint64_t> a, absl::Span<const uint64_t> b) {
  if (a.empty() || b.empty()) return 0;
  size_t common = 0;
  for (size_t i = 0, k = 0; i < a.size() && k < b.size();) {
    if (a[i] == b[k]) {
      ++common;
      ++i;
      ++k;
    } else if (a[i] < b[k]) {
      ++i;
    } else {
      ++k;
    }
  }
  return static_cast<double>(common) / static_cast<double>(a.size() + b.size() - common);
}

std::vector<v1::DuplicateCandidate> SuggestDuplicates(const v1::Case& one,
                                                      absl::Span<const v1::Case* const> others) {
  const auto text = [](const v1::Case& of) { return absl::StrCat(of.subject(), " ", of.text()); };
  const std::vector<uint64_t> own = Trigrams(text(one));
  // Not from a list in braces: that would keep views of copies.
  absl::flat_hash_set<absl::string_view> seen;
  seen.insert(one.name());
  std::vector<v1::DuplicateCandidate> candidates;
  for (const v1::Case* other : others) {
    if (other->kind() != one.kind() || other->state() == v1::CASE_STATE_MERGED) continue;
    if (!other->restricted_to().empty() || !seen.insert(other->name()).second) continue;
    const bool same = !one.customer_key().empty() && one.customer_key() == other->customer_key();
    const double similarity = Similarity(own, Trigrams(text(*other)));
    if (similarity < (same ? kSameCustomerSimilarity : kOtherSimilarity)) continue;
    v1::DuplicateCandidate candidate;
    candidate.set_case_(other->name());
    candidate.set_number(other->number());
    candidate.set_state(other->state());
    candidate.set_similarity(similarity);
    candidate.set_same_customer(same);
    candidates.push_back(std::move(candidate));
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    if (a.similarity() != b.similarity()) return a.similarity() > b.similarity();
    return a.same_customer() && !b.same_customer();
  });
  if (candidates.size() > kMaxCandidates) candidates.resize(kMaxCandidates);
  return candidates;
}

}  // namespace sqm::complaints
