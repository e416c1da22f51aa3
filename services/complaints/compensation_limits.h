// Who decides on how much compensation.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <map>
#include <string>

#include "common/auth/principal.h"
#include "common/base/decimal.h"

namespace sqm::complaints {

// What ships: the standard in yuan, and about as much elsewhere.
inline constexpr absl::string_view kDefaultCompensationLimits =
    "CNY 200 2000, HKD 200 2000, USD 30 300, EUR 30 300, GBP 25 250, JPY 4000 40000";

// Whether it is a code of ISO 4217 that is in use for payments.
bool IsCurrency(absl::string_view code);

// Up to what amounts of a currency a team lead and a supervisor decide.
class CompensationLimits {
 public:
  // `CURRENCY LEAD SUPERVISOR, …`, e.g. `CNY 200 2000, JPY 4000 40000`: amounts of at most two
  // decimals, the second not below the first. INVALID_ARGUMENT says what is wrong.
  static absl::StatusOr<CompensationLimits> Parse(absl::string_view text);

  // The least role that decides on so much for one case: a manager above the limits, and on a
  // currency that has none.
  auth::Role DeciderOf(const std::string& currency, const Rational& amount) const;

 private:
  struct Limit {
    Rational lead, supervisor;
  };
  std::map<std::string, Limit> limits_;
};

}  // namespace sqm::complaints
