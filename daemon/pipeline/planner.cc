#include "daemon/pipeline/planner.h"

#include <algorithm>
#include <set>

#include "daemon/pipeline/laid_apps.h"
#include "daemon/pipeline/moving.h"
#include "daemon/pipeline/news.h"
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

class Planner {
 public:
  Planner(const git::Repository& repository, const PlanInput& input)
      : repository_(repository), in_(input), news_(repository, input.commit, input.source.folder) {}

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
      LaidApps apps(*detected_.spec, in_.source.project, *in_.view, *environment);
      for (const std::string& app : apps.names()) plan_app(*environment, app, apps);
      out_.errors.insert(out_.errors.end(), apps.errors().begin(), apps.errors().end());
      for (const Error& warning : apps.warnings()) note("warning: " + warning.line());
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

  void plan_app(const model::Environment& environment, const std::string& name, LaidApps& apps) {
    Target target{environment.name, in_.source.project, name};
    planned_.insert(target);
    std::shared_ptr<const model::App> app = apps.find(name);
    if (!app) return;
    // It did not vanish: it goes on here.
    if (auto from = renamed_from(target, *app); from && from->project == target.project) planned_.insert(*from);
    std::optional<Neighbours> neighbours = apps.around(name, *app);
    if (!neighbours) return;
    store::TargetPtr state = in_.state->find(target);
    if (state && state->orphaned) out_.found.push_back(target);
    // Let go of, and back: it has to be taken on again, although nothing of it changed.
    bool take_on = state && state->application_gone() && !environment.reconcile.empty();
    std::optional<NoNews> why = news_.none_for(state.get(), *app);
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
    wish->neighbours = *std::move(neighbours);
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
  News news_;
  Plan out_;
  std::shared_ptr<const FileTree> tree_;
  model::Detected detected_;
  std::vector<const model::Environment*> environments_;
  std::set<Target> planned_;
  std::shared_ptr<const std::string> spec_text_;
};

}  // namespace

Plan plan(const git::Repository& repository, const PlanInput& input) { return Planner(repository, input).run(); }

}  // namespace autonomous::daemon
