#include "common/auth/principal.h"

#include <gtest/gtest.h>

#include <string>

namespace sqm::auth {
namespace {

TEST(Roles, EveryWordReadsBack) {
  for (int i = 0; i < kRoleCount; ++i) {
    const Role role = static_cast<Role>(i);
    EXPECT_EQ(ParseRole(RoleName(role)), role);
  }
  EXPECT_EQ(ParseRole("qa_officer"), Role::kQaOfficer);
  EXPECT_EQ(ParseRole("service"), Role::kService);
  EXPECT_EQ(ParseRole("Manager"), std::nullopt);
  EXPECT_EQ(ParseRole(""), std::nullopt);
}

TEST(Roles, FormatsInOrder) {
  EXPECT_EQ(FormatRoles(BitsOf(Role::kAgent, Role::kManager)), "manager,agent");
  EXPECT_EQ(FormatRoles(0), "");
}

TEST(Tenant, Form) {
  EXPECT_TRUE(IsTenant("a"));
  EXPECT_TRUE(IsTenant("0-north-west"));
  EXPECT_TRUE(IsTenant(std::string(63, 'a')));
  for (const std::string& bad :
       {std::string(), std::string("-a"), std::string("A"), std::string("a_b"), std::string("*"),
        std::string("a.b"), std::string(64, 'a'), std::string("a\0b", 3)}) {
    EXPECT_FALSE(IsTenant(bad)) << bad;
  }
}

}  // namespace
}  // namespace sqm::auth
