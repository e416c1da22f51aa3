#include "common/store/sqlite/list_plan.h"

#include <absl/algorithm/container.h>
#include <absl/strings/str_cat.h>

#include <string>
#include <utility>

#include "common/base/task.h"

namespace sqm::store {
namespace {

using query::Field;
using query::Finding;

std::string By(const std::string& index) { return absl::StrCat(" INDEXED BY ", index); }

class Planner {
 public:
  Planner(SqliteDatabase& database, int64_t tenant, const ListQuery& query,
          const query::OrderBy& order)
      : database_(database),
        tenant_(tenant),
        query_(query),
        first_(order.keys().empty() ? nullptr : order.keys().front().field) {}

  absl::StatusOr<std::vector<ListPart>> Plan() {
    std::vector<ListPart> whole = PartsOf(query_, true), parts = PartsOf(query_, false);
    // What is few by the filter alone is read by that, whatever the row rule is.
    if (whole.size() == 1 && parts.size() > 1) {
      ASSIGN_OR_RETURN(const Finding* few, FewestOf(whole[0].filter.findings));
      if (few != nullptr) {
        whole[0].indexed_by = ByIndexOf(*few);
        return whole;
      }
    }
    for (ListPart& part : parts) RETURN_IF_ERROR(Choose(part));
    return parts;
  }

 private:
  // Whether the rows that are found come in order.
  bool InOrder(const Finding& finding) const {
    if (first_ == nullptr) return finding.one_value;
    return finding.field == first_ || PairedWithOrder(finding);
  }
  bool PairedWithOrder(const Finding& finding) const {
    return first_ != nullptr && finding.one_value && finding.field->indexed_with == first_->path;
  }

  absl::Status Choose(ListPart& part) {
    std::vector<Finding> findings = part.filter.findings;
    findings.insert(findings.end(), part.visible.findings.begin(), part.visible.findings.end());
    // One that comes in order is read as far as the page goes, and needs no other.
    const auto values = absl::c_count_if(
        findings, [this](const Finding& one) { return one.one_value && one.field != first_; });
    if (values <= 1 &&
        absl::c_all_of(findings, [this](const Finding& one) { return InOrder(one); })) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const Finding* few, FewestOf(findings));
    if (few != nullptr) part.indexed_by = ByIndexOf(*few);
    return absl::OkStatus();
  }

  // The index that finds the rows, in order where there is one.
  std::string ByIndexOf(const Finding& finding) const {
    return By(IndexName(*query_.type, *finding.field, PairedWithOrder(finding) ? first_ : nullptr));
  }

  // The one that finds the fewest rows; null: none finds few.
  absl::StatusOr<const Finding*> FewestOf(const std::vector<Finding>& findings) {
    const Finding* fewest = nullptr;
    int64_t least = kFewRows + 1;
    for (const Finding& one : findings) {
      if (one.field == first_ && !one.one_value) continue;  // it is in order as it is
      ASSIGN_OR_RETURN(const int64_t rows, CountOf(one));
      if (rows >= least) continue;
      least = rows;
      fewest = &one;
    }
    return fewest;
  }

  // How many rows it finds; kFewRows + 1: more than few.
  absl::StatusOr<int64_t> CountOf(const Finding& finding) {
    for (const auto& [known, rows] : counted_) {
      if (known == finding) return rows;
    }
    std::vector<SqlParam> params = {SqlParam(tenant_)};
    for (const query::Value& value : finding.text.params) params.push_back(ParamOf(value));
    int64_t rows = 0;
    RETURN_IF_ERROR(database_.RunDynamic(
        absl::StrCat("SELECT count(*) FROM (SELECT 1 FROM ", query_.type->table,
                     By(IndexName(*query_.type, *finding.field)),
                     " WHERE tenant=? AND delete_time IS NULL AND ", finding.text.where, " LIMIT ",
                     kFewRows + 1, ")"),
        params, [&](const SqlRow& row) { rows = row.Int(0); }));
    counted_.emplace_back(finding, rows);
    return rows;
  }

  SqliteDatabase& database_;
  const int64_t tenant_;
  const ListQuery& query_;
  const Field* const first_;  // what the list goes by; null: by id
  std::vector<std::pair<Finding, int64_t>> counted_;
};

}  // namespace

absl::StatusOr<std::vector<ListPart>> PlanList(SqliteDatabase& database, int64_t tenant,
                                               const ListQuery& query,
                                               const query::OrderBy& order) {
  // No index of a field has what is deleted; below a parent there are few.
  if (query.show_deleted || !query.parent_id.empty()) return PartsOf(query, false);
  return Planner(database, tenant, query, order).Plan();
}

}  // namespace sqm::store
