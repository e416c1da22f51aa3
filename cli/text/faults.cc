#include "cli/text/faults.h"

#include <absl/strings/substitute.h>

#include <array>
#include <optional>
#include <utility>

namespace sqm::cli {
namespace {

struct Known {
  absl::string_view en, zh;
};

constexpr Known kFaults[] = {
#define SQM_FAULT(en, zh) {en, zh},
#include "cli/text/faults.def"
#undef SQM_FAULT
};

// What stands for $0 to $3 where `text` is said by `pattern`.
std::optional<std::array<absl::string_view, 4>> Match(absl::string_view pattern,
                                                      absl::string_view text) {
  std::array<absl::string_view, 4> values;
  size_t value = 0;
  while (true) {
    const size_t dollar = pattern.find('$');
    const absl::string_view before = pattern.substr(0, dollar);
    if (text.substr(0, before.size()) != before) return std::nullopt;
    text.remove_prefix(before.size());
    if (dollar == absl::string_view::npos) {
      return text.empty() ? std::optional(values) : std::nullopt;
    }
    pattern.remove_prefix(dollar + 2);
    const absl::string_view next = pattern.substr(0, pattern.find('$'));
    const size_t end = next.empty() ? text.size() : text.rfind(next);
    if (end == absl::string_view::npos) return std::nullopt;
    values[value++] = text.substr(0, end);
    text.remove_prefix(end);
  }
}

}  // namespace

std::string FaultText(absl::string_view description, Language language) {
  if (language == Language::kChinese) {
    for (const Known& known : kFaults) {
      if (const auto values = Match(known.en, description); values.has_value()) {
        const auto said = [&](int value) { return FaultText((*values)[value], language); };
        return absl::Substitute(known.zh, said(0), said(1), said(2), said(3));
      }
    }
  }
  return std::string(description);
}

}  // namespace sqm::cli
