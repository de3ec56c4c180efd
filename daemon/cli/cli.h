// The command line: every verb but `render`, which the front runs itself. The executable's main hands over the
// process's surroundings; tests hand over their own.
#pragma once

#include <functional>
#include <iosfwd>
#include <stop_token>
#include <string>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/base/ctx.h"

namespace autonomous::daemon {

struct Check;
struct DaemonOptions;
struct DoctorOptions;

// Exit statuses (design.md §9).
enum Exit : int {
  kExitDone = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitNotFound = 3,
  kExitDenied = 4,
  kExitUnreachable = 5,
  kExitWaiting = 6
};

struct Surroundings {
  std::ostream& out;
  std::ostream& err;
  std::istream& in;
  bool out_terminal = false;
  bool in_terminal = false;
  size_t width = 0;                                         // of the terminal; 0: no limit
  std::string folder;                                       // where we are
  std::function<std::string(const std::string&)> variable;  // of the environment; "" where unset
  const Clock& clock = system_clock();
  std::stop_token stop;                                 // Ctrl-C
  std::function<int(const DaemonOptions&)> run_daemon;  // the verb `daemon`
  // The verb `doctor`, where no daemon answers.
  std::function<std::vector<Check>(const Ctx&, const DoctorOptions&)> examine;
};

// arguments: without the program's name.
int run_cli(const std::vector<std::string>& arguments, Surroundings& around);

}  // namespace autonomous::daemon
