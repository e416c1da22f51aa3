#include "services/complaints/similarity.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

double Between(absl::string_view a, absl::string_view b) {
  return Similarity(Trigrams(a), Trigrams(b));
}

TEST(SimilarityTest, OfTexts) {
  EXPECT_EQ(Between("late fee", "late fee"), 1);
  EXPECT_EQ(Between("Late  FEE!", "late fee"), 1);
  EXPECT_EQ(Between("late fee", "noise"), 0);
  EXPECT_EQ(Between("", ""), 0);
  EXPECT_EQ(Between("", "late fee"), 0);
  // " ab", "abc", "bc " and " ab", "abd", "bd ": one of five.
  EXPECT_DOUBLE_EQ(Between("abc", "abd"), 0.2);
  EXPECT_EQ(Between("abc", "abd"), Between("abd", "abc"));
}

TEST(SimilarityTest, OfChinese) {
  EXPECT_EQ(Trigrams("账单错误").size(), 4u);
  EXPECT_EQ(Between("账单错误", "账单错误"), 1);
  EXPECT_GT(Between("账单金额错误", "账单金额有误"), 0.2);
  EXPECT_EQ(Between("账单错误", "服务态度"), 0);
}

TEST(SimilarityTest, IsBounded) {
  EXPECT_LE(Trigrams(std::string(1 << 20, 'a') + "bcdef").size(), 4000u);
}

TEST(SimilarityTest, SuggestsTheLikeliestFirst) {
  v1::Case one = Received();
  one.set_text("The late fee of March was charged twice to my account.");
  const auto other = [&one](const char* name, const char* key, const char* text) {
    v1::Case made = one;
    made.set_name(name);
    made.set_customer_key(key);
    made.set_text(text);
    return made;
  };
  const v1::Case same = other("cases/same", "key", "The late fee was charged twice.");
  const v1::Case copy =
      other("cases/copy", "other", "the late fee of march was charged twice to my account");
  v1::Case noise = other("cases/noise", "key", "Music all night");
  noise.set_subject("Noise");
  v1::Case merged = copy;
  merged.set_name("cases/merged");
  merged.set_state(v1::CASE_STATE_MERGED);
  v1::Case secret = copy;
  secret.set_name("cases/secret");
  secret.set_restricted_to("|staff/rita|");
  v1::Case praise = copy;
  praise.set_name("cases/praise");
  praise.set_kind(v1::CASE_KIND_PRAISE);
  const std::vector<v1::DuplicateCandidate> found =
      SuggestDuplicates(one, {&one, &same, &noise, &copy, &copy, &merged, &secret, &praise});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].case_(), "cases/copy");
  EXPECT_FALSE(found[0].same_customer());
  EXPECT_EQ(found[0].similarity(), 1);
  EXPECT_EQ(found[1].case_(), "cases/same");
  EXPECT_TRUE(found[1].same_customer());
}

TEST(SimilarityTest, OfEquallyNearTheSameCustomersComesFirstAndNotAllAreTold) {
  v1::Case one = Received();
  std::vector<v1::Case> others;
  for (int i = 0; i <= kMaxCandidates; ++i) {
    v1::Case& other = others.emplace_back(one);
    other.set_name("cases/" + std::to_string(i));
    other.set_number("C-2026-" + std::to_string(i));
    other.set_state(v1::CASE_STATE_CLOSED);
    other.set_customer_key(i == kMaxCandidates ? "key" : "other");
  }
  std::vector<const v1::Case*> all;
  for (const v1::Case& other : others) all.push_back(&other);
  const std::vector<v1::DuplicateCandidate> found = SuggestDuplicates(one, all);
  ASSERT_EQ(found.size(), static_cast<size_t>(kMaxCandidates));
  EXPECT_EQ(found[0].case_(), others.back().name());
  EXPECT_EQ(found[0].number(), others.back().number());
  EXPECT_EQ(found[0].state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(found[1].case_(), "cases/0");
  // Nobody is the same customer for having no name.
  one.clear_customer_key();
  v1::Case& other = others.front();
  other.clear_customer_key();
  EXPECT_FALSE(SuggestDuplicates(one, {&other}).at(0).same_customer());
}

// Each character is one, however many bytes it takes.
TEST(SimilarityTest, OfCharactersNotOfBytes) {
  const auto three = [](uint64_t a, uint64_t b, uint64_t c) { return a << 42 | b << 21 | c; };
  EXPECT_EQ(Trigrams("A\u00FF"),
            (std::vector<uint64_t>{three(' ', 'a', 0xFF), three('a', 0xFF, ' ')}));
  EXPECT_EQ(Trigrams("\u0800"), (std::vector<uint64_t>{three(' ', 0x800, ' ')}));
  EXPECT_EQ(Trigrams("\U00010000"), (std::vector<uint64_t>{three(' ', 0x10000, ' ')}));
  EXPECT_EQ(Trigrams("\u0080\uFFFD\U0010FFFF"),
            (std::vector<uint64_t>{three(' ', 0x80, 0xFFFD), three(0x80, 0xFFFD, 0x10FFFF),
                                   three(0xFFFD, 0x10FFFF, ' ')}));
  EXPECT_EQ(Trigrams("."), std::vector<uint64_t>{});
  // Twice the same counts once.
  EXPECT_EQ(Trigrams("aaaa").size(), 3u);
  EXPECT_DOUBLE_EQ(Between("ab cd ab", "cd ab cd"), 1);
}

// Who wrote before need not write so much alike.
TEST(SimilarityTest, LessIsEnoughOfTheSameCustomer) {
  v1::Case one = Received(), other = one;
  other.set_name("cases/other");
  other.set_text("and nobody has called me back since Monday");
  const double similarity =
      Between(one.subject() + " ", absl::StrCat(other.subject(), " ", other.text()));
  ASSERT_GE(similarity, kSameCustomerSimilarity);
  ASSERT_LT(similarity, kOtherSimilarity);
  EXPECT_EQ(SuggestDuplicates(one, {&other}).size(), 1u);
  other.set_customer_key("another");
  EXPECT_EQ(SuggestDuplicates(one, {&other}).size(), 0u);
}

}  // namespace
}  // namespace sqm::complaints
