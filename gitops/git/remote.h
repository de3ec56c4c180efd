// Remote: another repository, reached over http(s), ssh, or (where allowed) the file system.
//
// Asks for refs by protocol v2, through the given HttpSend for http(s) (one kept-alive connection a host is its
// affair), through ssh, or through upload-pack on this machine; fetches and pushes through the git program. Everything
// that blocks takes a Ctx and has limits; a server's words come back masked. Owned by one thread at a time; remembers
// what it learnt about the server (protocol, address after a redirect on the same host).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gitops/base/ctx.h"
#include "gitops/git/oid.h"
#include "gitops/git/program.h"
#include "gitops/git/repository.h"

namespace autonomous::git {

// ---- what this module wants of an HTTP client (gitops/http/client.h fits in a few lines; README)
struct HttpRequest {
  std::string method;  // GET, POST
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  uint64_t max_body = 64u << 20;
  std::string ca_file;
  bool insecure = false;  // no check of the certificate
};
struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // any case
  std::string body;
};
// Sends one request; does not follow redirects.
using HttpSend = std::function<Result<HttpResponse>(const Ctx&, const HttpRequest&)>;

struct Credential {
  std::string user;      // empty: none. For a bearer token of GitHub and the like any name will do
  std::string password;  // or token
};

struct RemoteSettings {
  std::string url;  // may hold credentials (they are taken out); never shown with them
  // Asked before each call, because credentials rotate; may be null.
  std::function<Result<Credential>()> credential;
  std::string ca_file;
  bool insecure = false;
  std::string ssh_key;                  // path of a private key; empty: none
  std::string ssh_known_hosts;          // path; empty: only the machine's own file counts. Unknown hosts are refused
  std::string where_credentials_stand;  // what to do where access is denied, for people
  uint64_t max_fetch = 0;               // bytes of what one fetch may bring; 0: no limit
};

struct RemoteRef {
  std::string name;  // HEAD, refs/heads/main
  Oid oid;
  Oid peeled;          // of an annotated tag, the commit; else zero
  std::string symref;  // of HEAD: refs/heads/main; else empty
};

struct PushUpdate {
  std::string ref;
  Oid oid;       // zero: delete
  Oid expected;  // what the remote has now; zero: it must not have the ref
};

enum class PushOutcome : uint8_t {
  kOk,
  kUpToDate,  // it is there already
  kStale,     // the remote's value is not the expected one: somebody was faster
  kRejected,  // the server refused this ref
  kAborted,   // fine by itself, but the push was atomic and another ref was not
};
struct PushVerdict {
  std::string ref;
  PushOutcome outcome = PushOutcome::kOk;
  std::string reason;  // git's word for it: "pre-receive hook declined"
};
struct PushReport {
  std::vector<PushVerdict> refs;  // in the order of the updates
  std::string server_words;       // what the server said ("remote: …" lines), masked, without the prefix
  bool all_ok() const;
};

class Remote {
 public:
  // kInvalid, kDenied as check_url. http may be null: the git program asks then.
  static Result<Remote> make(RemoteSettings settings, GitProgram git, HttpSend http = nullptr);
  Remote(Remote&&) noexcept;
  Remote& operator=(Remote&&) noexcept;
  ~Remote();

  const std::string& url() const;  // without credentials

  // The refs that begin with one of the prefixes (none: all), by the server's order. kNotFound where there is no
  // repository, kDenied where it wants (other) credentials, kUnavailable, kTimeout, kCorrupt (garbage), kInvalid
  // (SHA-256).
  Result<std::vector<RemoteRef>> ls_refs(const Ctx& ctx, const std::vector<std::string>& prefixes = {});

  // prune: local refs that a refspec with '*' maps to are removed where the remote has none any more.
  // refspecs: "+refs/heads/main:refs/remotes/origin/main", "<40 hex>" or "<40 hex>:refs/…". No tags but those asked
  // for. The repository's object database is refreshed.
  Result<void> fetch(const Ctx& ctx, Repository& into, const std::vector<std::string>& refspecs, bool prune = false);

  // Pushes objects of `from` (flushed first); at most 2,000 updates where atomic (kLimit). The report says what the
  // server answered for each ref; an error means that it isn't known (kUnavailable, kTimeout…): ls_refs tells. atomic:
  // all or none.
  Result<PushReport> push(const Ctx& ctx, Repository& from, const std::vector<PushUpdate>& updates, bool atomic = true);

 private:
  struct Rep;
  explicit Remote(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace autonomous::git
