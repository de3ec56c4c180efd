// The verb that leaves: what the platform made of an app, as files that need no platform.
#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/clone.h"
#include "daemon/cli/command.h"
#include "daemon/pipeline/eject.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

// "web", "shop/web", "production/shop/web", or "shop" for all of a project; narrowed by -e and -p. Retired ones are
// left out of a project.
Result<std::vector<model::Target>> leaving(const Command& command, const store::State& state, bool& whole_project) {
  const std::string said = command.word(0);
  std::string environment = command.options.get("environment"), project = command.options.get("project");
  std::vector<model::Target> apps, projects;
  for (const auto& [target, record] : state.targets) {
    bool narrow =
        (environment.empty() || target.environment == environment) && (project.empty() || target.project == project);
    if (!narrow || !record->live()) continue;
    if (target.str() == said || ends_with(target.str(), "/" + said)) apps.push_back(target);
    bool gone = record->live()->trigger == model::Trigger::kRetire || record->moved_away;
    bool within = target.project == said || target.environment + "/" + target.project == said;
    if (within && !gone) projects.push_back(target);
  }
  whole_project = apps.empty();
  if (apps.size() > 1)
    return fail(Code::kInvalid, "'", one_line(said, 100), "' is several targets: ", apps[0].str(), ", ", apps[1].str())
        .hint("say more of its name, or -e ENVIRONMENT and -p PROJECT");
  if (!apps.empty()) return apps;
  if (!projects.empty()) return projects;
  std::vector<std::string> names;
  for (const auto& [target, record] : state.targets) {
    for (const std::string& name : {target.str(), target.app, target.project}) names.push_back(name);
  }
  Error error = fail(Code::kNotFound, "nothing that runs fits '", one_line(said, 100), "'");
  std::string near = nearest(said, names);
  return near.empty() ? error : std::move(error).hint("did you mean " + near + "?");
}

// A folder that holds something already is somebody's work.
Result<void> check_empty(const std::string& folder) {
  if (!exists(folder)) return ok();
  TRY(auto entries, disk_tree(folder)->list());
  if (entries.empty()) return ok();
  return fail(Code::kConflict, folder, " is not empty (", entries.front().path, ")")
      .hint("--to takes a new folder, or an empty one");
}

Result<void> write_files(const std::string& folder, const Ejected& ejected) {
  for (const auto& [path, content] : ejected.files) {
    std::string file = folder + "/" + path;
    TRY_DO(make_folders(file.substr(0, file.rfind('/'))));
    TRY_DO(write_file(file, content));
  }
  return ok();
}

json as_json(const Ejected& ejected, const std::string& folder) {
  json files = json::array();
  for (const auto& [path, content] : ejected.files) files.push_back(path);
  return {{"release", ejected.release.str()},
          {"folder", folder},
          {"namespace", ejected.ns},
          {"objects", ejected.objects},
          {"application", ejected.application},
          {"files", files},
          {"notes", ejected.notes},
          {"next", after_eject(ejected, folder)}};
}

void print_text(const Command& command, const Ejected& ejected, const std::string& folder) {
  std::ostream& out = command.around.out;
  out << command.style.paint(mark_of_state("ok"), Tone::kGood) << " " << ejected.release.target.str() << ": release "
      << ejected.release.number << ", " << ejected.objects << (ejected.objects == 1 ? " object" : " objects") << " of "
      << ejected.ns << " in " << folder << "\n";
  for (const std::string& note : ejected.notes)
    out << "  " << command.style.paint("note ", Tone::kDim) << one_line(note, 500) << "\n";
  size_t number = 0;
  for (const std::string& line : after_eject(ejected, folder)) out << "  " << ++number << ". " << line << "\n";
}

Result<int> eject_verb(Command& command) {
  std::string as = command.options.get("as", "manifests"), to = command.options.get("to");
  if (as != "manifests" && as != "chart")
    return fail(Code::kInvalid, "--as takes manifests or chart, not '", one_line(as, 40), "'");
  if (to.empty()) return fail(Code::kInvalid, "where to? --to FOLDER").hint("a new folder, or an empty one");
  std::string folder = file_in_folder(command, to), branch = command.options.get("branch", "deploy");
  TRY_DO(check_empty(folder));
  TRY(Clone clone, Clone::here_or_served(command, command.options.get("repo"), branch));
  TRY(store::Reader reader, store::Reader::open(clone.path(), branch));
  TRY(store::StatePtr state, reader.state());
  bool whole_project = false;
  TRY(std::vector<model::Target> targets, leaving(command, *state, whole_project));
  Renderer::Options options;
  options.workers = 1;
  TRY(std::unique_ptr<Renderer> renderer, Renderer::make(options));
  // All, before anything is written: half of a project helps nobody.
  std::vector<Ejected> all;
  for (const model::Target& target : targets) {
    TRY(Ejected ejected,
        eject(command.ctx(), reader, target, as == "chart" ? EjectAs::kChart : EjectAs::kManifests, *renderer));
    all.push_back(std::move(ejected));
  }
  json answer = json::array();
  for (const Ejected& ejected : all) {
    const model::Target& target = ejected.release.target;
    std::string below = whole_project ? "/" + target.environment + "/" + target.app : "";
    TRY_DO(write_files(folder + below, ejected));
    if (command.json_output()) answer.push_back(as_json(ejected, to + below));
    else print_text(command, ejected, to + below);
  }
  if (command.json_output()) {
    command.print(answer);
  } else {
    command.around.out << "Nothing was changed: "
                       << (all.size() == 1 ? "it still runs, and follows its source"
                                           : "all of it still runs, and follows its source")
                       << ". The steps above leave for good, and stop nothing.\n";
  }
  return kExitDone;
}

}  // namespace

std::vector<Verb> eject_verbs() {
  return {
      {{"eject",
        "Leave: write what runs as plain manifests, or as a chart, and keep it running",
        "From a clone of the GitOps repository, or from the daemon's own where the folder is none. Manifests come with a kustomization,\n"
        "a chart is rendered once more and compared with what was released. Nothing is changed; what to do next is printed, and in the README.md there.",
        {{"TARGET", "web, shop/web, production/shop/web, or a project", true, false, "target"}},
        {{"--to", "FOLDER", "Where to: a new folder, or an empty one", "folder"},
         {"--as", "manifests|chart", "What to leave with (default manifests)", "manifests|chart"},
         {"-e,--environment", "ENV", "Only in this environment", "environment"},
         {"-p,--project", "PROJECT", "Only of this project", "project"},
         repo_option(),
         branch_option(),
         output_option(),
         server_option()},
        {{"autonomous eject web -e production --to web", "its manifests, with a kustomization"},
         {"autonomous eject production/shop/web --to chart --as chart --repo gitops",
          "a chart with this target's values, from a clone"},
         {"autonomous eject shop --to shop", "every app of a project, a folder each"}}},
       eject_verb},
  };
}

}  // namespace autonomous::daemon
