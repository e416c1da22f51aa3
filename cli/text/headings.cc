#include "cli/text/headings.h"

#include <absl/container/flat_hash_map.h>

#include <utility>

namespace sqm::cli {

absl::string_view Heading(Language language, absl::string_view field) {
  static const auto* const chinese = new absl::flat_hash_map<absl::string_view, absl::string_view>{
#define SQM_HEADING(field, zh) {#field, zh},
#define SQM_UNIT(code, en, zh)
#include "cli/text/headings.def"
#undef SQM_UNIT
#undef SQM_HEADING
  };
  if (language == Language::kEnglish) return field;
  const auto it = chinese->find(field);
  return it == chinese->end() ? field : it->second;
}

absl::string_view UnitWord(Language language, absl::string_view code) {
  using Words = std::pair<absl::string_view, absl::string_view>;
  static const auto* const units = new absl::flat_hash_map<absl::string_view, Words>{
#define SQM_HEADING(field, zh)
#define SQM_UNIT(code, en, zh) {code, {en, zh}},
#include "cli/text/headings.def"
#undef SQM_UNIT
#undef SQM_HEADING
  };
  const auto it = units->find(code);
  if (it == units->end()) return code;
  return language == Language::kChinese ? it->second.second : it->second.first;
}

}  // namespace sqm::cli
