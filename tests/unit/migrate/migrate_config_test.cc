// What `sqm-migrate` takes of the configuration of the services.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/migrate/migrate.h"
#include "tests/support/temp_dir.h"

namespace sqm::migrate {
namespace {

using ::testing::HasSubstr;

class MigrateConfigTest : public ::testing::Test {
 protected:
  MigrateConfigTest() {
    Describe(config_, request_, spec_);
    dir_.Write("url", "host=db dbname=sqm");
  }

  // A configuration on PostgreSQL with something more.
  ConfigResult Load(absl::string_view more, const ConfigSpec::Environment& environment = {}) {
    const std::string file = dir_.Write(
        "suite.toml", absl::StrCat("store.backend = \"postgres\"\nstore.postgres.url_file = \"",
                                   dir_.File("url"), "\"\n", more));
    return spec_.Load({"--config", file}, environment);
  }

  const sqm::testing::TempDir dir_;
  host::Config config_;
  Request request_;
  ConfigSpec spec_{"sqm-migrate", "1.2.3", "Migrates."};
};

TEST_F(MigrateConfigTest, OneFileServesTheServicesAndIt) {
  const ConfigResult result =
      Load("complaints.keep_personal_data = \"43800h\"\nmonitoring.address = \"dns:///m:7070\"\n",
           {{"SQM_COMPLAINTS_KEY_FILE", "/run/secrets/complaints.key"}});
  EXPECT_TRUE(result.run) << result.errors;
  EXPECT_EQ(config_.store_backend, "postgres");
}

TEST_F(MigrateConfigTest, WhatIsUnknownElsewhereIsAnError) {
  for (const char* section : {"complaint", "complaints2"}) {
    const ConfigResult result = Load(absl::StrCat(section, ".keep_personal_data = \"43800h\"\n"));
    EXPECT_FALSE(result.run);
    EXPECT_THAT(result.errors,
                HasSubstr(absl::StrCat(section, ".keep_personal_data: no such key")));
  }
}

}  // namespace
}  // namespace sqm::migrate
