#include "daemon/pipeline/renderer.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "daemon/pipeline/render_frames.h"
#include "daemon/pipeline/render_worker.h"

namespace autonomous::daemon {

namespace wire = helm::wire;

namespace {

// The installed front, or the one of a build tree, seen from the running program.
Result<std::string> find_front() {
  char path[PATH_MAX];
  ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0) return fail(Code::kNotFound, "cannot find the running program");
  std::string folder(path, static_cast<size_t>(size));
  folder.resize(folder.rfind('/'));
  for (const std::string& front :
       {folder + "/../../bin/autonomous", folder + "/autonomous", folder + "/daemon/autonomous"}) {
    if (::access(front.c_str(), X_OK) == 0) return front;
  }
  return fail(Code::kNotFound, "the front `autonomous`, which renders, is missing beside ", folder);
}

}  // namespace

struct Renderer::Impl {
  Options options;
  std::mutex mutex;
  std::condition_variable_any freed;
  std::vector<std::unique_ptr<RenderWorker>> idle;
  unsigned out = 0;  // workers in use

  // The one that knows the chart, else a running one, else a new one; waits while all are busy.
  Result<std::unique_ptr<RenderWorker>> take(const Ctx& ctx, const std::string& digest) {
    std::unique_lock lock(mutex);
    auto until = std::min(ctx.deadline, std::chrono::steady_clock::now() + std::chrono::hours(24));
    bool free = freed.wait_until(lock, ctx.stop, until, [&] { return out < options.workers; });
    if (!free) {
      TRY_DO(ctx.check());
      return fail(Code::kTimeout, "no render worker came free");
    }
    ++out;
    auto best = std::find_if(idle.begin(), idle.end(), [&](const auto& worker) { return worker->knows(digest); });
    if (best == idle.end() && !idle.empty()) best = idle.end() - 1;
    if (best == idle.end()) return std::make_unique<RenderWorker>();
    auto worker = std::move(*best);
    idle.erase(best);
    return worker;
  }

  void give_back(std::unique_ptr<RenderWorker> worker) {
    {
      std::lock_guard lock(mutex);
      --out;
      if (worker->running()) idle.push_back(std::move(worker));
    }
    freed.notify_one();
  }

  Result<RenderedChart> render_with(RenderWorker& worker, const Ctx& ctx, const ChartJob& job) {
    Waker waker(ctx.stop);
    if (!worker.running()) TRY_DO(worker.start(options.front, options.memory_bytes));
    std::string question = wire::encode(job_frame(job, options));
    bool sent = false;
    while (true) {
      if (!worker.knows(job.chart_digest)) {
        TRY(std::string chart, chart_frame(job, options.load));
        TRY_DO(worker.send(ctx, waker, chart));
        worker.learn(job.chart_digest);
        sent = true;
      }
      TRY_DO(worker.send(ctx, waker, question));
      TRY(std::string answer, worker.receive(ctx, waker));
      if (answer != std::string_view(wire::encode_need_chart()).substr(wire::kHeader)) return read_answer(answer);
      if (sent) return fail(Code::kCorrupt, "the render worker does not keep the chart it was given");
      worker.end();  // forgets what it knew; the next round tells it
      TRY_DO(worker.start(options.front, options.memory_bytes));
    }
  }

  Result<std::map<std::string, std::string>> unpack_with(RenderWorker& worker, const Ctx& ctx,
                                                         std::string_view archive) {
    Waker waker(ctx.stop);
    if (!worker.running()) TRY_DO(worker.start(options.front, options.memory_bytes));
    TRY_DO(worker.send(ctx, waker,
                       wire::encode(wire::UnpackFrame{options.cpu_seconds, options.load, std::string(archive)})));
    TRY(std::string answer, worker.receive(ctx, waker));
    return read_files(answer);
  }

  // Takes a worker, has it do `work` (worker, ctx) before the deadline, and gives it back.
  template <typename Work>
  auto with_worker(const Ctx& ctx, const std::string& digest, const Work& work)
      -> decltype(work(std::declval<RenderWorker&>(), ctx)) {
    TRY(auto worker, take(ctx, digest));
    Ctx limited = ctx.within(options.deadline);
    auto result = work(*worker, limited);
    // A worker in the middle of a job can't be used again.
    bool spoiled = !result && (result.error().code() == Code::kTimeout || result.error().code() == Code::kCancelled ||
                               result.error().code() == Code::kCorrupt || result.error().code() == Code::kInternal);
    if (spoiled) worker->end();
    give_back(std::move(worker));
    if (!result && result.error().code() == Code::kTimeout && ctx.check()) {
      result =
          fail(Code::kTimeout, "rendering took longer than ", options.deadline.count() / 1000, " s and was stopped");
    }
    return result;
  }
};

Renderer::Renderer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Renderer::~Renderer() = default;

Result<std::unique_ptr<Renderer>> Renderer::make(Options options) {
  if (options.front.empty()) {
    TRY(options.front, find_front());
  } else if (::access(options.front.c_str(), X_OK) != 0) {
    return fail(Code::kNotFound, "the front ", options.front, " cannot be run: ", std::strerror(errno));
  }
  if (options.workers == 0) options.workers = std::max(1u, std::thread::hardware_concurrency());
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  return std::unique_ptr<Renderer>(new Renderer(std::move(impl)));
}

Result<RenderedChart> Renderer::render(const Ctx& ctx, const ChartJob& job) {
  return impl_->with_worker(ctx, job.chart_digest, [&](RenderWorker& worker, const Ctx& limited) {
    return impl_->render_with(worker, limited, job);
  });
}

Result<std::map<std::string, std::string>> Renderer::unpack(const Ctx& ctx, std::string_view archive) {
  return impl_->with_worker(
      ctx, "", [&](RenderWorker& worker, const Ctx& limited) { return impl_->unpack_with(worker, limited, archive); });
}

}  // namespace autonomous::daemon
