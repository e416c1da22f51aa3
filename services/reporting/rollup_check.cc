#include "services/reporting/rollup_check.h"

#include <limits>
#include <map>
#include <set>
#include <string>

#include "common/base/task.h"
#include "services/reporting/fingerprint.h"
#include "services/reporting/rollup.h"
#include "services/reporting/spans.h"

namespace sqm::reporting {
namespace {

using store::SqlRow;
using store::SqlSession;

int64_t DayOf(Bucket bucket) {
  return bucket >= 0 ? bucket / kDayBuckets : -((-bucket + kDayBuckets - 1) / kDayBuckets);
}

// Where a page of rows ended.
struct FactPosition {
  std::string source, resource;
};

class Comparison {
 public:
  Comparison(SqlSession& session, absl::string_view tenant, absl::FunctionRef<bool()> abandoned,
             int64_t at_once)
      : session_(session), tenant_(tenant), abandoned_(abandoned), at_once_(at_once) {}

  absl::StatusOr<RollupCheck> Run() {
    RETURN_IF_ERROR(InPages([this] { return TakeFacts(); }));
    RETURN_IF_ERROR(InPages([this] { return AddCells(); }));
    RETURN_IF_ERROR(InPages([this] { return AddSpans(); }));
    std::set<int64_t> days = std::move(damaged_);
    for (const auto& [day, sum] : sums_) {
      if (sum != 0) days.insert(day);
    }
    check_.days.assign(days.begin(), days.end());
    return std::move(check_);
  }

 private:
  // `page`: reads the next rows; how many there were.
  absl::Status InPages(absl::FunctionRef<absl::StatusOr<int64_t>()> page) {
    while (true) {
      if (abandoned_()) return absl::CancelledError("the comparison is given up");
      ASSIGN_OR_RETURN(const int64_t rows, page());
      if (rows < at_once_) return absl::OkStatus();
    }
  }

  void Weigh(Bucket bucket, uint64_t weight) { sums_[DayOf(bucket)] += weight; }
  void WeighCell(const CellKey& key, const Cell& cell) {
    Weigh(key.bucket, cell.Fingerprint(Mixed(Mixed(0, key.bucket), key.dimensions)));
  }
  void WeighSpan(int64_t node, const Span& span, int64_t count) {
    uint64_t seed = Mixed(Mixed(1, node), static_cast<int64_t>(span.standing));
    for (const int64_t part : {int64_t{span.kind}, span.since, span.first, span.last}) {
      seed = Mixed(seed, part);
    }
    Weigh(span.first, Weighed(seed, count));
  }

  absl::StatusOr<int64_t> TakeFacts() {
    RollupDelta facts;
    int64_t rows = 0;
    const FactPosition after = fact_;
    RETURN_IF_ERROR(session_.Run(
        "SELECT source, resource, kind, bucket, body FROM reporting_facts"
        " WHERE tenant = ? AND (source, resource) > (?, ?) ORDER BY source, resource LIMIT ?",
        {tenant_, after.source, after.resource, at_once_}, [&](const SqlRow& row) {
          ++rows;
          fact_ = {std::string(row.Text(0)), std::string(row.Text(1))};
          auto fact =
              StoredFact::Decode(static_cast<FactKind>(row.Int(2)), row.Int(3), row.Text(4));
          if (fact.ok()) {
            facts.Subtract(*fact);
          } else {
            damaged_.insert(DayOf(row.Int(3)));
          }
        }));
    for (const auto& [key, cell] : facts.Sorted()) WeighCell(key, *cell);
    for (const auto& [span, count] : facts.spans()) WeighSpan(NodeOf(span), span, count);
    check_.facts += rows;
    return rows;
  }

  absl::StatusOr<int64_t> AddCells() {
    int64_t rows = 0;
    const CellKey after = cell_;
    RETURN_IF_ERROR(session_.Run(
        "SELECT bucket, dimensions, value FROM reporting_cells"
        " WHERE tenant = ? AND (bucket, dimensions) > (?, ?) ORDER BY bucket, dimensions LIMIT ?",
        {tenant_, after.bucket, after.dimensions, at_once_}, [&](const SqlRow& row) {
          ++rows;
          cell_ = {row.Int(0), row.Int(1)};
          Cell cell;
          if (cell.MergeEncoded(row.Text(2)).ok()) {
            WeighCell(cell_, cell);
          } else {
            damaged_.insert(DayOf(cell_.bucket));
          }
        }));
    check_.cells += rows;
    return rows;
  }

  absl::StatusOr<int64_t> AddSpans() {
    int64_t rows = 0;
    const auto [node, span] = span_;
    RETURN_IF_ERROR(session_.Run(
        "SELECT node, standing, kind, since, first, last, n FROM reporting_spans"
        " WHERE tenant = ? AND (node, standing, kind, since, first, last) > (?, ?, ?, ?, ?, ?)"
        " ORDER BY node, standing, kind, since, first, last LIMIT ?",
        {tenant_, node, static_cast<int64_t>(span.standing), int64_t{span.kind}, span.since,
         span.first, span.last, at_once_},
        [&](const SqlRow& row) {
          ++rows;
          span_ = {row.Int(0),
                   {static_cast<Standing>(row.Int(1)), static_cast<uint8_t>(row.Int(2)), row.Int(3),
                    row.Int(4), row.Int(5)}};
          WeighSpan(span_.first, span_.second, row.Int(6));
        }));
    check_.cells += rows;
    return rows;
  }

  static constexpr int64_t kBeforeAll = std::numeric_limits<int64_t>::min();

  SqlSession& session_;
  const absl::string_view tenant_;
  const absl::FunctionRef<bool()> abandoned_;
  const int64_t at_once_;
  RollupCheck check_;
  // By day: what is stored less what the facts add up to.
  std::map<int64_t, uint64_t> sums_;
  std::set<int64_t> damaged_;
  FactPosition fact_;
  CellKey cell_{kBeforeAll, 0};
  std::pair<int64_t, Span> span_{kBeforeAll, {}};
};

}  // namespace

absl::StatusOr<RollupCheck> CheckRollups(SqlSession& session, absl::string_view tenant,
                                         absl::FunctionRef<bool()> abandoned, int64_t at_once) {
  return Comparison(session, tenant, abandoned, at_once).Run();
}

absl::StatusOr<RollupCheck> CheckRollups(SqlSession& session, absl::string_view tenant) {
  return CheckRollups(
      session, tenant, [] { return false; }, 1000);
}

}  // namespace sqm::reporting
