// autonomous-hook: what git runs in hosted repositories. Installed as libexec/autonomous/hook; the daemon writes the
// hooks that start it. A push waits for two starts of it, so it links nothing that takes long to load.
//
// usage: autonomous-hook pre-receive|post-receive --socket PATH --deploy BRANCH
#include "daemon/cli/hook.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace {

using autonomous::Ctx;
using autonomous::Millis;
using namespace autonomous::daemon;

// A release may take that long to be judged; the pusher may leave at any time.
constexpr Millis kLongest{20 * 60'000};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  bool well_formed = arguments.size() == 5 && arguments[1] == "--socket" && arguments[3] == "--deploy" &&
                     (arguments[0] == "pre-receive" || arguments[0] == "post-receive");
  if (!well_formed) {
    std::fprintf(stderr, "usage: autonomous-hook pre-receive|post-receive --socket PATH --deploy BRANCH\n");
    return 2;
  }
  char* folder = ::getcwd(nullptr, 0);
  if (folder == nullptr) {
    std::perror("autonomous-hook: no working directory");
    return 1;
  }
  HookCall call{arguments[0], arguments[2], folder, arguments[4], {}};
  std::free(folder);
  for (char** variable = environ; *variable != nullptr; ++variable) call.environment.emplace_back(*variable);
  ::signal(SIGPIPE, SIG_IGN);  // a pusher that left ends nothing
  return run_hook(Ctx{}.within(kLongest), call, std::cin, std::cout);
}
