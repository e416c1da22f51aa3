// An authority and certificates of it, as PEM files.
#pragma once

#include <absl/time/time.h>

#include <string>

namespace sqm::testing {

// Makes `NAME-ca.pem` in its directory.
class Authority {
 public:
  Authority(std::string dir, std::string name);
  ~Authority();
  Authority(const Authority&) = delete;

  std::string ca() const { return dir_ + "/" + name_ + "-ca.pem"; }
  // Writes `NAME.pem` and `NAME.key` into the directory of the authority, replacing both at once: a
  // certificate for localhost and 127.0.0.1, good from an hour ago for `lifetime` from now.
  void Issue(const std::string& name, absl::Duration lifetime = absl::Hours(1)) const;
  std::string certificate(const std::string& name) const { return dir_ + "/" + name + ".pem"; }
  std::string key(const std::string& name) const { return dir_ + "/" + name + ".key"; }

 private:
  struct Parts;
  const std::string dir_, name_;
  Parts* const parts_;
};

}  // namespace sqm::testing
