#include "cli/import/row_mapper.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "common/base/digest.h"
#include "common/base/proto_time.h"

namespace sqm::cli {
namespace {

// Of a hash, as an id shows it.
constexpr size_t kHashBytes = 16;

std::string FaultText(CsvFault fault, Language language) {
  switch (fault) {
    case CsvFault::kUnclosedQuote:
      return Say(language, Text::kUnclosedQuote);
    case CsvFault::kTextAfterQuote:
      return Say(language, Text::kTextAfterQuote);
    case CsvFault::kFieldTooLong:
      return Say(language, Text::kFieldTooLong);
    case CsvFault::kRowTooLong:
      return Say(language, Text::kRowTooLong);
    case CsvFault::kTooManyColumns:
      return Say(language, Text::kTooManyColumns);
    case CsvFault::kNone:
      break;
  }
  return "";
}

bool IsRejectColumn(absl::string_view name) {
  return std::any_of(std::begin(kRejectColumns), std::end(kRejectColumns),
                     [&](const char* column) { return name == column; });
}

std::optional<absl::Time> TimeAt(const google::protobuf::Message& message, const FieldPath& path) {
  const google::protobuf::Message* at = &message;
  for (const google::protobuf::FieldDescriptor* field : path) {
    if (!at->GetReflection()->HasField(*at, field)) return std::nullopt;
    at = &at->GetReflection()->GetMessage(*at, field);
  }
  google::protobuf::Timestamp time;
  time.CopyFrom(*at);
  return FromTimestamp(time);
}

// Whether the time that was set is before the one that the rule says it is not before.
bool IsTooEarly(const google::protobuf::Message& message, const FieldRule& rule) {
  if (rule.not_before.empty()) return false;
  const std::optional<absl::Time> time = TimeAt(message, rule.path);
  const std::optional<absl::Time> other = TimeAt(message, rule.not_before);
  return time && other && *time < *other;
}

}  // namespace

absl::StatusOr<RowMapper> RowMapper::Bind(const Mapping& mapping,
                                          const std::vector<std::string>& header,
                                          const ConvertContext& context) {
  RowMapper mapper;
  mapper.mapping_ = &mapping;
  mapper.context_ = context;
  for (size_t i = 0; i < header.size(); ++i) {
    mapper.header_.emplace_back(absl::StripAsciiWhitespace(header[i]));
    if (IsRejectColumn(mapper.header_.back())) continue;
    mapper.original_header_.push_back(header[i]);
    mapper.original_indexes_.push_back(i);
  }
  std::vector<std::string> missing;
  for (const FieldRule& rule : mapping.fields) {
    Bound bound{&rule, {}};
    for (const std::string& column : rule.columns) {
      const auto count = std::count(mapper.header_.begin(), mapper.header_.end(), column);
      if (count > 1) {
        return absl::InvalidArgumentError(
            Say(mapper.context_.language, Text::kColumnTwice, column));
      }
      if (count == 0 && std::find(missing.begin(), missing.end(), column) == missing.end()) {
        missing.push_back(column);
      }
      bound.indexes.push_back(
          static_cast<size_t>(std::find(mapper.header_.begin(), mapper.header_.end(), column) -
                              mapper.header_.begin()));
    }
    mapper.bound_.push_back(std::move(bound));
  }
  if (!missing.empty()) {
    return absl::InvalidArgumentError(Say(mapper.context_.language, Text::kColumnsMissing,
                                          Listed(mapper.context_.language, missing),
                                          Listed(mapper.context_.language, mapper.header_)));
  }
  return mapper;
}

std::string RowMapper::TextOf(const Bound& bound, const CsvRow& row) const {
  if (bound.rule->columns.empty()) return bound.rule->constant;
  std::string text;
  for (const size_t index : bound.indexes) {
    const absl::string_view part =
        index < row.fields.size() ? absl::StripAsciiWhitespace(row.fields[index]) : "";
    if (part.empty()) continue;
    absl::StrAppend(&text, text.empty() ? "" : bound.rule->join,
                    bound.rule->named ? absl::StrCat(header_[index], ": ") : "", part);
  }
  return text;
}

std::string RowMapper::HashOf(const Bound& bound, const CsvRow& row) {
  std::string text;
  for (const size_t index : bound.indexes) {
    // With its length before it, no value runs into the next.
    absl::StrAppend(&text, row.fields[index].size(), ":", row.fields[index]);
  }
  const Digest digest = Sha256({text});
  uint64_t first = 0;
  std::memcpy(&first, digest.data(), sizeof(first));
  const int64_t occurrence = ++seen_[first];
  const std::string hash = absl::BytesToHexString(BytesOf(digest).substr(0, kHashBytes));
  return occurrence == 1 ? hash : absl::StrCat(hash, "-", occurrence);
}

std::vector<Issue> RowMapper::Map(const CsvRow& row, google::protobuf::Message& message) {
  std::vector<Issue> issues;
  if (row.fault != CsvFault::kNone) {
    issues.push_back({"", "", FaultText(row.fault, context_.language)});
    return issues;
  }
  if (row.fields.size() != header_.size()) {
    issues.push_back(
        {"", absl::StrCat(row.fields.size()),
         Say(context_.language, Text::kWrongColumnCount, row.fields.size(), header_.size())});
    return issues;
  }
  for (const Bound& bound : bound_) {
    const std::string text = bound.rule->as_hash ? HashOf(bound, row) : TextOf(bound, row);
    std::string reason = SetField(*bound.rule, text, context_, message);
    if (reason.empty() && IsTooEarly(message, *bound.rule)) {
      ConvertContext later = context_;
      later.ambiguous = AmbiguousTime::kLater;
      reason = SetField(*bound.rule, text, later, message);
    }
    if (reason.empty()) continue;
    issues.push_back({absl::StrJoin(bound.rule->columns, " + "), text, std::move(reason)});
  }
  return issues;
}

// The path may begin further up than the mapping's (`contacts[3].type`) or, where the row holds the
// resource, further down (`category` of `case.category`).
const RowMapper::Bound* RowMapper::Find(absl::string_view path) const {
  const Bound* deeper = nullptr;
  for (const Bound& bound : bound_) {
    const std::string own = PathText(bound.rule->path);
    if (path == own || absl::EndsWith(path, absl::StrCat(".", own))) return &bound;
    if (!path.empty() && absl::EndsWith(own, absl::StrCat(".", path))) deeper = &bound;
  }
  return deeper;
}

std::string RowMapper::ColumnOfField(absl::string_view path) const {
  const Bound* bound = Find(path);
  return bound == nullptr ? "" : absl::StrJoin(bound->rule->columns, " + ");
}

std::string RowMapper::ValueOfField(absl::string_view path, const CsvRow& row) const {
  const Bound* bound = Find(path);
  return bound == nullptr ? "" : TextOf(*bound, row);
}

std::vector<std::string> RowMapper::OriginalFields(const CsvRow& row) const {
  std::vector<std::string> fields;
  for (const size_t index : original_indexes_) {
    fields.push_back(index < row.fields.size() ? row.fields[index] : "");
  }
  for (size_t i = header_.size(); i < row.fields.size() && !fields.empty(); ++i) {
    fields.back() += std::string(1, mapping_->separator) + row.fields[i];
  }
  return fields;
}

std::vector<std::string> RejectHeader(const RowMapper& mapper) {
  std::vector<std::string> header = mapper.original_header();
  header.insert(header.end(), std::begin(kRejectColumns), std::end(kRejectColumns));
  return header;
}

std::vector<std::string> RejectRow(const RowMapper& mapper, const CsvRow& row,
                                   const std::vector<Issue>& issues) {
  std::vector<std::string> fields = mapper.OriginalFields(row);
  fields.push_back(absl::StrCat(row.line));
  fields.push_back(issues.empty() ? "" : issues.front().column);
  fields.push_back(issues.empty() ? "" : issues.front().value);
  fields.push_back(issues.size() == 1
                       ? issues.front().reason
                       : absl::StrJoin(issues, "; ", [](std::string* out, const Issue& issue) {
                           absl::StrAppend(out, issue.column, ": ", issue.reason);
                         }));
  return fields;
}

}  // namespace sqm::cli
