#include "daemon/pipeline/renderer.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "render/helm/wire.h"

namespace autonomous::daemon {

namespace wire = helm::wire;

// Named, because Impl holds Workers: types without linkage may not be members of a type that has it.
namespace render_pool {

// Wakes a poll when somebody asks to stop.
class Waker {
 public:
  explicit Waker(const std::stop_token& stop)
      : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), on_stop_(stop, [this] {
          uint64_t one = 1;
          (void)!::write(fd_, &one, sizeof one);
        }) {}
  ~Waker() { ::close(fd_); }
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
  std::stop_callback<std::function<void()>> on_stop_;
};

Error cannot_start(std::string_view front, int error) {
  return fail(Code::kInternal, "cannot start the render worker ", front, ": ", std::strerror(error));
}

// One process. Used by one render() at a time.
class Worker {
 public:
  ~Worker() { end(); }

  bool running() const { return pid_ > 0; }
  bool knows(const std::string& digest) const { return digests_.contains(digest); }
  void learn(const std::string& digest) { digests_.insert(digest); }

  Result<void> start(const std::string& front, uint64_t memory_bytes) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return cannot_start(front, errno);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, ends[1], 0);
    posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    posix_spawn_file_actions_addchdir_np(&files, "/");
    sigset_t none, defaults;
    sigemptyset(&none);
    sigfillset(&defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::string worker = "--worker=" + std::to_string(memory_bytes);
    char* argv[] = {const_cast<char*>("autonomous"), const_cast<char*>("render"), worker.data(), nullptr};
    char* environment[] = {nullptr};
    int error = ::posix_spawn(&pid_, front.c_str(), &files, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    ::close(ends[1]);
    fd_ = ends[0];
    if (error != 0) {
      pid_ = -1;
      end();
      return cannot_start(front, error);
    }
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    return ok();
  }

  // Kills it if it lives. What is said is why it ended, as far as the kernel knows.
  int end() {
    int status = 0;
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
      }
    }
    if (fd_ >= 0) ::close(fd_);
    pid_ = -1;
    fd_ = -1;
    digests_.clear();
    return status;
  }

  Result<void> send(const Ctx& ctx, const Waker& waker, std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t done = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (done > 0) {
        bytes.remove_prefix(static_cast<size_t>(done));
      } else if (errno == EAGAIN) {
        TRY_DO(wait(ctx, waker, POLLOUT));
      } else if (errno != EINTR) {
        return died();
      }
    }
    return ok();
  }

  Result<std::string> receive(const Ctx& ctx, const Waker& waker) {
    std::string header(wire::kHeader, '\0');
    TRY_DO(read(ctx, waker, header.data(), header.size()));
    uint64_t size = wire::payload_size(header);
    if (size == 0 || size > wire::kMaxFrame) return fail(Code::kCorrupt, "the render worker's answer is no frame");
    std::string payload;
    while (payload.size() < size) {  // grown as it comes: the worker may lie about its length
      size_t had = payload.size();
      payload.resize(std::min<uint64_t>(size, had + (1u << 20)));
      TRY_DO(read(ctx, waker, payload.data() + had, payload.size() - had));
    }
    return payload;
  }

 private:
  Result<void> read(const Ctx& ctx, const Waker& waker, char* to, size_t size) {
    while (size > 0) {
      ssize_t done = ::recv(fd_, to, size, 0);
      if (done > 0) {
        to += done;
        size -= static_cast<size_t>(done);
      } else if (done < 0 && errno == EAGAIN) {
        TRY_DO(wait(ctx, waker, POLLIN));
      } else if (done == 0 || errno != EINTR) {
        return died();
      }
    }
    return ok();
  }

  Result<void> wait(const Ctx& ctx, const Waker& waker, short events) {
    TRY_DO(ctx.check());
    pollfd fds[2] = {{fd_, events, 0}, {waker.fd(), POLLIN, 0}};
    (void)::poll(fds, 2, static_cast<int>(std::min<int64_t>(ctx.left().count() + 1, 60'000)));
    return ctx.check();
  }

  // The other end is closed: the process is gone or about to go.
  Error died() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    end();
    if (!WIFSIGNALED(status)) return fail(Code::kInternal, "the render worker ended with status ", WEXITSTATUS(status));
    int signal = WTERMSIG(status);
    if (signal == SIGXCPU) return fail(Code::kLimit, "rendering used more processor time than it may");
    if (signal == SIGSYS)
      return fail(Code::kDenied, "the render worker asked the system for what it may not do, and was killed");
    if (signal == SIGKILL) return fail(Code::kLimit, "the render worker was killed, most likely for lack of memory");
    return fail(Code::kInternal, "the render worker crashed (", sigdescr_np(signal), ")");
  }

  pid_t pid_ = -1;
  int fd_ = -1;
  std::set<std::string> digests_;
};

Result<std::string> chart_frame(const ChartJob& job, const helm::LoadLimits& limits) {
  wire::ChartFrame frame;
  frame.digest = job.chart_digest;
  TRY(auto entries, job.chart->list());
  if (entries.size() > limits.files) return fail(Code::kLimit, "the chart holds more than ", limits.files, " files");
  uint64_t left = limits.bytes;
  for (const FileEntry& entry : entries) {
    std::string content;
    if (entry.kind != FileKind::kSubmodule) {
      auto read = job.chart->read(entry.path, left);
      if (!read) return std::move(std::move(read).error()).with("while reading the chart");
      content = *std::move(read);
    }
    left -= content.size();
    frame.files.push_back({entry.path, entry.kind, std::move(content)});
  }
  return wire::encode(frame);
}

wire::JobFrame job_frame(const ChartJob& job, const Renderer::Options& options) {
  wire::JobFrame frame;
  frame.digest = job.chart_digest;
  frame.cpu_seconds = options.cpu_seconds;
  helm::ChartInput& input = frame.input;
  input.release_name = job.release_name;
  input.release_namespace = job.release_namespace;
  input.values = job.values;
  input.helm = job.helm;
  input.kube_version = job.kube_version;
  input.api_versions = job.api_versions;
  input.include_crds = job.include_crds;
  input.no_hooks = job.no_hooks;
  input.skip_tests = job.skip_tests;
  input.limits = options.limits;
  frame.load = options.load;
  input.determinism = helm::Determinism{job.seed, job.source_time};
  return frame;
}

Result<RenderedChart> read_answer(std::string_view payload) {
  if (payload.front() == static_cast<char>(wire::Kind::kFailed)) {
    TRY(wire::FailedFrame failed, wire::decode_failed(payload));
    return Error(failed.code, failed.message);
  }
  TRY(wire::DoneFrame done, wire::decode_done(payload));
  return RenderedChart{std::move(done.chart_name),        std::move(done.chart_version),
                       std::move(done.rendered.manifest), std::move(done.rendered.pieces),
                       std::move(done.rendered.values),   std::move(done.rendered.notes),
                       std::move(done.warnings)};
}

// What a worker says lies in an archive: its own checks of the names count for nothing here.
Result<std::map<std::string, std::string>> read_files(std::string_view payload) {
  if (payload.front() == static_cast<char>(wire::Kind::kFailed)) {
    TRY(wire::FailedFrame failed, wire::decode_failed(payload));
    return Error(failed.code, failed.message);
  }
  TRY(wire::FilesFrame unpacked, wire::decode_files(payload));
  std::map<std::string, std::string> files;
  for (wire::TreeFile& file : unpacked.files) {
    if (!is_plain_path(file.path)) return fail(Code::kCorrupt, "the render worker names a file that lies in no chart");
    files[std::move(file.path)] = std::move(file.content);
  }
  return files;
}

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

}  // namespace render_pool

using namespace render_pool;

struct Renderer::Impl {
  Options options;
  std::mutex mutex;
  std::condition_variable_any freed;
  std::vector<std::unique_ptr<Worker>> idle;
  unsigned out = 0;  // workers in use

  // The one that knows the chart, else a running one, else a new one; waits while all are busy.
  Result<std::unique_ptr<Worker>> take(const Ctx& ctx, const std::string& digest) {
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
    if (best == idle.end()) return std::make_unique<Worker>();
    auto worker = std::move(*best);
    idle.erase(best);
    return worker;
  }

  void give_back(std::unique_ptr<Worker> worker) {
    {
      std::lock_guard lock(mutex);
      --out;
      if (worker->running()) idle.push_back(std::move(worker));
    }
    freed.notify_one();
  }

  Result<RenderedChart> render_with(Worker& worker, const Ctx& ctx, const ChartJob& job) {
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

  Result<std::map<std::string, std::string>> unpack_with(Worker& worker, const Ctx& ctx, std::string_view archive) {
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
      -> decltype(work(std::declval<Worker&>(), ctx)) {
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
  return impl_->with_worker(ctx, job.chart_digest, [&](Worker& worker, const Ctx& limited) {
    return impl_->render_with(worker, limited, job);
  });
}

Result<std::map<std::string, std::string>> Renderer::unpack(const Ctx& ctx, std::string_view archive) {
  return impl_->with_worker(
      ctx, "", [&](Worker& worker, const Ctx& limited) { return impl_->unpack_with(worker, limited, archive); });
}

}  // namespace autonomous::daemon
