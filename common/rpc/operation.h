// An operation of gRPC that is under way, and who awaits it.
#pragma once

#include <coroutine>
#include <utility>

#include "common/base/task.h"

#ifdef SQM_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace sqm::rpc {

// A Begin before the operation starts, an End in its reaction; one at a time.
template <typename T>
class Operation {
 public:
  void Begin(OneShot<T>& done) {
    done_ = &done;
#ifdef SQM_TSAN
    // Debian's gRPC is not instrumented: that a reaction comes after the start is told here.
    __tsan_release(this);
#endif
  }
  // The coroutine to resume, or null; nothing where nobody has begun one.
  std::coroutine_handle<> End(T result) {
#ifdef SQM_TSAN
    __tsan_acquire(this);
#endif
    OneShot<T>* done = std::exchange(done_, nullptr);
    return done == nullptr ? std::coroutine_handle<>() : done->SetQuietly(std::move(result));
  }

 private:
  OneShot<T>* done_ = nullptr;
};

}  // namespace sqm::rpc
