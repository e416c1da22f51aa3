// What the writer that is killed and the test that checks after it agree on: every write is derived
// from its number, so that the test knows what must be there.
#pragma once

#include <absl/strings/str_cat.h>

#include <string>

#include "tests/support/tickets.h"

namespace sqm::testing {

// Kinds of write, by number modulo 4:
//   0  two new tickets, the first with a code
//   1  one new ticket and a comment below it
//   2  a new ticket that takes the code of write number-2 over from its first ticket
//   3  a change of a ticket that all writers change, and a new one
inline constexpr int kHot = 4;
inline std::string HotId(uint64_t number) { return absl::StrCat("hot-", number % kHot); }
inline std::string NewId(uint64_t number, const char* part) {
  return absl::StrCat("n-", number, part);
}
inline std::string CodeOf(uint64_t number) { return absl::StrCat("code-", number); }
inline std::string Text(uint64_t number, const std::string& code = "") {
  return absl::StrCat("text: \"of ", number, "\" owner: \"w", number % 7, "\"",
                      code.empty() ? "" : absl::StrCat(" code: \"", code, "\""));
}

// The write of that number. `hot`: version at which its hot ticket was read (kind 3), 0 for none.
inline store::WriteSet WriteOf(Tickets& tickets, uint64_t number, int64_t hot, absl::Time now) {
  store::WriteSet set = Tickets::Write(now);
  const std::string a = NewId(number, "a"), b = NewId(number, "b");
  switch (number % 4) {
    case 0:
      set.puts = {tickets.Create(a, Text(number, CodeOf(number))), tickets.Create(b, Text(number))};
      set.claims = {tickets.Code(CodeOf(number), a)};
      break;
    case 1:
      set.puts = {tickets.Create(a, Text(number)),
                  tickets.Create(tickets.comment(), a + "/1", R"(text: "c")")};
      break;
    case 2: {
      const std::string holder = NewId(number - 2, "a"), code = CodeOf(number - 2);
      set.puts = {tickets.Create(a, Text(number, code)),
                  tickets.Update(holder, 1, Text(number - 2))};
      set.releases = {tickets.Code(code, holder)};
      set.claims = {tickets.Code(code, a)};
      break;
    }
    default:
      set.puts = {tickets.Create(a, Text(number)),
                  hot == 0 ? tickets.Create(HotId(number), Text(number))
                           : tickets.Update(HotId(number), hot, Text(number))};
  }
  set.idempotency = Tickets::Request(number + 1, number);
  set.request_id = absl::StrCat(number);
  return set;
}

}  // namespace sqm::testing
