// Tells ThreadSanitizer what absl::Mutex, absl::CondVar, absl::Notification and the reference
// counts of absl::Status order. Linked into every executable of the tsan preset, and only there.
//
// Debian's Abseil is not instrumented, so ThreadSanitizer would take everything that a Mutex
// guards for a race. These definitions preempt those of the shared library, also for the calls that
// the libraries make themselves: each tells the sanitizer of the mutex and
// does the work with the library's own function.
//
// A condition is evaluated by whoever holds the mutex when it may have become true, often by the
// thread that unlocks, inside the library and for the thread that waits. So Condition::Eval counts
// as a section under the mutex that its thread is working on, and who waits hands its condition
// over.

#include <absl/status/status.h>
#include <absl/synchronization/blocking_counter.h>
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

namespace {

// The library's function of that (mangled) name.
template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

// The mutex that this thread locks, unlocks or awaits a condition of.
thread_local void* working_on = nullptr;

class WorkingOn {
 public:
  explicit WorkingOn(void* mutex, const absl::Condition* handed_over = nullptr)
      : before_(working_on) {
    working_on = mutex;
    if (handed_over != nullptr) __tsan_release(const_cast<absl::Condition*>(handed_over));
  }
  ~WorkingOn() { working_on = before_; }

 private:
  void* before_;
};

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

// Abseil's inline namespace is part of every mangled name.
#define SQM_ABSL "4absl7debian3"

// Takes the mutex: what others did under it comes before.
#define SQM_TSAN_LOCK(method, name)                                       \
  void Mutex::method() {                                                  \
    static const auto next = Next<void (*)(Mutex*)>("_ZN" SQM_ABSL name); \
    WorkingOn scope(this);                                                \
    next(this);                                                           \
    __tsan_acquire(this);                                                 \
  }
// Gives the mutex back: what this thread did under it comes first.
#define SQM_TSAN_UNLOCK(method, name)                                     \
  void Mutex::method() {                                                  \
    static const auto next = Next<void (*)(Mutex*)>("_ZN" SQM_ABSL name); \
    WorkingOn scope(this);                                                \
    __tsan_release(this);                                                 \
    next(this);                                                           \
  }
#define SQM_TSAN_TRY_LOCK(method, name)                                   \
  bool Mutex::method() {                                                  \
    static const auto next = Next<bool (*)(Mutex*)>("_ZN" SQM_ABSL name); \
    bool locked = next(this);                                             \
    if (locked) __tsan_acquire(this);                                     \
    return locked;                                                        \
  }
// Gives the mutex back where it has to wait, and has it again at the end.
#define SQM_TSAN_AWAIT(result, method, Limit, name)                             \
  result Mutex::method(const Condition& condition, Limit limit) {               \
    static const auto next =                                                    \
        Next<result (*)(Mutex*, const Condition*, Limit)>("_ZN" SQM_ABSL name); \
    WorkingOn scope(this, &condition);                                          \
    __tsan_release(this);                                                       \
    result held = next(this, &condition, limit);                                \
    __tsan_acquire(this);                                                       \
    return held;                                                                \
  }
// Takes the mutex when the condition holds (or the time is up).
#define SQM_TSAN_LOCK_WHEN(result, method, Limit, name)                         \
  result Mutex::method(const Condition& condition, Limit limit) {               \
    static const auto next =                                                    \
        Next<result (*)(Mutex*, const Condition*, Limit)>("_ZN" SQM_ABSL name); \
    WorkingOn scope(this, &condition);                                          \
    result held = next(this, &condition, limit);                                \
    __tsan_acquire(this);                                                       \
    return held;                                                                \
  }

SQM_TSAN_LOCK(Lock, "5Mutex4LockEv")
SQM_TSAN_LOCK(ReaderLock, "5Mutex10ReaderLockEv")
SQM_TSAN_UNLOCK(Unlock, "5Mutex6UnlockEv")
SQM_TSAN_UNLOCK(ReaderUnlock, "5Mutex12ReaderUnlockEv")
SQM_TSAN_TRY_LOCK(TryLock, "5Mutex7TryLockEv")
SQM_TSAN_TRY_LOCK(ReaderTryLock, "5Mutex13ReaderTryLockEv")
SQM_TSAN_AWAIT(bool, AwaitWithTimeout, Duration,
               "5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE")
SQM_TSAN_AWAIT(bool, AwaitWithDeadline, Time,
               "5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE")
SQM_TSAN_LOCK_WHEN(bool, LockWhenWithTimeout, Duration,
                   "5Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE")
SQM_TSAN_LOCK_WHEN(bool, LockWhenWithDeadline, Time,
                   "5Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE")
SQM_TSAN_LOCK_WHEN(bool, ReaderLockWhenWithTimeout, Duration,
                   "5Mutex25ReaderLockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE")
SQM_TSAN_LOCK_WHEN(bool, ReaderLockWhenWithDeadline, Time,
                   "5Mutex26ReaderLockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE")

void Mutex::Await(const Condition& condition) {
  static const auto next =
      Next<void (*)(Mutex*, const Condition*)>("_ZN" SQM_ABSL "5Mutex5AwaitERKNS0_9ConditionE");
  WorkingOn scope(this, &condition);
  __tsan_release(this);
  next(this, &condition);
  __tsan_acquire(this);
}

void Mutex::LockWhen(const Condition& condition) {
  static const auto next =
      Next<void (*)(Mutex*, const Condition*)>("_ZN" SQM_ABSL "5Mutex8LockWhenERKNS0_9ConditionE");
  WorkingOn scope(this, &condition);
  next(this, &condition);
  __tsan_acquire(this);
}

void Mutex::ReaderLockWhen(const Condition& condition) {
  static const auto next = Next<void (*)(Mutex*, const Condition*)>(
      "_ZN" SQM_ABSL "5Mutex14ReaderLockWhenERKNS0_9ConditionE");
  WorkingOn scope(this, &condition);
  next(this, &condition);
  __tsan_acquire(this);
}

bool Condition::Eval() const {
  static const auto next = Next<bool (*)(const Condition*)>("_ZNK" SQM_ABSL "9Condition4EvalEv");
  void* mutex = working_on;
  __tsan_acquire(const_cast<Condition*>(this));
  if (mutex != nullptr) __tsan_acquire(mutex);
  bool holds = next(this);
  if (mutex != nullptr) __tsan_release(mutex);
  return holds;
}

void CondVar::Wait(Mutex* mutex) {
  static const auto next =
      Next<void (*)(CondVar*, Mutex*)>("_ZN" SQM_ABSL "7CondVar4WaitEPNS0_5MutexE");
  WorkingOn scope(mutex);
  __tsan_release(mutex);
  next(this, mutex);
  __tsan_acquire(mutex);
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static const auto next = Next<bool (*)(CondVar*, Mutex*, Duration)>(
      "_ZN" SQM_ABSL "7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  WorkingOn scope(mutex);
  __tsan_release(mutex);
  bool expired = next(this, mutex, timeout);
  __tsan_acquire(mutex);
  return expired;
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static const auto next = Next<bool (*)(CondVar*, Mutex*, Time)>(
      "_ZN" SQM_ABSL "7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  WorkingOn scope(mutex);
  __tsan_release(mutex);
  bool expired = next(this, mutex, deadline);
  __tsan_acquire(mutex);
  return expired;
}

namespace {
// The flag behind the mutex: HasBeenNotified, which is inline, reads it.
void* FlagOf(const Notification* notification) {
  return const_cast<char*>(reinterpret_cast<const char*>(notification)) + sizeof(Mutex);
}
}  // namespace

void Notification::Notify() {
  static const auto next = Next<void (*)(Notification*)>("_ZN" SQM_ABSL "12Notification6NotifyEv");
  __tsan_release(FlagOf(this));
  next(this);
}

void Notification::WaitForNotification() const {
  static const auto next =
      Next<void (*)(const Notification*)>("_ZNK" SQM_ABSL "12Notification19WaitForNotificationEv");
  next(this);
  __tsan_acquire(FlagOf(this));
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  static const auto next = Next<bool (*)(const Notification*, Duration)>(
      "_ZNK" SQM_ABSL "12Notification30WaitForNotificationWithTimeoutENS0_8DurationE");
  bool notified = next(this, timeout);
  if (notified) __tsan_acquire(FlagOf(this));
  return notified;
}

bool Notification::WaitForNotificationWithDeadline(Time deadline) const {
  static const auto next = Next<bool (*)(const Notification*, Time)>(
      "_ZNK" SQM_ABSL "12Notification31WaitForNotificationWithDeadlineENS0_4TimeE");
  bool notified = next(this, deadline);
  if (notified) __tsan_acquire(FlagOf(this));
  return notified;
}

bool BlockingCounter::DecrementCount() {
  static const auto next =
      Next<bool (*)(BlockingCounter*)>("_ZN" SQM_ABSL "15BlockingCounter14DecrementCountEv");
  __tsan_release(this);
  return next(this);
}

void BlockingCounter::Wait() {
  static const auto next =
      Next<void (*)(BlockingCounter*)>("_ZN" SQM_ABSL "15BlockingCounter4WaitEv");
  next(this);
  __tsan_acquire(this);
}

// Whoever drops the last reference destroys what the others read before they dropped theirs.
void Status::UnrefNonInlined(uintptr_t rep) {
  static const auto next = Next<void (*)(uintptr_t)>("_ZN" SQM_ABSL "6Status15UnrefNonInlinedEm");
  void* shared = reinterpret_cast<void*>(rep & ~uintptr_t{7});
  __tsan_release(shared);
  __tsan_acquire(shared);
  next(rep);
}

ABSL_NAMESPACE_END
}  // namespace absl

// Within Abseil the table of lock orders is guarded by a spin lock, and the texts of errors by a
// static's guard: what is not instrumented shows neither.
extern "C" const char* __tsan_default_suppressions();
const char* __tsan_default_suppressions() {
  return "race:absl::*::synchronization_internal::GraphCycles\n"
         "race:absl::*::base_internal::StrError\n";
}
