// The thread that asks goes on with another stack (makecontext), which costs microseconds. A thread of its own would do
// the same for some 100, and for a wait of both on a busy machine; sanitizers, which know stacks by their threads, get
// one.
#include "render/template/large_stack.h"

#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <exception>
#include <new>
#include <stdexcept>

#include "render/template/engine.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define AUTONOMOUS_STACK_BY_THREAD
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define AUTONOMOUS_STACK_BY_THREAD
#endif

namespace autonomous::render {
namespace {

struct Job {
  const std::function<void()>* work;
  std::exception_ptr thrown;

  void run() {
    try {
      (*work)();
    } catch (...) {
      thrown = std::current_exception();
    }
  }
};

#ifdef AUTONOMOUS_STACK_BY_THREAD

void* run_job(void* data) {
  static_cast<Job*>(data)->run();
  return nullptr;
}

void run_on_stack(Job& job, size_t bytes) {
  // AddressSanitizer cleans up after an exception only on stacks below 64 MiB, and reports errors that are none beyond.
  bytes = std::min(bytes, size_t{60} << 20);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, bytes);
  pthread_t thread;
  int error = pthread_create(&thread, &attributes, run_job, &job);
  pthread_attr_destroy(&attributes);
  if (error != 0) throw std::runtime_error("cannot start a thread with a large stack");
  pthread_join(thread, nullptr);
}

const char* bottom() { return nullptr; }

#else

constexpr size_t kGuard = size_t{64} << 10;

// Of one thread, kept for its next job: mapped when it is first needed, filled with pages as far as it is used.
class Stack {
 public:
  Stack() = default;
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  ~Stack() { unmap(); }

  void ensure(size_t bytes) {
    if (size_ >= bytes) return;
    unmap();
    constexpr int kHow = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    void* memory = ::mmap(nullptr, bytes + kGuard, PROT_READ | PROT_WRITE, kHow, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    memory_ = static_cast<char*>(memory);
    size_ = bytes;
    // Who runs over the end is stopped there. Without huge pages a shallow job touches a few small ones.
    if (::mprotect(memory_, kGuard, PROT_NONE) != 0) throw std::bad_alloc();
    ::madvise(memory_, size_ + kGuard, MADV_NOHUGEPAGE);
  }
  char* low() const { return memory_ + kGuard; }
  size_t size() const { return size_; }

 private:
  void unmap() {
    if (memory_ != nullptr) ::munmap(memory_, size_ + kGuard);
    memory_ = nullptr;
    size_ = 0;
  }

  char* memory_ = nullptr;
  size_t size_ = 0;
};

thread_local Stack stack;
thread_local Job* running = nullptr;  // the job on the stack

void run_running() { running->run(); }

void run_on_stack(Job& job, size_t bytes) {
  if (running != nullptr) return job.run();  // we are on it already
  stack.ensure(bytes);
  ucontext_t back, there;
  ::getcontext(&there);
  there.uc_stack.ss_sp = stack.low();
  there.uc_stack.ss_size = stack.size();
  there.uc_link = &back;
  ::makecontext(&there, run_running, 0);
  running = &job;
  ::swapcontext(&back, &there);
  running = nullptr;
}

const char* bottom() { return running == nullptr ? nullptr : stack.low(); }

#endif

}  // namespace

const char* large_stack_bottom() { return bottom(); }

void on_large_stack(const std::function<void()>& work, size_t bytes) {
  Job job{.work = &work, .thrown = nullptr};
  run_on_stack(job, bytes);
  if (job.thrown != nullptr) std::rethrow_exception(job.thrown);
}

}  // namespace autonomous::render
