#include "services/reporting/report_style.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <string>

namespace sqm::reporting {
namespace {

// Relative luminance of `#rrggbb` (WCAG 2.2).
double Luminance(const std::string& colour) {
  double sum = 0;
  const double weights[] = {0.2126, 0.7152, 0.0722};
  for (size_t i = 0; i < 3; ++i) {
    const double part = std::stoi(colour.substr(1 + 2 * i, 2), nullptr, 16) / 255.0;
    sum += weights[i] * (part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4));
  }
  return sum;
}

double Contrast(const std::string& one, const std::string& other) {
  const auto [darker, lighter] = std::minmax({Luminance(one), Luminance(other)});
  return (lighter + 0.05) / (darker + 0.05);
}

using Colours = std::map<std::string, std::string>;

void Take(const std::string& css, Colours& colours) {
  static const std::regex colour("--([a-z-]+): *(#[0-9a-f]{6})");
  for (std::sregex_iterator at(css.begin(), css.end(), colour), none; at != none; ++at) {
    colours[(*at)[1]] = (*at)[2];
  }
}

TEST(ReportStyleTest, TextsAndMarksStandOutFromTheirGround) {
  const std::string style(ReportStyle());
  Colours light;
  Take(style.substr(0, style.find("}")), light);
  Colours dark = light;
  Take(style.substr(style.find("prefers-color-scheme: dark")), dark);
  ASSERT_NE(light["sheet"], dark["sheet"]);
  for (Colours colours : {light, dark}) {
    const auto check = [&](const char* mark, const char* ground, double least) {
      ASSERT_TRUE(colours.contains(mark) && colours.contains(ground)) << mark << " on " << ground;
      EXPECT_GE(Contrast(colours[mark], colours[ground]), least) << mark << " on " << ground;
    };
    for (const char* text : {"ink", "soft", "muted", "accent", "ok-ink", "bad-ink"}) {
      check(text, "sheet", 4.5);
    }
    check("ink", "faint", 4.5);
    check("ink", "warn-bg", 4.5);
    check("warn", "warn-bg", 4.5);
    for (const char* mark : {"answered", "abandoned", "other", "neutral", "accent"}) {
      check(mark, "sheet", 3);
    }
    for (const char* band : {"excellent", "good", "improve", "fail"}) {
      const std::string zone = std::string("z-") + band;
      check(band, "sheet", 3);
      check(band, zone.c_str(), 3);
      check("muted", zone.c_str(), 3);  // the lines and hollow dots
      check("soft", zone.c_str(), 3);   // the intervals
    }
  }
}

}  // namespace
}  // namespace sqm::reporting
