// Child processes: posix_spawn in a process group of their own, an explicit environment, no inherited descriptors.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/ctx.h"

namespace autonomous {

struct ChildSpec {
  std::vector<std::string> argv;                          // argv[0] is looked up in PATH unless it holds a '/'
  std::vector<std::string> env;                           // KEY=VALUE; nothing is inherited
  std::string folder;                                     // working directory; empty: ours
  std::string input;                                      // written to standard input, which is then closed
  uint64_t max_output = 64u << 20;                        // bytes of each stream; beyond: killed, kLimit
  std::function<void(std::string_view)> on_error_output;  // as it arrives, besides being kept
  std::function<bool(std::string_view)> on_output;        // as it arrives, INSTEAD of being kept; false: stop the child
};

struct ChildResult {
  int status = 0;  // exit status; 128 + signal where a signal ended it
  std::string out;
  std::string err;
};

// Runs to the end. Errors: could not start (kNotFound, kInternal), stop or deadline (SIGTERM to the group, SIGKILL
// after 5 s; kCancelled, kTimeout), too much output (kLimit). An exit status other than 0 is no error here.
Result<ChildResult> run_child(const Ctx& ctx, const ChildSpec& spec);

// Where the program lies in PATH; kNotFound.
Result<std::string> find_program(std::string_view name);

}  // namespace autonomous
