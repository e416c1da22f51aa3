#include "services/complaints/compensation_limits.h"

#include <absl/algorithm/container.h>
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <vector>

#include "common/base/task.h"

namespace sqm::complaints {
namespace {

// ISO 4217:2015 with its amendments to 2025, list one, without funds, metals and tests.
constexpr absl::string_view kCurrencies =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD "
    "BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB "
    "EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK "
    "JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK "
    "PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
    "SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV "
    "WST XAF XCD XOF XPF YER ZAR ZMW ZWG ";

}  // namespace

bool IsCurrency(absl::string_view code) {
  return code.size() == 3 && absl::c_all_of(code, absl::ascii_isupper) &&
         absl::StrContains(kCurrencies, code);
}

absl::StatusOr<CompensationLimits> CompensationLimits::Parse(absl::string_view text) {
  CompensationLimits made;
  for (absl::string_view part : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    const std::vector<absl::string_view> words = absl::StrSplit(part, ' ', absl::SkipEmpty());
    if (words.size() != 3 || !IsCurrency(words[0])) {
      return absl::InvalidArgumentError(
          absl::StrCat("`", absl::StripAsciiWhitespace(part),
                       "` is not a currency with two amounts, as in `CNY 200 2000`"));
    }
    Limit limit;
    ASSIGN_OR_RETURN(limit.lead, Rational::ParseDecimal(words[1], 2));
    ASSIGN_OR_RETURN(limit.supervisor, Rational::ParseDecimal(words[2], 2));
    if (limit.lead < Rational(0) || limit.supervisor < limit.lead) {
      return absl::InvalidArgumentError(absl::StrCat(
          words[0],
          ": a supervisor decides on no less than a team lead, and nobody on less than 0"));
    }
    if (!made.limits_.emplace(std::string(words[0]), limit).second) {
      return absl::InvalidArgumentError(absl::StrCat(words[0], " is given twice"));
    }
  }
  return made;
}

auth::Role CompensationLimits::DeciderOf(const std::string& currency,
                                         const Rational& amount) const {
  const auto limit = limits_.find(currency);
  if (limit == limits_.end()) return auth::Role::kManager;
  if (amount <= limit->second.lead) return auth::Role::kTeamLead;
  if (amount <= limit->second.supervisor) return auth::Role::kSupervisor;
  return auth::Role::kManager;
}

}  // namespace sqm::complaints
