// The hook alone, as the core runs it: what the hosting tests install.
#include <unistd.h>

#include <iostream>

#include "daemon/cli/hook.h"

int main(int argc, char** argv) {
  // hook pre-receive --socket PATH --deploy BRANCH
  if (argc != 7) return 2;
  autonomous::daemon::HookCall call;
  call.kind = argv[2];
  call.socket = argv[4];
  call.deploy = argv[6];
  char folder[4096];
  call.repository = ::getcwd(folder, sizeof folder);
  for (char** variable = environ; *variable != nullptr; ++variable) call.environment.emplace_back(*variable);
  return autonomous::daemon::run_hook(autonomous::Ctx{}, call, std::cin, std::cout);
}
