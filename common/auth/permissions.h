// What a caller may do: roles are granted patterns of permissions; row visibility and sight of
// personal data follow from the roles too.
//
// A permission is `package.resource.verb` (or `feed.verb`), lower case. A pattern is a permission
//   - whose last segment may be `*`:       `monitoring.notes.*`, `training.*` (one or more
//   segments);
//   - whose first may be `*`:              `*.read`, the verb of any package's resource.
//   Permissions
//     between services have no resource (`feed.read`), so it never covers them;
//   - or `*` alone, which covers everything.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/auth/principal.h"
#include "sqm/options/v1/options.pb.h"

namespace sqm::auth {

// Index of an interned permission; only the policy that interned it understands it.
enum class PermissionId : uint16_t {};

// Which rows of a resource with a row rule a caller sees.
enum class Visibility {
  kOwn,   // those whose owner is Principal::staff
  kTeam,  // those of Principal::team as well
  kAll,
};

// The verbs that exist on a resource.
struct ResourceVerbs {
  absl::string_view resource;  // `monitoring.contacts`
  std::vector<absl::string_view> verbs;
};
struct RoleGrant {
  Role role;
  std::vector<absl::string_view> patterns;
};

// Roles → permissions, flattened at start-up into one word of role bits a permission. Immutable
// after construction: any thread may ask.
class Policy {
 public:
  // `catalogue`: every permission that exists. INTERNAL, naming the offender, if a permission or a
  // pattern is malformed or given twice, or a pattern of a package in the catalogue covers nothing.
  static absl::StatusOr<Policy> Make(absl::Span<const ResourceVerbs> catalogue,
                                     absl::Span<const RoleGrant> grants);
  // The policy that the suite ships.
  static const Policy& Default();

  // The id of a permission. `public` is always known and granted to everybody. INTERNAL for one
  // that the catalogue lacks: a method that names it must not start.
  absl::StatusOr<PermissionId> Intern(absl::string_view permission) const;
  absl::string_view NameOf(PermissionId id) const { return entries_[Index(id)].name; }
  // All permissions of the catalogue, `public` first.
  std::vector<absl::string_view> Permissions() const;

  // Whether one of `roles` grants the permission.
  bool Grants(RoleBits roles, PermissionId id) const {
    return (entries_[Index(id)].roles & (roles | kAnybody)) != 0;
  }
  // PERMISSION_DENIED with the permission in its metadata, or OK.
  absl::Status Check(const Principal& principal, PermissionId id) const;
  // The widest visibility among those roles of the principal that grant the permission: an agent
  // who is an engineer too sees all assets, but only his own evaluations.
  Visibility VisibilityOf(const Principal& principal, PermissionId id) const;

 private:
  struct Entry {
    std::string name;
    RoleBits roles;
  };
  static constexpr RoleBits kAnybody = RoleBits{1} << 31;

  Policy() = default;
  static size_t Index(PermissionId id) { return static_cast<size_t>(id); }

  std::vector<Entry> entries_;
  absl::flat_hash_map<std::string, PermissionId> ids_;
};

// Visibility where no permission is at hand. Manager, QA officer, auditor and service see all rows;
// so does a supervisor, whose department is not on the rows, only its teams are. A lead sees the
// team's. Everybody else sees own rows: clerk, trainer, engineer and guard see all only through a
// permission of their service (Policy::VisibilityOf). A lead without a team sees own rows.
Visibility VisibilityOf(const Principal& principal);

// Whether the principal sees values of the class unmasked, because one of the roles needs them:
//   manager, QA officer, supervisor, service   everything
//   clerk                                      staff files: name, phone, address
//   guard                                      the visitors' log: name
//   agent, team lead, trainer                  free text and recordings that feedback is about
//   auditor, customer, engineer                nothing
// `handled`: the values are of something that agents and team leads, who are shown only their own,
// handle for the person, whom they must reach: name, phone, address, reference.
bool MaySeePersonal(const Principal& principal, options::v1::PersonalClass personal_class,
                    bool handled = false);

// Whether `pattern` covers `permission`; both well-formed.
bool PatternCovers(absl::string_view pattern, absl::string_view permission);

}  // namespace sqm::auth
