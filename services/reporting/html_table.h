// A table of an HTML document: cells are escaped where they are added.
#pragma once

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <string>
#include <utility>

#include "services/reporting/format.h"

namespace sqm::reporting {

// Where a heading or a chart above says the same, only a screen reader says a caption.
enum class Caption { kSeen, kUnseen };

class HtmlTable {
 public:
  // `caption`: plain text. `css`: class of the table, may be empty.
  explicit HtmlTable(absl::string_view caption, Caption seen = Caption::kSeen,
                     absl::string_view css = "")
      : caption_(Escape(caption)) {
    out_ = css.empty() ? "<table>" : absl::StrCat("<table class=\"", css, "\">");
    absl::StrAppend(&out_, "<caption", seen == Caption::kSeen ? ">" : " class=\"unseen\">",
                    caption_, "</caption><thead><tr>");
  }

  // Columns, before the first row.
  HtmlTable& Column(absl::string_view title, bool number = false) {
    absl::StrAppend(&out_, "<th scope=\"col\"", number ? " class=\"num\">" : ">", InLines(title),
                    "</th>");
    return *this;
  }
  // Begins a row.
  HtmlTable& Row() {
    Close();
    out_ += "<tr>";
    return *this;
  }
  // Begins the row of totals: the last.
  HtmlTable& Foot() {
    Close();
    out_ += "</tbody><tfoot><tr>";
    foot_ = true;
    return *this;
  }
  // The row's heading; `mark` is the class of a colour beside it, may be empty.
  HtmlTable& Head(absl::string_view text, absl::string_view mark = "") {
    out_ += "<th scope=\"row\">";
    if (!mark.empty()) absl::StrAppend(&out_, "<span class=\"mark ", mark, "\"></span>");
    absl::StrAppend(&out_, Escape(text), "</th>");
    return *this;
  }
  HtmlTable& Text(absl::string_view text, absl::string_view mark = "") {
    out_ += "<td class=\"text\">";
    if (!mark.empty()) absl::StrAppend(&out_, "<span class=\"mark ", mark, "\"></span>");
    absl::StrAppend(&out_, Escape(text), "</td>");
    return *this;
  }
  HtmlTable& Number(absl::string_view text, absl::string_view css = "num") {
    absl::StrAppend(&out_, "<td class=\"", css, "\">", Escape(text), "</td>");
    return *this;
  }
  // A figure and how many it rests on.
  HtmlTable& NumberOf(absl::string_view text, int64_t n) {
    absl::StrAppend(&out_, "<td class=\"num\">", Escape(text));
    if (n > 0) absl::StrAppend(&out_, " <span class=\"of\">n ", Whole(n), "</span>");
    out_ += "</td>";
    return *this;
  }
  // A number with marks of its own; `html` is escaped already.
  HtmlTable& Html(absl::string_view html) {
    absl::StrAppend(&out_, "<td class=\"num\">", html, "</td>");
    return *this;
  }
  // A text, and below it how a program would write it.
  HtmlTable& Described(absl::string_view text, absl::string_view code) {
    absl::StrAppend(&out_, "<td class=\"text\">", Escape(text), "<br/><code lang=\"en\">",
                    Escape(code), "</code></td>");
    return *this;
  }
  // A text of several lines.
  HtmlTable& Lines(absl::string_view text) {
    absl::StrAppend(&out_, "<td class=\"text\">", InLines(text), "</td>");
    return *this;
  }
  // The table, in a box that scrolls where the page is narrow: by the keyboard too.
  std::string Take() {
    Close();
    out_ += foot_ ? "</tfoot></table>" : "</tbody></table>";
    return absl::StrCat("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"",
                        caption_, "\">", std::exchange(out_, {}), "</div>");
  }

 private:
  static std::string InLines(absl::string_view text) {
    std::string out;
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      absl::StrAppend(&out, out.empty() ? "" : "<br/>", Escape(line));
    }
    return out;
  }
  void Close() { out_ += std::exchange(in_body_, true) ? "</tr>" : "</tr></thead><tbody>"; }

  const std::string caption_;
  std::string out_;
  bool in_body_ = false;
  bool foot_ = false;
};

}  // namespace sqm::reporting
