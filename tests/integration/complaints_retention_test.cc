// Personal data after the time to keep it: removed from the case and its timeline, once.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "services/complaints/module.h"
#include "tests/integration/complaints_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

constexpr absl::Duration kYear = absl::Hours(24 * 365);

class ComplaintsRetentionTest : public ComplaintsWorld {
 protected:
  std::string Withdrawn() {
    auto one = Create(*lead_, Sample());
    EXPECT_TRUE(one.ok()) << one.status();
    v1::AddCaseEntryRequest message;
    message.set_parent(one->name());
    message.mutable_entry()->set_action(v1::CASE_ACTION_CUSTOMER_MESSAGE);
    message.mutable_entry()->set_text("Li Lei here: I take it back.");
    v1::Attachment& file = *message.mutable_entry()->add_attachments();
    file.set_uri("https://files/li-lei.pdf");
    file.set_sha256(std::string(64, 'a'));
    EXPECT_TRUE(lead_->Call(&Stub::AddCaseEntry, message).ok());
    EXPECT_TRUE(
        Do<v1::WithdrawCaseRequest>(*lead_, &Stub::WithdrawCase, one->name(), [](auto& request) {
          request.set_reason("Li Lei took it back");
        }).ok());
    return one->name();
  }
  // What the service does by itself `later`, on the data of the suite that does not run now.
  void RunLater(absl::Duration later, int times = 1) {
    ASSERT_TRUE(server_->Stop().ok());
    {
      host::Config config;
      config.data_dir = server_->data_dir();
      config.dev = true;
      config.log_level = "warning";
      config.listen = "127.0.0.1:0";
      auto host = host::Host::Open(config);
      ASSERT_TRUE(host.ok()) << host.status();
      complaints::Settings settings;
      settings.keep_personal_data = 5 * kYear;
      auto opened = complaints::Open(**host, settings, nullptr);
      ASSERT_TRUE(opened.ok()) << opened.status();
      const absl::Status serving = (*host)->Serve();  // takes the leases of the jobs
      ASSERT_TRUE(serving.ok()) << serving;
      for (int i = 0; i < times; ++i) {
        const absl::Status done =
            Await((*opened)->anonymiser.RunTenant("default", absl::Now() + later));
        ASSERT_TRUE(done.ok()) << done;
      }
    }
    ASSERT_TRUE(server_->Restart().ok());
    lead_ = Caller(auth::Role::kTeamLead, "leo");
    manager_ = Caller(auth::Role::kManager, "mia");
  }
  std::string TimelineText(const std::string& name) {
    std::string text;
    for (const v1::CaseEntry& entry : Timeline(*manager_, name)) {
      absl::StrAppend(&text, entry.ShortDebugString(), "\n");
    }
    return text;
  }
};

TEST_F(ComplaintsRetentionTest, RemovesWhatIsKnownOfPersonsOnce) {
  const std::string name = Withdrawn();
  auto open = Create(*lead_, Sample());
  ASSERT_TRUE(open.ok());
  ASSERT_NO_FATAL_FAILURE(RunLater(4 * kYear));
  EXPECT_EQ(Get(*manager_, name)->customer().display_name(), "Li Lei");
  EXPECT_TRUE(absl::StrContains(TimelineText(name), "Li Lei"));

  ASSERT_NO_FATAL_FAILURE(RunLater(6 * kYear, 3));
  auto one = Get(*manager_, name);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->customer().ShortDebugString(), "");
  EXPECT_EQ(one->text(), "");
  EXPECT_EQ(one->customer_key(), "");
  EXPECT_TRUE(one->has_anonymise_time());
  EXPECT_FALSE(one->has_retained_since());
  EXPECT_EQ(one->state(), v1::CASE_STATE_WITHDRAWN);
  const std::string timeline = TimelineText(name);
  EXPECT_FALSE(absl::StrContains(timeline, "Li Lei")) << timeline;
  EXPECT_FALSE(absl::StrContains(timeline, "li-lei")) << timeline;
  const std::vector<v1::CaseEntry> entries = Timeline(*manager_, name);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[2].action(), v1::CASE_ACTION_ANONYMISE);
  EXPECT_EQ(entries[0].action(), v1::CASE_ACTION_CUSTOMER_MESSAGE);
  // What is open is worked on, however old; and nothing more is said of what is kept.
  EXPECT_EQ(Get(*manager_, open->name())->customer().display_name(), "Li Lei");
  EXPECT_TRUE(IsRefused(Do<v1::RejectCaseRequest>(*manager_, &Stub::RejectCase, name,
                                                  [](auto& request) { request.set_reason("x"); })
                            .status(),
                        WrongState("WITHDRAWN", "REOPENED,ARCHIVED")));
  v1::AddCaseEntryRequest note;
  note.set_parent(name);
  note.mutable_entry()->set_action(v1::CASE_ACTION_NOTE);
  note.mutable_entry()->set_text("Li Lei called");
  EXPECT_TRUE(IsRefused(lead_->Call(&Stub::AddCaseEntry, note).status(), Rule("anonymised")));
  EXPECT_TRUE(Do<v1::ArchiveCaseRequest>(*manager_, &Stub::ArchiveCase, name).ok());
}

TEST_F(ComplaintsRetentionTest, WorksThroughMoreThanAPage) {
  std::vector<std::string> names;
  for (int i = 0; i < 60; ++i) names.push_back(Withdrawn());
  ASSERT_NO_FATAL_FAILURE(RunLater(6 * kYear, 2));
  for (const std::string& name : names) {
    EXPECT_TRUE(Get(*manager_, name)->has_anonymise_time()) << name;
    EXPECT_EQ(Timeline(*manager_, name).size(), 3u);
  }
}

TEST_F(ComplaintsRetentionTest, IsConfigured) {
  const auto check = [&](const std::string& value) {
    const std::string program = SQM_BIN_DIR "/sqm-complaints";
    return RunProgram({program, "--dev", "--check-config",
                       absl::StrCat("--data.dir=", server_->data_dir()),
                       absl::StrCat("--complaints.keep_personal_data=", value)});
  };
  const Finished years = check("43800h");
  EXPECT_EQ(years.exit_code, 0) << years.err;
  EXPECT_TRUE(absl::StrContains(years.out, "keep_personal_data = \"43800h\"")) << years.out;
  EXPECT_EQ(check("0").exit_code, 0);
  const Finished brief = check("24h");
  EXPECT_EQ(brief.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(brief.err, "complaints.keep_personal_data")) << brief.err;
}

}  // namespace
}  // namespace sqm::testing
