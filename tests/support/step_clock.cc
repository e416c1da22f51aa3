// Loaded before a program (LD_PRELOAD): its system clock is off by as many nanoseconds as the file
// named by STEP_CLOCK_FILE says, which may change at any time. The monotonic clock is not
// touched. Waits until a moment of the system clock end, as under a real step, when the clock
// passes it: sooner after a step forward, later after one back. So they are cut into short ones.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace {

constexpr int64_t kSecond = 1000000000;
constexpr int64_t kSlice = 20000000;

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int64_t Offset() {
  static const std::atomic<int64_t>* const shared = [] {
    const char* path = getenv("STEP_CLOCK_FILE");
    const int fd = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) abort();
    void* mapped = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED) abort();
    return static_cast<const std::atomic<int64_t>*>(mapped);
  }();
  return shared->load(std::memory_order_relaxed);
}

int64_t Nanos(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }
timespec Timespec(int64_t nanos) { return {nanos / kSecond, nanos % kSecond}; }

int64_t RealNow() {
  static auto* const real = Real<int(clockid_t, timespec*)>("clock_gettime");
  timespec now;
  real(CLOCK_REALTIME, &now);
  return Nanos(now);
}

// Waits in slices until the stepped clock shows `end`. `wait` waits until a moment of the real one
// and says whether it timed out.
template <typename Wait>
bool TimesOut(int64_t end, Wait wait) {
  while (true) {
    const int64_t now = RealNow();
    const int64_t left = end - (now + Offset());
    const timespec until = Timespec(now + std::clamp<int64_t>(left, 0, kSlice));
    if (!wait(until)) return false;
    if (left <= kSlice && end <= RealNow() + Offset()) return true;
  }
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static auto* const real = Real<int(clockid_t, timespec*)>("clock_gettime");
  const int failed = real(clock, time);
  if (failed == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    *time = Timespec(Nanos(*time) + Offset());
  }
  return failed;
}

int gettimeofday(timeval* time, void*) noexcept {
  const timespec now = Timespec(RealNow() + Offset());
  *time = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* result) noexcept {
  const time_t now = (RealNow() + Offset()) / kSecond;
  if (result != nullptr) *result = now;
  return now;
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* end) {
  static auto* const real =
      Real<int(pthread_cond_t*, pthread_mutex_t*, const timespec*)>("pthread_cond_timedwait");
  // Of the system clock or of the monotonic one: they are decades apart.
  if (std::abs(Nanos(*end) - (RealNow() + Offset())) > 365 * 86400 * kSecond) {
    return real(condition, mutex, end);
  }
  int result = 0;
  TimesOut(Nanos(*end), [&](const timespec& until) {
    result = real(condition, mutex, &until);
    return result == ETIMEDOUT;
  });
  return result;
}

// Abseil's timed waits.
long syscall(long number, ...) noexcept {
  static auto* const real = Real<long(long, ...)>("syscall");
  long a[6];
  va_list list;
  va_start(list, number);
  for (long& one : a) one = va_arg(list, long);
  va_end(list);
  const int operation = static_cast<int>(a[1]);
  if (number != SYS_futex || (operation & FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET ||
      (operation & FUTEX_CLOCK_REALTIME) == 0 || a[3] == 0) {
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
  long result = 0;
  TimesOut(Nanos(*reinterpret_cast<const timespec*>(a[3])), [&](const timespec& until) {
    result = real(number, a[0], a[1], a[2], &until, a[4], a[5]);
    return result != 0 && errno == ETIMEDOUT;
  });
  return result;
}

}  // extern "C"
