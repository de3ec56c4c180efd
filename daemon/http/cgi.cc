#include "daemon/http/cgi.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "gitops/base/child.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

struct Pipe {
  int ends[2] = {-1, -1};
  ~Pipe() {
    for (int fd : ends) {
      if (fd >= 0) ::close(fd);
    }
  }
  bool open() { return ::pipe2(ends, O_CLOEXEC) == 0; }
  int take(int end) { return std::exchange(ends[end], -1); }
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

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

void prepare(Actions& actions, const Pipe& in, const Pipe& out, const Pipe& err) {
  posix_spawn_file_actions_adddup2(&actions.files, in.ends[0], 0);
  posix_spawn_file_actions_adddup2(&actions.files, out.ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions.files, err.ends[1], 2);
  posix_spawn_file_actions_addclosefrom_np(&actions.files, 3);
  sigset_t all;
  sigset_t none;
  sigfillset(&all);
  sigemptyset(&none);
  // Ours ignores SIGPIPE; git relies on it.
  posix_spawnattr_setsigdefault(&actions.attributes, &all);
  posix_spawnattr_setsigmask(&actions.attributes, &none);
  posix_spawnattr_setpgroup(&actions.attributes, 0);
  posix_spawnattr_setflags(&actions.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

}  // namespace

GitCommand git_command(const GitRequest& git, const HttpRequest& request, const std::string& repository) {
  bool direct = git.push() && request.header("git-protocol").empty() && request.header("content-encoding").empty() &&
                (git.advertise || request.header("content-type") == "application/x-git-receive-pack-request");
  if (!direct) return {{"git", "http-backend"}, "", ""};
  const std::string head =
      "Expires: Fri, 01 Jan 1980 00:00:00 GMT\r\nPragma: no-cache\r\n"
      "Cache-Control: no-cache, max-age=0, must-revalidate\r\nContent-Type: application/x-git-receive-pack-";
  if (!git.advertise) return {{"git", "receive-pack", "--stateless-rpc", "."}, repository, head + "result\r\n\r\n"};
  return {{"git", "receive-pack", "--http-backend-info-refs", "."},
          repository,
          head + "advertisement\r\n\r\n001f# service=git-receive-pack\n0000"};
}

Result<CgiChild> start_git(const GitCommand& command, const std::vector<std::string>& env) {
  TRY(std::string git, find_program("git"));
  Pipe in;
  Pipe out;
  Pipe err;
  if (!in.open() || !out.open() || !err.open()) return fail(Code::kUnavailable, "no more file descriptors");
  for (int fd : {in.ends[1], out.ends[0], err.ends[0]}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  Actions actions;
  prepare(actions, in, out, err);
  if (!command.folder.empty()) posix_spawn_file_actions_addchdir_np(&actions.files, command.folder.c_str());
  CgiChild child;
  int error = posix_spawn(&child.pid, git.c_str(), &actions.files, &actions.attributes, pointers(command.argv).data(),
                          pointers(env).data());
  if (error != 0) return fail(Code::kUnavailable, "can't start git: ", std::strerror(error));
  child.pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0));
  if (child.pidfd < 0) {
    ::kill(-child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    return fail(Code::kUnavailable, "can't watch git: ", std::strerror(errno));
  }
  child.input = in.take(1);
  child.output = out.take(0);
  child.errors = err.take(0);
  return child;
}

Result<bool> take_cgi_head(std::string& bytes, CgiHead& head) {
  size_t end = 0;
  size_t skip = 0;
  size_t with_cr = bytes.find("\r\n\r\n");
  size_t plain = bytes.find("\n\n");
  if (with_cr != std::string::npos && (plain == std::string::npos || with_cr < plain)) {
    end = with_cr;
    skip = 4;
  } else if (plain != std::string::npos) {
    end = plain;
    skip = 2;
  } else if (bytes.size() > (16u << 10)) {
    return fail(Code::kInvalid, "git's answer has no end of its head");
  } else {
    return false;
  }
  for (std::string_view line : split(std::string_view(bytes).substr(0, end), '\n')) {
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) return fail(Code::kInvalid, "git's answer has an odd head");
    std::string name(trim(line.substr(0, colon)));
    std::string value(trim(line.substr(colon + 1)));
    if (to_lower(name) == "status") {
      head.status = std::atoi(value.c_str());
      if (head.status < 200 || head.status > 599) return fail(Code::kInvalid, "git's answer has an odd status");
    } else if (to_lower(name) != "content-length") {
      head.headers.emplace_back(std::move(name), std::move(value));
    }
  }
  bytes.erase(0, end + skip);
  return true;
}

}  // namespace autonomous::daemon
