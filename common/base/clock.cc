#include "common/base/clock.h"

namespace sqm {

const SystemClock& SystemClock::Get() {
  static const SystemClock clock;
  return clock;
}

}  // namespace sqm
