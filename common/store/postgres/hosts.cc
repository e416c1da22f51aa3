#include "common/store/postgres/hosts.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <libpq-fe.h>

#include <algorithm>
#include <map>

#include "common/store/postgres/errors.h"

namespace sqm::store {
namespace {

absl::Status Wrong(absl::string_view what) { return LoginRefused(absl::StripSuffix(what, "\n")); }

// What libpq says of a string that it cannot read quotes some of it, which may be of the password.
std::string WithoutQuoted(absl::string_view message) {
  const size_t first = message.find('"'), last = message.rfind('"');
  if (first == last) return std::string(message);
  return absl::StrCat(message.substr(0, first), "\"...\"", message.substr(last + 1));
}

}  // namespace

absl::StatusOr<std::vector<PgHost>> HostsOf(const std::string& conninfo) {
  char* error = nullptr;
  PQconninfoOption* options = PQconninfoParse(conninfo.c_str(), &error);
  const absl::Cleanup free_all = [&] {
    PQfreemem(error);
    PQconninfoFree(options);
  };
  if (options == nullptr) {
    return Wrong(
        error == nullptr
            ? "out of memory"
            : absl::StrCat("the connection string cannot be read (a value with blanks goes "
                           "in '...'): ",
                           WithoutQuoted(error)));
  }
  PgHost common;
  // The lists whose elements belong together.
  std::map<std::string, std::vector<std::string>> lists;
  size_t hosts = 1;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const absl::string_view keyword = option->keyword;
    if (keyword == "host" || keyword == "hostaddr" || keyword == "port") {
      std::vector<std::string>& list = lists[option->keyword];
      list = absl::StrSplit(option->val, ',');
      if (keyword != "port") hosts = std::max(hosts, list.size());
    } else {
      common.emplace_back(option->keyword, option->val);
    }
  }
  std::vector<PgHost> all(hosts, common);
  for (const auto& [keyword, list] : lists) {
    // One port may be that of all hosts.
    const bool same = keyword == "port" && list.size() == 1;
    if (!same && list.size() != hosts) {
      return Wrong(absl::StrCat("the connection string names ", hosts, " hosts and ", list.size(),
                                " values of ", keyword));
    }
    for (size_t i = 0; i < hosts; ++i) all[i].emplace_back(keyword, list[same ? 0 : i]);
  }
  return all;
}

}  // namespace sqm::store
