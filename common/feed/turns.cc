#include "common/feed/turns.h"

namespace sqm::feed {

void Turns::Tell(OneShot<bool>* waiter, bool taken) {
  std::coroutine_handle<> waiting = waiter->SetQuietly(taken);
  if (waiting) executor_.Post([waiting] { waiting.resume(); });
}

Task<bool> Turns::Take() {
  OneShot<bool> told;
  {
    absl::MutexLock lock(&mutex_);
    if (closed_) co_return false;
    if (free_ > 0) {
      --free_;
      co_return true;
    }
    waiting_.push_back(&told);
  }
  bool taken = co_await told;
  co_return taken;
}

void Turns::Give() {
  OneShot<bool>* next = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    if (leaving_ > 0) --leaving_;
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    next = waiting_.front();
    waiting_.pop_front();
  }
  Tell(next, true);
}

bool Turns::GiveWay() {
  absl::MutexLock lock(&mutex_);
  if (leaving_ >= waiting_.size()) return false;
  ++leaving_;
  return true;
}

void Turns::Close() {
  std::deque<OneShot<bool>*> waiting;
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    waiting.swap(waiting_);
  }
  for (OneShot<bool>* waiter : waiting) Tell(waiter, false);
}

}  // namespace sqm::feed
