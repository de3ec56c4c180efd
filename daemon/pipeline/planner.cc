#include "daemon/pipeline/planner.h"

#include <algorithm>
#include <map>
#include <set>

#include "daemon/pipeline/moving.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

using model::Target;

// A fifth of a project, and at least two apps.
constexpr size_t kDoubtfulPart = 5;

std::string body_of(const std::string& message) {
  size_t end = message.find('\n');
  return end == std::string::npos ? "" : std::string(trim(std::string_view(message).substr(end)));
}

// What a push changed, asked once for each commit that a target stands at.
class Changes {
 public:
  Changes(const git::Repository& repository, const PlanInput& input) : repository_(repository), input_(input) {}

  // Paths below the project's folder; `known` false: the base is gone (a rewritten branch), so everything may have
  // changed.
  struct Answer {
    bool known = false;
    std::vector<std::string> paths;
  };
  const Answer& since(const std::string& base) {
    auto [at, fresh] = answers_.try_emplace(base);
    if (fresh) at->second = compute(base);
    return at->second;
  }

 private:
  Answer compute(const std::string& base) const {
    auto oid = git::Oid::parse(base);
    if (!oid || !repository_.has(*oid)) return {};
    auto changes = repository_.diff_paths(*oid, input_.commit, input_.source.folder, 100'000);
    if (!changes) return {};
    Answer answer{true, {}};
    size_t cut = input_.source.folder.empty() ? 0 : input_.source.folder.size() + 1;
    for (const git::PathChange& change : *changes)
      answer.paths.push_back(change.path.substr(std::min(cut, change.path.size())));
    return answer;
  }

  const git::Repository& repository_;
  const PlanInput& input_;
  std::map<std::string, Answer> answers_;
};

class Planner {
 public:
  Planner(const git::Repository& repository, const PlanInput& input)
      : repository_(repository), in_(input), changes_(repository, input) {}

  Plan run() {
    if (auto read = read_commit(); !read) {
      out_.errors.push_back(std::move(read).error());
      return std::move(out_);
    }
    if (!in_.environment.empty()) {
      const model::Environment* only = model::find_environment(*in_.view->platform, in_.environment);
      if (only != nullptr) environments_.push_back(only);
    }
    for (const model::Environment* environment :
         model::environments_for(*in_.view->platform, in_.source.project, in_.branch, in_.default_branch)) {
      if (in_.environment.empty()) environments_.push_back(environment);
    }
    for (const model::Environment* environment : environments_) out_.environments.push_back(environment->name);
    if (environments_.empty()) return std::move(out_);
    detect();
    if (!detected_.spec) return std::move(out_);
    if (size_t apps = detected_.spec->apps().size(); apps > in_.max_apps) {
      out_.errors.push_back(
          fail(Code::kLimit, "the project has ", apps, " apps; this daemon takes at most ", in_.max_apps)
              .hint("limits.apps in daemon.yaml, or several projects"));
      return std::move(out_);
    }
    out_.whole = true;
    for (const model::Environment* environment : environments_) {
      names_ = detected_.spec->apps(environment->name);
      apps_.clear();
      callers_.reset();
      for (const std::string& app : names_) plan_app(*environment, app);
      find_vanished(*environment);
    }
    return std::move(out_);
  }

 private:
  Result<void> read_commit() {
    TRY(git::Commit commit, repository_.commit(in_.commit));
    auto source = std::make_shared<SourceCommit>();
    source->repository = in_.source;
    source->id = in_.commit.hex();
    source->ref = "refs/heads/" + in_.branch;
    source->subject = one_line(commit.subject(), 200);
    source->message = body_of(commit.message);
    source->author = commit.author;
    out_.source = source;
    TRY(tree_, repository_.tree_of(in_.commit, in_.source.folder));
    return ok();
  }

  void detect() {
    detected_ = model::detect(*tree_, in_.source.project);
    out_.notes = detected_.notes;
    for (const Error& warning : detected_.warnings) note("warning: " + warning.line());
    for (const Error& error : detected_.errors) out_.errors.push_back(error);
    if (!detected_.errors.empty()) {
      detected_.spec = nullptr;
      return;
    }
    if (detected_.missing.empty() && detected_.spec) return;
    std::string text = detected_.structure == model::Structure::kNothing ? "nothing that can be released was found"
                                                                         : "what was found cannot be released yet";
    for (const std::string& line : detected_.missing) text += "\n    " + line;
    out_.errors.push_back(
        Error(Code::kInvalid, text).hint("`autonomous init` writes an autonomous.yaml to start from"));
    detected_.spec = nullptr;
  }

  // Once, although several apps and environments may have it.
  void note(std::string text) {
    if (std::find(out_.notes.begin(), out_.notes.end(), text) == out_.notes.end())
      out_.notes.push_back(std::move(text));
  }

  // null, with the errors noted, where the app's configuration is wrong.
  std::shared_ptr<const model::App> effective_app(const model::Environment& environment, const std::string& app) {
    auto [known, fresh] = apps_.try_emplace(app);
    if (fresh) known->second = lay_app(environment, app);
    return known->second;
  }

  std::shared_ptr<const model::App> lay_app(const model::Environment& environment, const std::string& app) {
    std::string file = "config/" + environment.name + "/" + in_.source.project + "/" + app + ".yaml";
    model::Parsed<model::Value> overlay;
    if (in_.view->tree && in_.view->tree->stat(file)) {
      auto text = in_.view->tree->read(file, 1 << 20);
      if (!text) {
        out_.errors.push_back(std::move(text).error());
        return nullptr;
      }
      overlay = model::parse_overlay(*text, file);
      for (const Error& error : overlay.errors) out_.errors.push_back(error);
      if (!overlay) return nullptr;
    }
    model::Layers layers{environment.defaults.is_null() ? nullptr : &environment.defaults, overlay.value.get()};
    auto effective = model::effective(*detected_.spec, in_.source.project, environment.name, app, layers, names_);
    for (const Error& error : effective.errors) out_.errors.push_back(error);
    for (const Error& warning : effective.warnings) note("warning: " + warning.line());
    return effective ? std::make_shared<model::App>(effective->app) : nullptr;
  }

  // Under a strict network a policy names who may come in. An app that is wrong calls nobody until it is right.
  void add_callers(const model::Environment& environment, const std::string& name, Neighbours& out) {
    if (!environment.policies.strict_network) return;
    if (!callers_) {
      callers_.emplace();
      for (const std::string& caller : names_) {
        auto app = effective_app(environment, caller);
        if (!app) continue;
        for (const std::string& called : neighbours_of(*app)) (*callers_)[called].push_back(caller);
      }
    }
    for (const std::string& caller : (*callers_)[name]) out.emplace(caller, effective_app(environment, caller));
  }

  void plan_app(const model::Environment& environment, const std::string& name) {
    Target target{environment.name, in_.source.project, name};
    planned_.insert(target);
    std::shared_ptr<const model::App> app = effective_app(environment, name);
    if (!app) return;
    // It did not vanish: it goes on here.
    if (auto from = renamed_from(target, *app); from && from->project == target.project) planned_.insert(*from);
    Neighbours neighbours;
    for (const std::string& other : neighbours_of(*app)) {
      if (!std::binary_search(names_.begin(), names_.end(), other)) continue;  // the spec's own check says it
      auto found = effective_app(environment, other);
      if (!found) return;  // its errors are noted: what is bound to it waits for them
      neighbours.emplace(other, std::move(found));
    }
    add_callers(environment, name, neighbours);
    store::TargetPtr state = in_.state->find(target);
    if (state && state->orphaned) out_.found.push_back(target);
    // Let go of, and back: it has to be taken on again, although nothing of it changed.
    bool take_on = state && state->application_gone() && !environment.reconcile.empty();
    std::optional<NoNews> why = skip(state.get(), *app);
    // A push that nobody saw before main moved is a push.
    bool configuration = in_.configuration && (why || !state || !state->live());
    if (why && !configuration && (why->failed || !take_on)) {
      configuration = !why->failed && state->live() && in_.configured_otherwise && in_.configured_otherwise(target);
      if (!configuration) {
        out_.skipped.push_back({target, why->gate, why->text});
        return;
      }
    }
    auto wish = std::make_shared<Wish>();
    wish->target = target;
    wish->trigger = configuration ? model::Trigger::kConfiguration : model::Trigger::kPush;
    wish->source = out_.source;
    wish->app = app;
    wish->neighbours = std::move(neighbours);
    wish->spec_text = spec_text();
    wish->view = in_.view;
    wish->by = in_.by.empty()
                   ? model::Who::clean(out_.source->author.name, out_.source->author.email, "commit, unverified")
                   : in_.by;
    if (configuration) name_who_configured(*wish);
    out_.wishes.push_back(std::move(wish));
  }

  // It is not the source's author who wants it.
  void name_who_configured(Wish& wish) const {
    if (!in_.configured_by) return;
    std::vector<ConfigChange> changes = in_.configured_by(wish.target, wish.neighbours);
    if (changes.empty()) return;
    const git::Person& author = changes.front().author;
    wish.by = model::Who::clean(author.name, author.email, "commit, unverified");
    wish.because = changes.front().subject;
  }

  // Why this commit is no news for the target.
  struct NoNews {
    std::string gate, text;
    bool failed = false;  // it was tried
  };
  std::optional<NoNews> skip(const store::TargetState* state, const model::App& app) {
    if (state == nullptr) return std::nullopt;
    std::string commit = in_.commit.hex();
    if (failed_before(*state, in_.commit)) {
      std::string reason;  // of an old one it stands in the ledger alone
      for (const auto& [line, attempt] : state->newest_attempts) {
        bool same = attempt.source && attempt.source->commit == commit;
        if (same && attempt.type == model::EntryType::kFailed) reason = ": " + one_line(attempt.reason);
      }
      return NoNews{"seen", "this commit failed before" + reason, true};
    }
    if (std::string ended = given_up(*state, commit); !ended.empty()) return NoNews{"approval", ended, true};
    std::string base = released_source(state);
    if (base.empty()) return std::nullopt;
    if (base == commit) return NoNews{"seen", "this commit is what was released"};
    const Changes::Answer& changed = changes_.since(base);
    if (!changed.known) return std::nullopt;
    if (!changed.paths.empty() && model::touches(app, changed.paths)) return std::nullopt;
    return NoNews{"paths", "nothing that this app is made of changed since " + base.substr(0, 7)};
  }

  // A person took this commit back after it was last wanted: "rejected by Jane: too risky".
  static std::string given_up(const store::TargetState& state, const std::string& commit) {
    for (auto said = state.said.rbegin(); said != state.said.rend(); ++said) {
      const model::Entry* entry = &said->entry;
      if (!entry->source || entry->source->commit != commit) continue;
      if (entry->type == model::EntryType::kPropose) return "";
      bool ends = entry->type == model::EntryType::kReject || entry->type == model::EntryType::kCancel;
      if (!ends || !entry->by) continue;
      return (entry->type == model::EntryType::kReject ? "rejected by " : "cancelled by ") + entry->by->name +
             (entry->because.empty() ? "" : ": " + entry->because);
    }
    return "";
  }

  std::shared_ptr<const std::string> spec_text() {
    if (!spec_text_) spec_text_ = std::make_shared<std::string>(detected_.text);
    return spec_text_;
  }

  void find_vanished(const model::Environment& environment) {
    std::vector<Target> gone;
    size_t before = 0;
    for (auto it = in_.state->targets.lower_bound({environment.name, in_.source.project, ""});
         it != in_.state->targets.end(); ++it) {
      const Target& target = it->first;
      if (target.environment != environment.name || target.project != in_.source.project) break;
      auto live = it->second->live();
      bool runs = live && live->trigger != model::Trigger::kRetire && !it->second->moved_away;
      if (!runs || it->second->orphaned) continue;
      ++before;
      if (!planned_.contains(target)) gone.push_back(target);
    }
    bool doubtful = gone.size() >= 2 && gone.size() * kDoubtfulPart >= before;
    if (doubtful) return doubt(environment, std::move(gone), before);
    out_.vanished.insert(out_.vanished.end(), gone.begin(), gone.end());
  }

  // More likely a file that was cut off than apps that nobody wants: nothing of the commit goes there before somebody
  // says so.
  void doubt(const model::Environment& environment, std::vector<Target> gone, size_t before) {
    auto doubt = std::make_shared<Doubt>();
    std::string names;
    for (size_t i = 0; i < gone.size() && i < 4; ++i) names += (i == 0 ? "" : ", ") + gone[i].app;
    if (gone.size() > 4) names += "…";
    const std::string commit = in_.commit.hex().substr(0, 7);
    doubt->text = std::to_string(gone.size()) + " of " + std::to_string(before) + " apps are gone from the spec at " +
                  commit + " (" + names + "): nothing of it is released to " + environment.name +
                  " until somebody says that this is right: autonomous deploy " + in_.source.project + " -e " +
                  environment.name + " --commit " + commit + " --vanished";
    doubt->vanished = std::move(gone);
    doubt->apps = before;
    for (WishPtr& wish : out_.wishes) {
      if (wish->target.environment != environment.name) continue;
      auto doubted = std::make_shared<Wish>(*wish);
      doubted->doubt = doubt;
      wish = std::move(doubted);
    }
    out_.doubts[environment.name] = std::move(doubt);
  }

  const git::Repository& repository_;
  const PlanInput& in_;
  Changes changes_;
  Plan out_;
  std::shared_ptr<const FileTree> tree_;
  model::Detected detected_;
  std::vector<const model::Environment*> environments_;
  std::set<Target> planned_;
  std::vector<std::string> names_;  // of the apps in the environment in hand, sorted
  Neighbours apps_;                 // those of them that were laid already; null: wrong
  std::optional<std::map<std::string, std::vector<std::string>>> callers_;  // by who is called; of the same environment
  std::shared_ptr<const std::string> spec_text_;
};

}  // namespace

std::set<std::string> neighbours_of(const model::App& app) {
  std::set<std::string> out;
  auto bindings = [&](const std::map<std::string, model::EnvValue>& env) {
    for (const auto& [name, value] : env) {
      auto binding = value.from.empty() ? Result<model::Binding>(model::Binding{}) : model::parse_binding(value.from);
      if (binding && !binding->app.empty()) out.insert(binding->app);
    }
  };
  bindings(app.env);
  for (const auto* containers : {&app.init, &app.sidecars}) {
    for (const auto& [name, container] : *containers) bindings(container.env);
  }
  for (const auto* names : {&app.needs, &app.calls}) out.insert(names->begin(), names->end());
  return out;
}

Plan plan(const git::Repository& repository, const PlanInput& input) { return Planner(repository, input).run(); }

std::string released_source(const store::TargetState* state) {
  if (state == nullptr) return "";
  std::string commit;
  Time at{};
  for (auto it = state->releases.rbegin(); it != state->releases.rend(); ++it) {
    if ((*it)->source_commit.empty()) continue;
    commit = (*it)->source_commit;
    at = (*it)->time;
    break;
  }
  for (size_t i = state->attempts.size(); i-- > 0;) {
    const store::Attempt& attempt = state->attempts[i];
    bool newer = !attempt.failed && !attempt.source.is_zero() && attempt.time >= at;
    if (newer) return attempt.source.hex();
  }
  return commit;
}

bool failed_before(const store::TargetState& state, const git::Oid& commit) {
  for (size_t i = state.attempts.size(); i-- > 0;) {
    if (state.attempts[i].failed && state.attempts[i].source == commit) return true;
  }
  return false;
}

}  // namespace autonomous::daemon
