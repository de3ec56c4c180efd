// autonomous-core: every verb but `render`. Installed as libexec/autonomous/core; the front runs it.
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <thread>

#include "daemon/charts/fetch_verb.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/log_sink.h"
#include "daemon/pipeline/daemon.h"
#include "daemon/pipeline/doctor.h"

namespace {

using namespace autonomous::daemon;

std::string current_folder() {
  char* folder = ::getcwd(nullptr, 0);
  std::string out = folder != nullptr ? folder : "/";
  std::free(folder);
  return out;
}

size_t terminal_width() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

// Turns Ctrl-C into a stop that commands see. A second one ends the program as usual.
class CtrlC {
 public:
  CtrlC() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    waiter_ = std::jthread([this](const std::stop_token& end) {
      timespec pause{0, 50'000'000};
      while (!end.stop_requested()) {
        if (::sigtimedwait(&signals_, nullptr, &pause) != SIGINT) continue;
        if (stop_.stop_requested()) ::_exit(130);
        stop_.request_stop();
      }
    });
  }
  std::stop_token token() const { return stop_.get_token(); }

 private:
  sigset_t signals_;
  std::stop_source stop_;
  std::jthread waiter_;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  std::string verb = arguments.empty() ? "" : arguments[0];
  ::signal(SIGPIPE, SIG_IGN);
  Surroundings around{std::cout, std::cerr, std::cin};
  around.out_terminal = ::isatty(STDOUT_FILENO) != 0;
  around.in_terminal = ::isatty(STDIN_FILENO) != 0;
  around.width = terminal_width();
  around.folder = current_folder();
  around.variable = [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value != nullptr ? value : "");
  };
  around.run_daemon = [](const DaemonOptions& options) {
    DaemonOptions with_log = options;
    with_log.set_log = install_log_sink;
    return run_daemon(with_log);
  };
  around.examine = examine;
  // The daemon has signals of its own.
  if (verb == "daemon") return run_cli(arguments, around);
  CtrlC ctrl_c;
  around.stop = ctrl_c.token();
  if (verb == "fetch-chart") return run_fetch_chart(around.stop, around.variable, around.in, around.out);
  return run_cli(arguments, around);
}
