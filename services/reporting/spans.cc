#include "services/reporting/spans.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/task.h"

namespace sqm::reporting {
namespace {

using store::SqlRow;
using store::SqlSession;

constexpr int kLevels = 24;      // kLastBucket has so many bits
constexpr int64_t kEndless = 0;  // no quarter of an hour in a tree that begins at 1
size_t AgeClass(Bucket age) {
  const auto* end = std::upper_bound(kAgeDays.begin(), kAgeDays.end(), age / kDayBuckets);
  return static_cast<size_t>(end - kAgeDays.begin());
}

}  // namespace

int64_t NodeOf(const Span& span) {
  if (span.last == kForever) return kEndless;
  // The highest bit in which the number before the first and the last differ: the last with
  // nothing behind it is the most even number between them.
  int bit = 0;
  for (auto rest = static_cast<uint64_t>((span.first - 1) ^ span.last); rest > 1; rest >>= 1) ++bit;
  return span.last >> bit << bit;
}

absl::Status WriteSpans(SqlSession& session, absl::string_view tenant,
                        const SpanCounts& differences) {
  std::vector<std::vector<store::SqlParam>> changed, fewer;
  for (const auto& [span, n] : differences) {
    std::vector<store::SqlParam> key = {tenant,
                                        NodeOf(span),
                                        static_cast<int64_t>(span.standing),
                                        static_cast<int64_t>(span.kind),
                                        span.since,
                                        span.first,
                                        span.last};
    if (n < 0) fewer.push_back(key);
    key.emplace_back(n);
    changed.push_back(std::move(key));
  }
  RETURN_IF_ERROR(session.RunEach(
      "INSERT INTO reporting_spans (tenant, node, standing, kind, since, first, last, n)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (tenant, node, standing, kind, since, first, last)"
      " DO UPDATE SET n = reporting_spans.n + excluded.n",
      changed));
  return session.RunEach(
      "DELETE FROM reporting_spans WHERE tenant = ? AND node = ? AND standing = ?"
      " AND kind = ? AND since = ? AND first = ? AND last = ? AND n = 0",
      fewer);
}

absl::StatusOr<StandingCases> LoadStanding(SqlSession& session, absl::string_view tenant,
                                           Bucket at) {
  at = std::clamp<Bucket>(at, 1, kLastBucket);
  StandingCases result;
  std::vector<std::vector<store::SqlParam>> nodes = {{tenant, kEndless, at, at}};
  for (int bit = 0; bit < kLevels; ++bit)
    nodes.push_back({tenant, ((at >> bit) | 1) << bit, at, at});
  RETURN_IF_ERROR(
      session.RunEach("SELECT standing, kind, since, CAST(SUM(n) AS BIGINT) FROM reporting_spans"
                      " WHERE tenant = ? AND node = ? AND first <= ? AND last >= ?"
                      " GROUP BY standing, kind, since",
                      nodes, [&](size_t, const SqlRow& row) {
                        StandingCount& count = result[static_cast<int>(row.Int(1))];
                        const int64_t n = row.Int(3);
                        if (static_cast<Standing>(row.Int(0)) == Standing::kOverdue) {
                          count.overdue += n;
                          return;
                        }
                        count.open += n;
                        if (row.Int(2) > 0) count.open_by_age[AgeClass(at - row.Int(2))] += n;
                      }));
  return result;
}

}  // namespace sqm::reporting
