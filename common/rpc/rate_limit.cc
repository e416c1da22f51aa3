#include "common/rpc/rate_limit.h"

#include <absl/hash/hash.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <utility>

#include "common/base/status.h"

namespace sqm::rpc {
namespace {

constexpr double kMost = 1e6;
constexpr absl::Duration kTellEvery = absl::Milliseconds(50);
// Before Redis is told again after it did not answer.
constexpr absl::Duration kAlone = absl::Seconds(1);
// Accounts of one shard: with 16 shards some 10 MB.
constexpr size_t kMostAccounts = 4096;

absl::Status Malformed(absl::string_view text, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("'", text, "': ", what));
}

// An account's name begins with the index of its rule.
size_t RuleOf(const std::string& name) { return std::stoul(name); }

bool GlobMatches(absl::string_view pattern, absl::string_view text) {
  size_t p = 0, t = 0, star = absl::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != absl::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool RateRule::Matches(absl::string_view path) const {
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  return GlobMatches(method, path);
}

absl::StatusOr<RateRule> ParseRateRule(absl::string_view text) {
  RateRule rule;
  rule.text = std::string(text);
  rule.rate = {.per_second = 0, .burst = 0};
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> part =
        absl::StrSplit(word, absl::MaxSplits('=', 1));
    const auto& [key, value] = part;
    if (key == "role") {
      rule.roles = 0;
      for (absl::string_view name : absl::StrSplit(value, '|')) {
        const std::optional<auth::Role> role = auth::ParseRole(name);
        if (!role) return Malformed(text, absl::StrCat("there is no role '", name, "'"));
        rule.roles |= auth::BitOf(*role);
      }
    } else if (key == "method" && !value.empty()) {
      rule.method = std::string(value);
    } else if (key == "rate" || key == "burst") {
      double& number = key == "rate" ? rule.rate.per_second : rule.rate.burst;
      const double least = key == "rate" ? 0.001 : 1;
      if (!absl::SimpleAtod(value, &number) || !(number >= least && number <= kMost)) {
        return Malformed(text, absl::StrCat(key, " must be a number from ", least, " to ", kMost));
      }
    } else {
      return Malformed(text, absl::StrCat("'", word,
                                          "' is none of role=, method=, rate=, burst= with a "
                                          "value"));
    }
  }
  if (rule.rate.per_second == 0) return Malformed(text, "rate= is missing");
  if (rule.rate.burst == 0) rule.rate.burst = std::max(1.0, rule.rate.per_second);
  return rule;
}

std::vector<size_t> RateLimits::RulesFor(absl::string_view path) const {
  std::vector<size_t> rules;
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].Matches(path)) rules.push_back(i);
  }
  return rules;
}

RateLimits::Shard& RateLimits::ShardOf(absl::string_view name) {
  return shards_[absl::Hash<absl::string_view>()(name) % shards_.size()];
}

void RateLimits::MakeRoom(Shard& shard, absl::Time now) {
  if (shard.accounts.size() < kMostAccounts) return;
  // A few are looked at: a flood of new principals must not make each call look through all.
  auto next = shard.accounts.begin();
  for (int i = 0; i < 16 && next != shard.accounts.end(); ++i) {
    const Account& account = next->second;
    const cache::BucketRate& rate = rules_[RuleOf(next->first)].rate;
    const bool idle = !account.telling && cache::TokensAt(rate, account.bucket, now) >= rate.burst;
    auto looked_at = next++;
    if (idle) shard.accounts.erase(looked_at);
  }
  // More principals at once than there is room for: some begin anew, with a full bucket.
  if (shard.accounts.size() >= kMostAccounts) shard.accounts.erase(shard.accounts.begin());
}

double RateLimits::Take(size_t rule, const std::string& name, absl::Time now, Debt& debt) {
  const cache::BucketRate& rate = rules_[rule].rate;
  Shard& shard = ShardOf(name);
  absl::MutexLock lock(&shard.mutex);
  auto found = shard.accounts.find(name);
  if (found == shard.accounts.end()) {
    MakeRoom(shard, now);
    found = shard.accounts.emplace(name, Account{.bucket = {rate.burst, now}}).first;
  }
  Account& account = found->second;
  // After a clock that was set back, what comes in counts from here on.
  account.bucket.time = std::min(account.bucket.time, now);
  account.tell_after = std::min(account.tell_after, now + kAlone);
  const double tokens = cache::TokensAt(rate, account.bucket, now);
  if (tokens >= 1) {
    account.bucket = {tokens - 1, now};
    account.spent = std::min(rate.burst, account.spent + 1);
  }
  const bool much = !account.alone && account.spent >= std::max(1.0, rate.burst / 16);
  if (shared_ != nullptr && !account.telling && account.spent > 0 &&
      (much || now >= account.tell_after)) {
    account.telling = true;
    debt.spent = std::exchange(account.spent, 0);
  }
  return tokens;
}

absl::Status RateLimits::Check(const std::vector<size_t>& rules, const auth::Principal& principal,
                               absl::string_view tenant) {
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](size_t index) {
    return (rules_[index].roles & principal.roles) != 0;
  });
  if (rule == rules.end()) return absl::OkStatus();
  const absl::Time now = clock_.Now();
  Debt debt;
  std::string name = absl::StrCat(*rule, "\n", tenant, "\n", principal.subject);
  const double tokens = Take(*rule, name, now, debt);
  if (debt.spent > 0) {
    debt.rule = *rule;
    debt.tenant = std::string(tenant);
    debt.name = std::move(name);
    Detach(Tell(std::move(debt)));
  }
  if (tokens >= 1) return absl::OkStatus();
  const cache::BucketRate& rate = rules_[*rule].rate;
  const std::string per_second = absl::StrCat(rate.per_second);
  return WithRetry(Fail(absl::StatusCode::kResourceExhausted, type::v1::ERROR_REASON_RATE_LIMITED,
                        absl::StrCat("more than ", per_second, " calls a second"),
                        {{"rate", per_second}, {"burst", absl::StrCat(rate.burst)}}),
                   cache::WaitForToken(rate, tokens));
}

Task<void> RateLimits::Tell(Debt debt) {
  const RateRule& rule = rules_[debt.rule];
  // Without the index, which a replica with other rules would count differently.
  std::string shared_name = absl::StrCat(rule.text, debt.name.substr(debt.name.find('\n')));
  Task<absl::StatusOr<double>> spending =
      shared_->Spend(debt.tenant, std::move(shared_name), rule.rate, debt.spent);
  absl::StatusOr<double> left = co_await spending;
  const absl::Time now = clock_.Now();
  Shard& shard = ShardOf(debt.name);
  absl::MutexLock lock(&shard.mutex);
  auto found = shard.accounts.find(debt.name);
  if (found == shard.accounts.end()) co_return;
  Account& account = found->second;
  account.telling = false;
  account.alone = !left.ok();
  if (left.ok()) {
    account.bucket = {*left - account.spent, now};
    account.tell_after = now + kTellEvery;
  } else {
    // Told again later. Where the answer alone was lost, it is counted twice: a burst at most.
    account.spent = std::min(rule.rate.burst, account.spent + debt.spent);
    account.tell_after = now + kAlone;
  }
}

}  // namespace sqm::rpc
