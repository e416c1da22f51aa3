#include "common/query/filter.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/query/literal.h"

namespace sqm::query {
namespace {

absl::string_view Symbol(Op op) {
  switch (op) {
    case Op::kEq:
    case Op::kPrefix:
      return " = ";
    case Op::kNe:
      return " != ";
    case Op::kLt:
      return " < ";
    case Op::kLe:
      return " <= ";
    case Op::kGt:
      return " > ";
    case Op::kGe:
      return " >= ";
    case Op::kContains:
    case Op::kPresent:
      return ":";
  }
  return "";
}

void Print(const Node& node, std::string& out) {
  switch (node.kind) {
    case Node::Kind::kTerm: {
      const Term& term = node.term;
      absl::StrAppend(&out, term.field->path, Symbol(term.op),
                      term.op == Op::kPrefix ? QuoteText(std::get<std::string>(term.value), true)
                                             : FormatLiteral(*term.field, term.value));
      return;
    }
    case Node::Kind::kNot: {
      bool grouped = node.children[0].kind != Node::Kind::kTerm;
      absl::StrAppend(&out, grouped ? "NOT (" : "NOT ");
      Print(node.children[0], out);
      if (grouped) out += ")";
      return;
    }
    case Node::Kind::kAnd:
    case Node::Kind::kOr: {
      bool first = true;
      for (const Node& child : node.children) {
        if (!first) absl::StrAppend(&out, node.kind == Node::Kind::kAnd ? " AND " : " OR ");
        first = false;
        // OR binds tighter, so only an AND inside an OR needs parentheses.
        bool grouped = child.kind == Node::Kind::kAnd;
        if (grouped) out += "(";
        Print(child, out);
        if (grouped) out += ")";
      }
      return;
    }
  }
}

template <typename T>
bool Compare(Op op, const T& left, const T& right) {
  switch (op) {
    case Op::kEq:
      return left == right;
    case Op::kNe:
      return left != right;
    case Op::kLt:
      return left < right;
    case Op::kLe:
      return left <= right;
    case Op::kGt:
      return left > right;
    default:
      return left >= right;
  }
}

bool IsSet(const Term& term, const ValueView& value) {
  if (const auto* text = std::get_if<absl::string_view>(&value)) return !text->empty();
  return term.field->type != FieldType::kEnum || std::get<int64_t>(value) != 0;
}

bool MatchesText(const Term& term, absl::string_view text) {
  absl::string_view wanted = std::get<std::string>(term.value);
  switch (term.op) {
    case Op::kContains:
      return absl::StrContains(text, wanted);
    case Op::kPrefix:  // the very range that SQL asks for
      return text >= wanted && (!term.upper || text < absl::string_view(*term.upper));
    default:
      return Compare(term.op, text, wanted);
  }
}

bool MatchesTerm(const Term& term, const google::protobuf::Message& message) {
  std::string scratch;
  ValueView value = ExtractView(message, term.field->source, scratch);
  if (std::holds_alternative<std::monostate>(value)) return term.op == Op::kNe;
  if (term.op == Op::kPresent) return IsSet(term, value);
  if (const auto* text = std::get_if<absl::string_view>(&value)) return MatchesText(term, *text);
  if (const auto* number = std::get_if<int64_t>(&value))
    return Compare(term.op, *number, std::get<int64_t>(term.value));
  return Compare(term.op, std::get<double>(value), std::get<double>(term.value));
}

bool MatchesNode(const Node& node, const google::protobuf::Message& message) {
  auto matches = [&](const Node& child) { return MatchesNode(child, message); };
  switch (node.kind) {
    case Node::Kind::kTerm:
      return MatchesTerm(node.term, message);
    case Node::Kind::kNot:
      return !matches(node.children[0]);
    case Node::Kind::kAnd:
      return std::all_of(node.children.begin(), node.children.end(), matches);
    case Node::Kind::kOr:
      return std::any_of(node.children.begin(), node.children.end(), matches);
  }
  return false;
}

}  // namespace

bool Matches(const Filter& filter, const google::protobuf::Message& message) {
  return MatchesNode(filter.root(), message);
}

std::string Canonical(const Filter& filter) {
  std::string out;
  Print(filter.root(), out);
  return out;
}

}  // namespace sqm::query
