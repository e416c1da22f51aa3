#include "common/auth/permissions.h"

#include <absl/strings/match.h>
#include <absl/strings/strip.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "common/base/status.h"
#include "sqm/options/v1/options.pb.h"

namespace sqm::auth {
namespace {

using ::testing::HasSubstr;

Principal Of(RoleBits roles, absl::string_view team = "") {
  Principal principal;
  principal.subject = "p";
  principal.roles = roles;
  principal.team = std::string(team);
  return principal;
}

bool May(Role role, absl::string_view permission) {
  const auto id = Policy::Default().Intern(permission);
  EXPECT_TRUE(id.ok()) << id.status();
  return id.ok() && Policy::Default().Grants(BitOf(role), *id);
}

TEST(PatternCovers, Forms) {
  EXPECT_TRUE(PatternCovers("*", "feed.read"));
  EXPECT_TRUE(PatternCovers("*.read", "monitoring.contacts.read"));
  EXPECT_FALSE(PatternCovers("*.read", "feed.read"));
  EXPECT_FALSE(PatternCovers("*.read", "monitoring.contacts.reread"));
  EXPECT_TRUE(PatternCovers("monitoring.*", "monitoring.contacts.read"));
  EXPECT_TRUE(PatternCovers("monitoring.contacts.*", "monitoring.contacts.read"));
  EXPECT_FALSE(PatternCovers("monitoring.contacts.*", "monitoring.contactsx.read"));
  EXPECT_FALSE(PatternCovers("monitor.*", "monitoring.contacts.read"));
  EXPECT_TRUE(PatternCovers("feed.read", "feed.read"));
  EXPECT_FALSE(PatternCovers("feed.rea", "feed.read"));
}

TEST(Policy, RefusesTablesThatMakeNoSense) {
  const auto problem = [](std::vector<ResourceVerbs> catalogue, std::vector<RoleGrant> grants) {
    return std::string(Policy::Make(catalogue, grants).status().message());
  };
  EXPECT_EQ(problem({{"a.b", {"read"}}}, {{Role::kAgent, {"a.b.read", "a.*", "x.*", "*.frob"}}}),
            "");
  EXPECT_EQ(problem({{"a.b", {"read", "read"}}}, {}), "permission a.b.read is declared twice");
  EXPECT_EQ(problem({{"a.B", {"read"}}}, {}), "permission a.B.read is not package.resource.verb");
  EXPECT_EQ(problem({{"a.b.c", {"read"}}}, {}),
            "permission a.b.c.read is not package.resource.verb");
  EXPECT_EQ(problem({{"a.b", {"read"}}}, {{Role::kAgent, {"a.*.read"}}}),
            "role agent: a.*.read is not a permission pattern");
  EXPECT_EQ(problem({{"a.b", {"read"}}}, {{Role::kAgent, {"a"}}}),
            "role agent: a is not a permission pattern");
  EXPECT_EQ(problem({{"a.b", {"read"}}}, {{Role::kAgent, {"a.b.write"}}}),
            "role agent: a.b.write covers no known permission");
}

TEST(Policy, InternsKnownPermissionsOnly) {
  const Policy& policy = Policy::Default();
  const auto id = policy.Intern("monitoring.contacts.read");
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(policy.NameOf(*id), "monitoring.contacts.read");
  EXPECT_EQ(*policy.Intern("monitoring.contacts.read"), *id);
  for (absl::string_view unknown : {"monitoring.contacts.reed", "monitoring.contacts", "", "*"}) {
    const auto status = policy.Intern(unknown).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(status.message()), HasSubstr("is not in the policy's catalogue"));
    EXPECT_EQ(MetadataOf(status, "permission"), unknown);
  }
}

TEST(Policy, PublicIsForEverybody) {
  const auto id = Policy::Default().Intern("public");
  ASSERT_TRUE(id.ok());
  EXPECT_TRUE(Policy::Default().Grants(0, *id));
  EXPECT_TRUE(Policy::Default().Grants(BitOf(Role::kCustomer), *id));
}

TEST(Policy, NobodyWithoutRoles) {
  for (absl::string_view permission : Policy::Default().Permissions()) {
    if (permission == "public") continue;
    EXPECT_FALSE(Policy::Default().Grants(0, *Policy::Default().Intern(permission))) << permission;
  }
}

TEST(Policy, CheckSaysWhatIsMissing) {
  const auto id = Policy::Default().Intern("monitoring.contacts.import");
  const Policy& policy = Policy::Default();
  EXPECT_TRUE(policy.Check(Of(BitOf(Role::kQaOfficer)), *id).ok());
  const absl::Status status = policy.Check(Of(BitsOf(Role::kAgent, Role::kGuard)), *id);
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_PERMISSION_DENIED);
  EXPECT_EQ(MetadataOf(status, "permission"), "monitoring.contacts.import");
  EXPECT_EQ(status.message(), "roles agent,guard do not grant monitoring.contacts.import");
}

TEST(DefaultPolicy, EveryPermissionIsAskedForBySomeMethod) {
  std::set<std::string> asked = {"public"};
  for (const char* name : {"sqm.audit.v1.AuditService", "sqm.complaints.v1.ComplaintsService",
                           "sqm.feed.v1.FeedService", "sqm.monitoring.v1.MonitoringService",
                           "sqm.reporting.v1.ReportingService"}) {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i) {
      asked.insert(service->method(i)->options().GetExtension(options::v1::method).permission());
    }
  }
  for (absl::string_view permission : Policy::Default().Permissions()) {
    EXPECT_TRUE(asked.contains(std::string(permission))) << permission;
  }
}

// The shipped table: who may what, role by role; complaints have one of their own below.
TEST(DefaultPolicy, Table) {
  const std::set<std::string> reads = {"monitoring.scorecards.read",  "monitoring.contacts.read",
                                       "monitoring.evaluations.read", "monitoring.notes.read",
                                       "reporting.measures.read",     "reporting.reports.read",
                                       "reporting.runs.read"};
  const std::set<std::string> monitoring_reads = {
      "monitoring.scorecards.read", "monitoring.contacts.read", "monitoring.evaluations.read",
      "monitoring.notes.read"};
  const auto join = [](std::initializer_list<std::set<std::string>> sets) {
    std::set<std::string> all;
    for (const auto& set : sets) all.insert(set.begin(), set.end());
    return all;
  };
  const std::set<std::string> scoring = {
      "monitoring.evaluations.create", "monitoring.evaluations.assign",
      "monitoring.evaluations.start", "monitoring.evaluations.submit",
      "monitoring.evaluations.release"};
  const std::set<std::string> own = {"monitoring.evaluations.acknowledge", "monitoring.notes.agree",
                                     "monitoring.notes.progress"};
  std::set<std::string> everything;
  for (absl::string_view name : Policy::Default().Permissions()) {
    if (name != "public" && !absl::StartsWith(name, "complaints.")) everything.emplace(name);
  }

  const std::map<Role, std::set<std::string>> expected = {
      {Role::kManager, join({reads,
                             {"audit.entries.read", "reporting.runs.create",
                              "monitoring.scorecards.publish", "monitoring.scorecards.retire",
                              "monitoring.scorecards.delete", "monitoring.contacts.delete",
                              "monitoring.evaluations.release", "monitoring.evaluations.void",
                              "monitoring.evaluations.delete", "monitoring.notes.close"}})},
      {Role::kQaOfficer,
       join({reads,
             scoring,
             {"reporting.runs.create", "monitoring.scorecards.create",
              "monitoring.scorecards.update", "monitoring.contacts.create",
              "monitoring.contacts.update", "monitoring.contacts.import",
              "monitoring.evaluations.void", "monitoring.notes.create", "monitoring.notes.update",
              "monitoring.notes.progress", "monitoring.notes.check", "monitoring.notes.close"}})},
      {Role::kSupervisor,
       join({reads,
             scoring,
             {"monitoring.notes.create", "monitoring.notes.update", "monitoring.notes.agree",
              "monitoring.notes.progress", "monitoring.notes.check", "monitoring.notes.close"}})},
      {Role::kTeamLead,
       join({monitoring_reads,
             own,
             {"monitoring.notes.create", "monitoring.notes.update", "monitoring.notes.check"}})},
      {Role::kAgent, join({monitoring_reads, own})},
      {Role::kClerk, {"reporting.reports.read"}},
      {Role::kTrainer, {"monitoring.scorecards.read", "monitoring.notes.read"}},
      {Role::kEngineer, {}},
      {Role::kGuard, {}},
      {Role::kAuditor, join({reads, {"audit.entries.read"}})},
      {Role::kCustomer, {}},
      {Role::kService, everything},
  };
  ASSERT_EQ(expected.size(), static_cast<size_t>(kRoleCount));
  for (const auto& [role, granted] : expected) {
    for (const std::string& permission : everything) {
      EXPECT_EQ(May(role, permission), granted.contains(permission))
          << RoleName(role) << " " << permission;
    }
  }
}

TEST(DefaultPolicy, ComplaintsTable) {
  const std::set<std::string> reads = {"cases.read",           "entries.read",
                                       "categories.read",      "causes.read",
                                       "calendars.read",       "deadline_policies.read",
                                       "reply_templates.read", "corrective_actions.read"};
  const std::set<std::string> disclosures = {"disclosures.submit", "disclosures.track",
                                             "disclosures.grant"};
  const auto with_reads = [&reads](std::set<std::string> more) {
    more.insert(reads.begin(), reads.end());
    return more;
  };
  std::set<std::string> everything;
  for (absl::string_view name : Policy::Default().Permissions()) {
    if (absl::ConsumePrefix(&name, "complaints.")) everything.emplace(name);
  }
  const auto all_but = [&everything](const std::set<std::string>& less) {
    std::set<std::string> rest;
    for (const std::string& name : everything) {
      if (!less.contains(name)) rest.insert(name);
    }
    return rest;
  };
  const std::set<std::string> settings = {"categories.create",
                                          "categories.update",
                                          "categories.retire",
                                          "calendars.create",
                                          "calendars.update",
                                          "deadline_policies.create",
                                          "deadline_policies.update",
                                          "deadline_policies.retire",
                                          "disclosure_panels.read",
                                          "disclosure_panels.create",
                                          "disclosure_panels.update",
                                          "reply_templates.create",
                                          "reply_templates.update",
                                          "reply_templates.delete",
                                          "causes.create",
                                          "causes.update",
                                          "receipts.track",
                                          "receipts.rate",
                                          "receipts.answer"};
  std::set<std::string> not_of_leads = settings;
  not_of_leads.insert({"suggestions.decide", "cases.archive", "cases.import"});
  not_of_leads.insert(disclosures.begin(), disclosures.end());
  not_of_leads.insert({"handlers.create", "handlers.update"});
  std::set<std::string> officers = disclosures;
  officers.insert({"reply_templates.create", "reply_templates.update", "reply_templates.delete",
                   "categories.create", "categories.update", "categories.retire",
                   "calendars.create", "calendars.update", "deadline_policies.create",
                   "deadline_policies.update", "deadline_policies.retire", "causes.create",
                   "causes.update", "receipts.issue", "satisfaction.record"});
  officers.insert({"cases.create", "cases.import", "cases.acknowledge", "cases.classify",
                   "entries.create", "corrective_actions.create", "corrective_actions.plan",
                   "corrective_actions.handle", "corrective_actions.verify"});
  const std::map<Role, std::set<std::string>> expected = {
      {Role::kManager, everything},
      {Role::kService, everything},
      {Role::kSupervisor, all_but(settings)},
      {Role::kTeamLead, all_but(not_of_leads)},
      {Role::kAgent,
       with_reads({"cases.create", "cases.update", "cases.handle", "cases.close", "cases.reopen",
                   "cases.withdraw", "cases.escalate", "entries.create", "compensations.request",
                   "appointments.handle", "receipts.issue", "corrective_actions.create",
                   "corrective_actions.handle"})},
      {Role::kQaOfficer, with_reads(officers)},
      {Role::kAuditor,
       [&reads] {
         std::set<std::string> all = reads;
         all.insert({"disclosure_panels.read", "handlers.read"});
         return all;
       }()},
      {Role::kCustomer,
       {"disclosures.submit", "disclosures.track", "receipts.track", "receipts.rate",
        "receipts.answer"}},
  };
  for (int i = 0; i < kRoleCount; ++i) {
    const Role role = static_cast<Role>(i);
    const auto found = expected.find(role);
    for (const std::string& permission : everything) {
      EXPECT_EQ(May(role, "complaints." + permission),
                found != expected.end() && found->second.contains(permission))
          << RoleName(role) << " " << permission;
    }
  }
}

TEST(DefaultPolicy, OnlyServicesReadFeeds) {
  for (int i = 0; i < kRoleCount; ++i) {
    const Role role = static_cast<Role>(i);
    EXPECT_EQ(May(role, "feed.read"), role == Role::kService) << RoleName(role);
    EXPECT_EQ(May(role, "feed.list"), role == Role::kService) << RoleName(role);
  }
}

TEST(Visibility, ByRole) {
  EXPECT_EQ(VisibilityOf(Of(0)), Visibility::kOwn);
  EXPECT_EQ(VisibilityOf(Of(BitOf(Role::kAgent), "t")), Visibility::kOwn);
  EXPECT_EQ(VisibilityOf(Of(BitOf(Role::kTeamLead), "t")), Visibility::kTeam);
  EXPECT_EQ(VisibilityOf(Of(BitOf(Role::kTeamLead))), Visibility::kOwn);
  EXPECT_EQ(VisibilityOf(Of(BitsOf(Role::kAgent, Role::kTeamLead), "t")), Visibility::kTeam);
  for (Role role :
       {Role::kManager, Role::kQaOfficer, Role::kSupervisor, Role::kAuditor, Role::kService}) {
    EXPECT_EQ(VisibilityOf(Of(BitsOf(role, Role::kAgent))), Visibility::kAll) << RoleName(role);
  }
  for (Role role : {Role::kClerk, Role::kTrainer, Role::kEngineer, Role::kGuard, Role::kCustomer}) {
    EXPECT_EQ(VisibilityOf(Of(BitOf(role))), Visibility::kOwn) << RoleName(role);
  }
}

TEST(Visibility, OfAPermissionCountsOnlyRolesThatGrantIt) {
  const Policy& policy = Policy::Default();
  const PermissionId notes = *policy.Intern("monitoring.notes.read");
  const PermissionId evaluations = *policy.Intern("monitoring.evaluations.read");
  EXPECT_EQ(policy.VisibilityOf(Of(BitOf(Role::kTrainer)), notes), Visibility::kAll);
  const Principal both = Of(BitsOf(Role::kAgent, Role::kTrainer));
  EXPECT_EQ(policy.VisibilityOf(both, notes), Visibility::kAll);
  EXPECT_EQ(policy.VisibilityOf(both, evaluations), Visibility::kOwn);
  EXPECT_EQ(policy.VisibilityOf(Of(BitOf(Role::kTeamLead), "t"), evaluations), Visibility::kTeam);
  EXPECT_EQ(policy.VisibilityOf(Of(BitOf(Role::kSupervisor)), evaluations), Visibility::kAll);
}

TEST(MaySeePersonal, Table) {
  using options::v1::PersonalClass;
  const std::map<Role, std::set<PersonalClass>> some = {
      {Role::kClerk,
       {options::v1::PERSONAL_CLASS_NAME, options::v1::PERSONAL_CLASS_PHONE,
        options::v1::PERSONAL_CLASS_ADDRESS}},
      {Role::kGuard, {options::v1::PERSONAL_CLASS_NAME}},
      {Role::kAgent, {options::v1::PERSONAL_CLASS_TEXT}},
      {Role::kTeamLead, {options::v1::PERSONAL_CLASS_TEXT}},
      {Role::kTrainer, {options::v1::PERSONAL_CLASS_TEXT}},
      {Role::kAuditor, {}},
      {Role::kCustomer, {}},
      {Role::kEngineer, {}}};
  for (int i = 0; i < kRoleCount; ++i) {
    const Role role = static_cast<Role>(i);
    const auto limited = some.find(role);
    for (int c = 1; c <= 5; ++c) {
      const auto personal = static_cast<PersonalClass>(c);
      EXPECT_EQ(MaySeePersonal(Of(BitOf(role)), personal),
                limited == some.end() || limited->second.contains(personal))
          << RoleName(role) << " " << c;
    }
    // Of what they handle for the person, agents and leads see whom to reach; nobody else more.
    const bool handles = role == Role::kAgent || role == Role::kTeamLead;
    for (int c = 1; c <= 5; ++c) {
      const auto personal = static_cast<PersonalClass>(c);
      EXPECT_EQ(MaySeePersonal(Of(BitOf(role)), personal, true),
                handles || MaySeePersonal(Of(BitOf(role)), personal))
          << RoleName(role) << " " << c;
    }
    EXPECT_TRUE(MaySeePersonal(Of(BitOf(role)), options::v1::PERSONAL_CLASS_UNSPECIFIED));
    // A class of a later contract is shown to those only who see everything.
    EXPECT_EQ(MaySeePersonal(Of(BitOf(role)), static_cast<PersonalClass>(77)),
              limited == some.end());
  }
  EXPECT_TRUE(MaySeePersonal(Of(BitsOf(Role::kAuditor, Role::kManager)),
                             options::v1::PERSONAL_CLASS_REFERENCE));
}

}  // namespace
}  // namespace sqm::auth
