#include "common/contract/field_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/contract_text.h"

namespace sqm::contract {
namespace {

using google::protobuf::FieldMask;
using ::testing::HasSubstr;

class ApplyingUpdates : public ::testing::Test {
 protected:
  ApplyingUpdates()
      : text_(R"(
      message Inner { string a = 1; string b = 2; optional int32 n = 3; Inner deep = 4; }
      message A { option (sqm.options.v1.resource) = {type: "test/Aa" collection: "as"};
        string name = 1; string etag = 2;
        google.protobuf.Timestamp create_time = 3; google.protobuf.Timestamp update_time = 4;
        string title = 5; int32 count = 6; optional int32 rating = 7; Inner inner = 8;
        repeated string tags = 9; repeated Inner parts = 10; map<string, string> labels = 11;
        string state = 12 [(sqm.options.v1.field) = {output_only: true}];
        string origin = 13 [(sqm.options.v1.field) = {immutable: true}];
        Inner fixed = 14 [(sqm.options.v1.field) = {immutable: true}];
        oneof choice { string left = 15; Inner right = 16; } })") {
    registry_ = *text_.Registry();
    type_ = registry_->FindType("test/Aa");
  }

  // Applies `patch` under the paths to `before`; returns the text of the result, or of the error.
  std::string Apply(const std::string& before, const std::string& patch,
                    const std::vector<std::string>& paths) {
    auto resource = text_.Make("A", before);
    auto update = text_.Make("A", patch);
    FieldMask mask;
    for (const std::string& path : paths) mask.add_paths(path);
    auto changed = ApplyUpdate(*type_, mask, *update, *resource);
    status_ = changed.status();
    if (!changed.ok()) return std::string(changed.status().message());
    changed_ = *changed;
    // The same mask twice changes nothing more.
    auto again = ApplyUpdate(*type_, mask, *update, *resource);
    EXPECT_TRUE(again.ok() && !*again) << patch;
    return resource->ShortDebugString();
  }
  std::string Text(const std::string& text) { return text_.Make("A", text)->ShortDebugString(); }
  void ExpectRefused(const std::string& before, const std::string& patch,
                     const std::vector<std::string>& paths, const std::string& path,
                     const std::string& why) {
    EXPECT_THAT(Apply(before, patch, paths), HasSubstr(why));
    EXPECT_EQ(status_.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(status_), type::v1::ERROR_REASON_INVALID_FIELD_MASK);
    EXPECT_EQ(MetadataOf(status_, "path"), path);
  }

  testing::ContractText text_;
  std::unique_ptr<Registry> registry_;
  const ResourceType* type_ = nullptr;
  absl::Status status_;
  bool changed_ = false;
};

TEST_F(ApplyingUpdates, AnAbsentMaskMeansWhatIsSet) {
  EXPECT_EQ(Apply(R"(title: "old" count: 1 tags: "x")", R"(title: "new" rating: 0)", {}),
            Text(R"(title: "new" count: 1 rating: 0 tags: "x")"));
  EXPECT_TRUE(changed_);
  EXPECT_EQ(Apply(R"(title: "old")", R"(title: "old")", {}), Text(R"(title: "old")"));
  EXPECT_FALSE(changed_);
  Apply(R"(title: "old")", "", {});
  EXPECT_FALSE(changed_);
}

TEST_F(ApplyingUpdates, AnAbsentMaskPassesOverWhatTheServerSets) {
  EXPECT_EQ(
      Apply(R"(name: "as/1" etag: "1" state: "OPEN")",
            R"(name: "as/2" etag: "9" state: "SHUT" create_time { seconds: 1 } title: "t")", {}),
      Text(R"(name: "as/1" etag: "1" state: "OPEN" title: "t")"));
}

TEST_F(ApplyingUpdates, AStarMeansEverything) {
  EXPECT_EQ(Apply(R"(name: "as/1" state: "OPEN" origin: "o" title: "old" count: 3 tags: "x"
                     inner { a: "1" })",
                  R"(title: "new")", {"*"}),
            Text(R"(name: "as/1" state: "OPEN" origin: "o" title: "new")"));
  ExpectRefused("", R"(title: "new")", {"title", "*"}, "*", "must stand alone");
}

TEST_F(ApplyingUpdates, NamedPathsAreSetAndCleared) {
  EXPECT_EQ(
      Apply(R"(title: "old" count: 1 rating: 5)", R"(title: "new" count: 7)", {"title", "rating"}),
      Text(R"(title: "new" count: 1)"));
  EXPECT_EQ(Apply(R"(rating: 5)", R"(rating: 0)", {"rating"}), Text("rating: 0"))
      << "an optional zero is a value";
}

TEST_F(ApplyingUpdates, RepeatedFieldsAndMapsAreReplaced) {
  EXPECT_EQ(Apply(R"(tags: "a" tags: "b" parts { a: "1" })", R"(tags: "c")", {"tags", "parts"}),
            Text(R"(tags: "c")"));
  EXPECT_EQ(
      Apply(R"(labels { key: "a" value: "1" })", R"(labels { key: "b" value: "2" })", {"labels"}),
      Text(R"(labels { key: "b" value: "2" })"));
}

TEST_F(ApplyingUpdates, PathsIntoMessages) {
  EXPECT_EQ(Apply(R"(inner { a: "1" b: "2" })", R"(inner { a: "9" b: "8" })", {"inner.a"}),
            Text(R"(inner { a: "9" b: "2" })"));
  EXPECT_EQ(Apply("", R"(inner { deep { n: 0 } })", {"inner.deep.n"}),
            Text("inner { deep { n: 0 } }"));
  EXPECT_EQ(Apply(R"(inner { a: "1" b: "2" })", R"(inner { a: "9" })", {"inner"}),
            Text(R"(inner { a: "9" })"))
      << "a whole message is replaced, not merged";
  EXPECT_EQ(Apply(R"(inner { a: "1" })", "", {"inner"}), "");
  EXPECT_EQ(Apply("", "", {"inner.deep.a"}), "") << "clearing what is absent makes nothing";
  EXPECT_FALSE(changed_);
}

TEST_F(ApplyingUpdates, AChoiceTakesTheOthersPlace) {
  EXPECT_EQ(Apply(R"(left: "l")", R"(right { a: "r" })", {"right"}), Text(R"(right { a: "r" })"));
  EXPECT_EQ(Apply(R"(left: "l")", "", {"right"}), Text(R"(left: "l")"));
  EXPECT_EQ(Apply(R"(left: "l")", "", {"left"}), "");
}

TEST_F(ApplyingUpdates, RefusesUnknownPaths) {
  for (const char* path :
       {"", "titel", "Title", ".title", "inner.x", "inner..a", "title ", "createTime", "inner.*"}) {
    ExpectRefused("", "", {path}, path, "is not a field");
  }
  ExpectRefused("", "", {std::string(5000, 'x')}, std::string(200, 'x'), "is not a field");
}

TEST_F(ApplyingUpdates, RefusesPathsThroughScalarsAndLists) {
  ExpectRefused("", "", {"title."}, "title.", "leads through title");
  ExpectRefused("", "", {"title.x"}, "title.x", "leads through title");
  ExpectRefused("", "", {"parts.a"}, "parts.a", "leads through parts");
  ExpectRefused("", "", {"labels.a"}, "labels.a", "leads through labels");
}

TEST_F(ApplyingUpdates, RefusesWhatTheServerSets) {
  for (const char* path :
       {"name", "etag", "create_time", "update_time", "state", "create_time.seconds"}) {
    ExpectRefused("", R"(title: "t")", {"title", path}, path, "is set by the server");
  }
}

TEST_F(ApplyingUpdates, ImmutableFieldsMayBeSentUnchanged) {
  const std::string before = R"(origin: "o" fixed { a: "1" } title: "old")";
  const std::string after = Text(R"(origin: "o" fixed { a: "1" } title: "new")");
  EXPECT_EQ(Apply(before, R"(origin: "o" fixed { a: "1" } title: "new")", {}), after);
  EXPECT_EQ(Apply(before, R"(origin: "o" fixed { a: "1" } title: "new")",
                  {"title", "origin", "fixed", "fixed.a"}),
            after);
  EXPECT_EQ(Apply(before, R"(title: "new")", {"*"}), after);
  const std::string why = "cannot be changed after creation";
  ExpectRefused(before, R"(origin: "p")", {}, "origin", why);
  ExpectRefused(before, R"(origin: "p")", {"*"}, "origin", why);
  ExpectRefused(before, R"(origin: "p")", {"origin"}, "origin", why);
  ExpectRefused(before, "", {"origin"}, "origin", why);
  ExpectRefused(before, R"(fixed { a: "2" })", {"fixed.a"}, "fixed.a", why);
  ExpectRefused("", R"(origin: "p")", {"origin"}, "origin", why);
}

TEST_F(ApplyingUpdates, BoundsTheNumberOfPaths) {
  std::vector<std::string> paths(1000, "title");
  EXPECT_EQ(Apply("", R"(title: "t")", paths), Text(R"(title: "t")"));
  paths.push_back("count");
  ExpectRefused("", R"(title: "t")", paths, "count", "more than 1000");
}

}  // namespace
}  // namespace sqm::contract
