// Whether a document is well-formed XML: tags nest, attributes are quoted and unique, entities are
// known.
#pragma once

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <set>
#include <string>
#include <vector>

namespace sqm::reporting {

// Empty when it is; else what is wrong.
inline std::string WellFormed(absl::string_view text) {
  std::vector<std::string> open;
  const auto bad_text = [](absl::string_view part) -> std::string {
    for (size_t at = 0; (at = part.find('&', at)) != absl::string_view::npos; ++at) {
      const absl::string_view rest = part.substr(at);
      bool known = false;
      for (const char* entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#160;"}) {
        known = known || absl::StartsWith(rest, entity);
      }
      if (!known) return absl::StrCat("entity at: ", rest.substr(0, 20));
    }
    for (char c : part) {
      if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
        return "control character";
    }
    return "";
  };
  while (!text.empty()) {
    const size_t begin = text.find('<');
    const absl::string_view before = text.substr(0, begin);
    if (std::string bad = bad_text(before); !bad.empty()) return bad;
    if (begin == absl::string_view::npos) break;
    if (before.find('>') != absl::string_view::npos && (open.empty() || open.back() != "style")) {
      return absl::StrCat("stray > in: ", before.substr(0, 40));
    }
    text.remove_prefix(begin + 1);
    const size_t end = text.find('>');
    if (end == absl::string_view::npos) return "unfinished tag";
    absl::string_view tag = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (absl::StartsWith(tag, "!DOCTYPE")) continue;
    if (absl::StartsWith(tag, "/")) {
      if (open.empty() || open.back() != std::string(tag.substr(1))) {
        return absl::StrCat("unexpected </", tag.substr(1), ">");
      }
      open.pop_back();
      continue;
    }
    const bool closed = absl::EndsWith(tag, "/");
    if (closed) tag.remove_suffix(1);
    const std::string name(tag.substr(0, tag.find(' ')));
    std::set<std::string> attributes;
    tag.remove_prefix(name.size());
    while (!tag.empty()) {
      const size_t equals = tag.find("=\"");
      if (tag[0] != ' ' || equals == absl::string_view::npos) {
        return absl::StrCat("attribute in <", name, tag, ">");
      }
      if (!attributes.insert(std::string(tag.substr(1, equals - 1))).second) {
        return absl::StrCat("repeated attribute in <", name, ">");
      }
      const size_t quote = tag.find('"', equals + 2);
      if (quote == absl::string_view::npos) return absl::StrCat("quote in <", name, ">");
      const absl::string_view value = tag.substr(equals + 2, quote - equals - 2);
      if (std::string bad = bad_text(value); !bad.empty()) return bad;
      tag.remove_prefix(quote + 1);
    }
    if (!closed) open.push_back(name);
  }
  return open.empty() ? "" : absl::StrCat("not closed: ", open.back());
}

}  // namespace sqm::reporting
