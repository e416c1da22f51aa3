// Who calls: the person or service that a verified token speaks for.
#pragma once

#include <absl/strings/string_view.h>
#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>

namespace sqm::auth {

// Roles of the token claim `roles`. The values are bit positions and never leave the process.
enum class Role : uint8_t {
  kManager,     // customer service manager
  kQaOfficer,   // quality assurance officer
  kSupervisor,  // senior supervisor
  kTeamLead,
  kAgent,    // customer service representative
  kClerk,    // administrative assistant
  kTrainer,  // staff of the training service
  kEngineer,
  kGuard,     // staff of the monitor centre
  kAuditor,   // internal or external
  kCustomer,  // by survey or case token
  kService,   // another service
};
inline constexpr int kRoleCount = 12;

// A set of roles, one bit each.
using RoleBits = uint32_t;
inline constexpr RoleBits kAllRoles = (RoleBits{1} << kRoleCount) - 1;

constexpr RoleBits BitOf(Role role) { return RoleBits{1} << static_cast<int>(role); }
template <typename... Roles>
constexpr RoleBits BitsOf(Roles... roles) {
  return (RoleBits{0} | ... | BitOf(roles));
}

// The role's word in tokens and texts, e.g. `qa_officer`.
absl::string_view RoleName(Role role);
// The inverse; nothing for an unknown word.
std::optional<Role> ParseRole(absl::string_view name);
// The words of the set in the order of the enum, joined by commas.
std::string FormatRoles(RoleBits roles);

// The tenant of a service that works for all of them.
inline constexpr absl::string_view kAllTenants = "*";
// The tenant of a token that names none.
inline constexpr absl::string_view kDefaultTenant = "default";
// Whether `tenant` may name one tenant: `[a-z0-9][a-z0-9-]{0,62}`.
bool IsTenant(absl::string_view tenant);

struct Principal {
  std::string subject;
  // Matches IsTenant, or is kAllTenants, which only a service may hold.
  std::string tenant = std::string(kDefaultTenant);
  RoleBits roles = 0;
  // The id that row rules compare with a resource's owner; the subject where the token names none.
  std::string staff;
  // Team that a lead's row rule compares; empty = none.
  std::string team;
  std::string department;
  // When the token ends, without leeway.
  absl::Time expires = absl::InfinitePast();

  bool Has(Role role) const { return (roles & BitOf(role)) != 0; }
  // `staff` as a resource's name; a token may give it with or without its collection.
  std::string StaffName() const;
};

}  // namespace sqm::auth
