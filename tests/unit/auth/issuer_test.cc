#include "common/auth/issuer.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/auth/file.h"
#include "common/auth/key_set.h"
#include "common/auth/openssl.h"
#include "common/auth/token.h"
#include "tests/support/temp_dir.h"

namespace sqm::auth {
namespace {

using testing::TempDir;

using ::testing::EndsWith;

const absl::Time kIssueTime = absl::FromUnixSeconds(1'700'000'000);

// Writes a key as a PEM file that only the owner reads.
void WriteKey(const TempDir& dir, EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr) {
  OwnedBio bio(BIO_new(BIO_s_mem()));
  std::string password = "secret";
  ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, cipher, password.data(),
                                          static_cast<int>(password.size()), nullptr, nullptr),
            1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  ASSERT_TRUE(CreateFile(dir.File("issuer-key.pem"),
                         absl::string_view(data, static_cast<size_t>(size)), 0600)
                  .ok());
}

TEST(Issuer, KeepsItsKeyInTheDirectory) {
  const TempDir dir;
  const auto first = Issuer::Open(dir.path(), {});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ((*first)->algorithm(), Algorithm::kEs256);
  struct stat info;
  ASSERT_EQ(stat(dir.File("issuer-key.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto second = Issuer::Open(dir.path(), {});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*first)->key_id(), (*second)->key_id());
  EXPECT_EQ((*first)->jwks(), (*second)->jwks());

  const auto token =
      (*second)->Mint({.subject = "a", .roles = BitOf(Role::kClerk)}, absl::Hours(1), kIssueTime);
  const auto ring = KeyRing::FromJwks((*first)->jwks(), 1);
  ASSERT_TRUE(ring.ok()) << ring.status();
  EXPECT_TRUE(VerifyToken(*token, **ring, {"sqm-dev", "sqm"}, kIssueTime).ok());
}

TEST(Issuer, ManyStartAtOnceWithOneKey) {
  const TempDir dir;
  std::vector<std::string> ids(8);
  std::vector<std::thread> threads;
  for (std::string& id : ids) {
    threads.emplace_back([&dir, &id] {
      const auto issuer = Issuer::Open(dir.path(), {});
      ASSERT_TRUE(issuer.ok()) << issuer.status();
      id = (*issuer)->key_id();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& id : ids) EXPECT_EQ(id, ids[0]);
}

TEST(Issuer, JwksHoldsNoSecret) {
  for (Algorithm algorithm : {Algorithm::kEs256, Algorithm::kRs256}) {
    const auto issuer = *Issuer::Generate(algorithm, {});
    EXPECT_TRUE(KeyRing::FromJwks(issuer->jwks(), 1).ok());  // refuses private keys
    EXPECT_EQ(issuer->jwks().find("\"d\""), std::string::npos);
  }
}

TEST(Issuer, TakesAnRsaKey) {
  const TempDir dir;
  const KeyHandle key(EVP_RSA_gen(static_cast<size_t>(2048)));
  WriteKey(dir, key.get());
  const auto issuer = Issuer::Open(dir.path(), {});
  ASSERT_TRUE(issuer.ok()) << issuer.status();
  EXPECT_EQ((*issuer)->algorithm(), Algorithm::kRs256);
}

TEST(Issuer, RefusesFilesThatAreNoGoodKey) {
  const auto problem = [](const TempDir& dir) {
    return std::string(Issuer::Open(dir.path(), {}).status().message());
  };
  {
    const TempDir dir;
    WriteKey(dir, KeyHandle(EVP_EC_gen("P-384")).get());
    EXPECT_THAT(problem(dir), EndsWith("issuer-key.pem: the EC key is not on P-256"));
  }
  {
    const TempDir dir;
    WriteKey(dir, KeyHandle(EVP_EC_gen("P-256")).get(), EVP_aes_256_cbc());
    EXPECT_THAT(problem(dir), EndsWith("holds no unencrypted private key in PEM form"));
  }
  {
    const TempDir dir;
    ASSERT_TRUE(CreateFile(dir.File("issuer-key.pem"), "nonsense", 0600).ok());
    EXPECT_THAT(problem(dir), EndsWith("holds no unencrypted private key in PEM form"));
  }
  {
    const TempDir dir;
    ASSERT_TRUE(Issuer::Open(dir.path(), {}).ok());
    ASSERT_EQ(chmod(dir.File("issuer-key.pem").c_str(), 0644), 0);
    EXPECT_THAT(problem(dir), EndsWith("is open to others than its owner: chmod 600 it"));
  }
  EXPECT_FALSE(Issuer::Open("/no/such/directory", {}).ok());
}

TEST(Issuer, MintsNothingThatWouldBeRefused) {
  const auto issuer = *Issuer::Generate(Algorithm::kEs256, {});
  const auto problem = [&](const TokenClaims& claims, absl::Duration lifetime = absl::Hours(1)) {
    const absl::Status status = issuer->Mint(claims, lifetime, kIssueTime).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  const RoleBits agent = BitOf(Role::kAgent);
  EXPECT_EQ(problem({.roles = agent}), "claims: token claim \"sub\" is missing");
  EXPECT_EQ(problem({.subject = "a"}), "claims: token claim \"roles\" names no known role");
  EXPECT_EQ(problem({.subject = "a", .tenant = "*", .roles = agent}),
            "claims: token claim \"tenant\" is * without role service");
  EXPECT_EQ(problem({.subject = std::string(200, 'a'), .roles = agent}),
            "claims: token claim \"sub\" is longer than 128 bytes");
  EXPECT_EQ(problem({.subject = "a", .roles = agent}, absl::ZeroDuration()),
            "lifetime: must be at least 1 s and at most 366 days");
  EXPECT_EQ(problem({.subject = "a", .roles = agent}, absl::InfiniteDuration()),
            "lifetime: must be at least 1 s and at most 366 days");
  EXPECT_FALSE(issuer->SignClaims(std::string(8000, ' ')).ok());
}

}  // namespace
}  // namespace sqm::auth
