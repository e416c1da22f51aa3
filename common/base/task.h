// Coroutines of the suite: Task<T> is a lazy coroutine awaited by one caller.
//
// A child runs inline until it first waits; if it never waits, its caller never suspends. Thus a
// chain of ready results costs no stack depth and no thread hop. GCC 12 miscompiles some complex
// temporaries inside awaited expressions: keep those expressions plain (names and simple calls).
#pragma once

#include <atomic>
#include <coroutine>
#include <exception>
#include <future>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace sqm {

namespace task_internal {

enum State : int { kRunning, kAwaited, kDone };

struct PromiseBase {
  std::coroutine_handle<> continuation;
  // Whoever comes second (the caller that begins to wait, the child that ends) resumes the caller.
  std::atomic<int> state{kRunning};

  std::suspend_always initial_suspend() noexcept { return {}; }

  struct Final {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      PromiseBase& promise = self.promise();
      std::coroutine_handle<> continuation = promise.continuation;
      if (promise.state.exchange(kDone, std::memory_order_acq_rel) == kAwaited) {
        continuation.resume();
      }
    }
    void await_resume() const noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
  // Exceptions do not cross a function of the suite: one that gets here is a fault of the program.
  void unhandled_exception() noexcept { std::terminate(); }
};

}  // namespace task_internal

template <typename T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : task_internal::PromiseBase {
    std::optional<T> value;
    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    template <typename U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
    handle_.resume();
    return handle_.promise().state.exchange(task_internal::kAwaited, std::memory_order_acq_rel) !=
           task_internal::kDone;
  }
  T await_resume() { return std::move(*handle_.promise().value); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

template <>
class [[nodiscard]] Task<void> {
 public:
  struct promise_type : task_internal::PromiseBase {
    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    void return_void() {}
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
    handle_.resume();
    return handle_.promise().state.exchange(task_internal::kAwaited, std::memory_order_acq_rel) !=
           task_internal::kDone;
  }
  void await_resume() {}

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

// A result that some thread sets once and one coroutine awaits. Lives until both have happened.
template <typename T>
class OneShot {
 public:
  // Sets the value and resumes the waiter, if it waits already, on this thread.
  void Set(T value) {
    if (std::coroutine_handle<> waiter = SetQuietly(std::move(value))) waiter.resume();
  }
  // The same, but hands the waiter (or null) to the caller, who must resume it.
  [[nodiscard]] std::coroutine_handle<> SetQuietly(T value) {
    value_.emplace(std::move(value));
    bool awaited =
        state_.exchange(task_internal::kDone, std::memory_order_acq_rel) == task_internal::kAwaited;
    // A waiter that is not there yet goes on by itself, and may be gone by now.
    return awaited ? waiter_ : std::coroutine_handle<>();
  }

  bool await_ready() const noexcept {
    return state_.load(std::memory_order_acquire) == task_internal::kDone;
  }
  bool await_suspend(std::coroutine_handle<> waiter) noexcept {
    waiter_ = waiter;
    return state_.exchange(task_internal::kAwaited, std::memory_order_acq_rel) !=
           task_internal::kDone;
  }
  T await_resume() { return std::move(*value_); }

 private:
  std::optional<T> value_;
  std::coroutine_handle<> waiter_;
  std::atomic<int> state_{task_internal::kRunning};
};

namespace task_internal {
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};
template <typename T, typename Done>
Detached RunDetached(Task<T> task, Done done) {
  if constexpr (std::is_void_v<T>) {
    co_await task;
    done();
  } else {
    T value = co_await task;
    done(std::move(value));
  }
}
}  // namespace task_internal

// Starts `task` on this thread and calls `done` with its result where it ends.
template <typename T, typename Done>
void Start(Task<T> task, Done done) {
  task_internal::RunDetached(std::move(task), std::move(done));
}

// Starts `task` on this thread; nobody waits for it.
inline void Detach(Task<void> task) {
  task_internal::RunDetached(std::move(task), [] {});
}

// Runs `task` and blocks this thread for the result. For mains, tests and tools: never in a
// handler.
template <typename T>
T Await(Task<T> task) {
  if constexpr (std::is_void_v<T>) {
    std::promise<void> promise;
    std::future<void> future = promise.get_future();
    Start(std::move(task), [&promise] { promise.set_value(); });
    future.get();
  } else {
    std::promise<T> promise;
    std::future<T> future = promise.get_future();
    Start(std::move(task), [&promise](T value) { promise.set_value(std::move(value)); });
    return future.get();
  }
}

#define SQM_TASK_CONCAT_(a, b) a##b
#define SQM_TASK_CONCAT(a, b) SQM_TASK_CONCAT_(a, b)
// `CO_ASSIGN_OR_RETURN(Contact contact, co_await store.Get(...));` in a coroutine of
// StatusOr/Status.
#define CO_ASSIGN_OR_RETURN(declaration, expression) \
  CO_ASSIGN_OR_RETURN_(SQM_TASK_CONCAT(co_result_, __LINE__), declaration, expression)
#define CO_ASSIGN_OR_RETURN_(result, declaration, expression) \
  auto result = expression;                                   \
  if (!result.ok()) co_return std::move(result).status();     \
  declaration = *std::move(result)
// `CO_RETURN_IF_ERROR(co_await store.Ping());`
#define CO_RETURN_IF_ERROR(expression)          \
  do {                                          \
    absl::Status co_status_ = expression;       \
    if (!co_status_.ok()) co_return co_status_; \
  } while (false)
// The same two for plain functions.
#define ASSIGN_OR_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_(SQM_TASK_CONCAT(result_, __LINE__), declaration, expression)
#define ASSIGN_OR_RETURN_(result, declaration, expression) \
  auto result = expression;                                \
  if (!result.ok()) return std::move(result).status();     \
  declaration = *std::move(result)
#define RETURN_IF_ERROR(expression)    \
  do {                                 \
    absl::Status status_ = expression; \
    if (!status_.ok()) return status_; \
  } while (false)

}  // namespace sqm
