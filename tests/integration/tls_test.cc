// Services that speak TLS, to clients and to each other, with certificates that are renewed.
#include "common/rpc/tls.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/support/certificates.h"
#include "tests/support/monitoring_samples.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

namespace mv1 = monitoring::v1;
namespace cv1 = complaints::v1;
using ::testing::HasSubstr;

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() : ours_(dir_.path(), "ours"), others_(dir_.path(), "others") {
    MakeKeys(dir_.File("keys"));
    ours_.Issue("server");
    ours_.Issue("client");
    others_.Issue("stranger");
  }

  // A server that demands a certificate of ours, and shows one.
  ServerOptions Strict(const std::string& program) {
    ServerOptions options;
    options.program = program;
    options.key_dir = dir_.File("keys");
    options.flags = {"--tls.certificate=" + ours_.certificate("server"),
                     "--tls.key=" + ours_.key("server"), "--tls.client_ca=" + ours_.ca()};
    return options;
  }
  std::vector<std::string> Peers() {
    return {"--peers.ca=" + ours_.ca(), "--peers.certificate=" + ours_.certificate("client"),
            "--peers.key=" + ours_.key("client")};
  }
  absl::Status Ask(const ServerProcess& server, const rpc::TlsFiles& files) {
    auto credentials = rpc::ClientTls(files);
    if (!credentials.ok()) return credentials.status();
    Client client(server.address(), Authorization(server.key_dir(), Caller()), *credentials);
    client.Wait(false);
    return client.Call(&mv1::MonitoringService::Stub::ListContacts, mv1::ListContactsRequest())
        .status();
  }

  TempDir dir_;
  Authority ours_, others_;
};

TEST_F(TlsTest, OnlyWhoHasACertificateIsHeard) {
  auto server = ServerProcess::Start(Strict("sqm-monitoring"));
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_TRUE(Ask(**server, {ours_.ca(), ours_.certificate("client"), ours_.key("client")}).ok());
  for (const rpc::TlsFiles& files :
       {rpc::TlsFiles{}, rpc::TlsFiles{ours_.ca(), "", ""},
        rpc::TlsFiles{ours_.ca(), others_.certificate("stranger"), others_.key("stranger")},
        // The server is not the one that is trusted.
        rpc::TlsFiles{others_.ca(), ours_.certificate("client"), ours_.key("client")}}) {
    EXPECT_EQ(Ask(**server, files).code(), absl::StatusCode::kUnavailable) << files.ca;
  }
}

TEST_F(TlsTest, ACertificateThatIsOverIsToldAsSuch) {
  ours_.Issue("server", -absl::Minutes(1));
  auto server = ServerProcess::Start(Strict("sqm-monitoring"));
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_TRUE(Eventually(
      [&] { return absl::StrContains((*server)->Log(), "the certificate is over, nobody"); }));
  WriteFile(dir_.File("token"),
            Authorization((*server)->key_dir(), Caller()).substr(sizeof("Bearer")));
  const Finished status =
      RunProgram({absl::StrCat(SQM_BIN_DIR, "/sqm"), "list", "contacts", "--server",
                  (*server)->address(), "--token-file", dir_.File("token"), "--ca", ours_.ca()},
                 {{"HOME", dir_.path()}, {"SQM_LOGIN", ""}, {"XDG_CONFIG_HOME", ""}});
  EXPECT_EQ(status.exit_code, 3);
  EXPECT_THAT(status.err, HasSubstr("→ The server shows a certificate that is not accepted"));
}

TEST_F(TlsTest, WhoAsksForTlsNeverSpeaksPlainText) {
  EXPECT_THAT(std::string(rpc::ClientTls({"", ours_.certificate("client"), ours_.key("client")})
                              .status()
                              .message()),
              HasSubstr("over TLS only"));
  EXPECT_FALSE(rpc::ServerTls({ours_.ca(), "", ""}).ok());
  EXPECT_TRUE(rpc::ClientTls({}).ok());
  EXPECT_TRUE(rpc::ServerTls({}).ok());
}

TEST_F(TlsTest, ServicesCallEachOther) {
  auto monitoring = ServerProcess::Start(Strict("sqm-monitoring"));
  ASSERT_TRUE(monitoring.ok()) << monitoring.status();
  ServerOptions options = Strict("sqm-complaints");
  options.flags.push_back("--monitoring.address=" + (*monitoring)->address());
  for (const std::string& flag : Peers()) options.flags.push_back(flag);
  auto complaints = ServerProcess::Start(options);
  ASSERT_TRUE(complaints.ok()) << complaints.status();
  options = Strict("sqm-reporting");
  options.flags.push_back("--monitoring.address=" + (*monitoring)->address());
  options.flags.push_back("--complaints.address=" + (*complaints)->address());
  for (const std::string& flag : Peers()) options.flags.push_back(flag);
  auto reporting = ServerProcess::Start(options);
  ASSERT_TRUE(reporting.ok()) << reporting.status();

  const auto credentials =
      rpc::ClientTls({ours_.ca(), ours_.certificate("client"), ours_.key("client")});
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  const auto client = [&](const ServerProcess& server) {
    return Client(server.address(),
                  Authorization(server.key_dir(), As(auth::Role::kQaOfficer, "olga")),
                  *credentials);
  };
  mv1::CreateContactRequest create;
  *create.mutable_contact() = SampleContact("x-1", "ann");
  create.set_contact_id("one");
  const Client at_monitoring = client(**monitoring);
  auto contact = at_monitoring.Call(&mv1::MonitoringService::Stub::CreateContact, create);
  ASSERT_TRUE(contact.ok()) << contact.status();
  // Complaints asks monitoring for what a case names.
  const Client at_complaints = client(**complaints);
  cv1::CreateCaseRequest request;
  request.mutable_case_()->set_kind(cv1::CASE_KIND_COMPLAINT);
  request.mutable_case_()->set_channel(cv1::CASE_CHANNEL_PHONE);
  request.mutable_case_()->set_subject("Late fee");
  request.mutable_case_()->set_related_contact("contacts/one");
  auto made = at_complaints.Call(&cv1::ComplaintsService::Stub::CreateCase, request);
  EXPECT_TRUE(made.ok()) << made.status();
  request.mutable_case_()->set_related_contact("contacts/none");
  EXPECT_EQ(at_complaints.Call(&cv1::ComplaintsService::Stub::CreateCase, request).status().code(),
            absl::StatusCode::kFailedPrecondition);
  // Reporting follows both.
  const Client at_reporting = client(**reporting);
  EXPECT_TRUE(Eventually([&] {
    reporting::v1::GetDailyReportRequest report;
    report.set_date(kSampleDay);
    auto day = at_reporting.Call(&reporting::v1::ReportingService::Stub::GetDailyReport, report);
    // Of both sources something was applied.
    return day.ok() && day->contacts().total() == 1 && day->sources_size() == 2 &&
           day->sources(0).position() > 0 && day->sources(1).position() > 0;
  }));
}

TEST_F(TlsTest, ARenewedCertificateIsShownWithoutARestart) {
  auto server = ServerProcess::Start(Strict("sqm-monitoring"));
  ASSERT_TRUE(server.ok()) << server.status();
  const rpc::TlsFiles files = {ours_.ca(), ours_.certificate("client"), ours_.key("client")};
  ASSERT_TRUE(Ask(**server, files).ok());
  // From another authority: whoever trusts that one alone is heard only once it is shown.
  const Authority next(dir_.File("next"), "next");
  next.Issue("server");
  const rpc::TlsFiles trusting = {next.ca(), files.certificate, files.key};
  EXPECT_EQ(Ask(**server, trusting).code(), absl::StatusCode::kUnavailable);
  for (const bool key : {true, false}) {
    std::filesystem::rename(key ? next.key("server") : next.certificate("server"),
                            key ? ours_.key("server") : ours_.certificate("server"));
  }
  EXPECT_TRUE(Eventually([&] { return Ask(**server, trusting).ok(); }, absl::Seconds(60)));
  EXPECT_EQ(Ask(**server, files).code(), absl::StatusCode::kUnavailable);
}

TEST_F(TlsTest, WrongFilesAreNamedAtTheStart) {
  const auto refused = [&](const std::vector<std::string>& flags) {
    ServerOptions options;
    options.program = "sqm-monitoring";
    options.key_dir = dir_.File("keys");
    options.flags = flags;
    auto server = ServerProcess::Start(options);
    return std::string(server.status().message());
  };
  const std::string certificate = "--tls.certificate=" + ours_.certificate("server");
  EXPECT_THAT(refused({certificate}), HasSubstr("tls.certificate and tls.key belong together"));
  EXPECT_THAT(refused({certificate, "--tls.key=" + ours_.key("client")}),
              HasSubstr("client.key: is not the key of"));
  EXPECT_THAT(refused({certificate, "--tls.key=" + dir_.File("none")}), HasSubstr("/none"));
  EXPECT_THAT(refused({"--tls.client_ca=" + ours_.ca()}), HasSubstr("needs tls.certificate"));
  EXPECT_THAT(refused({"--peers.certificate=" + ours_.certificate("client"),
                       "--peers.key=" + ours_.key("client")}),
              HasSubstr("peers.certificate needs peers.ca"));
  WriteFile(dir_.File("empty.pem"), "nothing\n");
  EXPECT_THAT(refused({certificate, "--tls.key=" + ours_.key("server"),
                       "--tls.client_ca=" + dir_.File("empty.pem")}),
              HasSubstr("empty.pem: holds no certificate"));
}

TEST_F(TlsTest, TheClientShowsItsCertificateAndTheEndIsMeasured) {
  ServerOptions options = Strict("sqm-monitoring");
  const int port = FreePort();
  options.flags.push_back(absl::StrCat("--metrics.address=127.0.0.1:", port));
  ours_.Issue("server", absl::Hours(48));
  auto server = ServerProcess::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  WriteFile(dir_.File("token"),
            Authorization((*server)->key_dir(), Caller()).substr(sizeof("Bearer")));
  const auto sqm = [&](std::vector<std::string> words) {
    words.insert(words.begin(), absl::StrCat(SQM_BIN_DIR, "/sqm"));
    words.insert(words.end(), {"--server", (*server)->address(), "--token-file", dir_.File("token"),
                               "--ca", ours_.ca()});
    return RunProgram(words, {{"HOME", dir_.path()}, {"SQM_LOGIN", ""}, {"XDG_CONFIG_HOME", ""}});
  };
  EXPECT_EQ(sqm({"list", "contacts"}).exit_code, 3);
  const Finished plain = RunProgram(
      {absl::StrCat(SQM_BIN_DIR, "/sqm"), "list", "contacts", "--server", (*server)->address(),
       "--certificate", ours_.certificate("client"), "--key", ours_.key("client")},
      {{"HOME", dir_.path()}, {"SQM_LOGIN", ""}, {"XDG_CONFIG_HOME", ""}});
  EXPECT_NE(plain.exit_code, 0);
  EXPECT_THAT(plain.err, HasSubstr("over TLS only"));
  const std::vector<std::string> shown = {"--certificate", ours_.certificate("client"), "--key",
                                          ours_.key("client")};
  std::vector<std::string> list = {"list", "contacts"};
  list.insert(list.end(), shown.begin(), shown.end());
  const Finished listed = sqm(list);
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  // What was given at the login is kept.
  std::vector<std::string> login = {"login"};
  login.insert(login.end(), shown.begin(), shown.end());
  ASSERT_EQ(sqm(login).exit_code, 0);
  const Finished again =
      RunProgram({absl::StrCat(SQM_BIN_DIR, "/sqm"), "list", "contacts"},
                 {{"HOME", dir_.path()}, {"SQM_LOGIN", ""}, {"XDG_CONFIG_HOME", ""}});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT((*server)->Log(), HasSubstr("the certificate is over soon"));
  const Finished metrics =
      RunProgram({"curl", "-sf", absl::StrCat("http://127.0.0.1:", port, "/metrics")});
  EXPECT_THAT(metrics.out, HasSubstr("sqm_certificate_end_timestamp_seconds{shown_to=\"server\"}"));
}

}  // namespace
}  // namespace sqm::testing
