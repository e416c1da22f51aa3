#include "common/rpc/personal_fields.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/contract_text.h"

namespace sqm::rpc {
namespace {

using options::v1::PersonalClass;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PersonalFields : public ::testing::Test {
 protected:
  PersonalFields() : registry_(*text_.Registry()) {}

  // The response `message` after masking, and whose personal fields stayed.
  std::string Masked(const std::string& message, const std::string& text,
                     const std::function<bool(PersonalClass)>& may_see) {
    const auto response = text_.Make(message, text);
    seen_.clear();
    for (const ShownResource& shown : MaskPersonal(
             FindPersonal(*registry_, response->GetDescriptor()),
             [&](const contract::ResourceType&, PersonalClass personal) {
               return may_see(personal);
             },
             *response)) {
      seen_.push_back(shown.restricted_to ? absl::StrCat(shown.name, " for ", *shown.restricted_to)
                                          : shown.name);
    }
    return response->ShortDebugString();
  }
  static bool Nobody(PersonalClass) { return false; }
  static bool Everybody(PersonalClass) { return true; }

  testing::ContractText text_{R"(
    message A { option (sqm.options.v1.resource) = {type: "test/Aa" collection: "as"};
                string name = 1; string etag = 2; string topic = 3;
                string caller = 4 [(sqm.options.v1.field) = {personal: PERSONAL_CLASS_NAME}]; }
    message B { option (sqm.options.v1.resource) = {type: "test/Bb" collection: "bs"};
                string name = 1; string etag = 2; string caller = 3; }
    message C { option (sqm.options.v1.resource) = {type: "test/Cc" collection: "cs"};
                string name = 1; string etag = 2; string restricted_to = 3;
                string caller = 4 [(sqm.options.v1.field) = {personal: PERSONAL_CLASS_NAME}]; }
    message Result { A made = 1; string error = 2; }
    message Page { repeated A as = 1; repeated B bs = 2; string next_page_token = 3; }
    message Batch { repeated Result results = 1; Page page = 2; })"};
  std::unique_ptr<contract::Registry> registry_;
  std::vector<std::string> seen_;
};

TEST_F(PersonalFields, OfTheResourceItself) {
  EXPECT_EQ(Masked("A", "name: 'as/1' topic: 'late' caller: 'Ada'", Nobody),
            "name: \"as/1\" topic: \"late\" caller: \"A***\"");
  EXPECT_THAT(seen_, IsEmpty());
}

TEST_F(PersonalFields, OfEveryResourceInAPageAndOfNothingElse) {
  EXPECT_EQ(Masked("Page",
                   "as { name: 'as/1' caller: 'Ada' } as { name: 'as/2' caller: 'Bob' } "
                   "bs { name: 'bs/1' caller: 'Cyd' } next_page_token: 'Dan'",
                   Nobody),
            "as { name: \"as/1\" caller: \"A***\" } as { name: \"as/2\" caller: \"B***\" } "
            "bs { name: \"bs/1\" caller: \"Cyd\" } next_page_token: \"Dan\"");
}

TEST_F(PersonalFields, OfResourcesFurtherDownAndUnderTwoFields) {
  EXPECT_EQ(Masked("Batch",
                   "results { made { name: 'as/1' caller: 'Ada' } } results { error: 'no' } "
                   "page { as { name: 'as/2' caller: 'Bob' } }",
                   Nobody),
            "results { made { name: \"as/1\" caller: \"A***\" } } results { error: \"no\" } "
            "page { as { name: \"as/2\" caller: \"B***\" } }");
}

TEST_F(PersonalFields, ThatStayAreTold) {
  EXPECT_EQ(Masked("Page", "as { name: 'as/1' caller: 'Ada' } as { name: 'as/2' }", Everybody),
            "as { name: \"as/1\" caller: \"Ada\" } as { name: \"as/2\" }");
  EXPECT_THAT(seen_, ElementsAre("as/1")) << "one without a value shows nothing";
}

TEST_F(PersonalFields, ThatStayAreToldWithWhoAloneMaySeeThem) {
  Masked("C", "name: 'cs/1' caller: 'Ada' restricted_to: '|staff/rita|'", Everybody);
  EXPECT_THAT(seen_, ElementsAre("cs/1 for |staff/rita|"));
  Masked("C", "name: 'cs/2' caller: 'Ada'", Everybody);
  EXPECT_THAT(seen_, ElementsAre("cs/2 for "));
}

TEST_F(PersonalFields, AreInNoResponseWithoutSuchResources) {
  EXPECT_THAT(FindPersonal(*registry_, text_.Make("B")->GetDescriptor()), IsEmpty());
}

}  // namespace
}  // namespace sqm::rpc
