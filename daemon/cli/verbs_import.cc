// The verb that comes from elsewhere: what runs from another GitOps repository, as a project of this platform.
#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/command.h"
#include "daemon/pipeline/import.h"
#include "gitops/base/child.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/model/detect.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

// Where the folder is a clone of something; "" where it is none.
std::string origin_of(const Command& command, const std::string& folder) {
  ChildSpec spec;
  spec.argv = {"git", "-C", folder, "remote", "get-url", "origin"};
  spec.env = {"PATH=" + command.around.variable("PATH"), "HOME=" + command.around.variable("HOME"), "LANG=C"};
  Result<ChildResult> git = run_child(command.ctx().within(Millis{10'000}), spec);
  return git && git->status == 0 ? std::string(trim(git->out)) : "";
}

// Not into the source, which is nobody's to change, and not over somebody's work.
Result<void> check_place(const std::string& source, const std::string& folder) {
  if (starts_with(folder + "/", source + "/"))
    return fail(Code::kInvalid, folder, " is inside of what is imported, and that is not touched")
        .hint("--to takes a folder elsewhere");
  if (!exists(folder)) return ok();
  TRY(auto entries, disk_tree(folder)->list());
  if (entries.empty()) return ok();
  return fail(Code::kConflict, folder, " is not empty (", entries.front().path, ")")
      .hint("--to takes a new folder, or an empty one");
}

Result<size_t> write_all(const std::string& folder, const std::string& project, const Imported& imported) {
  std::map<std::string, std::string> files{{"gitops/platform.yaml", imported.platform}};
  for (const auto& [path, content] : imported.project) files[project + "/" + path] = content;
  for (const auto& [name, content] : imported.objects) files["objects/" + name] = content;
  for (const auto& [path, content] : files) {
    const std::string file = folder + "/" + path;
    TRY_DO(make_folders(file.substr(0, file.rfind('/'))));
    TRY_DO(write_file(file, content));
  }
  return files.size();
}

json as_json(const Imported& imported, const std::string& project, const std::string& folder, bool written) {
  json apps = json::array(), left = json::array(), files = json::array();
  for (const ImportedApp& app : imported.apps)
    apps.push_back({{"target", app.target.str()},
                    {"form", app.form},
                    {"from", app.origin},
                    {"application", app.application},
                    {"namespace", app.ns},
                    {"objects", app.objects},
                    {"notes", app.notes}});
  for (const LeftOut& one : imported.left_out)
    left.push_back({{"what", one.what}, {"why", one.why}, {"next", one.next}});
  for (const auto& [path, content] : imported.project) files.push_back(project + "/" + path);
  return {{"project", project}, {"apps", apps},
          {"left_out", left},   {"notes", imported.notes},
          {"files", files},     {"platform", imported.platform},
          {"written", written}, {"next", after_import(imported, project, folder)}};
}

void print_text(const Command& command, const Imported& imported) {
  std::ostream& out = command.around.out;
  Table table({"TARGET", "AS", "OBJECTS", "NAMESPACE", "FROM"});
  for (const ImportedApp& app : imported.apps)
    table.add({{app.target.str(), Tone::kBold},
               {app.form},
               {std::to_string(app.objects)},
               {app.ns},
               {one_line(app.origin, 100), Tone::kDim}});
  if (!table.empty()) out << table.str(command.style, command.around.width);
  for (const ImportedApp& app : imported.apps) {
    for (const std::string& note : app.notes)
      out << command.style.paint("note ", Tone::kDim) << app.target.str() << ": " << one_line(note, 500) << "\n";
  }
  for (const std::string& note : imported.notes)
    out << command.style.paint("note ", Tone::kDim) << one_line(note, 500) << "\n";
  for (const LeftOut& one : imported.left_out) {
    out << command.style.paint("✗ not taken: ", Tone::kWarning) << one_line(one.what, 300) << ": "
        << one_line(one.why, 600) << "\n";
    if (!one.next.empty()) out << "    " << one_line(one.next, 600) << "\n";
  }
}

Result<int> import_verb(Command& command) {
  std::string source = command.word(0) == "." ? command.around.folder : file_in_folder(command, command.word(0));
  while (source.size() > 1 && source.back() == '/') source.pop_back();
  if (!exists(source)) return fail(Code::kNotFound, "no such folder: ", source);
  ImportOptions options;
  options.project = command.options.get("project");
  if (options.project.empty())
    options.project = model::to_name(source.substr(source.rfind('/') + 1), model::kMaxProject);
  TRY_DO(model::check_name("project name", options.project, model::kMaxProject));
  const std::string environments = command.options.get("environment");
  for (std::string_view name : split(environments, ',')) {
    if (!trim(name).empty()) options.environments.emplace_back(trim(name));
  }
  options.kubernetes = command.options.get("kubernetes");
  options.url = command.options.get("url");
  if (options.url.empty()) options.url = origin_of(command, source);
  const std::string to = command.options.get("to"), folder = to.empty() ? "" : file_in_folder(command, to);
  if (!to.empty()) TRY_DO(check_place(source, folder));
  Renderer::Options workers;
  workers.workers = 1;
  TRY(std::unique_ptr<Renderer> renderer, Renderer::make(workers));
  TRY(Imported imported, import_tree(command.ctx(), *disk_tree(source), options, *renderer));
  const bool writes = !to.empty() && !imported.apps.empty();
  size_t written = 0;
  if (writes) {
    TRY(written, write_all(folder, options.project, imported));
  }
  if (command.json_output()) {
    command.print(as_json(imported, options.project, to.empty() ? "FOLDER" : to, writes));
  } else {
    print_text(command, imported);
    std::ostream& out = command.around.out;
    if (imported.apps.empty()) out << "Nothing could be taken.\n";
    else if (!writes)
      out << "\n"
          << imported.project.at("autonomous.yaml")
          << "\nEach renders to exactly what its source says. Nothing was written: --to FOLDER writes it.\n";
    else {
      out << "Each renders to exactly what its source says. " << written << " files are in " << to
          << "; nothing else was touched. Next:\n";
      size_t number = 0;
      for (const std::string& line : after_import(imported, options.project, to))
        out << "  " << ++number << ". " << line << "\n";
    }
  }
  return imported.left_out.empty() && !imported.apps.empty() ? kExitDone : kExitFailed;
}

}  // namespace

std::vector<Verb> import_verbs() {
  return {
      {{"import",
        "Come here: make a project of what another GitOps repository runs, with nothing that differs",
        "FOLDER is a clone with Argo CD Applications in it (or beside it what the cluster has: kubectl -n argocd get applications -o yaml\n"
        "> applications.yaml), a kuberpult repository, or folders of manifests and charts. Each target is rendered as the daemon would, and compared\n"
        "object by object with what its source says. What cannot be taken is listed with what to do, and makes the exit status 1. Without --to\n"
        "nothing is written; FOLDER is never touched.",
        {{"FOLDER", "What to import", true, false, "folder"}},
        {{"--to", "FOLDER", "Write it there: a new folder, or an empty one", "folder"},
         {"-p,--project", "PROJECT", "What to call it (default: the folder's name)", "project"},
         {"-e,--environment", "ENV[,ENV…]",
          "Which environments there are, as names say them (default: dev, staging, production…)", "environment"},
         {"--kubernetes", "VERSION", "What charts are rendered for, as Argo CD does for its cluster"},
         {"--url", "URL", "Of the repository that FOLDER is a clone of (default: its origin)"},
         output_option()},
        {{"autonomous import gitops -p shop", "what could be taken, and what not"},
         {"autonomous import gitops -p shop -e staging,production --to shop-new",
          "write it, and print the next steps"}}},
       import_verb},
  };
}

}  // namespace autonomous::daemon
