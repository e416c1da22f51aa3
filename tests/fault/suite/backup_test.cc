// A copy that is made while the suite works, and put back as docs/operations.md says.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/support/monitoring_samples.h"
#include "tests/support/refusal.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

namespace v1 = monitoring::v1;

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (RunProgram({"sqlite3", "--version"}).exit_code != 0) GTEST_SKIP() << "no sqlite3";
    auto started = ServerProcess::Start();
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    database_ = server_->data_dir() + "/monitoring.db";
  }
  void Sql(const std::string& statement) const {
    const Finished finished = RunProgram({"sqlite3", database_, statement});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
  }
  absl::Status Create(const std::string& id) const {
    Client client(*server_, As(auth::Role::kQaOfficer));
    return Create(client, id);
  }
  static absl::Status Create(const Client& client, const std::string& id) {
    v1::CreateContactRequest request;
    *request.mutable_contact() = SampleContact(id, "ann", 1);
    return client.Call(&v1::MonitoringService::Stub::CreateContact, request).status();
  }
  size_t Stored() const {
    auto all = ListAll(Client(*server_, As(auth::Role::kManager)), "");
    EXPECT_TRUE(all.ok()) << all.status();
    return all.ok() ? all->size() : 0;
  }
  // Reads the feed from `token`, or from its beginning, until it has seen `changes`; the last
  // token.
  absl::Status Follow(std::string& token, size_t changes) const {
    Client client(*server_, As(auth::Role::kService, "reader"));
    auto context = client.Context();
    feed::v1::WatchChangesRequest request;
    request.set_service("monitoring");
    if (token.empty()) {
      request.set_from_oldest(true);
    } else {
      request.set_resume_token(token);
    }
    auto stream = client.feed().WatchChanges(context.get(), request);
    feed::v1::ChangeBatch batch;
    size_t seen = 0;
    while (seen < changes && stream->Read(&batch)) {
      seen += static_cast<size_t>(batch.changes_size());
      if (!batch.resume_token().empty()) token = batch.resume_token();
    }
    if (seen >= changes) context->TryCancel();
    return rpc::FromGrpc(stream->Finish());
  }

  std::unique_ptr<ServerProcess> server_;
  std::string database_;
};

TEST_F(BackupTest, ACopyMadeUnderLoadIsPutBackAndNobodyGoesOnFromWhatIsGone) {
  std::atomic<bool> stop{false};
  std::thread load([&] {
    Client client(*server_, As(auth::Role::kQaOfficer));
    for (int i = 0; !stop; ++i) {
      if (absl::Status made = Create(client, absl::StrCat("load-", i)); !made.ok()) {
        ADD_FAILURE() << made;
        return;
      }
    }
  });
  EXPECT_TRUE(Eventually([&] { return Stored() > 0; }, absl::Seconds(30)));
  TempDir copies;
  Sql(absl::StrCat("VACUUM INTO '", copies.File("monitoring.db"), "'"));
  stop = true;
  load.join();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Create(absl::StrCat("late-", i)).ok());
  const size_t all = Stored();
  std::string token;
  EXPECT_EQ(Follow(token, all).code(), absl::StatusCode::kCancelled);

  server_->Kill();
  ASSERT_TRUE(std::filesystem::exists(database_ + "-wal")) << "what is lost would come back";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(database_ + suffix);
  std::filesystem::copy_file(copies.File("monitoring.db"), database_);
  Sql("UPDATE meta SET value = hex(randomblob(16)) WHERE key = 'epoch'");
  const absl::Status restarted = server_->Restart();
  ASSERT_TRUE(restarted.ok()) << restarted;

  const size_t kept = Stored();
  EXPECT_GT(kept, 0u);
  EXPECT_LE(kept + 5, all);
  // Positions go beyond those of before.
  for (size_t i = kept; i <= all; ++i) ASSERT_TRUE(Create(absl::StrCat("again-", i)).ok());
  EXPECT_TRUE(IsRefused(Follow(token, 1),
                        {absl::StatusCode::kOutOfRange, type::v1::ERROR_REASON_HISTORY_LOST}));
  auto report = SettledReport(*server_, *server_, kSampleDay);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->contacts().total(), static_cast<int64_t>(Stored()));
}

}  // namespace
}  // namespace sqm::testing
