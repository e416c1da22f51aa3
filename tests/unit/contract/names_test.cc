#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/contract/registry.h"
#include "tests/support/contract_text.h"

namespace sqm::contract {
namespace {

class Names : public ::testing::Test {
 protected:
  Names()
      : text_(R"(
      message Book { option (sqm.options.v1.resource) = {type: "test/Book" collection: "books"};
                     string name = 1; string etag = 2; }
      message Page { option (sqm.options.v1.resource) = {type: "test/BookPage" collection: "pages"
                                                        parent: "test/Book" singular: "page"};
                     string name = 1; string etag = 2; })") {
    registry_ = *text_.Registry();
    book_ = registry_->FindType("test/Book");
    page_ = registry_->FindType("test/BookPage");
  }
  testing::ContractText text_;
  std::unique_ptr<Registry> registry_;
  const ResourceType* book_ = nullptr;
  const ResourceType* page_ = nullptr;
};

TEST_F(Names, OfAnId) {
  EXPECT_EQ(book_->NameOf("b1"), "books/b1");
  EXPECT_EQ(page_->NameOf("b1/7"), "books/b1/pages/7");
  EXPECT_EQ(book_->Pattern(), "books/{book}");
  EXPECT_EQ(page_->Pattern(), "books/{book}/pages/{page}");
  EXPECT_EQ(page_->table, "r_book_page");
}

TEST_F(Names, IdWithin) {
  EXPECT_EQ(*book_->IdOf("books/01JD0000000000000000000000"), "01JD0000000000000000000000");
  EXPECT_EQ(*page_->IdOf("books/b1/pages/7"), "b1/7");
  for (const char* id : {"a", "A-9", "0"}) EXPECT_EQ(*book_->IdOf(book_->NameOf(id)), id);
}

TEST_F(Names, RefusesAnythingElse) {
  std::string longest(64, 'a');
  EXPECT_TRUE(book_->IdOf("books/" + longest).ok());
  std::vector<std::string> bad = {"",
                                  "books",
                                  "books/",
                                  "/books/b1",
                                  "books/b1/",
                                  "books/b1/pages",
                                  "books/b1/pages/7",
                                  "pages/b1",
                                  "Books/b1",
                                  "books/b 1",
                                  "books/b_1",
                                  "books/b%31",
                                  "books/..",
                                  "books/书",
                                  "books/b1\n",
                                  std::string("books/b\0", 8),
                                  "books/" + longest + "a",
                                  "books/" + std::string(100000, 'a')};
  for (const std::string& name : bad) {
    auto id = book_->IdOf(name);
    ASSERT_FALSE(id.ok()) << name;
    EXPECT_EQ(id.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(id.status()), type::v1::ERROR_REASON_INVALID_NAME);
    EXPECT_EQ(MetadataOf(id.status(), "pattern"), "books/{book}");
    EXPECT_EQ(MetadataOf(id.status(), "name"), name.substr(0, 200));
  }
  EXPECT_FALSE(page_->IdOf("books/b1").ok());
  EXPECT_FALSE(page_->IdOf("books/b1/leaves/7").ok());
  EXPECT_FALSE(page_->IdOf("books//pages/7").ok());
}

}  // namespace
}  // namespace sqm::contract
