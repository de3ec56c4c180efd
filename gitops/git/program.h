// The git program, run in a clean room: no system or user configuration, no prompts, no hooks of others, only the
// protocols that were asked for. What libgit2 must not do (the wire; engine.md) goes through here.
//
// A value; may be copied and used by several threads.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gitops/base/child.h"
#include "gitops/base/ctx.h"

namespace autonomous::git {

struct GitProgram {
  std::string program = "git";
  std::string home;         // an empty folder of ours for HOME and XDG_CONFIG_HOME; empty: /nonexistent
  bool allow_file = false;  // file:// and plain paths as remotes
};

struct GitCall {
  std::vector<std::string>
      args;            // "fetch", "--no-tags", …: options that we wrote, then "--", then what came from outside
  std::string folder;  // --git-dir; empty: none
  // Configuration for this call, through the environment, so that credentials don't show in the process list.
  std::vector<std::pair<std::string, std::string>> config;
  std::vector<std::string> env;  // KEY=VALUE, added last
  std::string input;
  uint64_t max_output = 64u << 20;
  uint64_t max_file = 0;  // bytes of a file that it or its helpers may write; 0: no limit. Beyond: kLimit
  std::function<void(std::string_view)> on_error_output;
  std::function<bool(std::string_view)> on_output;
};

// Runs to the end; an exit status other than 0 is no error here.
Result<ChildResult> run_git(const Ctx& ctx, const GitProgram& git, const GitCall& call);
// The same, but an exit status other than 0 is git_complaint's error.
Result<std::string> git_output(const Ctx& ctx, const GitProgram& git, const GitCall& call);
// What a failed git said, masked, on one line, with the code that its words suggest (else kUnavailable, retryable).
Error git_complaint(const ChildResult& done);
// What git may ask of memory at once. A delta of some kilobytes can claim to make an object of any size, which git
// would make room for in one piece. Honest packs need that much for deltas of large files (plain ones are streamed from
// core.bigFileThreshold on) and for the list of their objects: 256 MiB are three million.
inline constexpr std::string_view kMostAtOnce = "256m";
// Plain blobs of this size and more are never in memory whole.
inline constexpr std::string_view kBigFile = "16m";
// The environment that run_git gives (git http-backend is started by others with it).
std::vector<std::string> git_environment(const GitProgram& git);

// What sort of remote a URL names. kInvalid for what we don't speak (ext::, git://, anything with "::", control
// characters, a leading '-'); kDenied for local ones where they aren't allowed.
enum class UrlKind { kHttp, kHttps, kSsh, kLocal };
Result<UrlKind> check_url(std::string_view url, bool allow_file);
// Without user and password, for records and messages.
std::string url_without_credentials(std::string_view url);
// Where a repository is, however it is reached: "git.example.com/acme/shop" of
// https://jo@git.example.com:8443/Acme/shop.git and of git@git.example.com:acme/shop. For comparing only: without
// scheme, user, port, case and ".git". "": no address.
std::string place_of(std::string_view url);

}  // namespace autonomous::git
