#include "daemon/cli/command.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/model/ids.h"
#include "gitops/yaml/located.h"

namespace autonomous::daemon {

using nlohmann::json;

OptionSpec output_option() { return {"-o,--output", "text|json", "How to print", "text|json"}; }
OptionSpec server_option() {
  return {
      "--server", "URL|unix:PATH",
      "The daemon to talk to (default: AUTONOMOUS_SERVER, then the local one); AUTONOMOUS_TOKEN and AUTONOMOUS_CA (PEM) go with a URL"};
}

std::vector<OptionSpec> aiming() {
  return {{"-e,--environment", "ENV", "Only in this environment", "environment"},
          {"-p,--project", "PROJECT", "Only of this project", "project"}};
}

std::vector<OptionSpec> looking(std::vector<OptionSpec> own) {
  own.push_back(output_option());
  own.push_back(server_option());
  return own;
}

std::vector<OptionSpec> acting(std::vector<OptionSpec> own) {
  own.insert(own.end(), {{"--because", "TEXT", "Why: shown wherever the action is shown"},
                         {"--ticket", "ID", "The ticket it belongs to"},
                         {"--dry-run", "", "Say what would happen, and change nothing"},
                         {"-y,--yes", "", "Don't ask"},
                         {"--timeout", "DURATION", "How long to wait for the outcome (default 15m)"},
                         {"--no-wait", "", "Don't wait for the outcome"}});
  return looking(std::move(own));
}

WordSpec target_word(bool required) {
  return {"TARGET", "web, shop/web or production/shop/web", required, false, "target"};
}

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> all = [] {
    std::vector<Verb> out;
    for (auto family :
         {look_verbs, act_verbs, decide_verbs, record_verbs, import_verbs, eject_verbs, repair_verbs, local_verbs}) {
      for (Verb& verb : family()) out.push_back(std::move(verb));
    }
    return out;
  }();
  return all;
}

std::string text_of(const json& object, const char* key) {
  if (!object.is_object()) return "";
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

uint64_t number_of(const json& object, const char* key) {
  if (!object.is_object()) return 0;
  auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

std::string short_commit(const std::string& oid) { return oid.substr(0, 7); }

std::string file_in_folder(const Command& command, const std::string& path) {
  return path.empty() || path[0] == '/' ? path : command.around.folder + "/" + path;
}

Result<Remote*> Command::remote() {
  if (!remote_) {
    TRY(ServerAddress address, server_address(options.get("server"), around));
    std::string token = around.variable("AUTONOMOUS_TOKEN");
    mask_in_logs(token);
    remote_ = std::make_unique<Remote>(std::move(address), std::move(token));
  }
  return remote_.get();
}

void Command::print(const json& value) const {
  around.out << value.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
}

std::string project_of_folder(const std::string& start) {
  for (std::string folder = start; !folder.empty(); folder = folder.substr(0, folder.rfind('/'))) {
    Result<std::string> text = read_file(folder + "/autonomous.yaml", 1u << 20);
    if (!text) continue;
    std::vector<Error> errors;
    yaml::Node root = yaml::parse_located(*text, "autonomous.yaml", errors);
    const yaml::Node* project = root.is_map() ? root.find("project") : nullptr;
    return project != nullptr ? project->text() : "";
  }
  return "";
}

namespace {

struct Wanted {
  std::string environment, project, app;
  bool fits(const model::Target& target) const {
    return (environment.empty() || environment == target.environment) &&
           (project.empty() || project == target.project) && (app.empty() || app == target.app);
  }
};

Result<Wanted> read_wanted(const Command& command, const std::string& text) {
  Wanted wanted{command.options.get("environment"), command.options.get("project"), ""};
  if (text.empty()) return wanted;
  std::vector<std::string_view> parts = split(text, '/');
  if (parts.size() > 3) return fail(Code::kInvalid, "'", text, "' is no target: web, shop/web or production/shop/web");
  wanted.app = std::string(parts.back());
  if (parts.size() >= 2) wanted.project = std::string(parts[parts.size() - 2]);
  if (parts.size() == 3) wanted.environment = std::string(parts[0]);
  return wanted;
}

std::vector<std::string> fitting(const std::vector<model::Target>& all, const Wanted& wanted) {
  std::vector<std::string> out;
  for (const model::Target& target : all) {
    if (wanted.fits(target)) out.push_back(target.str());
  }
  return out;
}

Error no_such_target(const std::string& text, const std::vector<model::Target>& all) {
  std::set<std::string> names;
  for (const model::Target& target : all)
    names.insert({target.str(), target.project + "/" + target.app, target.app, target.project});
  std::string meant = nearest(text, {names.begin(), names.end()});
  return fail(Code::kNotFound, text.empty() ? "there is no such target" : "no target fits '" + text + "'",
              meant.empty() ? "" : ": did you mean " + meant + "?")
      .hint("`autonomous status` lists what there is");
}

}  // namespace

Result<std::vector<std::string>> find_targets(Command& command, const std::string& text) {
  TRY(Wanted wanted, read_wanted(command, text));
  TRY(Remote * remote, command.remote());
  TRY(json status, remote->get(command.ctx(), "/api/v1/targets"));
  std::vector<model::Target> all;
  for (const json& row : status.value("targets", json::array())) {
    Result<model::Target> target = model::Target::parse(text_of(row, "target"));
    if (target) all.push_back(*target);
  }
  std::vector<std::string> found = fitting(all, wanted);
  // One word may be a project, or an app of the project whose folder we are in.
  bool one_word = !text.empty() && text.find('/') == std::string::npos;
  if (found.empty() && one_word && !command.options.has("project")) {
    found = fitting(all, Wanted{wanted.environment, text, ""});
  } else if (found.size() > 1 && wanted.project.empty()) {
    Wanted here = wanted;
    here.project = project_of_folder(command.around.folder);
    std::vector<std::string> nearer = here.project.empty() ? std::vector<std::string>{} : fitting(all, here);
    if (!nearer.empty()) found = nearer;
  }
  if (found.empty()) return no_such_target(text, all);
  return found;
}

Result<std::string> find_target(Command& command, const std::string& text) {
  TRY(std::vector<std::string> found, find_targets(command, text));
  if (found.size() == 1) return found[0];
  std::string list = found[0];
  for (size_t i = 1; i < found.size() && i < 6; ++i) list += ", " + found[i];
  if (found.size() > 6) list += ", …";
  return fail(Code::kInvalid, text.empty() ? "which target?" : "'" + text + "' is several targets", " ", list)
      .hint("say more of its name, or -e ENVIRONMENT and -p PROJECT");
}

}  // namespace autonomous::daemon
