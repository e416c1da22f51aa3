#include "common/store/postgres/session.h"

#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <libpq-fe.h>

#include "common/base/task.h"

namespace sqm::store {
namespace {

// Statements sent before the results of the first are read.
constexpr size_t kMostTogether = 256;

// A row whose values came as text, for the server's types are not known beforehand.
class TextRow final : public SqlRow {
 public:
  TextRow(const PgResult& result, int row)
      : result_(result), row_(row), bytes_(static_cast<size_t>(PQnfields(result.raw()))) {}

  bool IsNull(int column) const override { return result_.IsNull(row_, column); }
  int64_t Int(int column) const override {
    int64_t value = 0;
    return absl::SimpleAtoi(result_.Text(row_, column), &value) ? value : 0;
  }
  double Double(int column) const override {
    double value = 0;
    return absl::SimpleAtod(result_.Text(row_, column), &value) ? value : 0;
  }
  absl::string_view Text(int column) const override {
    absl::string_view text = result_.Text(row_, column);
    if (PQftype(result_.raw(), column) != pg::kBytes || !absl::StartsWith(text, "\\x")) {
      return text;
    }
    std::string& bytes = bytes_[static_cast<size_t>(column)];
    bytes = absl::HexStringToBytes(text.substr(2));
    return bytes;
  }

 private:
  const PgResult& result_;
  const int row_;
  mutable std::vector<std::string> bytes_;  // decoded, one a column
};

}  // namespace

absl::Status PgSession::RunStatement(const PgStatement& statement,
                                     absl::Span<const SqlParam> params,
                                     absl::FunctionRef<void(const SqlRow&)> each) {
  PgParams encoded;
  for (const SqlParam& param : params) encoded.Inferred(param);
  ASSIGN_OR_RETURN(PgResult result, connection_->Run(statement, std::move(encoded)));
  if (PQnfields(result.raw()) == 0) changes_ = result.affected();
  for (int row = 0; row < result.rows(); ++row) each(TextRow(result, row));
  return absl::OkStatus();
}

const PgStatement& PgSession::StatementOf(const char* sql) {
  std::unique_ptr<PgStatement>& statement = statements_[sql];
  if (statement == nullptr) {
    statement = std::make_unique<PgStatement>(PgStatement{NumberPlaceholders(sql), {}, true, true});
  }
  return *statement;
}

absl::Status PgSession::Run(const char* sql, absl::Span<const SqlParam> params,
                            absl::FunctionRef<void(const SqlRow&)> each) {
  return RunStatement(StatementOf(sql), params, each);
}

absl::Status PgSession::RunEach(const char* sql, absl::Span<const std::vector<SqlParam>> sets,
                                absl::FunctionRef<void(size_t, const SqlRow&)> each,
                                std::vector<int64_t>* changes) {
  const PgStatement& statement = StatementOf(sql);
  if (changes != nullptr) changes->assign(sets.size(), 0);
  for (size_t begin = 0; begin < sets.size(); begin += kMostTogether) {
    const auto together = sets.subspan(begin, kMostTogether);
    std::vector<PgCall> calls;
    calls.reserve(together.size());
    for (const std::vector<SqlParam>& params : together) {
      PgCall& call = calls.emplace_back();
      call.statement = &statement;
      for (const SqlParam& param : params) call.params.Inferred(param);
    }
    ASSIGN_OR_RETURN(std::vector<PgResult> results, connection_->Run(calls));
    for (size_t i = 0; i < results.size(); ++i) {
      const PgResult& result = results[i];
      if (PQnfields(result.raw()) == 0) changes_ = result.affected();
      if (changes != nullptr) (*changes)[begin + i] = changes_;
      for (int row = 0; row < result.rows(); ++row) each(begin + i, TextRow(result, row));
    }
  }
  return absl::OkStatus();
}

absl::Status PgSession::RunDynamic(absl::string_view sql, absl::Span<const SqlParam> params,
                                   absl::FunctionRef<void(const SqlRow&)> each) {
  PgStatement once{NumberPlaceholders(sql), {}, false, true};
  return RunStatement(once, params, each);
}

// Takes no lock.
absl::StatusOr<bool> PgSession::Has(absl::string_view name) {
  bool there = false;
  RETURN_IF_ERROR(Run("SELECT 1 WHERE to_regclass(?) IS NOT NULL", {SqlParam(name)},
                      [&](const SqlRow&) { there = true; }));
  return there;
}

}  // namespace sqm::store
