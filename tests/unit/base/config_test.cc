#include "common/base/config.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <limits>

namespace sqm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Sample {
  std::string name;
  std::string dir = "/var/lib/sqm";
  std::string level = "info";
  std::string key_file, keys;
  int64_t port = 8443;
  bool dev = false;
  double share = 0.5;
  absl::Duration drain = absl::Seconds(5);
  ByteSize cache = {64 << 20};
  std::vector<std::string> peers;
};

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    spec_.Add("name", &config_.name, "What this instance is called.");
    spec_.Add("data.dir", &config_.dir, "Where the databases stand.").Required();
    spec_.Add("log.level", &config_.level, "Least severe lines written.")
        .Choices({"debug", "info", "warning", "error"});
    spec_.Add("auth.key_file", &config_.key_file, "Key that signs tokens.").SecretFile();
    spec_.Add("auth.keys", &config_.keys, "Keys that tokens are checked by.").File();
    spec_.Add("grpc.port", &config_.port, "Port of the API.").Range(0, 65535);
    spec_.Add("auth.dev", &config_.dev, "Issue tokens to anyone who asks.");
    spec_.Add("cache.share", &config_.share, "Part of memory.").Range(0.0, 1.0);
    spec_.Add("grpc.drain", &config_.drain, "Time to finish calls.")
        .Range(absl::ZeroDuration(), absl::Minutes(5));
    spec_.Add("cache.size", &config_.cache, "Memory of the cache.")
        .Range(ByteSize{0}, ByteSize{int64_t{1} << 40});
    spec_.Add("feed.peers", &config_.peers, "Whom to follow.");
  }
  ~ConfigTest() override {
    for (const std::string& path : files_) unlink(path.c_str());
  }

  std::string File(absl::string_view text) {
    char path[] = "/tmp/sqm_config_test_XXXXXX";
    close(mkstemp(path));
    std::ofstream(path) << text;
    files_.push_back(path);
    return path;
  }

  Sample config_;
  ConfigSpec spec_{"sqm-sample", "1.2.3", "A sample."};
  std::vector<std::string> files_;
};

TEST_F(ConfigTest, DefaultsAreWhatTheMembersHeld) {
  const ConfigResult result = spec_.Load({}, {});
  EXPECT_TRUE(result.run) << result.errors;
  EXPECT_EQ(config_.dir, "/var/lib/sqm");
  EXPECT_EQ(config_.port, 8443);
}

TEST_F(ConfigTest, ReadsEveryKindFromAFile) {
  const std::string secret = File("secret");
  const std::string path = File(absl::StrCat(R"(
name = "质量"
data.dir = "/data"
[log]
level = "debug"
[auth]
key_file = ")",
                                             secret, R"("
dev = true
[grpc]
port = 0x1F
drain = "1m30s"
[cache]
share = 1
size = "512KiB"
[feed]
peers = ["a:1", "b,2"]
)"));
  const ConfigResult result = spec_.Load({"--config", path}, {});
  ASSERT_TRUE(result.run) << result.errors;
  EXPECT_EQ(config_.name, "质量");
  EXPECT_EQ(config_.dir, "/data");
  EXPECT_EQ(config_.level, "debug");
  EXPECT_EQ(config_.key_file, secret);
  EXPECT_EQ(config_.port, 31);
  EXPECT_TRUE(config_.dev);
  EXPECT_EQ(config_.share, 1.0);
  EXPECT_EQ(config_.drain, absl::Seconds(90));
  EXPECT_EQ(config_.cache.bytes, 512 * 1024);
  EXPECT_THAT(config_.peers, ElementsAre("a:1", "b,2"));
}

TEST_F(ConfigTest, LaterSourcesWin) {
  const std::string path = File("grpc.port = 1\ncache.size = 4096\nauth.dev = true\n");
  const ConfigResult result =
      spec_.Load({"--feed.peers=a,b", "--cache.share", "0.25", "--name", "x"},
                 {{"SQM_CONFIG", path}, {"SQM_GRPC_PORT", "2"}, {"SQM_NAME", "y"}, {"PATH", "/"}});
  ASSERT_TRUE(result.run) << result.errors;
  EXPECT_EQ(config_.port, 2);
  EXPECT_EQ(config_.cache.bytes, 4096);
  EXPECT_EQ(config_.name, "x");
  EXPECT_TRUE(config_.dev);
  EXPECT_THAT(config_.peers, ElementsAre("a", "b"));
  // --config wins over SQM_CONFIG.
  ASSERT_TRUE(spec_.Load({"--config=" + File("grpc.port = 7")}, {{"SQM_CONFIG", path}}).run);
  EXPECT_EQ(config_.port, 7);
  EXPECT_FALSE(config_.dev);
}

TEST_F(ConfigTest, ABareFlagIsTrueAndTakesNoArgument) {
  ASSERT_TRUE(spec_.Load({"--auth.dev", "--name=x"}, {}).run);
  EXPECT_TRUE(config_.dev);
  ASSERT_TRUE(spec_.Load({"--auth.dev=false"}, {}).run);
  EXPECT_FALSE(config_.dev);
  EXPECT_THAT(spec_.Load({"--auth.dev", "false"}, {}).errors,
              HasSubstr("argument \"false\": not a flag"));
}

TEST_F(ConfigTest, TellsEveryErrorAtOnceWithPlaceKeyValueAndWhatIsAllowed) {
  const std::string path = File(R"(log.level = "loud"
[grpc]
port = 70000
drain = 30
prot = 1
[cach]
size = "1MiB"
[cache]
share = "half"
size = "12 parsecs"
[feed]
peers = ["a", 2]
)");
  const ConfigResult result =
      spec_.Load({"--config", path, "--grpc.port=x", "--data-dir", "/x", "stray", "--name"},
                 {{"SQM_DATA_DIR", ""}, {"SQM_GRPC_PROT", "1"}, {"SQM_AUTH_DEV", "yes"}});
  EXPECT_FALSE(result.run);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(
      result.errors,
      absl::StrCat(
          path, ":1: log.level = \"loud\": allowed is one of debug, info, warning, error\n",  //
          path, ":3: grpc.port = 70000: allowed is an integer from 0 to 65535\n",             //
          path,
          ":4: grpc.drain = 30: allowed is a duration such as \"250ms\", \"30s\" or \"1m30s\" from "
          "\"0\" to \"5m\"\n",
          path, ":5: grpc.prot: no such key; did you mean grpc.port?\n",  //
          path, ":7: cach.size: no such key; did you mean cache.size?\n", path,
          ":9: cache.share = \"half\": allowed is a number from 0.0 to 1.0\n",  //
          path,
          ":10: cache.size = \"12 parsecs\": allowed is a size such as \"512KiB\" or \"64MiB\" "
          "from \"0B\" to \"1TiB\"\n",
          path, ":12: feed.peers = [ 'a', 2 ]: allowed is a list of strings\n",
          "environment SQM_GRPC_PROT: no such key; did you mean SQM_GRPC_PORT?\n"
          "environment SQM_AUTH_DEV: auth.dev = \"yes\": allowed is true or false\n"
          "flag --grpc.port: grpc.port = \"x\": allowed is an integer from 0 to 65535\n"
          "flag --data-dir: no such key; did you mean data.dir?\n"
          "argument \"stray\": not a flag; allowed is --KEY=VALUE\n"
          "flag --name: has no value; allowed is a string\n"
          "environment SQM_DATA_DIR: data.dir is required; allowed is a string\n"));
}

TEST_F(ConfigTest, SuggestsTheRightWordInTheWrongSection) {
  EXPECT_THAT(spec_.Load({"--config", File("[observability]\nlevel = \"info\"")}, {}).errors,
              HasSubstr("observability.level: no such key; did you mean log.level?"));
  EXPECT_THAT(spec_.Load({"--frobnicate=1"}, {}).errors, Not(HasSubstr("did you mean")));
}

TEST_F(ConfigTest, AFlagTwiceIsAnError) {
  EXPECT_EQ(spec_.Load({"--name=a", "--name=b"}, {}).errors, "flag --name: given twice\n");
}

TEST_F(ConfigTest, FilesThatCannotBeReadAreErrors) {
  EXPECT_THAT(spec_.Load({"--config", "/nowhere/x.toml"}, {}).errors,
              HasSubstr("/nowhere/x.toml: No such file or directory"));
  EXPECT_THAT(spec_.Load({"--config", "/tmp"}, {}).errors, HasSubstr("/tmp: Is a directory"));
  EXPECT_THAT(spec_.Load({"--config"}, {}).errors, HasSubstr("--config: has no value"));
  const std::string broken = File("name = \"a\"\nname = \"b\"\n");
  EXPECT_THAT(spec_.Load({"--config", broken}, {}).errors, HasSubstr(broken + ":2: not TOML: "));
  EXPECT_THAT(spec_.Load({"--config", File("a = [\n")}, {}).errors, HasSubstr("not TOML: "));
  EXPECT_THAT(spec_.Load({"--config", File(std::string("\xff\xfe\0", 3))}, {}).errors,
              HasSubstr("not TOML: "));
  EXPECT_THAT(spec_.Load({"--config", File(std::string(2 << 20, '#'))}, {}).errors,
              HasSubstr("larger than 1 MiB"));
  EXPECT_THAT(spec_.Load({"--config", File(std::string(100'000, '['))}, {}).errors,
              HasSubstr("not TOML: "));
}

TEST_F(ConfigTest, AKeyThatIsASectionAndTheOtherWayAroundAreErrors) {
  EXPECT_THAT(spec_.Load({"--config", File("[data.dir]\nx = 1\n")}, {}).errors,
              HasSubstr("data.dir.x: no such key; did you mean data.dir?"));
  EXPECT_THAT(spec_.Load({"--config", File("data = 1\n")}, {}).errors,
              HasSubstr(":1: data: no such key"));
}

TEST_F(ConfigTest, SecretsAreReadablePathsAndNeverRepeated) {
  EXPECT_THAT(spec_.Load({"--auth.key_file=hunter2"}, {}).errors,
              HasSubstr("flag --auth.key_file: auth.key_file = (hidden): No such file"));
  EXPECT_THAT(spec_.Load({"--auth.key_file=/nowhere"}, {}).errors,
              HasSubstr("auth.key_file = \"/nowhere\": No such file"));
  EXPECT_THAT(spec_.Load({"--auth.key_file=/tmp"}, {}).errors, HasSubstr("Is a directory"));
  const std::string typo = File("[redis]\npassword = \"hunter2\"\n[auth]\nkey_file = 42\n");
  const std::string errors = spec_.Load({"--config", typo}, {}).errors;
  EXPECT_THAT(errors, HasSubstr("redis.password: no such key"));
  EXPECT_THAT(errors, Not(HasSubstr("hunter2")));
  EXPECT_THAT(errors, Not(HasSubstr("42")));
}

TEST_F(ConfigTest, FilesAreReadable) {
  EXPECT_THAT(spec_.Load({"--check-config", "--auth.keys=nowhere"}, {}).errors,
              HasSubstr("flag --auth.keys: auth.keys = \"nowhere\": No such file"));
  EXPECT_THAT(spec_.Load({"--auth.keys=/tmp"}, {}).errors,
              HasSubstr("Is a directory; allowed is the path of a readable file"));
  EXPECT_TRUE(spec_.Load({"--auth.keys=" + File("{}")}, {}).run);
}

TEST_F(ConfigTest, VariablesOfKubernetesAndOfOtherProgramsAreNoErrors) {
  spec_.IgnoreEnvironment({"SQM_TOKEN"});
  const ConfigResult result =
      spec_.Load({}, {{"SQM_TOKEN", "x"},
                      {"SQM_MONITORING_SERVICE_HOST", "10.0.0.1"},
                      {"SQM_MONITORING_SERVICE_PORT", "8443"},
                      {"SQM_MONITORING_SERVICE_PORT_GRPC", "8443"},
                      {"SQM_MONITORING_PORT", "tcp://10.0.0.1:8443"},
                      {"SQM_MONITORING_PORT_8443_TCP", "tcp://10.0.0.1:8443"},
                      {"SQM_MONITORING_PORT_8443_TCP_PROTO", "tcp"},
                      {"SQM_MONITORING_PORT_8443_TCP_PORT", "8443"},
                      {"SQM_MONITORING_PORT_8443_TCP_ADDR", "10.0.0.1"}});
  EXPECT_TRUE(result.run) << result.errors;
  EXPECT_FALSE(spec_.Load({}, {{"SQM_MONITORING_PORT", "8443"}}).run);
  EXPECT_FALSE(spec_.Load({}, {{"SQM_OTHER", "x"}}).run);
}

TEST_F(ConfigTest, ChecksOverSeveralMembersSeeTheNewValues) {
  spec_.AddCheck([this] {
    return config_.dev && config_.name.empty() ? std::string("auth.dev needs name") : "";
  });
  EXPECT_EQ(spec_.Load({"--auth.dev"}, {}).errors, "auth.dev needs name\n");
  EXPECT_TRUE(spec_.Load({"--auth.dev", "--name=x"}, {}).run);
}

TEST_F(ConfigTest, CheckConfigPrintsTheValuesInEffectWithTheirOrigin) {
  const std::string path = File("\ngrpc.drain = \"90s\"\n");
  const ConfigResult result =
      spec_.Load({"--check-config", "--config", path, "--feed.peers=a,\"b\""},
                 {{"SQM_NAME", "tab\t\"quoted\""}});
  EXPECT_FALSE(result.run);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.errors, "");
  EXPECT_EQ(result.output, absl::StrCat(R"(name = "tab\u0009\"quoted\""  # environment SQM_NAME

[data]
dir = "/var/lib/sqm"  # default

[log]
level = "info"  # default

[auth]
key_file = ""  # default
keys = ""  # default
dev = false  # default

[grpc]
port = 8443  # default
drain = "1m30s"  # file )",
                                        path, R"(:2

[cache]
share = 0.5  # default
size = "64MiB"  # default

[feed]
peers = ["a", "\"b\""]  # flag --feed.peers
)"));
  // What it prints is a configuration file for the same values.
  const ConfigResult again = spec_.Load({"--config", File(result.output)}, {});
  ASSERT_TRUE(again.run) << again.errors;
  EXPECT_EQ(config_.name, "tab\t\"quoted\"");
  EXPECT_EQ(config_.drain, absl::Seconds(90));
  EXPECT_THAT(config_.peers, ElementsAre("a", "\"b\""));

  EXPECT_EQ(spec_.Load({"--check-config", "--grpc.port=-1"}, {}).exit_code, 2);
}

TEST_F(ConfigTest, HelpAndVersionEndWellWhateverElseIsWrong) {
  spec_.AddExample("sqm-sample --auth.dev", "Lets everybody in.");
  const ConfigResult help = spec_.Load({"--wrong", "--help"}, {{"SQM_WRONG", "1"}});
  EXPECT_FALSE(help.run);
  EXPECT_EQ(help.exit_code, 0);
  for (const char* part : {
           "sqm-sample 1.2.3: A sample.",
           "\ngrpc\n  --grpc.port INTEGER\n      Port of the API.\n      Default 8443; an integer "
           "from 0 to 65535; SQM_GRPC_PORT\n",
           "Default \"info\"; one of debug, info, warning, error; SQM_LOG_LEVEL",
           "Default \"/var/lib/sqm\"; required; SQM_DATA_DIR",
           "  sqm-sample --auth.dev\n      Lets everybody in.\n",
       }) {
    EXPECT_THAT(help.output, HasSubstr(part));
  }
  EXPECT_EQ(spec_.Load({"--version"}, {}).output, "sqm-sample 1.2.3\n");
}

TEST(ConfigValue, ReadsTextStrictly) {
  const ConfigValue integer = int64_t{0}, number = 0.0, size = ByteSize{}, flag = false;
  const ConfigValue duration = absl::ZeroDuration(), list = std::vector<std::string>{};
  EXPECT_EQ(ParseConfigValue(integer, "-9223372036854775808"),
            ConfigValue(std::numeric_limits<int64_t>::min()));
  for (const char* text : {"", " 1", "1 ", "1.5", "9223372036854775808", "1e3", "0x10"}) {
    EXPECT_EQ(ParseConfigValue(integer, text), std::nullopt) << text;
  }
  for (const char* text : {"", "inf", "nan", "1,5", "x"}) {
    EXPECT_EQ(ParseConfigValue(number, text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseConfigValue(number, "1e-3"), ConfigValue(0.001));
  EXPECT_EQ(ParseConfigValue(flag, "TRUE"), std::nullopt);
  EXPECT_EQ(ParseConfigValue(duration, "30"), std::nullopt);
  EXPECT_EQ(ParseConfigValue(duration, "1h30m"), ConfigValue(absl::Minutes(90)));
  EXPECT_EQ(ParseConfigValue(size, "2kB"), ConfigValue(ByteSize{2000}));
  EXPECT_EQ(ParseConfigValue(size, "2KiB"), ConfigValue(ByteSize{2048}));
  EXPECT_EQ(ParseConfigValue(size, "17"), ConfigValue(ByteSize{17}));
  for (const char* text : {"", "-1", "1.5MiB", "1 MiB", "1mib", "9999999TiB", "MiB"}) {
    EXPECT_EQ(ParseConfigValue(size, text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseConfigValue(list, ""), ConfigValue(std::vector<std::string>{}));
}

TEST(ConfigSpecDeathTest, MistakesInTheProgramEndIt) {
  std::string text = "x";
  int64_t number = 5;
  ConfigSpec spec("p", "1", "");
  spec.Add("a.b", &text, "");
  EXPECT_DEATH(spec.Add("a.b", &number, ""), "environment name of another");
  EXPECT_DEATH(spec.Add("a_b", &number, ""), "environment name of another");
  EXPECT_DEATH(spec.Add("a", &number, ""), "both a value and a section");
  EXPECT_DEATH(spec.Add("a.b.c", &number, ""), "both a value and a section");
  EXPECT_DEATH(spec.Add("A", &number, ""), "lower-case");
  EXPECT_DEATH(spec.Add("config", &number, ""), "command line");
  EXPECT_DEATH(spec.Add("n", &number, "").Range(6, 7), "default is out of its range");
  EXPECT_DEATH(spec.Add("n", &number, "").Range(0.0, 1.0), "another kind");
  EXPECT_DEATH(spec.Add("n", &text, "").Choices({"y"}), "not one of its choices");
}

TEST(ConfigMain, ReadsTheProcessEnvironmentAndSaysWhetherToRun) {
  int64_t number = 1;
  ConfigSpec spec("p", "1", "");
  spec.Add("unit_test.number", &number, "");
  setenv("SQM_UNIT_TEST_NUMBER", "42", 1);
  const char* argv[] = {"p"};
  EXPECT_EQ(spec.LoadMain(1, argv), std::nullopt);
  EXPECT_EQ(number, 42);
  setenv("SQM_UNIT_TEST_NUMBER", "many", 1);
  EXPECT_EQ(spec.LoadMain(1, argv), 2);
  unsetenv("SQM_UNIT_TEST_NUMBER");
}

}  // namespace
}  // namespace sqm
