#include "cli/client/login.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace sqm::cli {
namespace {

class LoginTest : public ::testing::Test {
 protected:
  LoginTest() : folder_(absl::StrCat(::testing::TempDir(), "/sqm-login-", getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    environment_["XDG_CONFIG_HOME"] = folder_;
  }
  ~LoginTest() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<ResolvedLogin> Resolve(const LoginOptions& options = {}) {
    return ResolveLogin(options, [this](const char* name) { return environment_[name]; });
  }
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = absl::StrCat(folder_, "/", name);
    std::ofstream(path) << text;
    return path;
  }

  std::string folder_;
  std::map<std::string, std::string> environment_;
};

TEST_F(LoginTest, WithoutAnythingItIsTheLocalServer) {
  const auto login = Resolve();
  ASSERT_TRUE(login.ok());
  EXPECT_EQ(login->login.server, "localhost:7070");
  EXPECT_EQ(login->login.token, "");
}

TEST_F(LoginTest, KeptLoginIsPrivateAndFound) {
  const std::string path = absl::StrCat(folder_, "/sqm/login.json");
  ASSERT_TRUE(WriteLogin(path, {.server = "a:1", .token = "t"}).ok());
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto login = Resolve();
  ASSERT_TRUE(login.ok());
  EXPECT_EQ(login->login.server, "a:1");
  EXPECT_EQ(login->login.token, "t");
  EXPECT_EQ(login->exposed_file, "");
  chmod(path.c_str(), 0644);
  EXPECT_EQ(Resolve()->exposed_file, path);
}

TEST_F(LoginTest, OptionOverEnvironmentOverFile) {
  const std::string file = Write("dev.json", R"({"server": "file:1", "token": "from-file"})");
  const std::string token = Write("token.txt", "  from-token-file\n");
  environment_["SQM_SERVER"] = "environment:1";
  auto login = Resolve({.login_file = file});
  EXPECT_EQ(login->login.server, "environment:1");
  EXPECT_EQ(login->login.token, "from-file");
  login = Resolve({.server = "option:1", .login_file = file, .token_file = token});
  EXPECT_EQ(login->login.server, "option:1");
  EXPECT_EQ(login->login.token, "from-token-file");
}

TEST_F(LoginTest, FaultsAreNamed) {
  EXPECT_FALSE(Resolve({.login_file = folder_ + "/none.json"}).ok());
  EXPECT_FALSE(Resolve({.login_file = Write("bad.json", "[1]")}).ok());
  EXPECT_FALSE(Resolve({.login_file = Write("bad.json", R"({"server": 1})")}).ok());
  EXPECT_FALSE(Resolve({.token_file = folder_ + "/none"}).ok());
}

TEST(TokenTest, ShowsClaimsWithoutTheSecret) {
  const std::string token =
      absl::StrCat(absl::WebSafeBase64Escape(R"({"alg":"ES256"})"), ".",
                   absl::WebSafeBase64Escape(R"({"sub":"staff/dan","roles":["agent"]})"), ".c2ln");
  const auto claims = TokenClaims(token);
  ASSERT_TRUE(claims.ok());
  EXPECT_NE(claims->find("staff/dan"), std::string::npos);
  EXPECT_EQ(TokenClaim(token, "sub"), "staff/dan");
  EXPECT_EQ(TokenClaim(token, "roles"), "");
  EXPECT_FALSE(TokenClaims("nonsense").ok());
  EXPECT_FALSE(TokenClaims("a.b.c").ok());
}

}  // namespace
}  // namespace sqm::cli
