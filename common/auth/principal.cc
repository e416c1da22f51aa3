#include "common/auth/principal.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

namespace sqm::auth {
namespace {

constexpr absl::string_view kNames[kRoleCount] = {
    "manager", "qa_officer", "supervisor", "team_lead", "agent",    "clerk",
    "trainer", "engineer",   "guard",      "auditor",   "customer", "service"};

}  // namespace

absl::string_view RoleName(Role role) { return kNames[static_cast<int>(role)]; }

std::optional<Role> ParseRole(absl::string_view name) {
  for (int i = 0; i < kRoleCount; ++i) {
    if (kNames[i] == name) return static_cast<Role>(i);
  }
  return std::nullopt;
}

std::string FormatRoles(RoleBits roles) {
  std::string text;
  for (int i = 0; i < kRoleCount; ++i) {
    if ((roles >> i & 1) != 0) absl::StrAppend(&text, text.empty() ? "" : ",", kNames[i]);
  }
  return text;
}

std::string Principal::StaffName() const {
  return absl::StrContains(staff, '/') ? staff : absl::StrCat("staff/", staff);
}

bool IsTenant(absl::string_view tenant) {
  if (tenant.empty() || tenant.size() > 63 || tenant.front() == '-') return false;
  for (char c : tenant) {
    if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '-') return false;
  }
  return true;
}

}  // namespace sqm::auth
