// The secret of customers' pseudonyms, which all replicas of complaints share.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

using ::testing::HasSubstr;

class ComplaintsKeyTest : public ::testing::Test {
 protected:
  // A file of so many bytes that its owner alone may read.
  std::string Key(const std::string& name, char byte, size_t size = 32) const {
    const std::string path = dir_.File(name);
    WriteFile(path, std::string(size, byte));
    std::filesystem::permissions(path, std::filesystem::perms::owner_read);
    return path;
  }
  // How a suite with this key and an empty data directory knows one and the same customer.
  static std::string PseudonymUnder(const std::string& key_file) {
    ServerOptions options;
    options.flags = {absl::StrCat("--complaints.key_file=", key_file)};
    auto server = ServerProcess::Start(options);
    EXPECT_TRUE(server.ok()) << server.status();
    if (!server.ok()) return "";
    EXPECT_FALSE(std::filesystem::exists((*server)->data_dir() + "/complaints.key"));
    complaints::v1::CreateCaseRequest create;
    create.mutable_case_()->set_kind(complaints::v1::CASE_KIND_COMPLAINT);
    create.mutable_case_()->set_channel(complaints::v1::CASE_CHANNEL_PHONE);
    create.mutable_case_()->set_subject("No signal");
    create.mutable_case_()->mutable_customer()->set_reference("AC-1001");
    const Client manager(**server, As(auth::Role::kManager));
    auto made = manager.Call(&complaints::v1::ComplaintsService::Stub::CreateCase, create);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? made->customer_key() : "";
  }
  static std::string Refusal(const std::string& key_file) {
    ServerOptions options;
    options.flags = {absl::StrCat("--complaints.key_file=", key_file)};
    auto server = ServerProcess::Start(options);
    return std::string(server.status().message());
  }

  TempDir dir_;
};

TEST_F(ComplaintsKeyTest, ReplicasWithTheSameFileKnowTheSameCustomers) {
  const std::string shared = Key("shared.key", 'a');
  const std::string first = PseudonymUnder(shared);
  EXPECT_NE(first, "");
  EXPECT_EQ(PseudonymUnder(shared), first);
  EXPECT_NE(PseudonymUnder(Key("other.key", 'b')), first);
}

TEST_F(ComplaintsKeyTest, AFileThatIsGivenIsNotMadeUp) {
  EXPECT_THAT(Refusal(dir_.File("missing.key")), HasSubstr("missing.key"));
  EXPECT_FALSE(std::filesystem::exists(dir_.File("missing.key")));
  EXPECT_THAT(Refusal(Key("short.key", 'a', 31)), HasSubstr("openssl rand -out FILE 32"));
  const std::string open = Key("open.key", 'a');
  std::filesystem::permissions(open, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_THAT(Refusal(open), HasSubstr("open.key"));
}

TEST_F(ComplaintsKeyTest, IsLookedAtBeforeAStart) {
  const auto check = [](const std::string& path) {
    return RunProgram({SQM_BIN_DIR "/sqm-complaints", "--dev", "--check-config",
                       absl::StrCat("--complaints.key_file=", path)});
  };
  EXPECT_EQ(check(Key("good.key", 'a')).exit_code, 0);
  const Finished brief = check(Key("short.key", 'a', 31));
  EXPECT_EQ(brief.exit_code, 2);
  EXPECT_THAT(brief.err, HasSubstr("complaints.key_file: "));
  EXPECT_THAT(brief.err, HasSubstr("openssl rand -out FILE 32"));
}

}  // namespace
}  // namespace sqm::testing
