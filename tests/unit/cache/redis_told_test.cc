// What the client tells of a Redis that it leaves alone, or that refuses what it is asked.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/cache/redis_world.h"

namespace sqm::cache {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

TEST_F(RedisTest, PasswordAndTcp) {
  std::string file = ::testing::TempDir() + "/sqm-redis-password";
  std::ofstream(file) << "open sesame\n";
  const int port = 20000 + getpid() % 20000;
  RedisOptions options = Patient();
  options.host = "localhost";
  options.port = port;
  options.password_file = file;
  Run({"--requirepass", "open sesame", "--port", absl::StrCat(port)}, options);
  EXPECT_TRUE(Await(redis_->Set("k", "v", absl::Seconds(9))).ok());
  EXPECT_EQ(*Await(redis_->Get("k")), "v");

  std::ofstream(file) << "wrong\n";
  told_.Hear(options);
  Redis other(options, executor_, ids_);
  EXPECT_TRUE(Eventually([&] { return other.Stats().opened >= 3; }));
  EXPECT_EQ(other.Stats().connects, 0u);
  ASSERT_EQ(told_.all().size(), 1u);
  EXPECT_THAT(told_.last(), HasSubstr("WRONGPASS"));
  EXPECT_TRUE(absl::IsUnavailable(Await(other.Get("k")).status()));

  // That it answers, and then why it does no more: not what was once.
  std::ofstream(file) << "open sesame\n";
  ASSERT_TRUE(Eventually([&] { return told_.all().size() >= 2; }));
  EXPECT_TRUE(told_.all()[1].ok()) << told_.last();
  server_->Kill();
  ASSERT_TRUE(Eventually([&] { return told_.all().size() >= 3; }));
  EXPECT_THAT(std::string(told_.all()[2].message()),
              AnyOf(HasSubstr("closed the connection"), HasSubstr("reset by peer")));
  std::filesystem::remove(file);
}

TEST_F(RedisTest, WhyItIsLeftAloneIsToldOnce) {
  RedisOptions options = Patient();
  server_ = std::make_unique<testing::RedisServer>(
      std::vector<std::string>{"--requirepass", "open sesame"});
  options.unix_socket = server_->socket();
  told_.Hear(options);
  Redis redis(options, executor_, ids_);
  ASSERT_TRUE(Eventually([&] { return redis.Stats().opened >= 3; }));
  ASSERT_EQ(told_.all().size(), 1u);
  EXPECT_THAT(told_.last(), HasSubstr("NOAUTH"));
  server_->Kill();
  ASSERT_TRUE(Eventually([&] { return absl::StrContains(told_.last(), "refused"); }));
  const size_t before = told_.all().size();
  redis.Shutdown();
  EXPECT_EQ(told_.all().size(), before) << "that the process ends is no fault";
}

TEST_F(RedisTest, WhatItRefusesToDoIsToldOnceAndThatItAnswersAgain) {
  RedisOptions options = Patient();
  told_.Hear(options);
  Run({"--maxmemory", "1"}, options);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(Await(redis_->Set("k", "v", absl::Seconds(9))).ok());
  }
  ASSERT_EQ(told_.all().size(), 1u);
  EXPECT_THAT(told_.last(), HasSubstr("OOM"));
  server_->Kill();
  ASSERT_TRUE(server_->Start());
  ASSERT_TRUE(Connected());
  ASSERT_TRUE(Eventually([&] { return told_.all().back().ok(); }));
  // Of what answers again it is news.
  EXPECT_FALSE(Await(redis_->Set("k", "v", absl::Seconds(9))).ok());
  EXPECT_THAT(told_.last(), HasSubstr("OOM"));
}

TEST_F(RedisTest, ThatItIsSilentIsTold) {
  RedisOptions options;
  options.breaker.failures = 1;
  options.stall_timeout = absl::Seconds(30);
  told_.Hear(options);
  Run({}, options);
  server_->Pause();
  EXPECT_TRUE(absl::IsUnavailable(Await(redis_->Get("k")).status()));
  ASSERT_TRUE(Eventually([&] { return !told_.all().empty(); }));
  EXPECT_THAT(told_.last(), HasSubstr("no reply in time"));
  // As one that is silent from the start.
  Told other_told;
  other_told.Hear(options);
  options.connect_timeout = absl::Milliseconds(20);
  options.unix_socket = server_->socket();
  Redis other(options, executor_, ids_);
  ASSERT_TRUE(Eventually([&] { return !other_told.all().empty(); }));
  EXPECT_THAT(other_told.last(), HasSubstr("no answer to PING"));
  server_->Resume();
}

TEST_F(RedisTest, OnlySoManyKindsOfRefusalsAreTold) {
  RedisOptions options = Patient();
  told_.Hear(options);
  Run({}, options);
  static const RedisScript script("return redis.error_reply(ARGV[1])");
  for (int i = 0; i < 40; ++i) {
    EXPECT_FALSE(Await(redis_->Eval(script, {"k"}, {absl::StrCat("KIND", i, " no")})).ok());
  }
  EXPECT_EQ(told_.all().size(), 16u);
  EXPECT_THAT(told_.last(), HasSubstr("KIND15"));
}

}  // namespace
}  // namespace sqm::cache
