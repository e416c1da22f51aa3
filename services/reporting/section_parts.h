// What the sections of the HTML report share.
#pragma once

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <string>

#include "services/reporting/format.h"
#include "services/reporting/labels.h"
#include "sqm/reporting/v1/report.pb.h"

namespace sqm::reporting {

// Elements; the texts are escaped here, `chart` is SVG.
std::string H2(Language l, absl::string_view key);
std::string Figure(absl::string_view caption, const std::string& chart);
std::string Paragraph(absl::string_view css, absl::string_view text);

// A figure, or the bounds of its interval cut to [least, most]; a dash where there is none.
std::string ShareText(const v1::Proportion& p);
std::string ShareRange(const v1::Proportion& p);
std::string MeanText(const v1::Mean& mean, int places);
std::string MeanRange(const v1::Mean& mean, double least, double most);
std::string TimeText(bool present, const google::protobuf::Duration& duration);

// Class of a band's colour: `kind` f fills a mark, z a zone. Colours go by the order of the bands
// that the report applies, best first; the last of them always has the colour of failure. Other
// bands have none.
std::string BandCss(const v1::DailyReport& report, absl::string_view band, absl::string_view kind);

// `88.1–93.2` of two ends; a dash when there is no interval.
std::string RangeText(bool present, const std::string& lower, const std::string& upper);

// What stands behind a figure's value, where it is not said by itself: `/ 5 分`; else empty.
std::string UnitWord(Language l, const v1::Figure& figure);
// `≥ 4.50 · ✓ met`: the target, and whether it is met where that can be said.
std::string TargetHtml(Language l, const v1::Figure& figure);

// `label 12; label 7.` for a chart's description.
template <typename Rows, typename Line>
std::string Listed(Language l, const Rows& rows, Line line) {
  std::string text;
  for (const auto& row : rows) {
    absl::StrAppend(&text, text.empty() ? "" : Say(l, "mark.between"), line(row));
  }
  return text.empty() ? std::string(kNone) : absl::StrCat(text, Say(l, "mark.end"));
}

}  // namespace sqm::reporting
