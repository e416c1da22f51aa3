// What an administrator takes away while the store is in use: whoever calls may try again, whoever
// runs it is told what to give back.
#include "tests/unit/store/own_postgres.h"

namespace sqm::store {
namespace {

using ::testing::HasSubstr;

class Rights : public OwnPostgres {
 protected:
  void SetUp() override {
    OwnPostgres::SetUp();
    if (IsSkipped()) return;
    server_->Sql(
        "CREATE ROLE service LOGIN; GRANT USAGE ON SCHEMA own TO service; "
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA own TO service");
    absl::StrAppend(&options_.connection.conninfo, " user=service");
    Open();
  }
  absl::Status Write() {
    const CommitOutcome outcome = Await(store_->Commit(
        testing::Tickets::Write(clock_.Now(), {tickets_.Create(absl::StrCat("t", ++written_))})));
    return outcome.kind == CommitOutcome::kApplied ? absl::OkStatus() : outcome.status;
  }
  absl::Status Read() { return Await(store_->Read(tickets_.ticket(), "north", "t1")).status(); }
  static void ExpectUnavailable(const absl::Status& status, const std::string& what) {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_UNAVAILABLE) << status;
    EXPECT_TRUE(status.GetPayload(kRetryInfoUrl).has_value());
    EXPECT_TRUE(IsInside(status));
    EXPECT_THAT(std::string(status.message()), HasSubstr(what));
  }

 private:
  int written_ = 0;
};

TEST_F(Rights, ARevokedGrantIsNamed) {
  ASSERT_TRUE(Write().ok());
  server_->Sql(absl::StrCat("REVOKE INSERT ON own.", tickets_.ticket().table, " FROM service"));
  const std::string grant =
      "(SQLSTATE 42501): GRANT to service what it lacks: USAGE ON SCHEMA own; SELECT, INSERT, "
      "UPDATE, DELETE ON ALL TABLES IN SCHEMA own";
  ExpectUnavailable(Write(), grant);
  EXPECT_TRUE(Read().ok());
  server_->Sql(absl::StrCat("REVOKE SELECT ON own.", tickets_.ticket().table, " FROM service"));
  ExpectUnavailable(Read(), absl::StrCat("permission denied for table ", tickets_.ticket().table));
  server_->Sql("GRANT ALL ON ALL TABLES IN SCHEMA own TO service");
  EXPECT_TRUE(Read().ok());
  EXPECT_TRUE(Write().ok());
}

TEST_F(Rights, ASchemaThatWasChangedIsSaidSo) {
  ASSERT_TRUE(Write().ok());
  const std::string table = absl::StrCat("own.", tickets_.ticket().table);
  const std::string what = "somebody has changed the schema own, or service may not use it";
  for (const auto& [change, undo] : std::vector<std::pair<std::string, std::string>>{
           {absl::StrCat("ALTER TABLE ", table, " RENAME TO gone"),
            absl::StrCat("ALTER TABLE own.gone RENAME TO ", tickets_.ticket().table)},
           {absl::StrCat("ALTER TABLE ", table, " RENAME COLUMN body TO gone"),
            absl::StrCat("ALTER TABLE ", table, " RENAME COLUMN gone TO body")},
           {"ALTER SCHEMA own RENAME TO gone", "ALTER SCHEMA gone RENAME TO own"},
           {"REVOKE USAGE ON SCHEMA own FROM service", "GRANT USAGE ON SCHEMA own TO service"}}) {
    server_->Sql(change);
    ExpectUnavailable(Read(), what);
    ExpectUnavailable(Write(), what);
    server_->Sql(undo);
    EXPECT_TRUE(Read().ok()) << undo;
    EXPECT_TRUE(Write().ok()) << undo;
  }
}

}  // namespace
}  // namespace sqm::store
