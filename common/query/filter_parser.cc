// Recursive descent over the text itself: what a character means depends on whether a path or a
// value is expected (`:` is an operator after a path and part of a bare timestamp), so there is no
// separate pass for tokens. Recursion is bounded by the limit on nested parentheses.
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "common/query/filter.h"
#include "common/query/literal.h"
#include "common/query/text.h"

namespace sqm::query {
namespace {

constexpr Reason kReason = type::v1::ERROR_REASON_INVALID_FILTER;
constexpr size_t kNowhere = absl::string_view::npos;
constexpr absl::string_view kOperators = "= != < <= > >= :";

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool StartsName(char c) { return absl::ascii_isalpha(c) || c == '_'; }
bool InName(char c) { return absl::ascii_isalnum(c) || c == '_'; }

// A value as written, escapes resolved.
struct Literal {
  std::string text;
  size_t position = 0;
  bool quoted = false;
  size_t star = kNowhere;  // index in `text` of the first * that was not escaped
};

// Every Parse… method returns false after setting error_.
class Parser {
 public:
  Parser(absl::string_view text, const FieldSet& fields) : text_(text), fields_(fields) {}

  absl::StatusOr<Node> Parse() {
    Node root;
    return Run(root) ? absl::StatusOr<Node>(std::move(root)) : absl::StatusOr<Node>(error_);
  }

 private:
  bool Run(Node& root) {
    if (text_.size() > kMaxFilterBytes) {
      return Error(kMaxFilterBytes, absl::StrCat("the filter has ", text_.size(),
                                                 " bytes; at most ", kMaxFilterBytes));
    }
    size_t bad = FirstBadByte(text_);
    if (bad < text_.size()) return Error(bad, "the filter must be UTF-8 text without NUL");
    SkipBlanks();
    if (AtEnd()) return true;
    if (!ParseExpression(0, root)) return false;
    return AtEnd() || Error(at_, "')' without a '(' before it");
  }

  // Reads up to the end or a ')' that it leaves.
  bool ParseExpression(int depth, Node& out) {
    std::vector<Node> parts;
    while (true) {
      Node part;
      if (!ParseFactor(depth, part)) return false;
      Add(Node::Kind::kAnd, std::move(part), parts);
      SkipBlanks();
      if (AtEnd() || Peek() == ')') break;
      TakeKeyword("AND");
    }
    Group(Node::Kind::kAnd, std::move(parts), out);
    return true;
  }

  bool ParseFactor(int depth, Node& out) {
    std::vector<Node> parts;
    do {
      Node part;
      if (!ParseTerm(depth, part)) return false;
      Add(Node::Kind::kOr, std::move(part), parts);
      SkipBlanks();
    } while (TakeKeyword("OR"));
    Group(Node::Kind::kOr, std::move(parts), out);
    return true;
  }

  bool ParseTerm(int depth, Node& out) {
    SkipBlanks();
    bool negated = TakeKeyword("NOT");
    if (negated) {
      SkipBlanks();
    } else if (!AtEnd() && Peek() == '-') {
      negated = true;
      ++at_;
      if (AtEnd() || IsBlank(Peek()))
        return Error(at_, "'-' must stand directly before a field or '('");
    }
    if (!AtEnd() && Peek() == '(') {
      if (!ParseGroup(depth, out)) return false;
    } else if (!ParseRestriction(out)) {
      return false;
    }
    if (negated) Negate(out);
    return true;
  }

  bool ParseGroup(int depth, Node& out) {
    size_t open = at_;
    if (depth == kMaxFilterDepth) {
      return Error(open, absl::StrCat("parentheses nest deeper than ", kMaxFilterDepth));
    }
    ++at_;
    if (!ParseExpression(depth + 1, out)) return false;
    if (AtEnd()) return Error(open, "'(' is never closed");
    ++at_;
    return true;
  }

  bool ParseRestriction(Node& out) {
    size_t start = at_;
    const Field* field = nullptr;
    if (!ParsePath(field)) return false;
    if (++terms_ > kMaxFilterTerms) {
      return Error(start, absl::StrCat("the filter has more than ", kMaxFilterTerms, " terms"));
    }
    SkipBlanks();
    size_t op_at = at_;
    Op op = Op::kEq;
    if (!ParseOperator(*field, op)) return false;
    SkipBlanks();
    Literal literal;
    if (!ParseLiteralText(*field, literal)) return false;
    return ToTerm(*field, op, op_at, literal, out);
  }

  bool ParsePath(const Field*& field) {
    if (AtEnd()) return Error(at_, "the filter ends where a field or '(' was expected");
    size_t start = at_;
    do {
      if (AtEnd() || !StartsName(Peek())) {
        if (at_ > start) return Error(at_, "a field name was expected after '.'");
        return Error(
            at_, absl::StrCat("'", CharacterAt(text_, at_), "' where a field or '(' was expected"));
      }
      while (!AtEnd() && InName(Peek())) ++at_;
    } while (Take("."));
    absl::string_view path = text_.substr(start, at_ - start);
    if (path == "AND" || path == "OR" || path == "NOT") {
      return Error(start, absl::StrCat(path, " where a field or '(' was expected"));
    }
    field = fields_.Find(path);
    if (field != nullptr) return true;
    if (!AtEnd() && Peek() == '(') return Error(start, "functions are not supported", path);
    std::string upper = absl::AsciiStrToUpper(path);
    if (upper == "AND" || upper == "OR" || upper == "NOT") {
      return Error(start, absl::StrCat("operators are written in capitals: ", upper));
    }
    std::string name = Excerpt(path), names = fields_.Names();
    return Error(start, absl::StrCat(name, " is not an indexed field; indexed are: ", names), name,
                 {}, names);
  }

  bool ParseOperator(const Field& field, Op& op) {
    static constexpr std::pair<absl::string_view, Op> kSymbols[] = {
        {"<=", Op::kLe}, {">=", Op::kGe}, {"!=", Op::kNe},      {"<", Op::kLt},
        {">", Op::kGt},  {"=", Op::kEq},  {":", Op::kContains},
    };
    for (const auto& [symbol, meaning] : kSymbols) {
      if (!Take(symbol)) continue;
      op = meaning;
      return true;
    }
    return Error(
        at_, absl::StrCat("an operator was expected after ", field.path, ", one of ", kOperators),
        field.path);
  }

  bool ParseLiteralText(const Field& field, Literal& out) {
    out.position = at_;
    if (!AtEnd() && (Peek() == '"' || Peek() == '\'')) {
      if (!ParseQuoted(field, out)) return false;
    } else if (!ParseBare(field, out)) {
      return false;
    }
    if (AtEnd() || IsBlank(Peek()) || Peek() == ')') return true;
    return Error(at_,
                 absl::StrCat("'", CharacterAt(text_, at_),
                              "' directly after a value; quote values with other characters than "
                              "letters, digits and . _ - + : / @"),
                 field.path);
  }

  bool ParseQuoted(const Field& field, Literal& out) {
    out.quoted = true;
    size_t open = at_;
    char quote = Peek();
    ++at_;
    while (!AtEnd() && Peek() != quote) {
      if (!ParseCharacter(field, out)) return false;
    }
    if (AtEnd()) return Error(open, "the quoted text is never closed", field.path);
    ++at_;
    return true;
  }

  bool ParseBare(const Field& field, Literal& out) {
    while (!AtEnd() && !IsBlank(Peek()) && !absl::StrContains("()\"',=<>!", Peek())) {
      if (!ParseCharacter(field, out)) return false;
    }
    if (out.text == "AND" || out.text == "OR" || out.text == "NOT") {
      return Error(out.position,
                   absl::StrCat("a value was expected; quote it if ", out.text, " is meant"),
                   field.path);
    }
    return at_ > out.position || Error(at_, "a value was expected", field.path);
  }

  bool ParseCharacter(const Field& field, Literal& out) {
    char c = Peek();
    if (c == '*' && out.star == kNowhere) out.star = out.text.size();
    if (c == '\\') {
      static constexpr absl::string_view kWritten = "\"'\\*nrt", kMeant = "\"'\\*\n\r\t";
      size_t which = at_ + 1 < text_.size() ? kWritten.find(text_[at_ + 1]) : kNowhere;
      if (which == kNowhere) {
        return Error(at_, "after \\ only \" ' \\ * n r t may stand; write \\\\ for \\ itself",
                     field.path);
      }
      ++at_;
      c = kMeant[which];
    }
    out.text += c;
    ++at_;
    return true;
  }

  bool ToTerm(const Field& field, Op op, size_t op_at, Literal& literal, Node& out) {
    out.kind = Node::Kind::kTerm;
    out.term.field = &field;
    out.term.op = op;
    if (op == Op::kContains) {
      if (!literal.quoted && literal.star == 0 && literal.text == "*") {
        out.term.op = Op::kPresent;
        return true;
      }
      if (field.type != FieldType::kString)
        out.term.op = Op::kEq;
      else if (literal.text.empty())
        return Error(literal.position,
                     absl::StrCat("an empty text; write ", field.path, ":* for 'is set'"),
                     field.path);
    }
    if (field.type == FieldType::kString && op != Op::kContains && literal.star != kNowhere) {
      return ToPrefix(field, op, literal, out);
    }
    if (field.type == FieldType::kBool && op != Op::kEq && op != Op::kNe && op != Op::kContains) {
      return Error(op_at, absl::StrCat(field.path, " is a boolean: only = != : apply"), field.path);
    }
    std::string expected;
    if (ParseLiteral(field, literal.text, out.term.value, expected)) return true;
    std::string value = Excerpt(literal.text);
    return Error(literal.position,
                 absl::StrCat("'", value, "' is no value of ", field.path, "; expected ", expected),
                 field.path, value, expected);
  }

  bool ToPrefix(const Field& field, Op op, Literal& literal, Node& out) {
    if (op != Op::kEq && op != Op::kNe) {
      return Error(literal.position,
                   "the wildcard * works with = and != only; write \\* for the character",
                   field.path);
    }
    if (literal.star + 1 != literal.text.size()) {
      return Error(literal.position,
                   "the wildcard * may only stand at the end; write \\* for the character",
                   field.path);
    }
    literal.text.pop_back();
    if (literal.text.empty()) {
      return Error(literal.position,
                   absl::StrCat("* needs a text before it; write ", field.path, ":* for 'is set'"),
                   field.path);
    }
    out.term.op = Op::kPrefix;
    out.term.upper = PrefixEnd(literal.text);
    out.term.value = std::move(literal.text);
    if (op == Op::kNe) Negate(out);
    return true;
  }

  static void Negate(Node& node) {
    if (node.kind == Node::Kind::kNot) {
      Node inner = std::move(node.children[0]);
      node = std::move(inner);
      return;
    }
    Node inner = std::move(node);
    node = Node();
    node.kind = Node::Kind::kNot;
    node.children.push_back(std::move(inner));
  }

  // An AND inside an AND is one AND.
  static void Add(Node::Kind kind, Node part, std::vector<Node>& parts) {
    if (part.kind != kind) {
      parts.push_back(std::move(part));
      return;
    }
    for (Node& child : part.children) parts.push_back(std::move(child));
  }

  static void Group(Node::Kind kind, std::vector<Node> parts, Node& out) {
    if (parts.size() == 1) {
      out = std::move(parts[0]);
      return;
    }
    out.kind = kind;
    out.children = std::move(parts);
  }

  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return text_[at_]; }
  void SkipBlanks() {
    while (!AtEnd() && IsBlank(Peek())) ++at_;
  }
  bool Take(absl::string_view symbol) {
    if (!absl::StartsWith(text_.substr(at_), symbol)) return false;
    at_ += symbol.size();
    return true;
  }
  bool TakeKeyword(absl::string_view word) {
    size_t end = at_ + word.size();
    if (!absl::StartsWith(text_.substr(at_), word)) return false;
    if (end < text_.size() && (InName(text_[end]) || text_[end] == '.')) return false;
    at_ = end;
    return true;
  }
  bool Error(size_t position, absl::string_view message, absl::string_view field = {},
             absl::string_view value = {}, absl::string_view allowed = {}) {
    error_ =
        ParseError(kReason, position, absl::StrCat("filter: ", message), field, value, allowed);
    return false;
  }

  const absl::string_view text_;
  const FieldSet& fields_;
  size_t at_ = 0;
  int terms_ = 0;
  absl::Status error_;
};

}  // namespace

absl::StatusOr<Filter> ParseFilter(absl::string_view text, const FieldSet& fields) {
  auto root = Parser(text, fields).Parse();
  if (!root.ok()) return root.status();
  Filter filter;
  filter.fields_ = fields;
  filter.root_ = *std::move(root);
  return filter;
}

}  // namespace sqm::query
