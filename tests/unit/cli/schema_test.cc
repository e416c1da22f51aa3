#include <absl/strings/match.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/schema/catalogue.h"
#include "cli/schema/columns.h"
#include "cli/schema/value.h"
#include "cli/text/headings.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/category.pb.h"
#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::cli {
namespace {

using monitoring::v1::Contact;
using ::testing::ElementsAre;

TEST(CatalogueTest, FindsResourcesByWordAndName) {
  const Catalogue catalogue = *Catalogue::Load();
  for (const char* word : {"contacts", "monitoring/Contact", "Contact", "contact"}) {
    const ResourceInfo* info = catalogue.Find(word);
    ASSERT_NE(info, nullptr) << word;
    EXPECT_EQ(info->message, Contact::descriptor());
  }
  EXPECT_EQ(catalogue.Find("nothing"), nullptr);
  ASSERT_NE(catalogue.FindByName("scorecards/x/versions/3"), nullptr);
  EXPECT_EQ(catalogue.FindByName("scorecards/x/versions/3")->message,
            monitoring::v1::ScorecardVersion::descriptor());
  EXPECT_EQ(catalogue.FindByName("scorecards/x")->message, monitoring::v1::Scorecard::descriptor());
  EXPECT_EQ(catalogue.FindByName("scorecards"), nullptr);
  EXPECT_EQ(catalogue.FindByName("scorecards/"), nullptr);
  EXPECT_EQ(catalogue.FindByName("versions/3"), nullptr);
}

TEST(CatalogueTest, EveryResourceThatIsListedCanBeRead) {
  const Catalogue catalogue = *Catalogue::Load();
  EXPECT_GE(catalogue.resources().size(), 6u);
  for (const ResourceInfo& info : catalogue.resources()) {
    if (info.Method(options::v1::STANDARD_METHOD_LIST) == nullptr) continue;
    EXPECT_NE(info.Method(options::v1::STANDARD_METHOD_GET), nullptr) << info.options.type();
  }
}

TEST(CatalogueTest, FindsMethods) {
  const Catalogue catalogue = *Catalogue::Load();
  for (const char* path : {"ReleaseEvaluation", "MonitoringService/ReleaseEvaluation",
                           "sqm.monitoring.v1.MonitoringService/ReleaseEvaluation",
                           "/sqm.monitoring.v1.MonitoringService/ReleaseEvaluation"}) {
    EXPECT_TRUE(catalogue.FindMethod(path).ok()) << path;
  }
  EXPECT_TRUE(absl::IsNotFound(catalogue.FindMethod("Nope").status()));
}

TEST(ColumnsTest, TableShowsNameStateAndIndexedFields) {
  const auto columns = TableColumns(monitoring::v1::Scorecard::descriptor(), 8);
  std::vector<std::string> names;
  for (const FieldPath& path : columns) names.push_back(PathText(path));
  EXPECT_THAT(names, ElementsAre("name", "title", "state", "delete_time", "subject",
                                 "latest_version", "template_id"));
  EXPECT_EQ(PathText(TableColumns(complaints::v1::Category::descriptor(), 8)[1]), "label");
  EXPECT_EQ(TableColumns(Contact::descriptor(), 6).size(), 6u);
  EXPECT_EQ(FileColumns(Contact::descriptor()).size(),
            static_cast<size_t>(Contact::descriptor()->field_count()));
}

TEST(ColumnsTest, TitlesCarryUnitsAndNumbersAlignRight) {
  const Column rating =
      ColumnOf(*FindPath(Contact::descriptor(), "satisfaction"), Language::kEnglish);
  EXPECT_EQ(rating.title, "satisfaction (points)");
  EXPECT_EQ(rating.align, Align::kRight);
  EXPECT_TRUE(ColumnOf(*FindPath(Contact::descriptor(), "name"), Language::kEnglish).keep);
  EXPECT_FALSE(FindPath(Contact::descriptor(), "nope").ok());
}

TEST(ColumnsTest, TitlesAreInTheLanguageOfTheReader) {
  const auto title = [](const google::protobuf::Descriptor* message, const char* path) {
    return ColumnOf(*FindPath(message, path), Language::kChinese).title;
  };
  EXPECT_EQ(title(Contact::descriptor(), "satisfaction"), "满意度（分）");
  EXPECT_EQ(title(complaints::v1::Case::descriptor(), "customer.phone"), "客户·电话");
}

// A field that the contracts gain needs a Chinese heading; one that they lose takes it along.
TEST(ColumnsTest, EveryFieldOfAResourceHasAChineseHeading) {
  const Catalogue catalogue = *Catalogue::Load();
  for (const ResourceInfo& info : catalogue.resources()) {
    for (int i = 0; i < info.message->field_count(); ++i) {
      const std::string& field = info.message->field(i)->name();
      EXPECT_NE(Heading(Language::kChinese, field), field) << info.message->full_name();
      // And what `--columns` takes of its parts.
      const auto* part = info.message->field(i)->message_type();
      if (part == nullptr || info.message->field(i)->is_repeated() ||
          part->full_name() == "sqm.type.v1.Text" ||
          absl::StartsWith(part->full_name(), "google.")) {
        continue;
      }
      for (int n = 0; n < part->field_count(); ++n) {
        const std::string& name = part->field(n)->name();
        EXPECT_NE(Heading(Language::kChinese, name), name) << part->full_name();
      }
    }
  }
}

class ValueTest : public ::testing::Test {
 protected:
  ValueTest() {
    contact_.set_name("contacts/1");
    contact_.set_channel(monitoring::v1::CONTACT_CHANNEL_VOICE);
    contact_.mutable_start_time()->set_seconds(1610701200);
    contact_.mutable_talk_duration()->set_seconds(143);
    contact_.set_resolved(false);
    absl::LoadTimeZone("Asia/Shanghai", &zone_);
  }
  std::string Of(const std::string& path, ValueStyle style, Language language) {
    return ValueText(contact_, *FindPath(Contact::descriptor(), path), style, language, zone_);
  }
  Contact contact_;
  absl::TimeZone zone_;
};

TEST_F(ValueTest, ForPeople) {
  EXPECT_EQ(Of("channel", ValueStyle::kPeople, Language::kEnglish), "Telephone");
  EXPECT_EQ(Of("channel", ValueStyle::kPeople, Language::kChinese), "电话");
  EXPECT_EQ(Of("answer_state", ValueStyle::kPeople, Language::kEnglish), "");
  EXPECT_EQ(Of("start_time", ValueStyle::kPeople, Language::kEnglish), "2021-01-15 17:00:00");
  EXPECT_EQ(Of("talk_duration", ValueStyle::kPeople, Language::kEnglish), "2m23s");
  EXPECT_EQ(Of("resolved", ValueStyle::kPeople, Language::kChinese), "否");
  EXPECT_EQ(Of("satisfaction", ValueStyle::kPeople, Language::kEnglish), "");
}

TEST_F(ValueTest, ForFiles) {
  EXPECT_EQ(Of("channel", ValueStyle::kFile, Language::kChinese), "VOICE");
  EXPECT_EQ(Of("start_time", ValueStyle::kFile, Language::kChinese), "2021-01-15T09:00:00Z");
  EXPECT_EQ(Of("talk_duration", ValueStyle::kFile, Language::kChinese), "143");
  EXPECT_EQ(Of("resolved", ValueStyle::kFile, Language::kChinese), "false");
}

TEST_F(ValueTest, WholeMessagesAreShort) {
  monitoring::v1::Scorecard scorecard;
  scorecard.mutable_title()->set_en("Call");
  scorecard.mutable_title()->set_zh("通话");
  for (int i = 0; i < 50; ++i) scorecard.mutable_content()->add_groups()->set_id("group");
  const auto of = [&](const char* field, ValueStyle style, Language language) {
    return ValueText(scorecard, *FindPath(scorecard.GetDescriptor(), field), style, language,
                     zone_);
  };
  EXPECT_EQ(of("title", ValueStyle::kPeople, Language::kEnglish), "Call");
  EXPECT_EQ(of("title", ValueStyle::kPeople, Language::kChinese), "通话");
  EXPECT_EQ(of("title", ValueStyle::kFile, Language::kChinese), R"({"en":"Call","zh":"通话"})");
  EXPECT_LT(of("content", ValueStyle::kPeople, Language::kEnglish).size(), 60u);
  EXPECT_GT(of("content", ValueStyle::kFile, Language::kEnglish).size(), 500u);
}

TEST_F(ValueTest, JsonBothWays) {
  Contact read;
  ASSERT_TRUE(ReadJson(JsonText(contact_, true), read).ok());
  EXPECT_EQ(read.SerializeAsString(), contact_.SerializeAsString());
  EXPECT_NE(JsonText(contact_, false).find("\"start_time\""), std::string::npos);
  EXPECT_FALSE(ReadJson(R"({"nope": 1})", read).ok());
  EXPECT_FALSE(ReadJson("{", read).ok());
}

}  // namespace
}  // namespace sqm::cli
