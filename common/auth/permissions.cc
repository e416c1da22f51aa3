#include "common/auth/permissions.h"

#include <absl/algorithm/container.h>
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <limits>
#include <utility>

#include "common/base/status.h"

namespace sqm::auth {
namespace {

constexpr absl::string_view kPublic = "public";

constexpr RoleBits kSeesAll =
    BitsOf(Role::kManager, Role::kQaOfficer, Role::kSupervisor, Role::kAuditor, Role::kService);
// See all rows of what their permissions reach.
constexpr RoleBits kSeesAllOfService =
    kSeesAll | BitsOf(Role::kClerk, Role::kTrainer, Role::kEngineer, Role::kGuard);
constexpr RoleBits kSeesTeam = BitOf(Role::kTeamLead);

constexpr RoleBits kNeedsEverything =
    BitsOf(Role::kManager, Role::kQaOfficer, Role::kSupervisor, Role::kService);

absl::Status Broken(absl::string_view message, absl::string_view permission) {
  return Fail(absl::StatusCode::kInternal, type::v1::ERROR_REASON_INTERNAL, message,
              {{"permission", permission}});
}

bool IsWord(absl::string_view segment) {
  return !segment.empty() && absl::ascii_islower(segment.front()) &&
         absl::c_all_of(segment, [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
         });
}

// Two or three words.
bool IsPermission(absl::string_view text) {
  const std::vector<absl::string_view> segments = absl::StrSplit(text, '.');
  return (segments.size() == 2 || segments.size() == 3) && absl::c_all_of(segments, IsWord);
}

bool IsPattern(absl::string_view text) {
  if (text == "*") return true;
  if (absl::ConsumePrefix(&text, "*.")) return IsWord(text);
  if (!absl::EndsWith(text, ".*")) return IsPermission(text);
  text.remove_suffix(2);
  return IsWord(text) || IsPermission(text);
}

absl::string_view PackageOf(absl::string_view text) { return text.substr(0, text.find('.')); }

Visibility WidestOf(const Principal& principal, RoleBits all, RoleBits roles) {
  if ((roles & all) != 0) return Visibility::kAll;
  // An empty team would match every row that has none.
  if ((roles & kSeesTeam) != 0 && !principal.team.empty()) return Visibility::kTeam;
  return Visibility::kOwn;
}

}  // namespace

bool PatternCovers(absl::string_view pattern, absl::string_view permission) {
  if (pattern == "*") return true;
  if (absl::ConsumePrefix(&pattern, "*.")) {
    const std::vector<absl::string_view> segments = absl::StrSplit(permission, '.');
    return segments.size() == 3 && segments[2] == pattern;
  }
  if (!absl::ConsumeSuffix(&pattern, "*")) return pattern == permission;
  return permission.size() > pattern.size() && absl::StartsWith(permission, pattern);
}

absl::StatusOr<Policy> Policy::Make(absl::Span<const ResourceVerbs> catalogue,
                                    absl::Span<const RoleGrant> grants) {
  Policy policy;
  policy.entries_.push_back({std::string(kPublic), kAnybody});
  policy.ids_.emplace(kPublic, PermissionId{0});
  for (const ResourceVerbs& resource : catalogue) {
    for (absl::string_view verb : resource.verbs) {
      std::string name = absl::StrCat(resource.resource, ".", verb);
      if (!IsPermission(name)) {
        return Broken(absl::StrCat("permission ", name, " is not package.resource.verb"), name);
      }
      if (policy.entries_.size() > std::numeric_limits<uint16_t>::max()) {
        return Broken("too many permissions", name);
      }
      const PermissionId id{static_cast<uint16_t>(policy.entries_.size())};
      if (!policy.ids_.emplace(name, id).second) {
        return Broken(absl::StrCat("permission ", name, " is declared twice"), name);
      }
      policy.entries_.push_back({std::move(name), 0});
    }
  }
  for (const RoleGrant& grant : grants) {
    for (absl::string_view pattern : grant.patterns) {
      const absl::string_view role = RoleName(grant.role);
      if (!IsPattern(pattern)) {
        return Broken(absl::StrCat("role ", role, ": ", pattern, " is not a permission pattern"),
                      pattern);
      }
      bool covers = false;
      bool package_known = false;
      for (size_t i = 1; i < policy.entries_.size(); ++i) {
        Entry& entry = policy.entries_[i];
        package_known |= PackageOf(entry.name) == PackageOf(pattern);
        if (!PatternCovers(pattern, entry.name)) continue;
        covers = true;
        entry.roles |= BitOf(grant.role);
      }
      if (!covers && package_known) {
        return Broken(absl::StrCat("role ", role, ": ", pattern, " covers no known permission"),
                      pattern);
      }
    }
  }
  return policy;
}

absl::StatusOr<PermissionId> Policy::Intern(absl::string_view permission) const {
  const auto it = ids_.find(permission);
  if (it != ids_.end()) return it->second;
  return Broken(absl::StrCat("permission \"", permission, "\" is not in the policy's catalogue"),
                permission);
}

std::vector<absl::string_view> Policy::Permissions() const {
  std::vector<absl::string_view> names;
  names.reserve(entries_.size());
  for (const Entry& entry : entries_) names.emplace_back(entry.name);
  return names;
}

absl::Status Policy::Check(const Principal& principal, PermissionId id) const {
  if (Grants(principal.roles, id)) return absl::OkStatus();
  const std::string roles = FormatRoles(principal.roles);
  return Fail(absl::StatusCode::kPermissionDenied, type::v1::ERROR_REASON_PERMISSION_DENIED,
              absl::StrCat("roles ", roles, " do not grant ", NameOf(id)),
              {{"permission", NameOf(id)}, {"roles", roles}});
}

Visibility Policy::VisibilityOf(const Principal& principal, PermissionId id) const {
  return WidestOf(principal, kSeesAllOfService, principal.roles & entries_[Index(id)].roles);
}

Visibility VisibilityOf(const Principal& principal) {
  return WidestOf(principal, kSeesAll, principal.roles);
}

bool MaySeePersonal(const Principal& principal, options::v1::PersonalClass personal_class,
                    bool handled) {
  constexpr RoleBits kFeedback = BitsOf(Role::kAgent, Role::kTeamLead, Role::kTrainer);
  RoleBits needs = kNeedsEverything;
  switch (personal_class) {
    case options::v1::PERSONAL_CLASS_UNSPECIFIED:
      return true;
    case options::v1::PERSONAL_CLASS_NAME:
      needs |= BitsOf(Role::kClerk, Role::kGuard);
      break;
    case options::v1::PERSONAL_CLASS_PHONE:
    case options::v1::PERSONAL_CLASS_ADDRESS:
      needs |= BitOf(Role::kClerk);
      break;
    case options::v1::PERSONAL_CLASS_TEXT:
      needs |= kFeedback;
      break;
    default:  // references, and classes that this build does not know
      break;
  }
  if (handled && personal_class <= options::v1::PERSONAL_CLASS_TEXT) {
    needs |= BitsOf(Role::kAgent, Role::kTeamLead);
  }
  return (principal.roles & needs) != 0;
}

}  // namespace sqm::auth
