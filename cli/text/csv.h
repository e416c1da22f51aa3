// CSV after RFC 4180, streaming, in bounded memory, with a chosen separator.
#pragma once

#include <absl/strings/string_view.h>

#include <cstddef>
#include <cstdint>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

namespace sqm::cli {

struct CsvOptions {
  char separator = ',';
  // Bounds in bytes, so that a broken file cannot take all memory.
  size_t max_field = size_t{1} << 20;
  size_t max_row = size_t{4} << 20;
  size_t max_columns = 1000;
};

enum class CsvFault {
  kNone,
  kUnclosedQuote,   // the quote does not end before the file or the row's bound does
  kTextAfterQuote,  // text between a closing quote and the next separator
  kFieldTooLong,
  kRowTooLong,
  kTooManyColumns,
};

struct CsvRow {
  std::vector<std::string> fields;
  // Line on which the row begins, from 1.
  int64_t line = 0;
  // Anything but kNone: the row is broken. `fields` then holds the row's first line split plainly
  // at the separators (cut at the row's bound), and reading goes on at the line after it: one
  // broken row never swallows its neighbours.
  CsvFault fault = CsvFault::kNone;
};

// Reads rows one by one. Takes LF and CRLF, skips a byte order mark and empty lines. A quote inside
// an unquoted field is text.
class CsvReader {
 public:
  // `in` must outlive the reader.
  CsvReader(std::istream& in, CsvOptions options);

  // False at the end of the input.
  bool Next(CsvRow& row);
  // Bytes that the rows read so far took.
  int64_t bytes_read() const { return dropped_ + static_cast<int64_t>(begin_); }

 private:
  // Whether a byte stands at `at`; reads on when it does not yet.
  bool Has(size_t at);
  // Reads one field at `at`, which moves behind it (onto the separator, the line's end or the end).
  CsvFault Field(size_t& at, std::string& field);
  CsvFault QuotedField(size_t& at, std::string& field);
  // Whether `at` is at a line's end; `length` is how many bytes the end takes (0 at the file's).
  bool AtEnd(size_t at, size_t& length);
  void Recover(CsvRow& row, CsvFault fault);

  std::istream& in_;
  const CsvOptions options_;
  std::string buffer_;
  size_t begin_ = 0;      // of the row in buffer_
  int64_t dropped_ = 0;   // bytes before buffer_
  int64_t line_ = 1;      // of begin_
  bool started_ = false;  // the byte order mark was looked for
  bool ended_ = false;
};

struct CsvStyle {
  char separator = ',';
  bool crlf = false;
  // Puts `'` before what a spreadsheet would run as a formula. For exports, never for a file that
  // is to be read again.
  bool escape_formulas = false;
};

class CsvWriter {
 public:
  // `out` must outlive the writer.
  CsvWriter(std::ostream& out, CsvStyle style) : out_(out), style_(style) {}

  void Write(const std::vector<std::string>& fields);

 private:
  std::ostream& out_;
  const CsvStyle style_;
};

}  // namespace sqm::cli
