// --create-categories: what the rows of an import are about, added to the taxonomy.
#pragma once

#include <set>
#include <string>

#include "cli/client/connection.h"
#include "cli/commands/context.h"
#include "cli/import/row_mapper.h"

namespace sqm::cli {

// Adds each category that a row names, once, at the top level; one that is there stays as it is.
// Its label is what stands in the file. Used by one thread.
class ImportCategories {
 public:
  // All must outlive it. Nothing is done where the mapping fills no field with a category.
  ImportCategories(Context& context, const Connection& connection, const Mapping& mapping,
                   const RowMapper& mapper);

  // `row` was mapped to `message`. False: the category could not be added, which was said.
  bool Add(const CsvRow& row, const google::protobuf::Message& message);
  int64_t created() const { return created_; }

 private:
  Context& context_;
  const Connection& connection_;
  const RowMapper& mapper_;
  FieldPath path_;  // of the category in a row; empty: there is none
  std::set<std::string> known_;
  int64_t created_ = 0;
};

// The path of the field that the mapping fills with a category; empty where there is none.
FieldPath CategoryPath(const Mapping& mapping);

}  // namespace sqm::cli
