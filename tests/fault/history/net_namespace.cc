#include "tests/fault/history/net_namespace.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/time/clock.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "tests/support/suite_process.h"

namespace sqm::testing::history {
namespace {

// Runs a command of words; what it said if it failed.
std::string Run(const std::string& command) {
  const Finished finished = RunProgram(absl::StrSplit(command, ' '));
  return finished.exit_code == 0 ? "" : absl::StrCat(command, ": ", finished.err, finished.out);
}

}  // namespace

NetNamespace::NetNamespace() {
  static std::atomic<int> next{0};
  number_ = next++;
  int ready[2];
  if (pipe(ready) != 0) return;
  const pid_t parent = getpid();
  holder_ = fork();
  if (holder_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char made = unshare(CLONE_NEWNET) == 0 ? 'y' : 'n';
    if (getppid() != parent || write(ready[1], &made, 1) != 1) _exit(1);
    while (true) pause();
  }
  char made = 'n';
  close(ready[1]);
  if (holder_ < 0 || read(ready[0], &made, 1) != 1 || made != 'y') {
    failure_ = "a network namespace is not permitted";
  } else {
    failure_ = Run(absl::StrCat("nsenter --net=/proc/", holder_, "/ns/net ip link set lo up"));
  }
  close(ready[0]);
}

NetNamespace::~NetNamespace() {
  if (holder_ <= 0) return;
  kill(holder_, SIGKILL);
  waitpid(holder_, nullptr, 0);
}

NetNamespace::Link NetNamespace::Join() {
  // 2^12 processes by 16 namespaces by 4 links of 4 addresses each: 10.0.0.0/10 or so.
  const int net = ((getpid() & 0xfff) << 6) | ((number_ & 0xf) << 2) | (links_ & 3);
  const std::string prefix = absl::StrCat("10.", 64 + (net >> 14 & 0xf), ".", net >> 6 & 0xff, ".");
  const int first = (net & 0x3f) * 4;
  Link link;
  link.here = absl::StrCat(prefix, first + 1);
  link.inside = absl::StrCat(prefix, first + 2);
  link.device = absl::StrCat("sq", getpid(), "n", number_ & 0xf, "l", links_);
  const std::string peer = absl::StrCat("l", links_);
  ++links_;
  const std::string enter = absl::StrCat("nsenter --net=/proc/", holder_, "/ns/net ip ");
  for (const std::string& command :
       {absl::StrCat("ip link add ", link.device, " type veth peer name ", peer, " netns ",
                     holder_),
        absl::StrCat("ip addr add ", link.here, "/30 dev ", link.device),
        absl::StrCat("ip link set ", link.device, " up"),
        absl::StrCat(enter, "addr add ", link.inside, "/30 dev ", peer),
        absl::StrCat(enter, "link set ", peer, " up")}) {
    if (failure_.empty()) failure_ = Run(command);
  }
  return link;
}

std::vector<std::string> NetNamespace::Launcher() const {
  return {"nsenter", absl::StrCat("--net=/proc/", holder_, "/ns/net"), "--"};
}

bool NetNamespace::SetUp(const Link& link, bool up) {
  return Run(absl::StrCat("ip link set ", link.device, up ? " up" : " down")).empty();
}

std::string NetNamespace::Delay(const Link& link, int milliseconds, int loss_percent) {
  return Run(absl::StrCat("tc qdisc replace dev ", link.device, " root netem delay ", milliseconds,
                          "ms ", milliseconds / 2, "ms loss ", loss_percent, "%"));
}

std::string NetNamespace::LoseSome(const Link& link) {
  const std::string dev = absl::StrCat(" dev ", link.device, " ");
  for (const std::string& command :
       {absl::StrCat("tc qdisc replace", dev, "root handle 1: htb default 1"),
        absl::StrCat("tc class add", dev, "parent 1: classid 1:1 htb rate 1gbit"),
        absl::StrCat("tc class add", dev, "parent 1: classid 1:2 htb rate 1gbit"),
        absl::StrCat("tc qdisc add", dev, "parent 1:2 blackhole"),
        // By the low bits of the packet's number, which counts up.
        absl::StrCat("tc filter add", dev,
                     "parent 1: protocol ip u32 match u16 0x0000 0x001f at 4 flowid 1:2")}) {
    std::string failure = Run(command);
    if (!failure.empty()) return failure;
  }
  return "";
}

void NetNamespace::Heal(const Link& link) {
  Run(absl::StrCat("tc qdisc del dev ", link.device, " root"));
}

}  // namespace sqm::testing::history
