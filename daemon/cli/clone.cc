#include "daemon/cli/clone.h"

#include "gitops/base/text.h"
#include "gitops/git/program.h"

namespace autonomous::daemon {

Result<Clone> Clone::of(Command& command, const std::string& said) {
  if (said.find("://") == std::string::npos) {
    const std::string& here = command.around.folder;
    return Clone(said.empty() ? here : said[0] == '/' ? said : here + "/" + said);
  }
  TRY(TempFolder folder, TempFolder::make("autonomous-clone"));
  git::GitProgram git;
  git.home = folder.path();
  git.allow_file = true;
  TRY_DO(git::check_url(said, true));
  Clone clone(folder.path() + "/clone.git");
  TRY_WITH(std::string said_git, "while cloning " + git::url_without_credentials(said),
           git::git_output(command.ctx(), git, {.args = {"clone", "--quiet", "--mirror", "--", said, clone.path_}}));
  clone.folder_ = std::make_unique<TempFolder>(std::move(folder));
  return clone;
}

Result<Clone> Clone::here_or_served(Command& command, const std::string& said, const std::string& branch) {
  if (!said.empty()) return of(command, said);
  TRY(Clone here, of(command, ""));
  auto reader = store::Reader::open(here.path(), branch);
  if (reader && reader->state()) return here;
  if (!reader && reader.error().code() == Code::kCorrupt) return std::move(reader).error();  // it is one, and not whole
  TRY(Remote * remote, command.remote());
  auto served = of(command, remote->base_url() + "/git/gitops.git");
  if (!served)
    return std::move(served).error().with("this folder is no clone of the GitOps repository; --repo says where one is");
  return served;
}

OptionSpec repo_option() {
  return {"--repo", "PATH|URL", "A clone of the GitOps repository, or its URL (default: this folder)", "folder"};
}
OptionSpec branch_option() { return {"--branch", "NAME", "The branch that Argo CD reads (default deploy)"}; }

Result<model::ReleaseId> find_release(const std::string& repository, const std::string& branch, std::string text) {
  if (starts_with(text, "release/")) text = text.substr(8);
  Result<model::ReleaseId> full = model::ReleaseId::parse(text);
  if (full) return full;
  TRY(store::Reader reader, store::Reader::open(repository, branch));
  TRY(store::StatePtr state, reader.state());
  std::string number;
  size_t slash = text.rfind('/');
  std::string tail = text.substr(slash == std::string::npos ? 0 : slash + 1);
  if (slash != std::string::npos && tail.find_first_not_of("0123456789") == std::string::npos) {
    number = tail;
    text.resize(slash);
  }
  std::vector<model::ReleaseId> fitting;
  for (const auto& [target, target_state] : state->targets) {
    bool fits = target.str() == text || ends_with(target.str(), "/" + text);
    if (fits && target_state->last_number != 0) fitting.push_back({target, target_state->last_number});
  }
  if (fitting.empty()) return fail(Code::kNotFound, "no release fits '", one_line(text, 100), "' in ", repository);
  if (fitting.size() > 1)
    return fail(Code::kInvalid, "'", text, "' is several targets: ", fitting[0].target.str(), ", ",
                fitting[1].target.str());
  if (!number.empty()) return model::ReleaseId::parse(fitting[0].target.str() + "/" + number);
  return fitting[0];
}

Result<model::Target> find_recorded(const store::State& state, const std::string& text) {
  std::vector<model::Target> fitting;
  for (const auto& [target, record] : state.targets) {
    if (target.str() == text || ends_with(target.str(), "/" + text)) fitting.push_back(target);
  }
  if (fitting.size() == 1) return fitting[0];
  if (fitting.empty()) return fail(Code::kNotFound, "no target fits '", one_line(text, 100), "'");
  return fail(Code::kInvalid, "'", text, "' is several targets: ", fitting[0].str(), ", ", fitting[1].str());
}

}  // namespace autonomous::daemon
