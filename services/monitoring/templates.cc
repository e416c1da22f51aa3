#include "services/monitoring/templates.h"

#include <absl/strings/str_cat.h>
#include <google/protobuf/text_format.h>

#include <algorithm>

#include "common/base/status.h"
#include "services/monitoring/templates_data.h"

namespace sqm::monitoring {

absl::StatusOr<std::vector<v1::ScorecardTemplate>> LoadScorecardTemplates() {
  std::vector<v1::ScorecardTemplate> templates;
  for (const EmbeddedTemplate& embedded : EmbeddedTemplates()) {
    v1::ScorecardTemplate parsed;
    if (!google::protobuf::TextFormat::ParseFromString(std::string(embedded.text), &parsed)) {
      return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL,
                  absl::StrCat("template ", embedded.file, " cannot be read"),
                  {{"file", embedded.file}});
    }
    templates.push_back(std::move(parsed));
  }
  std::sort(templates.begin(), templates.end(),
            [](const v1::ScorecardTemplate& a, const v1::ScorecardTemplate& b) {
              return a.id() < b.id();
            });
  return templates;
}

}  // namespace sqm::monitoring
