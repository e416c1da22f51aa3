// The little SQL that back ends share, on PostgreSQL.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>

#include "common/store/postgres/connection.h"
#include "common/store/sql.h"

namespace sqm::store {

// A connection and the statements that were run on it. Used by one thread at a time. A result is
// held in memory whole before the first row is shown.
class PgSession final : public SqlSession {
 public:
  explicit PgSession(std::unique_ptr<PgConnection> connection)
      : connection_(std::move(connection)) {}

  PgConnection& connection() { return *connection_; }

  using SqlSession::Run;
  absl::Status Run(const char* sql, absl::Span<const SqlParam> params,
                   absl::FunctionRef<void(const SqlRow&)> each) override;
  using SqlSession::RunEach;
  absl::Status RunEach(const char* sql, absl::Span<const std::vector<SqlParam>> sets,
                       absl::FunctionRef<void(size_t, const SqlRow&)> each,
                       std::vector<int64_t>* changes) override;
  absl::Status RunDynamic(absl::string_view sql, absl::Span<const SqlParam> params,
                          absl::FunctionRef<void(const SqlRow&)> each) override;
  absl::StatusOr<bool> Has(absl::string_view name) override;
  int64_t Changes() const override { return changes_; }

 private:
  const PgStatement& StatementOf(const char* sql);
  absl::Status RunStatement(const PgStatement& statement, absl::Span<const SqlParam> params,
                            absl::FunctionRef<void(const SqlRow&)> each);

  absl::flat_hash_map<const char*, std::unique_ptr<PgStatement>> statements_;
  std::unique_ptr<PgConnection> connection_;
  int64_t changes_ = 0;
};

}  // namespace sqm::store
