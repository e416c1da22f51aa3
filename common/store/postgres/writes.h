// What the second round trip of a commit writes, of all tenants: a statement a table, a column an
// array.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/store/postgres/connection.h"
#include "common/store/postgres/statements.h"
#include "common/store/store.h"

namespace sqm::store {

// Rows of one resource type.
class PgRowArrays {
 public:
  explicit PgRowArrays(const contract::ResourceType& type);
  void Add(absl::string_view tenant, const Put& put, absl::Time time);
  bool empty() const { return tenants_.empty(); }
  PgParams Take();

 private:
  const contract::ResourceType& type_;
  PgArray tenants_{pg::kText}, ids_{pg::kText}, versions_{pg::kInt}, delete_times_{pg::kInt};
  PgArray bodies_{pg::kBytes};
  std::vector<PgArray> columns_;
};

struct PgWrites {
  struct Rows {
    explicit Rows(const contract::ResourceType& type) : inserts(type), updates(type) {}
    PgRowArrays inserts, updates;
  };
  std::map<const contract::ResourceType*, Rows> rows;
  struct {
    PgArray tenants{pg::kText}, positions{pg::kInt}, commit_ids{pg::kInt}, times{pg::kInt},
        types{pg::kText}, ids{pg::kText}, versions{pg::kInt}, kinds{pg::kInt}, actors{pg::kText},
        methods{pg::kText}, request_ids{pg::kText}, bodies{pg::kBytes};
  } changes;
  struct {
    PgArray tenants{pg::kText}, keys{pg::kBytes}, payloads{pg::kBytes}, times{pg::kInt},
        positions{pg::kInt}, responses{pg::kBytes};
  } requests;
  struct {
    PgArray tenants{pg::kText}, names{pg::kText}, positions{pg::kInt};
  } guards;
  std::vector<std::pair<std::string, int64_t>> heads;  // those that moved

  void AddChange(absl::string_view tenant, const StoredChange& change);
  // The statements of everything but the heads; nothing is left.
  std::vector<PgCall> Take(const PgStatements& sql);
};

}  // namespace sqm::store
