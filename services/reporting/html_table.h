// A table of an HTML document: cells are escaped where they are added.
#pragma once

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <string>
#include <utility>

#include "services/reporting/format.h"

namespace sqm::reporting {

class HtmlTable {
 public:
  // `css`: class of the table, may be empty. `caption`: plain text, may be empty.
  explicit HtmlTable(absl::string_view caption, absl::string_view css = "") {
    out_ = css.empty() ? "<table>" : absl::StrCat("<table class=\"", css, "\">");
    if (!caption.empty()) absl::StrAppend(&out_, "<caption>", Escape(caption), "</caption>");
    out_ += "<thead><tr>";
  }

  // Columns, before the first row.
  HtmlTable& Column(absl::string_view title, bool number = false) {
    absl::StrAppend(&out_, "<th scope=\"col\"", number ? " class=\"num\"" : "", ">", Escape(title),
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
  // The table, in a box that scrolls where the page is narrow.
  std::string Take() {
    Close();
    out_ += foot_ ? "</tfoot></table>" : "</tbody></table>";
    return absl::StrCat("<div class=\"scroll\">", std::exchange(out_, {}), "</div>");
  }

 private:
  void Close() { out_ += std::exchange(in_body_, true) ? "</tr>" : "</tr></thead><tbody>"; }

  std::string out_;
  bool in_body_ = false;
  bool foot_ = false;
};

}  // namespace sqm::reporting
