// A network of its own for a process, joined to this one's by pairs of devices.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace sqm::testing::history {

// Needs root (or the capability) and iproute2. Gone, with its devices, when this process ends.
class NetNamespace {
 public:
  NetNamespace();
  ~NetNamespace();
  NetNamespace(const NetNamespace&) = delete;

  // Why there is none; empty = there is.
  const std::string& failure() const { return failure_; }
  // A pair of devices with an address at each end. Two networks at most a namespace.
  struct Link {
    std::string device;        // at this end
    std::string here, inside;  // addresses
  };
  Link Join();
  // Put before a program it runs in the namespace.
  std::vector<std::string> Launcher() const;

  // Nothing passes the link, and nobody is told.
  static bool SetUp(const Link& link, bool up);
  // What leaves this end arrives later, and some of it never. Empty = done; else why not.
  static std::string Delay(const Link& link, int milliseconds, int loss_percent);
  // Every 32nd packet that leaves this end is lost, by means that more kernels have.
  static std::string LoseSome(const Link& link);
  static void Heal(const Link& link);

 private:
  pid_t holder_ = 0;
  int number_ = 0;
  int links_ = 0;
  std::string failure_;
};

}  // namespace sqm::testing::history
