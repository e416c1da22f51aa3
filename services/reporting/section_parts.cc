#include "services/reporting/section_parts.h"

#include <absl/strings/match.h>

#include <algorithm>

#include "services/reporting/estimate.h"

namespace sqm::reporting {

std::string H2(Language l, absl::string_view key) {
  return absl::StrCat("<h2>", Escape(Say(l, key)), "</h2>");
}

std::string Figure(absl::string_view caption, const std::string& chart) {
  return absl::StrCat("<figure><figcaption>", Escape(caption), "</figcaption>", chart, "</figure>");
}

std::string Paragraph(absl::string_view css, absl::string_view text) {
  return absl::StrCat("<p class=\"", css, "\">", Escape(text), "</p>");
}

std::string ShareText(const v1::Proportion& p) {
  return p.has_value() ? Percent(p.value()) : std::string(kNone);
}

std::string ShareRange(const v1::Proportion& p) {
  return RangeText(p.has_interval(), Percent(p.interval().lower()), Percent(p.interval().upper()));
}

std::string MeanText(const v1::Mean& mean, int places) {
  return mean.has_value() ? Fixed(mean.value(), places) : std::string(kNone);
}

// Bounds beyond what the scale allows are cut: no mean lies there.
std::string MeanRange(const v1::Mean& mean, double least, double most) {
  return RangeText(mean.has_interval(), Fixed(std::max(least, mean.interval().lower()), 2),
                   Fixed(std::min(most, mean.interval().upper()), 2));
}

std::string TimeText(bool present, const google::protobuf::Duration& duration) {
  return present ? Clock(SecondsOf(duration)) : std::string(kNone);
}

std::string BandCss(const v1::DailyReport& report, absl::string_view band, absl::string_view kind) {
  const auto& bands = report.monitoring().by_band();
  int applied = 0;  // they stand first
  while (applied < bands.size() && bands[applied].has_lower_bound()) ++applied;
  for (int i = 0; i < applied; ++i) {
    if (bands[i].band() != band || band.empty()) continue;
    if (i == applied - 1 && i > 0) return absl::StrCat(kind, "-b4");
    return absl::StrCat(kind, "-b", std::min(i + 1, 3));
  }
  return absl::StrCat(kind, "-", kind == "f" ? "neutral" : "other");
}

std::string UnitWord(Language l, const v1::Figure& figure) {
  if (!figure.has_value()) return "";
  if (figure.unit() == "s") return std::string(Say(l, "unit.minutes"));
  if (absl::EndsWith(figure.measure(), "satisfaction-mean")) {
    return std::string(Say(l, "unit.of5"));
  }
  if (figure.measure() == "evaluation-score-mean") return std::string(Say(l, "unit.of100"));
  return "";
}

std::string TargetHtml(Language l, const v1::Figure& figure) {
  const char* sign = figure.direction() == v1::DIRECTION_LOWER ? "≤ " : "≥ ";
  const std::string target = absl::StrCat(sign, Escape(InUnitOf(figure, figure.target())));
  const auto status = [&](const char* css, const char* mark, const char* key) {
    return absl::StrCat(target, " · <span class=\"status ", css, "\">", mark, Escape(Say(l, key)),
                        "</span>");
  };
  switch (figure.status()) {
    case v1::TARGET_STATUS_MET:
      return status("met", "✓ ", "target.met");
    case v1::TARGET_STATUS_MISSED:
      return status("missed", "✕ ", "target.missed");
    case v1::TARGET_STATUS_INSUFFICIENT:
      return absl::StrCat(target, " · ", Escape(Say(l, "target.insufficient")));
    default:
      return target;
  }
}

std::string RangeText(bool present, const std::string& lower, const std::string& upper) {
  return present ? absl::StrCat(lower, "–", upper) : std::string(kNone);
}

}  // namespace sqm::reporting
