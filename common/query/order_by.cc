#include "common/query/order_by.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "common/query/text.h"

namespace sqm::query {
namespace {

constexpr Reason kOrderReason = type::v1::ERROR_REASON_INVALID_ORDER_BY;

absl::Status Error(size_t position, absl::string_view message, absl::string_view field = {},
                   absl::string_view value = {}, absl::string_view allowed = {}) {
  return ParseError(kOrderReason, position, absl::StrCat("order_by: ", message), field, value,
                    allowed);
}

struct Word {
  absl::string_view text;
  size_t position;
};

// The words of text[start, end).
std::vector<Word> Words(absl::string_view text, size_t start, size_t end) {
  std::vector<Word> words;
  for (size_t at = start; at < end;) {
    if (absl::ascii_isspace(text[at])) {
      ++at;
      continue;
    }
    size_t from = at;
    while (at < end && !absl::ascii_isspace(text[at])) ++at;
    words.push_back({text.substr(from, at - from), from});
  }
  return words;
}

absl::StatusOr<OrderKey> ParseKey(absl::string_view text, size_t start, size_t end,
                                  const FieldSet& fields, const std::vector<OrderKey>& before) {
  std::vector<Word> words = Words(text, start, end);
  if (words.empty()) return Error(end, "a field name was expected");
  const Word& path = words[0];
  if (before.size() == kMaxOrderByKeys) {
    return Error(path.position, absl::StrCat("at most ", kMaxOrderByKeys, " fields"));
  }
  OrderKey key{fields.Find(path.text)};
  if (key.field == nullptr) {
    std::string name = Excerpt(path.text), names = fields.Names();
    return Error(path.position,
                 absl::StrCat(name, " is not an indexed field; indexed are: ", names), name, {},
                 names);
  }
  for (const OrderKey& other : before) {
    if (other.field == key.field)
      return Error(path.position, absl::StrCat(path.text, " stands twice"), path.text);
  }
  if (words.size() > 1 && words[1].text != "asc" && words[1].text != "desc") {
    std::string value = Excerpt(words[1].text);
    return Error(words[1].position,
                 absl::StrCat("'", value, "' where desc, asc or a comma was expected"), path.text,
                 value, "asc, desc");
  }
  if (words.size() > 2) {
    std::string value = Excerpt(words[2].text);
    return Error(words[2].position, absl::StrCat("'", value, "' where a comma was expected"),
                 path.text, value);
  }
  key.descending = words.size() == 2 && words[1].text == "desc";
  return key;
}

bool IsNull(const Value& value) { return std::holds_alternative<std::monostate>(value); }

bool Fits(const Value& value, FieldType type) {
  if (IsNull(value)) return true;
  if (type == FieldType::kString) return std::holds_alternative<std::string>(value);
  if (type == FieldType::kDouble) return std::holds_alternative<double>(value);
  return std::holds_alternative<int64_t>(value);
}

absl::Status CheckPosition(const OrderBy& order, const RowPosition& last) {
  bool fits = order.keys().size() == last.keys.size();
  for (size_t i = 0; fits && i < last.keys.size(); ++i) {
    fits = Fits(last.keys[i], order.keys()[i].field->type);
  }
  if (fits) return absl::OkStatus();
  return Fail(absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_PAGE_TOKEN,
              "page_token was issued for another sort order; start again without one");
}

// Adds "the first `count` keys equal those of the last row".
void AddTies(const OrderBy& order, const RowPosition& last, size_t count,
             std::vector<std::string>& parts, std::vector<Value>& params) {
  for (size_t i = 0; i < count; ++i) {
    std::string column = QuoteColumn(order.keys()[i].field->column);
    if (IsNull(last.keys[i])) {
      parts.push_back(absl::StrCat(column, " IS NULL"));
    } else {
      parts.push_back(absl::StrCat(column, " = ?"));
      params.push_back(last.keys[i]);
    }
  }
}

SqlText Joined(std::vector<std::string> parts, std::vector<Value> params) {
  if (parts.size() == 1) return {std::move(parts[0]), std::move(params)};
  return {absl::StrCat("(", absl::StrJoin(parts, " AND "), ")"), std::move(params)};
}

std::vector<SqlText> Ranges(const OrderBy& order, const RowPosition& last, const std::string& id) {
  std::vector<SqlText> out;
  auto add = [&](size_t ties, std::string condition, const Value* param) {
    std::vector<std::string> parts;
    std::vector<Value> params;
    AddTies(order, last, ties, parts, params);
    parts.push_back(std::move(condition));
    if (param != nullptr) params.push_back(*param);
    out.push_back(Joined(std::move(parts), std::move(params)));
  };
  Value last_id = last.id;
  add(last.keys.size(), absl::StrCat(id, order.id_descending() ? " < ?" : " > ?"), &last_id);
  for (size_t i = last.keys.size(); i-- > 0;) {
    const OrderKey& key = order.keys()[i];
    std::string column = QuoteColumn(key.field->column);
    bool null = IsNull(last.keys[i]);
    if (!key.descending) {
      if (null)
        add(i, absl::StrCat(column, " IS NOT NULL"), nullptr);
      else
        add(i, absl::StrCat(column, " > ?"), &last.keys[i]);
    } else if (!null) {
      add(i, absl::StrCat(column, " < ?"), &last.keys[i]);
      if (key.field->nullable) add(i, absl::StrCat(column, " IS NULL"), nullptr);
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<OrderBy> ParseOrderBy(absl::string_view text, const FieldSet& fields) {
  if (text.size() > kMaxOrderByBytes) {
    return Error(kMaxOrderByBytes,
                 absl::StrCat("it has ", text.size(), " bytes; at most ", kMaxOrderByBytes));
  }
  size_t bad = FirstBadByte(text);
  if (bad < text.size()) return Error(bad, "it must be UTF-8 text without NUL");
  OrderBy order;
  order.fields_ = fields;
  if (Words(text, 0, text.size()).empty()) return order;
  for (size_t start = 0; start <= text.size();) {
    size_t end = std::min(text.find(',', start), text.size());
    auto key = ParseKey(text, start, end, fields, order.keys_);
    if (!key.ok()) return key.status();
    order.keys_.push_back(*key);
    start = end + 1;
  }
  return order;
}

std::string Canonical(const OrderBy& order) {
  return absl::StrJoin(order.keys(), ",", [](std::string* out, const OrderKey& key) {
    absl::StrAppend(out, key.field->path, key.descending ? " desc" : "");
  });
}

std::string OrderSql(const OrderBy& order, absl::string_view id_column) {
  std::string out;
  for (const OrderKey& key : order.keys()) {
    absl::StrAppend(&out, QuoteColumn(key.field->column), key.descending ? " DESC" : " ASC",
                    key.descending ? " NULLS LAST, " : " NULLS FIRST, ");
  }
  // The id is never NULL.
  absl::StrAppend(&out, QuoteColumn(id_column), order.id_descending() ? " DESC" : " ASC");
  return out;
}

RowPosition PositionOf(const OrderBy& order, const google::protobuf::Message& message,
                       absl::string_view id) {
  RowPosition position;
  position.id = std::string(id);
  for (const OrderKey& key : order.keys()) {
    position.keys.push_back(ExtractValue(message, key.field->source));
  }
  return position;
}

absl::StatusOr<std::vector<SqlText>> RangesAfter(const OrderBy& order, const RowPosition& last,
                                                 absl::string_view id_column) {
  absl::Status status = CheckPosition(order, last);
  if (!status.ok()) return status;
  return Ranges(order, last, QuoteColumn(id_column));
}

}  // namespace sqm::query
