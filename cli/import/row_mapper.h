// Rows of a file into resources, by a mapping.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cli/import/convert.h"
#include "cli/import/mapping.h"
#include "cli/text/csv.h"

namespace sqm::cli {

// Columns that a rejects file adds; a file that has them is read as if it had not.
inline constexpr const char* kRejectColumns[] = {"reject_line", "reject_column", "reject_value",
                                                 "reject_reason"};

class RowMapper {
 public:
  // `mapping` must outlive the mapper. INVALID_ARGUMENT naming the columns that the header lacks,
  // or has twice.
  static absl::StatusOr<RowMapper> Bind(const Mapping& mapping,
                                        const std::vector<std::string>& header,
                                        const ConvertContext& context);

  // Fills `message`. Every issue of the row; none = the row is good. Rows are to come in the order
  // of the file: of equal ones each has an id of its own.
  std::vector<Issue> Map(const CsvRow& row, google::protobuf::Message& message);

  // The column(s) that fill the field at `path` (`contact.type` and `type` alike); empty = none.
  std::string ColumnOfField(absl::string_view path) const;
  // What the row holds for that field.
  std::string ValueOfField(absl::string_view path, const CsvRow& row) const;

  // The file's own columns, without those of a rejects file.
  const std::vector<std::string>& original_header() const { return original_header_; }
  // The row's fields in that order; a surplus is kept in the last one, so that nothing is lost.
  std::vector<std::string> OriginalFields(const CsvRow& row) const;

 private:
  struct Bound {
    const FieldRule* rule;
    std::vector<size_t> indexes;
  };
  RowMapper() = default;
  std::string TextOf(const Bound& bound, const CsvRow& row) const;
  std::string HashOf(const Bound& bound, const CsvRow& row);
  const Bound* Find(absl::string_view path) const;

  const Mapping* mapping_ = nullptr;
  ConvertContext context_;
  std::vector<std::string> header_;
  std::vector<Bound> bound_;
  std::vector<std::string> original_header_;
  std::vector<size_t> original_indexes_;
  // How often a hashed row was seen, by the first bytes of its hash. Where two rows share these,
  // one gets a number that it need not have.
  absl::flat_hash_map<uint64_t, int64_t> seen_;
};

// One row of a rejects file: the original fields, then line, column, value and reason. Several
// issues stand in one reason.
std::vector<std::string> RejectRow(const RowMapper& mapper, const CsvRow& row,
                                   const std::vector<Issue>& issues);
// Its header.
std::vector<std::string> RejectHeader(const RowMapper& mapper);

}  // namespace sqm::cli
