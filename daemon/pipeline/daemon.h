// The daemon: everything wired together, from the configuration to the last push.
#pragma once

#include <functional>
#include <string>

namespace autonomous::daemon {

struct DaemonOptions {
  std::string config;  // --config; empty: /etc/autonomous/daemon.yaml where it exists
  std::string state;   // --state; empty: as configured
  std::string listen;  // --listen ADDR:PORT; empty: as configured
  std::string socket;  // --socket; empty: as configured
  bool check = false;  // --check: say what is wrong with the configuration, and end
  std::function<void(const std::string& format, const std::string& level)>
      set_log;  // told once the configuration is read
};

// Runs until SIGTERM or SIGINT; says on standard error what keeps it from starting. Exit status: 0 stopped in order, 1
// it could not start (or --check found an error), 2 the configuration is wrong. Blocks SIGTERM, SIGINT and SIGHUP for
// the process; call it before any thread is made.
int run_daemon(const DaemonOptions& options);

}  // namespace autonomous::daemon
