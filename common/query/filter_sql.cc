// A filter as SQL. SQL's logic has three values and ours two, so NOT never reaches the database: it
// is pushed down to the restrictions, where the opposite operator and `OR … IS NULL` say exactly
// which rows are meant. What is left is ANDs and ORs, for which NULL and FALSE select alike.
#include <absl/algorithm/container.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "common/query/filter.h"

namespace sqm::query {
namespace {

Op Opposite(Op op) {
  switch (op) {
    case Op::kEq:
      return Op::kNe;
    case Op::kNe:
      return Op::kEq;
    case Op::kLt:
      return Op::kGe;
    case Op::kGe:
      return Op::kLt;
    case Op::kLe:
      return Op::kGt;
    case Op::kGt:
      return Op::kLe;
    default:
      return op;
  }
}

absl::string_view Operator(Op op) {
  switch (op) {
    case Op::kEq:
      return " = ?";
    case Op::kNe:
      return " <> ?";
    case Op::kLt:
      return " < ?";
    case Op::kLe:
      return " <= ?";
    case Op::kGt:
      return " > ?";
    default:
      return " >= ?";
  }
}

// The condition for a value that is not NULL.
std::string Restriction(const Term& term, bool negated, const std::string& column,
                        std::vector<Value>& params) {
  switch (term.op) {
    case Op::kContains:
      // Both databases know replace() with the same meaning, neither the other's instr() or
      // strpos(), and LIKE folds case in one of them.
      params.push_back(term.value);
      // Only so does SQLite see that an index of those that have one serves it.
      if (term.field->sparse && !negated) {
        return absl::StrCat("(", column, " IS NOT NULL AND replace(", column, ", ?, '') <> ",
                            column, ")");
      }
      return absl::StrCat("replace(", column, ", ?, '') ", negated ? "=" : "<>", " ", column);
    case Op::kPrefix:
      // A range instead of LIKE: the index serves it and nothing needs escaping.
      params.push_back(term.value);
      if (!term.upper) return absl::StrCat(column, negated ? " < ?" : " >= ?");
      params.emplace_back(*term.upper);
      return negated ? absl::StrCat("(", column, " < ? OR ", column, " >= ?)")
                     : absl::StrCat("(", column, " >= ? AND ", column, " < ?)");
    case Op::kPresent:
      if (term.field->sparse) return absl::StrCat(column, negated ? " IS NULL" : " IS NOT NULL");
      if (term.field->type == FieldType::kString)
        return absl::StrCat(column, negated ? " = ''" : " <> ''");
      if (term.field->type == FieldType::kEnum)
        return absl::StrCat(column, negated ? " = 0" : " <> 0");
      if (!term.field->nullable) return negated ? "FALSE" : "TRUE";
      return absl::StrCat(column, negated ? " IS NULL" : " IS NOT NULL");
    default:
      params.push_back(term.value);
      return absl::StrCat(column, Operator(negated ? Opposite(term.op) : term.op));
  }
}

std::string Condition(const Node& node, bool negated, std::vector<Value>& params) {
  switch (node.kind) {
    case Node::Kind::kTerm: {
      const Field& field = *node.term.field;
      std::string column = QuoteColumn(field.column);
      std::string condition = Restriction(node.term, negated, column, params);
      bool unset_matches = negated != (node.term.op == Op::kNe);
      if (!unset_matches || !field.nullable || absl::EndsWith(condition, " IS NULL")) {
        return condition;
      }
      return absl::StrCat("(", condition, " OR ", column, " IS NULL)");
    }
    case Node::Kind::kNot:
      return Condition(node.children[0], !negated, params);
    case Node::Kind::kAnd:
    case Node::Kind::kOr: {
      std::vector<std::string> parts;
      parts.reserve(node.children.size());
      for (const Node& child : node.children) parts.push_back(Condition(child, negated, params));
      bool all = (node.kind == Node::Kind::kAnd) != negated;
      if (parts.empty()) return all ? "TRUE" : "FALSE";
      return absl::StrCat("(", absl::StrJoin(parts, all ? " AND " : " OR "), ")");
    }
  }
  return "FALSE";
}

// Part of what few have: these few are looked through.
bool IsOfFew(const Term& term) { return term.op == Op::kContains && term.field->sparse; }

bool IsChoice(const Node& node) {
  return node.kind == Node::Kind::kOr && node.children.size() > 1 &&
         absl::c_all_of(node.children, [](const Node& child) {
           return child.kind == Node::Kind::kTerm &&
                  (child.term.op == Op::kEq || IsOfFew(child.term));
         });
}

bool FindsRows(const Node& node) {
  const bool negated = node.kind == Node::Kind::kNot;
  const Node& inner = negated ? node.children[0] : node;
  if (inner.kind != Node::Kind::kTerm) return false;
  const Field& field = *inner.term.field;
  switch (inner.term.op) {
    case Op::kNe:
      return false;
    case Op::kContains:
      return !negated && IsOfFew(inner.term);
    case Op::kPresent:
      if (field.sparse) return !negated;
      // A text or an enum that is set may have any value but one: the index finds those without,
      // where that is the only way to be unset.
      if (field.type == FieldType::kString || field.type == FieldType::kEnum) {
        return negated && !field.nullable;
      }
      return field.nullable;
    default:
      return !negated;
  }
}

void AddFinding(const Node& node, std::vector<Finding>& findings) {
  if (!FindsRows(node)) return;
  const bool negated = node.kind == Node::Kind::kNot;
  Finding finding;
  finding.field = (negated ? node.children[0] : node).term.field;
  finding.one_value = negated || node.term.op == Op::kEq;
  if (!negated && IsOfFew(node.term)) {
    finding.text.where = absl::StrCat(QuoteColumn(finding.field->column), " IS NOT NULL");
  } else {
    finding.text.where = Condition(node, false, finding.text.params);
  }
  // What lies between two values is found at once.
  const auto range = absl::c_find_if(findings, [&finding](const Finding& other) {
    return other.field == finding.field && !other.one_value && !finding.one_value;
  });
  if (range == findings.end()) {
    findings.push_back(std::move(finding));
    return;
  }
  absl::StrAppend(&range->text.where, " AND ", finding.text.where);
  range->text.params.insert(range->text.params.end(), finding.text.params.begin(),
                            finding.text.params.end());
}

// Of what stands beside `but`.
void AddFindings(const Node& root, const Node* but, std::vector<Finding>& findings) {
  if (root.kind == Node::Kind::kTerm || root.kind == Node::Kind::kNot) AddFinding(root, findings);
  if (root.kind != Node::Kind::kAnd) return;
  for (const Node& child : root.children) {
    if (&child != but) AddFinding(child, findings);
  }
}

bool HoldsText(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kTerm:
      return node.term.op == Op::kEq && node.term.field->type == FieldType::kString;
    case Node::Kind::kNot: {
      const Node& child = node.children[0];
      return child.kind == Node::Kind::kTerm && child.term.op == Op::kPresent &&
             child.term.field->type == FieldType::kString;
    }
    case Node::Kind::kAnd:
      return absl::c_any_of(node.children, [](const Node& child) { return HoldsText(child); });
    default:
      return false;
  }
}

}  // namespace

SqlText ToSql(const Filter& filter) {
  SqlText out;
  out.where = Condition(filter.root(), false, out.params);
  return out;
}

std::vector<Finding> FindingsOf(const Filter& filter) {
  std::vector<Finding> findings;
  AddFindings(filter.root(), nullptr, findings);
  return findings;
}

FilterPart WholeOf(const Filter& filter) { return {ToSql(filter), FindingsOf(filter)}; }

std::vector<FilterPart> DisjointParts(const Filter& filter) {
  const Node& root = filter.root();
  const Node* choice = IsChoice(root) ? &root : nullptr;
  if (root.kind == Node::Kind::kAnd) {
    const auto found = absl::c_find_if(root.children, IsChoice);
    if (found != root.children.end()) choice = &*found;
  }
  if (choice == nullptr) return {WholeOf(filter)};
  std::vector<FilterPart> parts;
  for (size_t i = 0; i < choice->children.size(); ++i) {
    FilterPart& part = parts.emplace_back();
    AddFinding(choice->children[i], part.findings);
    AddFindings(root, choice, part.findings);
    std::vector<std::string> conditions = {Condition(choice->children[i], false, part.params)};
    for (size_t before = 0; before < i; ++before) {
      conditions.push_back(Condition(choice->children[before], true, part.params));
    }
    if (choice != &root) {
      for (const Node& child : root.children) {
        if (&child != choice) conditions.push_back(Condition(child, false, part.params));
      }
    }
    part.where = absl::StrCat("(", absl::StrJoin(conditions, " AND "), ")");
  }
  return parts;
}

bool HoldsText(const Filter& filter) { return HoldsText(filter.root()); }

bool NeedsSet(const Filter& filter, const Field& field) {
  const auto needs = [&field](const Node& node) {
    return node.kind == Node::Kind::kTerm && node.term.field->path == field.path &&
           node.term.op != Op::kNe;
  };
  const Node& root = filter.root();
  return needs(root) || (root.kind == Node::Kind::kAnd && absl::c_any_of(root.children, needs));
}

}  // namespace sqm::query
