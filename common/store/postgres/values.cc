#include "common/store/postgres/values.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <libpq-fe.h>

#include <cstring>

namespace sqm::store {
namespace {

// The header of an array: dimensions, whether there are NULLs, element type, length, lower bound.
constexpr size_t kArrayHeader = 20;

std::string BigEndian64(uint64_t value) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i));
  return bytes;
}

void Append32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::string BytesOfDouble(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return BigEndian64(bits);
}

}  // namespace

PgParams& PgParams::Add(std::string bytes, Format format) {
  values_.push_back(Value{false, format, std::move(bytes)});
  return *this;
}

PgParams& PgParams::Int(int64_t value) {
  return Add(BigEndian64(static_cast<uint64_t>(value)), kBinary);
}

PgParams& PgParams::Double(double value) { return Add(BytesOfDouble(value), kBinary); }

PgParams& PgParams::Null() {
  values_.push_back(Value{true, kBinary, ""});
  return *this;
}

PgParams& PgParams::Inferred(const SqlParam& param) {
  if (const auto* integer = std::get_if<int64_t>(&param)) return Add(absl::StrCat(*integer), kText);
  if (const auto* real = std::get_if<double>(&param)) {
    return Add(absl::StrFormat("%.17g", *real), kText);
  }
  // As bytes: libpq would end a text at its first NUL, and the server refuses one.
  if (const auto* text = std::get_if<absl::string_view>(&param)) return Text(*text);
  if (const auto* bytes = std::get_if<store::Bytes>(&param)) return Bytes(bytes->data);
  return Null();
}

PgParams& PgParams::Column(const query::Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return Int(*integer);
  if (const auto* real = std::get_if<double>(&value)) return Double(*real);
  if (const auto* text = std::get_if<std::string>(&value)) return Text(*text);
  return Null();
}

PgParams::Raw PgParams::raw() const {
  Raw raw;
  for (const Value& value : values_) {
    raw.values.push_back(value.null ? nullptr : value.bytes.c_str());
    raw.lengths.push_back(static_cast<int>(value.bytes.size()));
    raw.formats.push_back(value.format);
  }
  return raw;
}

PgArray::PgArray(Oid element) : element_(element) { Header(); }

void PgArray::Header() { bytes_.assign(kArrayHeader, '\0'); }

void PgArray::Bytes(absl::string_view value) {
  Append32(bytes_, static_cast<uint32_t>(value.size()));
  bytes_.append(value.data(), value.size());
  ++count_;
}

void PgArray::Int(int64_t value) { Bytes(BigEndian64(static_cast<uint64_t>(value))); }

void PgArray::Double(double value) { Bytes(BytesOfDouble(value)); }

void PgArray::Null() {
  Append32(bytes_, 0xffffffff);
  nulls_ = true;
  ++count_;
}

void PgArray::Column(const query::Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    Int(*integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    Double(*real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    Bytes(*text);
  } else {
    Null();
  }
}

std::string PgArray::Take() {
  std::string header;
  Append32(header, count_ == 0 ? 0 : 1);
  Append32(header, nulls_ ? 1 : 0);
  Append32(header, element_);
  if (count_ == 0) {
    bytes_.clear();  // an array without dimensions has no more than this
  } else {
    Append32(header, static_cast<uint32_t>(count_));
    Append32(header, 1);
    bytes_.replace(0, kArrayHeader, header);
    header.clear();
  }
  std::string encoded = header + bytes_;
  count_ = 0;
  nulls_ = false;
  Header();
  return encoded;
}

Oid ArrayOf(Oid element) {
  switch (element) {
    case pg::kBytes:
      return pg::kBytesArray;
    case pg::kInt:
      return pg::kIntArray;
    case pg::kDouble:
      return pg::kDoubleArray;
    default:
      return pg::kTextArray;
  }
}

void PgResult::Clear::operator()(PGresult* result) const { PQclear(result); }

int PgResult::rows() const { return PQntuples(raw_.get()); }

bool PgResult::IsNull(int row, int column) const {
  return PQgetisnull(raw_.get(), row, column) != 0;
}

absl::string_view PgResult::Text(int row, int column) const {
  return absl::string_view(PQgetvalue(raw_.get(), row, column),
                           static_cast<size_t>(PQgetlength(raw_.get(), row, column)));
}

int64_t PgResult::Int(int row, int column) const {
  absl::string_view bytes = Text(row, column);
  if (bytes.empty()) return 0;
  // Sign-extended from the first byte, except for a bool's one byte, which is 0 or 1 anyway.
  // The sign is wanted. NOLINTNEXTLINE(bugprone-signed-char-misuse)
  int64_t value = static_cast<int8_t>(bytes[0]);
  for (size_t i = 1; i < bytes.size(); ++i) {
    value =
        static_cast<int64_t>(static_cast<uint64_t>(value) << 8 | static_cast<uint8_t>(bytes[i]));
  }
  return value;
}

int64_t PgResult::affected() const {
  int64_t rows = 0;
  if (!absl::SimpleAtoi(PQcmdTuples(raw_.get()), &rows)) return 0;
  return rows;
}

std::string NumberPlaceholders(absl::string_view sql) {
  std::string numbered;
  numbered.reserve(sql.size() + 16);
  char quote = '\0';
  int number = 0;
  for (char c : sql) {
    if (quote == '\0' && c == '?') {
      absl::StrAppend(&numbered, "$", ++number);
      continue;
    }
    // A doubled quote within quotes ends them and begins them again.
    if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    }
    numbered.push_back(c);
  }
  return numbered;
}

}  // namespace sqm::store
