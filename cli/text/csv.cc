#include "cli/text/csv.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <iterator>

namespace sqm::cli {
namespace {

constexpr size_t kChunk = size_t{64} << 10;

// What stands between separators, without the quotes around it.
std::string Plain(absl::string_view field) {
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
    return absl::StrReplaceAll(field.substr(1, field.size() - 2), {{"\"\"", "\""}});
  }
  return std::string(field);
}

bool IsFormula(absl::string_view field) {
  // What spreadsheets take for the begin of a formula, full-width forms included.
  static constexpr absl::string_view kSigns[] = {"=",  "+",  "-",  "@",  "\t", "\r",
                                                 "\n", "＝", "＋", "－", "＠"};
  if (!std::any_of(std::begin(kSigns), std::end(kSigns),
                   [field](absl::string_view sign) { return absl::StartsWith(field, sign); })) {
    return false;
  }
  double number = 0;
  return !absl::SimpleAtod(field, &number);
}

}  // namespace

CsvReader::CsvReader(std::istream& in, CsvOptions options) : in_(in), options_(options) {}

bool CsvReader::Has(size_t at) {
  while (at >= buffer_.size() && !ended_) {
    const size_t old = buffer_.size();
    buffer_.resize(old + kChunk);
    in_.read(buffer_.data() + old, static_cast<std::streamsize>(kChunk));
    buffer_.resize(old + static_cast<size_t>(in_.gcount()));
    ended_ = in_.gcount() == 0 || !in_;
  }
  return at < buffer_.size();
}

bool CsvReader::AtEnd(size_t at, size_t& length) {
  length = 0;
  if (!Has(at)) return true;
  if (buffer_[at] == '\n') {
    length = 1;
    return true;
  }
  if (buffer_[at] != '\r') return false;
  if (!Has(at + 1)) {
    length = 1;
    return true;
  }
  length = 2;
  return buffer_[at + 1] == '\n';
}

CsvFault CsvReader::QuotedField(size_t& at, std::string& field) {
  ++at;
  for (;;) {
    if (!Has(at)) return CsvFault::kUnclosedQuote;
    const size_t quote = std::min(buffer_.find('"', at), buffer_.size());
    field.append(buffer_, at, quote - at);
    at = quote;
    if (field.size() > options_.max_field) return CsvFault::kFieldTooLong;
    if (at - begin_ > options_.max_row) return CsvFault::kRowTooLong;
    if (at == buffer_.size()) continue;
    ++at;
    if (!Has(at) || buffer_[at] != '"') break;
    field += '"';
    ++at;
  }
  size_t length = 0;
  if (AtEnd(at, length) || buffer_[at] == options_.separator) return CsvFault::kNone;
  return CsvFault::kTextAfterQuote;
}

CsvFault CsvReader::Field(size_t& at, std::string& field) {
  if (Has(at) && buffer_[at] == '"') return QuotedField(at, field);
  size_t length = 0;
  while (!AtEnd(at, length) && buffer_[at] != options_.separator) {
    const size_t from = at++;
    while (at < buffer_.size() && buffer_[at] != options_.separator && buffer_[at] != '\n' &&
           buffer_[at] != '\r') {
      ++at;
    }
    field.append(buffer_, from, at - from);
    if (field.size() > options_.max_field) return CsvFault::kFieldTooLong;
    if (at - begin_ > options_.max_row) return CsvFault::kRowTooLong;
  }
  return CsvFault::kNone;
}

void CsvReader::Recover(CsvRow& row, CsvFault fault) {
  row.fault = fault;
  row.fields.clear();
  size_t end = begin_;
  while (Has(end) && buffer_[end] != '\n' && end - begin_ < options_.max_row) ++end;
  absl::string_view line(buffer_.data() + begin_, end - begin_);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  while (row.fields.size() + 1 < options_.max_columns) {
    const size_t cut = line.find(options_.separator);
    if (cut == absl::string_view::npos) break;
    row.fields.push_back(Plain(line.substr(0, cut)));
    line.remove_prefix(cut + 1);
  }
  row.fields.push_back(Plain(line));
  // The rest of an overlong line is passed over without keeping it.
  while (Has(end) && buffer_[end] != '\n') {
    if (++end - begin_ > options_.max_row + kChunk) {
      dropped_ += static_cast<int64_t>(end);
      buffer_.erase(0, end);
      begin_ = end = 0;
    }
  }
  begin_ = Has(end) ? end + 1 : end;
  ++line_;
}

bool CsvReader::Next(CsvRow& row) {
  if (!started_) {
    started_ = true;
    if (Has(2) && buffer_.compare(0, 3, "\xEF\xBB\xBF") == 0) begin_ = 3;
  }
  for (size_t length = 0; Has(begin_) && AtEnd(begin_, length); begin_ += length) ++line_;
  if (begin_ > kChunk) {
    dropped_ += static_cast<int64_t>(begin_);
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  if (!Has(begin_)) return false;
  row.line = line_;
  row.fault = CsvFault::kNone;
  size_t at = begin_;
  size_t count = 0;
  for (;;) {
    if (count == options_.max_columns) {
      Recover(row, CsvFault::kTooManyColumns);
      return true;
    }
    if (row.fields.size() <= count) row.fields.emplace_back();
    row.fields[count].clear();
    const CsvFault fault = Field(at, row.fields[count]);
    if (fault != CsvFault::kNone) {
      Recover(row, fault);
      return true;
    }
    ++count;
    size_t length = 0;
    if (AtEnd(at, length)) {
      row.fields.resize(count);
      at += length;
      line_ += std::count(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                          buffer_.begin() + static_cast<std::ptrdiff_t>(at), '\n');
      begin_ = at;
      return true;
    }
    ++at;
  }
}

void CsvWriter::Write(const std::vector<std::string>& fields) {
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += style_.separator;
    std::string field = fields[i];
    if (style_.escape_formulas && IsFormula(field)) field.insert(0, 1, '\'');
    const bool special = field.find_first_of("\"\r\n") != std::string::npos ||
                         field.find(style_.separator) != std::string::npos ||
                         (!field.empty() &&
                          (field.front() == ' ' || field.back() == ' ' || field.front() == '\xEF'));
    // A row of one empty field would read as an empty line.
    if (special || (field.empty() && fields.size() == 1)) {
      line += '"' + absl::StrReplaceAll(field, {{"\"", "\"\""}}) + '"';
    } else {
      line += field;
    }
  }
  line += style_.crlf ? "\r\n" : "\n";
  out_.write(line.data(), static_cast<std::streamsize>(line.size()));
}

}  // namespace sqm::cli
