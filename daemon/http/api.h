// Api: what the HTTP server, the hooks and the dashboard may ask of the pipeline. Plain values, no JSON, no Asio.
//
// The pipeline implements it; tests use a fake. The server calls it from several threads at once, and never from the
// threads that serve sockets: a call may take its time, but it must respect `ctx` (deadline and stop). Everything that
// is returned is a copy. Errors become RFC 9457 problems: kNotFound 404, kDenied 403, kInvalid 422, kConflict 409,
// kUnavailable 503, kTimeout 504, everything else a 500 that discloses nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/http/events.h"
#include "gitops/base/clock.h"
#include "gitops/base/ctx.h"
#include "gitops/base/result.h"

namespace autonomous::daemon {

// Who asks, and how we know: `Jane Doe <jane@example.com> (socket uid 1000)` in Requested-By.
struct Caller {
  std::string name;
  std::string email;
  std::string how;  // "socket uid 1000" | "pusher uid 1000" | "token ci"
  // What roles are judged by (platform.yaml); never from what the client says.
  std::string user = {};   // login name on this machine
  std::string token = {};  // the token's name
  std::vector<std::string> groups = {};
};

// --- looking -------------------------------------------------------------------------------------------------------

struct ReleaseFilter {
  std::string environment, project, app;  // empty: any
  std::string commit;                     // of the source, at least 4 hex digits; empty: any
  size_t limit = 50;
  uint32_t before = 0;             // only what came before this number (of one target); 0: from the newest
  std::optional<Time> until = {};  // only what came before this moment
};

struct ReleaseRow {
  std::string target;  // env/project/app
  uint32_t number = 0;
  std::string outcome;  // healthy | failed | superseded | cancelled | rejected | unverified | running
  bool live = false;    // what runs now, as far as is known
  std::string trigger;  // design.md §4
  std::string because;
  std::string who;  // Requested-By
  std::vector<std::string> approved_by = {};
  std::string ticket = {};
  std::string source_commit, subject, author;
  std::string commit;  // on deploy
  Time at{};
  std::string reason;           // why it failed or was superseded
  std::string moved_from = {};  // the last release of the target that this one went on after, env/project/app/41
  std::string moved_to = {};    // the target that this one became
};

struct ReleaseStep {
  std::string name;   // watch build render preflight commit push sync verify
  std::string state;  // done | running | failed | skipped | waiting
  Millis took{};
  std::string text;
};

struct DecisionFilter {
  std::string environment, project, app;  // empty: any
  std::string type;                       // as the ledger calls it: hold, approve…; empty: any
  size_t limit = 50;
  std::optional<Time> until = {};  // only what was said before this moment
};

// What somebody decided, as the ledger has it; and what others did past the platform (drift, burnt).
struct DecisionRow {
  std::string type;
  std::string target;    // empty: of the whole platform, or of an artifact
  uint32_t release = 0;  // that it is about; 0: none
  std::string scope;     // of freezes, and of a weaker platform.yaml
  std::string who;       // with how that is known
  std::string because, ticket;
  Time at{};
  std::optional<Time> until;
  std::string id, role;  // of a proposal and what was said to it
  std::string artifact, source_commit, subject;
  std::string commit;  // drift: on deploy
  std::string reason;  // why it ended by itself
};

struct ReleaseDetails {
  ReleaseRow row;
  std::vector<std::pair<std::string, std::string>> trailers;  // in their order
  std::vector<ReleaseStep> steps;
  std::vector<std::string> changed;  // files under the target's folder: "M manifests/deployment-web.yaml"
  std::string tag;
  std::string undo;                         // the command that takes it back
  std::vector<DecisionRow> decisions = {};  // about it, oldest first
  Millis waited{0};                         // from its proposal to its release
  std::string adopts = {};                  // the commit of a person that it took over
};

struct Gate {
  enum class Verdict : uint8_t { kOk, kNo, kWaiting, kUnknown };
  std::string name;  // seen mapped paths spec checks build policy approval hold freeze needs push sync health
  Verdict verdict = Verdict::kUnknown;
  std::string text;  // a sentence for people: "held by Jane since 3h: investigating checkout errors"
};
std::string_view verdict_name(Gate::Verdict verdict);  // ok no waiting unknown

// Every gate between a source commit and a target, in their order.
struct WhyAnswer {
  std::string target;  // may be empty: a commit that maps to no target
  std::string source_commit;
  std::string subject;
  std::string summary;  // "waiting: held behind release 43"
  std::vector<Gate> gates;
};

struct TargetDetails {
  TargetRow row;
  std::vector<Gate> gates;           // of the newest commit
  std::vector<ReleaseRow> releases;  // the newest 10
  std::vector<std::string> notes;    // warnings that last
};

// Where a source commit lives. found says how the id was understood.
struct WhereRow {
  std::string target;
  std::string state;  // live | replaced | releasing | waiting | failed | not released
  uint32_t number = 0;
  Time at{};
  std::string text;
};
struct WhereAnswer {
  std::string source_commit;  // in full, where known
  std::string project, subject, author, ref;
  std::vector<WhereRow> rows;
};

struct ConfigValue {
  std::string path;   // env.LOG_LEVEL
  std::string value;  // never a secret's value
  std::string from;   // "autonomous.yaml:12", "platform default", "config/prod/shop/web.yaml:3"
};
struct ConfigAnswer {
  std::string target;
  std::string source_commit, config_commit;
  std::vector<ConfigValue> values;
};

// What a release now would change; or, with `from`/`to`, how two releases differ.
struct DiffRequest {
  std::string target;
  uint32_t from = 0;            // 0: what is live
  uint32_t to = 0;              // 0: what would be released now
  std::string image;            // as in DeployRequest: what would this change?
  std::optional<Time> at = {};  // from what ran then, to what runs now (or `to`)
};
struct DiffAnswer {
  std::string target, from, to;      // "release 42", "now"
  std::vector<std::string> changed;  // "M manifests/…"
  std::string text;                  // unified
  struct Resource {
    std::string name;    // "Deployment/web", or a file's name
    std::string change;  // added | changed | removed
    std::string file;
    std::string text;  // the hunks
  };
  std::vector<Resource> resources = {};
  std::string error = {};  // of this target: it cannot be rendered
  // Volumes, and fields that Kubernetes lets nobody change: what the release does about them, and what it would be
  // refused for, with what to do instead.
  std::vector<std::string> steps = {};
  std::vector<std::string> refused = {};
};
// What a source commit would change, for each environment that its apps go to.
struct SourceDiffRequest {
  std::string project, commit;   // at least 4 hex digits, on any branch that the daemon has
  std::string environment, app;  // empty: all
};

struct ProjectRow {
  std::string name;
  std::string source;   // URL without credentials
  bool hosted = false;  // by us
  std::string state;    // ok | failing | new
  std::string why;
  std::vector<std::string> apps;
};

// --- acting --------------------------------------------------------------------------------------------------------

struct Ask {
  Caller who;
  std::string because;
  std::string ticket;
  bool dry_run = false;  // says what would happen and changes nothing
};

struct DeployRequest {
  std::string project;      // required
  std::string app;          // empty: all apps of the project
  std::string environment;  // empty: where the platform sends it
  std::string commit;       // source commit; empty: the newest of the branch
  std::string image;        // registry/repo@sha256:…, for `build: external`; needs app
  bool vanished = false;    // the apps that the commit no longer has are meant to go
  bool move = false;        // take over another project's app, as `renamed-from:` says
};

// Moves what runs in the environment before: the same images, never built again.
struct PromoteRequest {
  std::string target;       // where it goes: production/shop/web
  uint32_t from = 0;        // this release of the environment before; 0: the one that runs there
  bool unverified = false;  // also where nobody knows whether it works
};

struct ApproveRequest {
  std::string target;
  std::string proposal;       // its id; "" = the one that is open
  std::optional<Time> until;  // default: as long as the environment's policy says
  std::string signature;      // armoured, of the text that ProposalRow::text holds for `until`
};

// A release that waits for people.
struct ProposalRow {
  std::string target, id;
  std::string artifact, input_digest, tree;
  std::string source_commit, subject, author, who, because, ticket, trigger, origin;
  Time at{};
  uint32_t needed = 0;
  struct Approval {
    std::string who, role, because;
    Time at{};
    std::optional<Time> until;
    bool is_signed = false;
    std::string trouble;  // why it does not count; "" = it does
  };
  std::vector<Approval> approvals;
  std::string why;   // what it waits for
  std::string text;  // what a person signs, for an approval that counts until `until`
  Time until{};
};

// Release tags that are to be put back, byte for byte as the ledger holds them.
struct TagsRequest {
  std::string only;  // a target, or a release (target/42); empty: what should be there
  bool all = false;  // also beyond the window that a repository keeps
};

struct Affected {
  std::string target;
  uint32_t release = 0;  // 0: not known yet
  std::string text;      // "goes back to release 41", "held behind 43"
};

// The answer to an action: it was accepted (or, in a dry run, would be).
struct ActionAnswer {
  std::string summary;
  std::vector<Affected> affected;
};

struct RefUpdate {
  std::string ref, old_oid, new_oid;  // 40 hex digits; all zeros: made or deleted
};
struct Push {
  std::string project;  // of a source push; empty for the GitOps repository
  std::vector<RefUpdate> updates;
  Caller who;
};

struct Check {
  std::string name;
  std::string state;  // ok | warning | failed | off
  std::string text;
  std::string fix;  // what to do, where something is wrong
};

struct Metric {
  enum class Kind : uint8_t { kCounter, kGauge };
  std::string name;  // autonomous_releases_total
  std::string help;
  Kind kind = Kind::kGauge;
  struct Sample {
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
  };
  std::vector<Sample> samples;
};

class Api {
 public:
  virtual ~Api() = default;

  // Look. Targets are "env/project/app" in full; ids are "env/project/app/42".
  virtual std::vector<TargetRow> status() = 0;
  // As the ledger knows it of a moment: nothing that was only on its way then.
  virtual std::vector<TargetRow> status_at(Time time) = 0;
  virtual Result<std::vector<ReleaseRow>> releases(const Ctx& ctx, const ReleaseFilter& filter) = 0;
  // Newest first.
  virtual Result<std::vector<DecisionRow>> decisions(const Ctx& ctx, const DecisionFilter& filter) = 0;
  virtual Result<ReleaseDetails> release(const Ctx& ctx, const std::string& id) = 0;
  virtual Result<TargetDetails> target(const Ctx& ctx, const std::string& target) = 0;
  virtual Result<WhereAnswer> where(const Ctx& ctx, const std::string& commit) = 0;  // at least 4 hex digits
  // subject: a target, or (at least 4 hex digits of) a source commit.
  virtual Result<std::vector<WhyAnswer>> why(const Ctx& ctx, const std::string& subject) = 0;
  // at: of the release that ran then.
  virtual Result<ConfigAnswer> config(const Ctx& ctx, const std::string& target, std::optional<Time> at) = 0;
  virtual Result<DiffAnswer> diff(const Ctx& ctx, const DiffRequest& request) = 0;
  virtual Result<std::vector<DiffAnswer>> diff_source(const Ctx& ctx, const SourceDiffRequest& request) = 0;
  virtual std::vector<ProjectRow> projects() = 0;
  // deep: also folds the ledger from the beginning, and compares.
  virtual std::vector<Check> doctor(const Ctx& ctx, bool deep) = 0;

  // Act. They return once the request is accepted and recorded; `progress` (may be null) then hears what happens, until
  // its done(). With dry_run nothing is heard.
  virtual Result<ActionAnswer> deploy(const Ctx& ctx, const Ask& ask, const DeployRequest& request,
                                      ProgressPtr progress) = 0;
  virtual Result<ActionAnswer> retry(const Ctx& ctx, const Ask& ask, const std::string& target,
                                     ProgressPtr progress) = 0;
  virtual Result<ActionAnswer> retire(const Ctx& ctx, const Ask& ask, const std::string& target,
                                      ProgressPtr progress) = 0;
  // Of an app that is gone from its spec: its Application goes, and what runs stays.
  virtual Result<ActionAnswer> let_go(const Ctx& ctx, const Ask& ask, const std::string& target,
                                      ProgressPtr progress) = 0;
  // to: 0 is the release before the live one.
  virtual Result<ActionAnswer> rollback(const Ctx& ctx, const Ask& ask, const std::string& target, uint32_t to,
                                        ProgressPtr progress) = 0;
  virtual Result<ActionAnswer> hold(const Ctx& ctx, const Ask& ask, const std::string& target,
                                    std::optional<Time> until) = 0;
  // choice: "" | "keep" | "replace", for drift.
  virtual Result<ActionAnswer> resume(const Ctx& ctx, const Ask& ask, const std::string& target,
                                      const std::string& choice, ProgressPtr progress) = 0;
  // Decide. All are written down and in force when they return, unless they say that they wait.
  virtual Result<std::vector<ProposalRow>> proposals(const Ctx& ctx, std::optional<Time> until) = 0;
  virtual Result<ActionAnswer> promote(const Ctx& ctx, const Ask& ask, const PromoteRequest& request,
                                       ProgressPtr progress) = 0;
  virtual Result<ActionAnswer> approve(const Ctx& ctx, const Ask& ask, const ApproveRequest& request,
                                       ProgressPtr progress) = 0;
  virtual Result<ActionAnswer> reject(const Ctx& ctx, const Ask& ask, const std::string& target,
                                      const std::string& proposal) = 0;
  virtual Result<ActionAnswer> cancel(const Ctx& ctx, const Ask& ask, const std::string& target) = 0;
  // scope: an environment or a target. `on` false ends it.
  virtual Result<ActionAnswer> freeze(const Ctx& ctx, const Ask& ask, const std::string& scope, bool on,
                                      std::optional<Time> until) = 0;
  // The artifact of a release (0: the newest). `bad` false takes it back.
  virtual Result<ActionAnswer> mark(const Ctx& ctx, const Ask& ask, const std::string& target, uint32_t release,
                                    bool bad) = 0;
  // Lets releases of the target pass freezes, until the next one or `until`.
  virtual Result<ActionAnswer> break_glass(const Ctx& ctx, const Ask& ask, const std::string& target,
                                           std::optional<Time> until) = 0;
  virtual Result<ActionAnswer> connect(const Ctx& ctx, const Ask& ask, const std::string& project,
                                       const std::string& url) = 0;

  // Repairs: `affected` names the releases whose tags were missing, elsewhere, or refused.
  virtual Result<ActionAnswer> restore_tags(const Ctx& ctx, const Ask& ask, const TagsRequest& request) = 0;
  // The branches were rewritten, and that is right: writing goes on. ask.because is required.
  virtual Result<ActionAnswer> accept_rewrite(const Ctx& ctx, const Ask& ask) = 0;

  // Returns when all that was asked for and is not done stands in the ledger: whoever asked may leave.
  virtual Result<ActionAnswer> keep(const Ctx& ctx) = 0;

  // Somebody says that something moved in these repositories (git::place_of). Those that are watched are looked at
  // soon, at most once a second each; their names: projects, and "gitops".
  virtual std::vector<std::string> moved_elsewhere(const std::vector<std::string>& places) = 0;

  // Pushes to the built-in hosting. check_*: in pre-receive, before the refs move; an error refuses the whole push with
  // its text. *_pushed: in post-receive, the refs have moved; it only hints and never fails. `repository`: its folder.
  virtual Result<void> check_source_push(const Ctx& ctx, const Push& push) = 0;
  virtual void source_pushed(const Push& push, const std::string& repository, ProgressPtr progress) = 0;
  virtual Result<void> check_gitops_push(const Ctx& ctx, const Push& push) = 0;
  virtual void gitops_pushed(const Push& push, ProgressPtr progress) = 0;

  // The daemon itself.
  virtual EventBus& events() = 0;
  virtual std::vector<Metric> metrics() = 0;
  virtual std::vector<Check> readiness() = 0;  // ready when none is "failed"
};

}  // namespace autonomous::daemon
