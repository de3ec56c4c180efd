#include "gitops/git/remote.h"

#include <algorithm>

#include "gitops/base/digest.h"
#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/internal.h"
#include "gitops/git/ls_refs.h"
#include "gitops/git/maintenance.h"
#include "gitops/git/pktline.h"
#include "gitops/git/push_report.h"
#include "gitops/git/refs.h"
#include "gitops/git/ssh.h"

namespace autonomous::git {

namespace {

constexpr size_t kMostUpdates = 2000;  // they are arguments of one program
constexpr int kMostRedirects = 3;
constexpr Millis kLongestCall(30 * 60 * 1000);
constexpr Millis kStaleLock(10'000);
constexpr Millis kLongestQuestion(60 * 1000);
constexpr std::string_view kInfoRefs = "/info/refs?service=git-upload-pack";

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    bool escape = text[i] == '%' && i + 2 < text.size() && is_hex(to_lower(text.substr(i + 1, 2)));
    if (escape) {
      value = static_cast<unsigned>(std::stoul(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    }
    out += escape ? static_cast<char>(value) : text[i];
  }
  return out;
}

// "https://host:port" in lower case.
std::string origin_of(std::string_view url) {
  size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return "";
  return to_lower(url.substr(0, std::min(url.find_first_of("/?#", scheme + 3), url.size())));
}

std::string host_of(std::string_view origin) {
  std::string_view host = origin.substr(std::min(origin.find("://") + 3, origin.size()));
  size_t colon = host.rfind(':');
  return std::string(colon == std::string_view::npos || host.ends_with(']') ? host : host.substr(0, colon));
}

std::string header_of(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (to_lower(key) == name) return value;
  }
  return "";
}

Error status_failure(const HttpResponse& response, const std::string& url, bool with_credentials) {
  std::string answer = "the git server at " + url + " answers " + std::to_string(response.status);
  switch (response.status) {
    case 401:
    case 403:
      return fail(
          Code::kDenied, answer,
          with_credentials ? ": not allowed with these credentials" : ": it wants credentials, and none are given");
    case 404:
    case 410: return fail(Code::kNotFound, answer, ": no such repository, or none for these credentials");
    default: return fail(Code::kUnavailable, answer).may_retry();
  }
}

}  // namespace

struct Remote::Rep {
  RemoteSettings settings;
  GitProgram git;
  HttpSend http;
  UrlKind kind = UrlKind::kHttps;
  std::string url;  // without credentials
  Credential in_url;
  std::string effective;                // url, or where it redirected to on the same host
  std::optional<Advertisement> server;  // learnt; http only
  std::optional<TempFolder> scratch;

  bool is_http() const { return kind == UrlKind::kHttp || kind == UrlKind::kHttps; }

  bool with_credentials() const {
    auto value = authorization();
    return value && !value->empty();
  }

  // What to do about a refusal is known to whoever configured this.
  Error explained(Error error) const {
    if (kind == UrlKind::kSsh) return ssh_complaint(std::move(error));
    bool denied = error.code() == Code::kDenied && error.hint().empty() && !settings.where_credentials_stand.empty();
    return denied ? std::move(error).hint(settings.where_credentials_stand) : std::move(error);
  }

  Result<std::string> authorization() const {
    Credential credential = in_url;
    if (settings.credential) {
      TRY_WITH(credential, "while reading the credentials of " + url, settings.credential());
    }
    if (credential.user.empty() && credential.password.empty()) return std::string();
    std::string encoded = base64_encode(credential.user + ":" + credential.password);
    mask_in_logs(credential.password);
    mask_in_logs(encoded);
    return "Basic " + encoded;
  }

  Result<void> configure(GitCall& call) const {
    if (is_http()) {
      TRY(std::string value, authorization());
      if (!value.empty()) call.config.emplace_back("http." + effective + ".extraHeader", "Authorization: " + value);
      if (!settings.ca_file.empty()) call.config.emplace_back("http.sslCAInfo", settings.ca_file);
      if (settings.insecure) call.config.emplace_back("http.sslVerify", "false");
    }
    if (kind == UrlKind::kSsh) {
      call.env.push_back("GIT_SSH_COMMAND=" + ssh_command(settings.ssh_key, settings.ssh_known_hosts));
      call.env.push_back("GIT_SSH_VARIANT=ssh");
    }
    return ok();
  }

  Result<HttpResponse> send(const Ctx& ctx, std::string method, std::string target, std::string body) const {
    HttpRequest request;
    request.method = std::move(method);
    request.url = std::move(target);
    request.headers = {{"Git-Protocol", "version=2"}, {"User-Agent", "git/2.39 autonomous"}};
    if (!body.empty()) {
      request.headers.emplace_back("Content-Type", "application/x-git-upload-pack-request");
      request.headers.emplace_back("Accept", "application/x-git-upload-pack-result");
    }
    TRY(std::string value, authorization());
    if (!value.empty()) request.headers.emplace_back("Authorization", value);
    request.body = std::move(body);
    request.ca_file = settings.ca_file;
    request.insecure = settings.insecure;
    TRY_WITH(HttpResponse response, "while asking " + url, http(ctx, request));
    return response;
  }

  // Where a redirect leads, as the address of a repository. Only to the same host, never from https to http: others may
  // be hosts inside, or take the credentials.
  Result<std::string> redirected(const HttpResponse& response, const std::string& from) const {
    std::string to = header_of(response, "location");
    if (to.starts_with('/') && !to.starts_with("//")) to = origin_of(from) + to;
    std::string old_origin = origin_of(from), new_origin = origin_of(to);
    bool same =
        new_origin == old_origin || (starts_with(old_origin, "http://") && starts_with(new_origin, "https://") &&
                                     host_of(old_origin) == host_of(new_origin));
    if (!same || !to.ends_with(kInfoRefs) || !check_url(to, false)) {
      return fail(Code::kDenied, url, " redirects to ", one_line(url_without_credentials(to)),
                  ", which is not followed: use that address if it is right");
    }
    return to.substr(0, to.size() - kInfoRefs.size());
  }

  Result<void> learn(const Ctx& ctx) {
    std::string at = url;
    for (int hops = 0; hops <= kMostRedirects; ++hops) {
      TRY(HttpResponse response, send(ctx, "GET", at + std::string(kInfoRefs), ""));
      if (response.status >= 300 && response.status < 400) {
        TRY(at, redirected(response, at));
        continue;
      }
      if (response.status != 200) return status_failure(response, url, with_credentials());
      if (!starts_with(header_of(response, "content-type"), "application/x-git-upload-pack-advertisement")) {
        return fail(Code::kNotFound, url, " is no git repository (a web page answers there)");
      }
      PktReader reader(response.body);
      TRY_WITH(server, "while asking " + url, parse_advertisement(reader));
      effective = at;
      return ok();
    }
    return fail(Code::kUnavailable, url, " redirects again and again");
  }

  Result<std::vector<RemoteRef>> ask_http(const Ctx& ctx, const std::vector<std::string>& prefixes) {
    for (bool fresh = false;; fresh = true) {
      if (!server || !server->v2) {  // the old protocol tells its refs in the advertisement itself
        TRY_DO(learn(ctx));
        fresh = true;
      }
      if (!server->v2) return std::move(server->refs);
      TRY(HttpResponse response, send(ctx, "POST", effective + "/git-upload-pack", ls_refs_request(*server, prefixes)));
      if (response.status == 200) {
        PktReader reader(response.body);
        TRY_WITH(auto refs, "while asking " + url, parse_ls_refs(reader));
        return refs;
      }
      // The server may have changed since we learnt about it.
      server.reset();
      if (fresh) return status_failure(response, url, with_credentials());
    }
  }

  // A repository on this machine: its upload-pack speaks v2 over a pipe, and sends only what was asked for.
  Result<std::vector<RemoteRef>> ask_local(const Ctx& ctx, const std::vector<std::string>& prefixes) {
    std::string path = starts_with(url, "file://") ? url.substr(7) : url;
    GitCall call;
    call.args = {"upload-pack", "--", path};
    call.env = {"GIT_PROTOCOL=version=2"};
    call.input = ls_refs_request(Advertisement{true, true, {}}, prefixes) + std::string(kPktFlush);
    TRY(ChildResult done, run_git(ctx, git, call));
    if (done.status != 0 && done.out.empty()) return git_complaint(done);
    PktReader reader(done.out);
    TRY(Advertisement told, parse_advertisement(reader));
    if (!told.v2) return std::move(told.refs);
    if (done.status != 0) return git_complaint(done);
    return parse_ls_refs(reader);
  }

  // Protocol v2 over ssh, without the git program in between: it would ask for every tag where HEAD is wanted, too.
  // A server that takes no GIT_PROTOCOL from us answers in the old way.
  Result<std::vector<RemoteRef>> ask_ssh(const Ctx& ctx, const std::vector<std::string>& prefixes) {
    TRY(SshAddress address, parse_ssh(url));
    ChildSpec spec;
    spec.argv = {"ssh"};
    for (std::string& option : ssh_options(settings.ssh_key, settings.ssh_known_hosts))
      spec.argv.push_back(std::move(option));
    spec.argv.insert(spec.argv.end(), {"-o", "SendEnv=GIT_PROTOCOL"});
    if (!address.port.empty()) spec.argv.insert(spec.argv.end(), {"-p", address.port});
    spec.argv.insert(spec.argv.end(), {"--", address.host, "git-upload-pack " + shell_quoted(address.path)});
    spec.env = git_environment(git);
    spec.env.push_back("GIT_PROTOCOL=version=2");
    spec.input = ls_refs_request(Advertisement{true, true, {}}, prefixes) + std::string(kPktFlush);
    TRY(ChildResult done, run_child(ctx, spec));
    if (done.out.empty()) return git_complaint(done);
    PktReader reader(done.out);
    TRY(Advertisement told, parse_advertisement(reader));
    if (!told.v2) return std::move(told.refs);
    if (done.status != 0) return git_complaint(done);
    return parse_ls_refs(reader);
  }

  // What ssh cannot say: what to do about it here.
  Error ssh_complaint(Error error) const {
    if (error.code() != Code::kDenied) return error;
    auto says = [&](std::string_view words) { return error.message().find(words) != std::string::npos; };
    auto address = parse_ssh(url);
    std::string host = address ? address->host.substr(address->host.rfind('@') + 1) : "";
    std::string scan = "ssh-keyscan " + (address && !address->port.empty() ? "-p " + address->port + " " : "") + host;
    std::string file =
        settings.ssh_known_hosts.empty() ? "a file that `known_hosts:` in daemon.yaml names" : settings.ssh_known_hosts;
    if (says("IDENTIFICATION HAS CHANGED")) {
      return std::move(error).hint("ask who runs " + host + " whether its key was changed; only then replace it in " +
                                   file);
    }
    if (says("Host key verification failed") || says("host key is known")) {
      return std::move(error).hint(
          "`" + scan + "` prints the host's keys: compare them with what its operators publish, and put them into " +
          file);
    }
    if (says("Permission denied")) {
      return std::move(error).hint(settings.ssh_key.empty() ? settings.where_credentials_stand
                                                            : "the host does not take the key " + settings.ssh_key +
                                                                  ": add its public half there as a deploy key");
    }
    return error;
  }

  Result<std::vector<RemoteRef>> ask_git(const Ctx& ctx, const std::vector<std::string>& prefixes) {
    auto all_below = [&](std::string_view folder) {
      return !prefixes.empty() && std::all_of(prefixes.begin(), prefixes.end(),
                                              [&](const std::string& prefix) { return starts_with(prefix, folder); });
    };
    GitCall call;
    call.args = {"ls-remote", "--symref", "--quiet"};
    if (all_below("refs/heads/")) call.args.push_back("--heads");
    if (all_below("refs/tags/")) call.args.push_back("--tags");
    call.args.insert(call.args.end(), {"--", effective});
    TRY_DO(configure(call));
    TRY(std::string out, git_output(ctx, git, call));
    return parse_ls_remote(out);
  }

  // A repository without refs: with 50,000 tags beside it, git would look at each of them for every push.
  Result<std::string> scratch_repository() {
    if (!scratch) {
      TRY(TempFolder folder, TempFolder::make("push"));
      for (const char* part : {"/objects", "/refs"}) TRY_DO(make_folders(folder.path() + part));
      TRY_DO(write_file(folder.path() + "/HEAD", "ref: refs/heads/none\n"));
      TRY_DO(write_file(folder.path() + "/config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"));
      scratch = std::move(folder);
    }
    return scratch->path();
  }

  Result<PushReport> push_some(const Ctx& ctx, const Repository& from, const std::vector<PushUpdate>& updates,
                               bool atomic) {
    TRY(std::string folder, scratch_repository());
    GitCall call;
    call.folder = folder;
    call.env.push_back("GIT_OBJECT_DIRECTORY=" + from.rep()->common + "/objects");
    call.args = {"push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed"};
    if (atomic) call.args.push_back("--atomic");
    for (const PushUpdate& update : updates) {
      call.args.push_back("--force-with-lease=" + update.ref + ":" +
                          (update.expected.is_zero() ? "" : update.expected.hex()));
    }
    call.args.insert(call.args.end(), {"--", effective});
    for (const PushUpdate& update : updates)
      call.args.push_back((update.oid.is_zero() ? "" : update.oid.hex()) + ":" + update.ref);
    TRY_DO(configure(call));
    TRY(ChildResult done, run_git(ctx, git, call));
    Result<PushReport> report = parse_push_report(updates, done.out, done.err);
    if (report) return report;
    return done.status == 0 && done.err.empty() ? std::move(report).error() : explained(git_complaint(done));
  }
};

Remote::Remote(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Remote::Remote(Remote&&) noexcept = default;
Remote& Remote::operator=(Remote&&) noexcept = default;
Remote::~Remote() = default;

Result<Remote> Remote::make(RemoteSettings settings, GitProgram git, HttpSend http) {
  TRY(UrlKind kind, check_url(settings.url, git.allow_file));
  auto rep = std::make_unique<Rep>();
  rep->kind = kind;
  rep->url = url_without_credentials(settings.url);
  size_t scheme = settings.url.find("://");
  if (rep->is_http() && rep->url.size() != settings.url.size()) {
    std::string_view rest = std::string_view(settings.url).substr(scheme + 3);
    std::string_view user = rest.substr(0, rest.substr(0, rest.find('/')).rfind('@'));
    size_t colon = std::min(user.find(':'), user.size());
    rep->in_url = {percent_decoded(user.substr(0, colon)),
                   percent_decoded(user.substr(std::min(colon + 1, user.size())))};
    mask_in_logs(rep->in_url.password);
  }
  if (rep->is_http()) {
    while (rep->url.ends_with('/')) rep->url.pop_back();
  }
  rep->effective = rep->url;
  rep->settings = std::move(settings);
  rep->git = std::move(git);
  rep->http = std::move(http);
  return Remote(std::move(rep));
}

const std::string& Remote::url() const { return rep_->url; }

Result<std::vector<RemoteRef>> Remote::ls_refs(const Ctx& ctx, const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    if (prefix.size() > 4000 || prefix.find_first_of(std::string_view("\n\0", 2)) != std::string::npos)
      return fail(Code::kInvalid, "no prefix of a ref: ", one_line(prefix));
  }
  Ctx limited = ctx.within(kLongestQuestion);
  auto ask = [&] {
    if (rep_->is_http() && rep_->http) return rep_->ask_http(limited, prefixes);
    if (rep_->kind == UrlKind::kSsh) return rep_->ask_ssh(limited, prefixes);
    bool plain = rep_->kind == UrlKind::kLocal && rep_->url.find('%') == std::string::npos;
    return plain ? rep_->ask_local(limited, prefixes) : rep_->ask_git(limited, prefixes);
  };
  auto refs = ask();
  if (!refs) return rep_->explained(std::move(refs).error()).with("while asking " + rep_->url + " for its refs");
  return keep_prefixes(*std::move(refs), prefixes);
}

Result<void> Remote::fetch(const Ctx& ctx, Repository& into, const std::vector<std::string>& refspecs, bool prune) {
  for (const std::string& refspec : refspecs) {
    if (refspec.empty() || refspec[0] == '-' || refspec.find_first_of(" \n\t") != std::string::npos)
      return fail(Code::kInvalid, "no refspec: ", one_line(refspec));
  }
  GitCall call;
  call.folder = into.path();
  call.max_file = rep_->settings.max_fetch;
  call.args = {"fetch",  "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance",
               "--quiet"};
  if (prune) call.args.push_back("--prune");
  call.args.insert(call.args.end(), {"--", rep_->effective});
  call.args.insert(call.args.end(), refspecs.begin(), refspecs.end());
  TRY_DO(rep_->configure(call));
  auto done = run_git(ctx.within(kLongestCall), rep_->git, call);
  into.refresh();
  if (!done || done->status != 0) {
    remove_torn_packs(into);
    // git waits for nobody's lock, and a process that could not remove its own stands in the way of all that follow.
    for (const std::string& lock : remove_stale_locks(into.path(), kStaleLock))
      log(Level::kWarning, "removed the lock of a process that is gone; the next fetch goes through", {{"lock", lock}});
  }
  if (!done) return std::move(done).error().with("while fetching from " + rep_->url);
  if (done->status != 0) return rep_->explained(git_complaint(*done)).with("while fetching from " + rep_->url);
  // git leaves such refs out, warns, and ends well.
  if (done->err.find("shallow roots are not allowed") != std::string::npos) {
    return fail(Code::kInvalid, rep_->url,
                " is a shallow repository: its history is cut off, and what changed cannot be told")
        .hint("git fetch --unshallow there");
  }
  return ok();
}

Result<PushReport> Remote::push(const Ctx& ctx, Repository& from, const std::vector<PushUpdate>& updates, bool atomic) {
  for (const PushUpdate& update : updates) {
    if (!is_ref_name(update.ref)) return fail(Code::kInvalid, "no name for a ref: ", one_line(update.ref));
  }
  if (atomic && updates.size() > kMostUpdates)
    return fail(Code::kLimit, "more than ", kMostUpdates, " refs in one atomic push");
  TRY_DO(from.flush());
  PushReport all;
  for (size_t at = 0; at < updates.size(); at += kMostUpdates) {
    auto begin = updates.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<PushUpdate> some(begin,
                                 begin + static_cast<std::ptrdiff_t>(std::min(kMostUpdates, updates.size() - at)));
    TRY_WITH(PushReport part, "while pushing to " + rep_->url,
             rep_->push_some(ctx.within(kLongestCall), from, some, atomic));
    std::move(part.refs.begin(), part.refs.end(), std::back_inserter(all.refs));
    all.server_words += (all.server_words.empty() || part.server_words.empty() ? "" : "\n") + part.server_words;
  }
  from.rep()->pending->let_go();
  return all;
}

}  // namespace autonomous::git
