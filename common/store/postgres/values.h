// Statements of PostgreSQL, their parameters and results in the binary form of the protocol.
#pragma once

#include <absl/strings/string_view.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/query/value.h"
#include "common/store/sql.h"

// Of libpq-fe.h, which only the sources include; in its words.
// NOLINTBEGIN(modernize-use-using)
extern "C" {
typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;
typedef unsigned int Oid;
}
// NOLINTEND(modernize-use-using)

namespace sqm::store {

// Types by their fixed numbers (pg_type.dat).
namespace pg {
inline constexpr Oid kBytes = 17;    // bytea
inline constexpr Oid kInt = 20;      // int8
inline constexpr Oid kText = 25;     // text
inline constexpr Oid kDouble = 701;  // float8
inline constexpr Oid kBytesArray = 1001;
inline constexpr Oid kTextArray = 1009;
inline constexpr Oid kIntArray = 1016;
inline constexpr Oid kDoubleArray = 1022;
}  // namespace pg

// One statement with parameters `$1` ….
struct PgStatement {
  std::string sql;
  std::vector<Oid> types;  // of the parameters; empty: the server infers them
  // Kept prepared on every connection that ran it, under the address of this object, which must
  // then outlive the connections. False: prepared for one use.
  bool keep = true;
  // Results as text instead of binary: for statements whose column types nobody here knows.
  bool text_results = false;
};

// Parameters in order, encoded.
class PgParams {
 public:
  PgParams& Int(int64_t value);
  PgParams& Double(double value);
  PgParams& Text(absl::string_view value) { return Add(std::string(value), kBinary); }
  PgParams& Bytes(absl::string_view value) { return Add(std::string(value), kBinary); }
  PgParams& Null();
  // An encoded array (PgArray::Take).
  PgParams& Array(std::string encoded) { return Add(std::move(encoded), kBinary); }
  // As the server infers the type: numbers as text.
  PgParams& Inferred(const SqlParam& param);
  // As pg::kInt, pg::kDouble or pg::kText.
  PgParams& Column(const query::Value& value);

  int size() const { return static_cast<int>(values_.size()); }
  // What libpq takes; valid while this lives and nothing is added.
  struct Raw {
    std::vector<const char*> values;
    std::vector<int> lengths, formats;
  };
  Raw raw() const;

 private:
  enum Format { kText = 0, kBinary = 1 };
  struct Value {
    bool null = false;
    Format format = kBinary;
    std::string bytes;
  };
  PgParams& Add(std::string bytes, Format format);
  std::vector<Value> values_;
};

// Builds an array parameter of one dimension.
class PgArray {
 public:
  // `element`: pg::kInt …
  explicit PgArray(Oid element);
  void Int(int64_t value);
  void Double(double value);
  void Bytes(absl::string_view value);  // or text
  void Null();
  void Column(const query::Value& value);
  bool empty() const { return count_ == 0; }
  // The encoded array; the builder is empty afterwards.
  std::string Take();

 private:
  void Header();
  const Oid element_;
  int32_t count_ = 0;
  bool nulls_ = false;
  std::string bytes_;
};

// The array type of an element type.
Oid ArrayOf(Oid element);

// The rows that one statement gave.
class PgResult {
 public:
  explicit PgResult(PGresult* raw) : raw_(raw) {}

  int rows() const;
  bool IsNull(int row, int column) const;
  // Of an int2, int4, int8 or bool in binary form.
  int64_t Int(int row, int column) const;
  // Text or bytes in binary form, or whatever in text form; valid as long as the result.
  absl::string_view Text(int row, int column) const;
  // Rows inserted, updated or deleted.
  int64_t affected() const;
  PGresult* raw() const { return raw_.get(); }

 private:
  struct Clear {
    void operator()(PGresult* result) const;
  };
  std::unique_ptr<PGresult, Clear> raw_;
};

// `sql` with its `?` placeholders numbered `$1` … in order; those within quotes are left alone.
std::string NumberPlaceholders(absl::string_view sql);

}  // namespace sqm::store
