// What is newly referred to is there when the reference is stored, whatever happens meanwhile.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/resource/resources.h"
#include "common/store/sqlite/sqlite_store.h"
#include "tests/support/contract_text.h"
#include "tests/support/forwarding_store.h"

namespace sqm::resource {
namespace {

// Does something just before a write set is stored.
class InterruptedStore : public testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Task<store::CommitOutcome> Commit(store::WriteSet write_set) override {
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    return ForwardingStore::Commit(std::move(write_set));
  }
  std::function<void()> meanwhile;
};

class References : public ::testing::Test {
 protected:
  References() {
    auto opened = store::SqliteStore::Open(*registry_, {}, executor_, clock_, ids_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    store_ = std::make_unique<InterruptedStore>(*std::move(opened));
    ResourcesParts parts;
    parts.registry = registry_.get();
    parts.store = store_.get();
    parts.cache = &cache_;
    parts.clock = &clock_;
    parts.ids = &ids_;
    parts.executor = &executor_;
    resources_ = std::make_unique<Resources>(parts);
    EXPECT_TRUE(Commit(Mutation().Create(Shelf(0))).ok());
  }
  absl::Status Commit(Mutation mutation) {
    return Await(resources_->Commit(call_, std::move(mutation))).status();
  }
  std::shared_ptr<Message> Shelf(int version) {
    const std::string etag = version == 0 ? "" : absl::StrCat("etag: '\"", version, "\"'");
    return text_.Make("Shelf", absl::StrCat("name: 'shelves/a' ", etag));
  }
  Mutation Book(const std::string& id) {
    std::shared_ptr<Message> book =
        text_.Make("Book", absl::StrCat("name: 'books/", id, "' shelf: 'shelves/a'"));
    return Mutation().Create(std::move(book));
  }
  int64_t GuardPosition() {
    const std::string guard = Resources::ReferenceGuard("shelves/a");
    return *Await(store_->ReadGuard("north", guard));
  }

  testing::ContractText text_{R"(
    message Shelf {
      option (sqm.options.v1.resource) = {type: "test/Shelf" collection: "shelves"};
      string name = 1; string etag = 2;
    }
    message Book {
      option (sqm.options.v1.resource) = {type: "test/Book" collection: "books"};
      string name = 1; string etag = 2;
      string shelf = 3 [(sqm.options.v1.field) = {references: "test/Shelf"}];
    })"};
  const std::unique_ptr<contract::Registry> registry_ = *text_.Registry();
  FakeClock clock_{absl::FromUnixSeconds(1767225600)};
  SequenceIds ids_;
  Executor executor_{"test", 2};
  cache::LocalCache cache_{cache::LocalCacheOptions(), clock_};
  std::unique_ptr<InterruptedStore> store_;
  std::unique_ptr<Resources> resources_;
  contract::MethodInfo method_;
  rpc::Call call_{method_, "staff/ada", "north", clock_.Now()};
};

TEST_F(References, WhatIsDeletedMeanwhileIsNotReferredTo) {
  store_->meanwhile = [this] { EXPECT_TRUE(Commit(Mutation().Delete(*Shelf(1))).ok()); };
  EXPECT_EQ(ReasonOf(Commit(Book("one"))), type::v1::ERROR_REASON_CONFLICT);
  EXPECT_EQ(ReasonOf(Commit(Book("one"))), type::v1::ERROR_REASON_REFERENCE_NOT_FOUND);
}

TEST_F(References, WhatIsReferredToMeanwhileIsNotDeleted) {
  resources_->GuardReferences(*registry_->FindType("test/Shelf"));
  // As a deletion that has found nothing that refers to it.
  const int64_t guard = GuardPosition();
  ASSERT_TRUE(Commit(Book("one")).ok());
  Mutation late;
  late.Delete(*Shelf(1)).Guard(Resources::ReferenceGuard("shelves/a"), guard);
  EXPECT_EQ(ReasonOf(Commit(std::move(late))), type::v1::ERROR_REASON_CONFLICT);
  Mutation again;
  again.Delete(*Shelf(1)).Guard(Resources::ReferenceGuard("shelves/a"), GuardPosition());
  EXPECT_TRUE(Commit(std::move(again)).ok());
}

// References keep each other from nothing.
TEST_F(References, ManyAtOnceAreAllStored) {
  resources_->GuardReferences(*registry_->FindType("test/Shelf"));
  store_->meanwhile = [this] { EXPECT_TRUE(Commit(Book("two")).ok()); };
  EXPECT_TRUE(Commit(Book("one")).ok());
}

}  // namespace
}  // namespace sqm::resource
