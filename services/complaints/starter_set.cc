#include "services/complaints/starter_set.h"

#include <absl/strings/str_cat.h>
#include <google/protobuf/text_format.h>

#include "common/base/status.h"
#include "services/complaints/templates_data.h"

namespace sqm::complaints {

absl::StatusOr<v1::StarterSet> LoadStarterSet() {
  v1::StarterSet set;
  for (const EmbeddedTemplate& embedded : EmbeddedTemplates()) {
    v1::StarterSet part;
    if (!google::protobuf::TextFormat::ParseFromString(std::string(embedded.text), &part)) {
      return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL,
                  absl::StrCat("template ", embedded.file, " cannot be read"),
                  {{"file", embedded.file}});
    }
    set.MergeFrom(part);
  }
  return set;
}

}  // namespace sqm::complaints
