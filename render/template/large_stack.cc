#include <pthread.h>

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "render/template/engine.h"

namespace autonomous::render {
namespace {

struct Job {
  const std::function<void()>* work;
  std::exception_ptr thrown;
};

void* run_job(void* data) {
  auto* job = static_cast<Job*>(data);
  try {
    (*job->work)();
  } catch (...) {
    job->thrown = std::current_exception();
  }
  return nullptr;
}

}  // namespace

void on_large_stack(const std::function<void()>& work, size_t bytes) {
  Job job{.work = &work, .thrown = nullptr};
  pthread_attr_t attributes;
#ifdef __SANITIZE_ADDRESS__
  // AddressSanitizer cleans up after an exception only on stacks below 64 MiB, and reports errors that are none beyond.
  bytes = std::min(bytes, size_t{60} << 20);
#endif
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, bytes);
  pthread_t thread;
  int error = pthread_create(&thread, &attributes, run_job, &job);
  pthread_attr_destroy(&attributes);
  if (error != 0) throw std::runtime_error("cannot start a thread with a large stack");
  pthread_join(thread, nullptr);
  if (job.thrown != nullptr) std::rethrow_exception(job.thrown);
}

}  // namespace autonomous::render
