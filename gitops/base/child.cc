#include "gitops/base/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "gitops/base/text.h"

namespace autonomous {

namespace {

class Pipe {
 public:
  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  bool open() { return ::pipe2(fds_, O_CLOEXEC) == 0; }
  int read_end() const { return fds_[0]; }
  int write_end() const { return fds_[1]; }
  void close_end(int which) {
    if (fds_[which] >= 0) ::close(fds_[which]);
    fds_[which] = -1;
  }

 private:
  int fds_[2] = {-1, -1};
};

struct Actions {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  Actions() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~Actions() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
};

// A child that ends without reading its input must not take us with it: the signal of the broken pipe is held back on
// this thread alone, so that this holds in programs that don't ignore SIGPIPE.
ssize_t write_without_signal(int fd, std::string_view bytes) {
  sigset_t pipe, before;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  ssize_t written = ::write(fd, bytes.data(), bytes.size());
  int error = errno;
  if (written < 0 && error == EPIPE && sigismember(&before, SIGPIPE) == 0) {
    timespec at_once{};
    (void)sigtimedwait(&pipe, nullptr, &at_once);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return written;
}

// One running child: feeds it, drains it, and ends it when it must end.
class Running {
 public:
  Running(const Ctx& ctx, const ChildSpec& spec) : ctx_(ctx), spec_(spec) {}

  Result<ChildResult> run() {
    TRY_DO(start());
    std::optional<Error> ended = pump();
    if (ended) kill_group();
    in_.close_end(1);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    if (pidfd_ >= 0) ::close(pidfd_);
    if (ended) return std::move(*ended).with("while running " + spec_.argv[0]);
    result_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return std::move(result_);
  }

 private:
  Result<void> start() {
    TRY(std::string program, find_program(spec_.argv.at(0)));
    if (!in_.open() || !out_.open() || !err_.open()) return fail(Code::kInternal, "no pipe: ", std::strerror(errno));
    Actions actions;
    posix_spawn_file_actions_adddup2(&actions.files, in_.read_end(), 0);
    posix_spawn_file_actions_adddup2(&actions.files, out_.write_end(), 1);
    posix_spawn_file_actions_adddup2(&actions.files, err_.write_end(), 2);
    posix_spawn_file_actions_addclosefrom_np(&actions.files, 3);
    if (!spec_.folder.empty()) posix_spawn_file_actions_addchdir_np(&actions.files, spec_.folder.c_str());
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    for (int signal : {SIGPIPE, SIGTERM, SIGINT, SIGHUP}) sigaddset(&defaults, signal);
    posix_spawnattr_setsigmask(&actions.attributes, &none);
    posix_spawnattr_setsigdefault(&actions.attributes, &defaults);
    posix_spawnattr_setpgroup(&actions.attributes, 0);
    posix_spawnattr_setflags(&actions.attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<char*> argv, env;
    for (const std::string& word : spec_.argv) argv.push_back(const_cast<char*>(word.c_str()));
    for (const std::string& word : spec_.env) env.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    env.push_back(nullptr);
    int error = ::posix_spawn(&pid_, program.c_str(), &actions.files, &actions.attributes, argv.data(), env.data());
    if (error != 0) return fail(Code::kInternal, "cannot start ", program, ": ", std::strerror(error));
    pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    in_.close_end(0);
    out_.close_end(1);
    err_.close_end(1);
    ::fcntl(in_.write_end(), F_SETFL, O_NONBLOCK);
    return ok();
  }

  // Until both output streams are closed; the error that ends the child early otherwise.
  std::optional<Error> pump() {
    int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    std::unique_ptr<int, void (*)(int*)> closer(&wake, [](int* fd) { ::close(*fd); });
    std::stop_callback on_stop(ctx_.stop, [wake] {
      uint64_t one = 1;
      (void)!::write(wake, &one, sizeof one);
    });
    std::string_view input = spec_.input;
    if (input.empty()) in_.close_end(1);
    while (out_.read_end() >= 0 || err_.read_end() >= 0) {
      if (Result<void> go_on = ctx_.check(); !go_on) return std::move(go_on).error();
      pollfd fds[4] = {
          {out_.read_end(), POLLIN, 0}, {err_.read_end(), POLLIN, 0}, {in_.write_end(), POLLOUT, 0}, {wake, POLLIN, 0}};
      int64_t wait = std::min<int64_t>(ctx_.left().count() + 1, 3'600'000);
      if (::poll(fds, 4, static_cast<int>(wait)) < 0 && errno != EINTR)
        return fail(Code::kInternal, "poll: ", std::strerror(errno));
      if (fds[2].revents != 0) feed(input);
      if (fds[0].revents != 0) {
        if (auto error = drain(out_, result_.out, nullptr)) return error;
      }
      if (fds[1].revents != 0) {
        if (auto error = drain(err_, result_.err, spec_.on_error_output ? &spec_.on_error_output : nullptr))
          return error;
      }
    }
    return std::nullopt;
  }

  void feed(std::string_view& input) {
    ssize_t written = write_without_signal(in_.write_end(), input);
    if (written > 0) input.remove_prefix(static_cast<size_t>(written));
    bool failed = written < 0 && errno != EAGAIN && errno != EINTR;  // EPIPE: it reads no more, which is its own affair
    if (input.empty() || failed) in_.close_end(1);
  }

  std::optional<Error> drain(Pipe& pipe, std::string& kept, const std::function<void(std::string_view)>* tell) {
    char buffer[65536];
    ssize_t got = ::read(pipe.read_end(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) return std::nullopt;
    if (got <= 0) {
      pipe.close_end(0);
      return std::nullopt;
    }
    std::string_view bytes(buffer, static_cast<size_t>(got));
    if (tell != nullptr) (*tell)(bytes);
    if (&pipe == &out_ && spec_.on_output) {
      if (!spec_.on_output(bytes)) return fail(Code::kCancelled, "its output was refused");
      return std::nullopt;
    }
    kept += bytes;
    if (kept.size() > spec_.max_output) return fail(Code::kLimit, "more than ", spec_.max_output, " bytes of output");
    return std::nullopt;
  }

  void kill_group() {
    ::kill(-pid_, SIGTERM);
    pollfd fd{pidfd_, POLLIN, 0};
    bool gone = pidfd_ >= 0 && ::poll(&fd, 1, 5000) > 0;
    if (!gone || ::kill(-pid_, 0) == 0) ::kill(-pid_, SIGKILL);
  }

  const Ctx& ctx_;
  const ChildSpec& spec_;
  Pipe in_, out_, err_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  ChildResult result_;
};

}  // namespace

Result<std::string> find_program(std::string_view name) {
  if (name.find('/') != std::string_view::npos) return std::string(name);
  const char* path = std::getenv("PATH");
  std::string_view search = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  for (std::string_view folder : split(search, ':')) {
    std::string candidate = std::string(folder) + "/" + std::string(name);
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return fail(Code::kNotFound, "the program '", name, "' is not in PATH");
}

Result<ChildResult> run_child(const Ctx& ctx, const ChildSpec& spec) { return Running(ctx, spec).run(); }

}  // namespace autonomous
