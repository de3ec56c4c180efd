#include "gitops/git/program.h"

#include <cstdlib>

#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::git {

namespace {

// For every call: nothing of the user's, no helpers, no programs named by configuration, no surprises on the wire.
const std::pair<const char*, const char*> kConfiguration[] = {
    {"core.hooksPath", "/dev/null"},
    {"core.fsmonitor", "false"},
    {"core.askPass", ""},
    {"credential.helper", ""},
    {"gc.auto", "0"},
    {"maintenance.auto", "false"},
    {"protocol.version", "2"},
    {"transfer.bundleURI", "false"},
    {"http.followRedirects", "false"},  // a redirect may lead to a host inside; ls_refs says where it would
    {"http.lowSpeedLimit", "500"},
    {"http.lowSpeedTime", "60"},
    {"submodule.recurse", "false"},
    {"fetch.recurseSubmodules", "false"},
    {"push.recurseSubmodules", "no"},
    {"push.gpgSign", "false"},
    {"fetch.writeCommitGraph", "false"},
    // Malformed objects are refused where they come in, but not what old tools wrote into honest histories.
    {"fetch.fsckObjects", "true"},
    {"fetch.fsck.zeroPaddedFilemode", "ignore"},
    {"fetch.fsck.zeroPaddedDate", "ignore"},
    {"fetch.fsck.badTimezone", "ignore"},
    {"fetch.fsck.badDate", "ignore"},
    {"fetch.fsck.badDateOverflow", "ignore"},
    {"fetch.fsck.missingSpaceBeforeDate", "ignore"},
    {"fetch.fsck.missingSpaceBeforeEmail", "ignore"},
    {"fetch.fsck.missingNameBeforeEmail", "ignore"},
    {"fetch.fsck.missingEmail", "ignore"},
    {"fetch.fsck.badEmail", "ignore"},
    {"fetch.fsck.badName", "ignore"},
    {"fetch.fsck.missingTaggerEntry", "ignore"},
    {"fetch.fsck.badFilemode", "ignore"},
    {"fetch.fsck.gitmodulesUrl", "warn"},
    {"fetch.fsck.gitmodulesParse", "warn"},
};

std::string variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return std::string(name) + "=" + (value != nullptr ? value : otherwise);
}

bool has_control(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) <= 32 || c == 127) return true;
  }
  return false;
}

// The first words of git that say what went wrong, not its whole chatter.
std::string complaint(std::string_view err) {
  std::string text;
  for (std::string_view line : split(err, '\n')) {
    std::string_view clean = trim(line);
    if (clean.empty() || starts_with(clean, "hint:") || starts_with(clean, "Warning:") || starts_with(clean, "@@@") ||
        text.size() > 800)
      continue;
    text += (text.empty() ? "" : "; ") + one_line(clean, 300);
  }
  return masked(text);
}

bool any_of_words(std::string_view text, std::initializer_list<std::string_view> words) {
  for (std::string_view word : words) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> git_environment(const GitProgram& git) {
  std::string home = git.home.empty() ? "/nonexistent" : git.home;
  return {variable("PATH", "/usr/local/bin:/usr/bin:/bin"),
          "HOME=" + home,
          "XDG_CONFIG_HOME=" + home,
          variable("TMPDIR", "/tmp"),
          "LC_ALL=C",
          "GIT_CONFIG_NOSYSTEM=1",
          "GIT_CONFIG_GLOBAL=/dev/null",
          "GIT_ATTR_NOSYSTEM=1",
          "GIT_TERMINAL_PROMPT=0",
          "GIT_ASKPASS=/bin/false",
          "SSH_ASKPASS=/bin/false",
          "GIT_NO_REPLACE_OBJECTS=1",
          "GIT_OPTIONAL_LOCKS=0",
          "GIT_ALLOC_LIMIT=" + std::string(kMostAtOnce),
          std::string("GIT_ALLOW_PROTOCOL=http:https:ssh") + (git.allow_file ? ":file" : "")};
}

Result<ChildResult> run_git(const Ctx& ctx, const GitProgram& git, const GitCall& call) {
  ChildSpec spec;
  // Before it starts: a limit that is set afterwards might come after its helpers.
  if (call.max_file != 0) spec.argv = {"prlimit", "--core=0", "--fsize=" + std::to_string(call.max_file)};
  spec.argv.push_back(git.program);
  if (!call.folder.empty()) spec.argv.push_back("--git-dir=" + call.folder);
  spec.argv.insert(spec.argv.end(), call.args.begin(), call.args.end());
  spec.env = git_environment(git);
  size_t count = 0;
  auto configure = [&](std::string_view key, std::string_view value) {
    std::string number = std::to_string(count++);
    spec.env.push_back("GIT_CONFIG_KEY_" + number + "=" + std::string(key));
    spec.env.push_back("GIT_CONFIG_VALUE_" + number + "=" + std::string(value));
  };
  for (const auto& [key, value] : kConfiguration) configure(key, value);
  configure("core.bigFileThreshold", kBigFile);
  for (const auto& [key, value] : call.config) configure(key, value);
  spec.env.push_back("GIT_CONFIG_COUNT=" + std::to_string(count));
  spec.env.insert(spec.env.end(), call.env.begin(), call.env.end());
  spec.input = call.input;
  spec.max_output = call.max_output;
  spec.on_error_output = call.on_error_output;
  spec.on_output = call.on_output;
  return run_child(ctx, spec);
}

Result<std::string> git_output(const Ctx& ctx, const GitProgram& git, const GitCall& call) {
  TRY(ChildResult done, run_git(ctx, git, call));
  if (done.status != 0) return git_complaint(done);
  return std::move(done.out);
}

Error git_complaint(const ChildResult& done) {
  std::string words = complaint(done.err);
  if (words.empty()) words = "git ended with status " + std::to_string(done.status) + " and no word";
  std::string lower = to_lower(words);
  if (any_of_words(lower, {"signal 25", "file too large"}) || done.status == 128 + 25) {
    return fail(Code::kLimit, "the repository sends more than is allowed (limits.repository in daemon.yaml): ", words);
  }
  if (any_of_words(lower, {"attempting to allocate"})) {
    return fail(Code::kLimit, "the repository holds what takes more than ", kMostAtOnce, " of memory at once: ", words)
        .hint(
            "large files whose versions differ little are kept as deltas: keep such files elsewhere, or without "
            "deltas (`*.bin -delta` in .gitattributes there, then git repack -adF)");
  }
  if (any_of_words(lower, {"returned error: 413", "http 413"})) {
    return fail(Code::kLimit, "the server, or a proxy in front of it, takes no request of this size: ", words)
        .hint("raise its limit for the body of a request (nginx: client_max_body_size; an ingress: proxy-body-size)");
  }
  // A help for people and for the waiting time, never the only evidence: what the refs say afterwards decides.
  if (any_of_words(lower, {"mismatched algorithms", "object-format", "unknown object format"})) {
    return fail(Code::kInvalid, "a SHA-256 repository; only SHA-1 repositories are supported: ", words);
  }
  if (any_of_words(lower, {"authentication failed", "could not read username", "could not read password",
                           "permission denied", "permission to ", "returned error: 401", "returned error: 403",
                           "access denied", "host key verification failed", "dubious ownership"})) {
    return fail(Code::kDenied, words);
  }
  if (any_of_words(lower, {"couldn't find remote ref", "does not appear to be a git repository", "returned error: 404",
                           "repository not found", "' not found", "not our ref"})) {
    return fail(Code::kNotFound, words);
  }
  if (any_of_words(lower, {"fsck error", "redirect", "transport '"})) return fail(Code::kInvalid, words);
  return fail(Code::kUnavailable, words).may_retry();
}

Result<UrlKind> check_url(std::string_view url, bool allow_file) {
  std::string shown = one_line(url_without_credentials(url));
  if (url.empty() || url.size() > 2048 || has_control(url) || url[0] == '-')
    return fail(Code::kInvalid, "no address of a git repository: '", shown, "'");
  size_t scheme = url.find("://"), helper = url.find("::");
  // ext::, fd:: and other helpers run programs. (An IPv6 address holds "::" too, but behind its scheme.)
  if (helper != std::string_view::npos && helper < url.find_first_of("/["))
    return fail(Code::kInvalid, "remote helpers are not allowed: '", shown, "'");
  std::string name = scheme == std::string_view::npos ? "" : to_lower(url.substr(0, scheme));
  std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  size_t colon = url.find(':'), slash = url.find('/');
  bool like_scp = name.empty() && colon != std::string_view::npos && (slash == std::string_view::npos || colon < slash);
  if (name == "http" || name == "https" || name == "ssh" || like_scp) {
    std::string_view authority = like_scp ? url.substr(0, colon) : rest.substr(0, rest.find('/'));
    size_t sign = authority.rfind('@');
    std::string_view host = sign == std::string_view::npos ? authority : authority.substr(sign + 1);
    bool bad =
        host.empty() || host[0] == '-' || authority[0] == '-' || (like_scp && url.substr(colon + 1).starts_with('-'));
    if (bad) return fail(Code::kInvalid, "no address of a git repository: '", shown, "'");
    return name == "http" ? UrlKind::kHttp : name == "https" ? UrlKind::kHttps : UrlKind::kSsh;
  }
  if (!name.empty() && name != "file")
    return fail(Code::kInvalid, "only http, https and ssh addresses are taken, not '", shown, "'");
  if (!allow_file)
    return fail(Code::kDenied, "repositories on this machine's file system are not allowed: '", shown, "'");
  return UrlKind::kLocal;
}

std::string url_without_credentials(std::string_view url) {
  size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  size_t start = scheme + 3, end = std::min(url.find_first_of("/?#", start), url.size());
  size_t sign = url.substr(0, end).rfind('@');
  if (sign == std::string_view::npos || sign < start) return std::string(url);
  // ssh's user is no secret, and the address is wrong without it.
  if (to_lower(url.substr(0, scheme)) == "ssh") {
    std::string user(url.substr(start, std::min(url.find(':', start), sign) - start));
    return std::string(url.substr(0, start)) + user + std::string(url.substr(sign));
  }
  return std::string(url.substr(0, start)) + std::string(url.substr(sign + 1));
}

std::string place_of(std::string_view url) {
  if (url.size() > 2048 || has_control(url) || url.find(' ') != std::string_view::npos) return "";
  size_t scheme = url.find("://");
  bool like_scp = scheme == std::string_view::npos;
  std::string_view rest = like_scp ? url : url.substr(scheme + 3);
  size_t end = rest.find(like_scp ? ':' : '/');
  if (end == std::string_view::npos || rest.find('/') < end) return "";
  std::string_view host = rest.substr(0, end), path = rest.substr(end + 1);
  host.remove_prefix(host.rfind('@') + 1);  // npos + 1 is 0
  size_t bracket = host.rfind(']');         // of an IPv6 address, which has colons of its own
  host = host.substr(0, host.find(':', bracket == std::string_view::npos ? 0 : bracket));
  path = path.substr(0, path.find_first_of("?#"));
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with(".git")) path.remove_suffix(4);
  return host.empty() || path.empty() ? "" : to_lower(std::string(host) + "/" + std::string(path));
}

}  // namespace autonomous::git
