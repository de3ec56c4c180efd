// Structures that have to be built first: a compose file, Dockerfiles, a language's build file.
#include <algorithm>
#include <map>

#include "gitops/base/text.h"
#include "gitops/model/detect_survey.h"
#include "gitops/model/ids.h"
#include "gitops/model/image.h"
#include "gitops/model/shape.h"
#include "gitops/model/spec_shape.h"

namespace autonomous::model {

namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos &&
         text != "0";
}

void who_builds(Survey& survey, const std::string& app, const std::string& context) {
  survey.out.missing.push_back(
      "app '" + app + "' has no image yet: `build: {context: " + context +
      "}` where the platform has a builder, `build: external` where your CI calls `autonomous deploy`, or `image: …`");
}

void add_port(Survey& survey, Draft& app, const std::string& port, const std::string& guess,
              const std::string& because) {
  if (!port.empty()) {
    app.lines.push_back("port: " + port + "   # " + because + "; the app gets it as PORT");
  } else {
    app.lines.push_back("port: " + guess + "   # a guess: the port that the app listens on; it gets it as PORT");
    survey.out.notes.push_back("app '" + app.name + "': no port was found, " + guess + " is a guess");
  }
  app.lines.push_back("# health: /healthz   # asked before requests are sent to it");
  app.lines.push_back("# scale: {min: 2, max: 10, cpu: 70}");
}

// A shell's words mean what they say only to a shell.
std::string command_line(const std::string& command) {
  auto words = split_words(command);
  if (!words || command.find_first_of("$|&;<>`(") != std::string::npos) return yaml_list({"sh", "-c", command});
  return yaml_list(*words);
}

bool is_secret_name(std::string_view name) {
  const std::string lower = to_lower(name);
  for (std::string_view word : {"password", "passwd", "secret", "token", "api_key", "apikey", "private_key"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

// ${NAME:-otherwise} → otherwise; nullopt for one that only compose's environment knows.
std::optional<std::string> compose_text(const std::string& text) {
  size_t at = text.find("${");
  if (at == std::string::npos) return text;
  size_t end = text.find('}', at);
  size_t otherwise = text.find(":-", at);
  if (end == std::string::npos || otherwise == std::string::npos || otherwise > end) return std::nullopt;
  return compose_text(text.substr(0, at) + text.substr(otherwise + 2, end - otherwise - 2) + text.substr(end + 1));
}

std::map<std::string, std::string> compose_environment(const Value& service) {
  std::map<std::string, std::string> out;
  const Value* environment = service.find("environment");
  if (environment == nullptr) return out;
  for (const Member& member : environment->members) out[member.key] = text_of(&member.value);
  for (const Value& item : environment->items) {
    size_t equals = item.text.find('=');
    out[item.text.substr(0, equals)] =
        equals == std::string::npos ? "${" + item.text + "}" : item.text.substr(equals + 1);
  }
  return out;
}

// "127.0.0.1:8080:80/tcp" → 80.
std::string compose_port(const Value& service) {
  for (const char* key : {"ports", "expose"}) {
    const Value* list = service.find(key);
    if (list == nullptr) continue;
    for (const Value& item : list->items) {
      std::string text = item.is_map() ? text_of(item, "target") : item.text;
      text = text.substr(0, text.find('/'));
      text = text.substr(text.rfind(':') + 1);
      if (is_number(text)) return text;
    }
  }
  return "";
}

// Databases that a preset runs better than a plain container.
bool add_preset(Draft& app, const std::string& image) {
  auto parsed = ImageRef::parse(image);
  if (!parsed) return false;
  const std::string name = file_name(parsed->repository);
  std::string type = name == "postgres" || name == "postgresql" ? "postgres"
                     : name == "redis" || name == "valkey"      ? "redis"
                                                                : "";
  if (type.empty()) return false;
  app.lines.push_back("type: " + type);
  std::string version = parsed->tag.substr(0, parsed->tag.find('-'));
  if (!version.empty() && version != "latest" && version != "alpine")
    app.lines.push_back("version: \"" + version + "\"");
  return true;
}

void add_compose_environment(Survey& survey, Draft& app, const Value& service) {
  std::vector<std::string> secrets, lines;
  for (const auto& [name, raw] : compose_environment(service)) {
    auto text = compose_text(raw);
    if (is_secret_name(name)) {
      secrets.push_back(name);
    } else if (text) {
      lines.push_back("  " + yaml_text(name) + ": " + yaml_text(*text));
    } else {
      survey.out.notes.push_back("app '" + app.name + "': " + name +
                                 " comes from compose's own environment and was left out");
    }
  }
  if (!lines.empty()) app.lines.push_back("env:");
  app.lines.insert(app.lines.end(), lines.begin(), lines.end());
  if (!secrets.empty()) {
    app.lines.push_back("# Names only: the values live in the environment's secret store.");
    app.lines.push_back("secrets: " + yaml_list(secrets));
  }
}

std::vector<std::string> compose_needs(const Value& service, const std::map<std::string, std::string>& names) {
  std::vector<std::string> out;
  const Value* needs = service.find("depends_on");
  if (needs == nullptr) return out;
  auto add = [&](const std::string& name) {
    auto found = names.find(name);
    if (found != names.end()) out.push_back(found->second);
  };
  for (const Value& item : needs->items) add(item.text);
  for (const Member& member : needs->members) add(member.key);
  return out;
}

void add_service(Survey& survey, size_t index, const Value& service, const std::map<std::string, std::string>& names) {
  Draft& app = survey.apps[index];
  const Value* build = service.find("build");
  const std::string image = text_of(service, "image");
  if (build == nullptr && add_preset(app, image)) return;
  if (build != nullptr) {
    std::string context = build->is_map() ? text_of(*build, "context") : build->text;
    std::string dockerfile = build->is_map() ? text_of(*build, "dockerfile") : "";
    if (context.empty()) context = ".";
    app.lines.push_back("build: {context: " + yaml_text(context) +
                        (dockerfile.empty() ? "" : ", dockerfile: " + yaml_text(dockerfile)) + "}");
    who_builds(survey, app.name, context);
  } else if (ImageRef::parse(image)) {
    app.lines.push_back("image: " + yaml_text(image) + "   # with @sha256:… the same bytes run everywhere");
  } else {
    app.lines.push_back("build: external   # the compose file gives no image that could be taken over");
    who_builds(survey, app.name, ".");
  }
  const std::string port = compose_port(service);
  if (port.empty()) {
    app.lines.push_back("type: worker   # it publishes no port");
  } else {
    app.lines.push_back("port: " + port);
  }
  if (const Value* command = service.find("command"); command != nullptr && !command->is_null()) {
    app.lines.push_back("command: " +
                        (command->is_list() ? yaml_list(texts_of(command)) : command_line(command->text)));
  }
  add_compose_environment(survey, app, service);
  std::vector<std::string> needs = compose_needs(service, names);
  if (!needs.empty()) app.lines.push_back("needs: " + yaml_list(needs));
  if (service.find("volumes") != nullptr)
    survey.out.notes.push_back("app '" + app.name +
                               "': volumes of compose are not taken over; type: stateful has volumes:");
}

struct Language {
  std::string_view file, name, port;
};

constexpr Language kLanguages[] = {{"package.json", "Node.js", "3000"},
                                   {"go.mod", "Go", "8080"},
                                   {"Cargo.toml", "Rust", "8080"},
                                   {"pom.xml", "Java (Maven)", "8080"},
                                   {"build.gradle", "Java (Gradle)", "8080"},
                                   {"build.gradle.kts", "Kotlin (Gradle)", "8080"},
                                   {"pyproject.toml", "Python", "8000"},
                                   {"requirements.txt", "Python", "8000"},
                                   {"Gemfile", "Ruby", "3000"},
                                   {"composer.json", "PHP", "8080"},
                                   {"mix.exs", "Elixir", "4000"},
                                   {"CMakeLists.txt", "C or C++ (CMake)", "8080"}};

const Language* language_of(const Survey& survey) {
  for (const Language& language : kLanguages) {
    if (survey.has(language.file)) return &language;
  }
  return nullptr;
}

void add_procfile(Survey& survey, const std::string& build, const std::string& context, const std::string& port,
                  const std::string& guess) {
  std::vector<std::pair<std::string, std::string>> processes;
  std::string release;
  const std::string procfile = survey.read("Procfile");
  for (std::string_view line : split(procfile, '\n')) {
    size_t colon = line.find(':');
    if (colon == std::string_view::npos || starts_with(trim(line), "#")) continue;
    std::string name(trim(line.substr(0, colon)));
    std::string command(trim(line.substr(colon + 1)));
    if (name == "release") {
      release = command;
    } else if (!command.empty()) {
      processes.emplace_back(name, command);
    }
  }
  for (const auto& [name, command] : processes) {
    Draft& app = survey.add(name);
    app.lines.push_back(build);
    who_builds(survey, app.name, context);
    if (name == "web") {
      add_port(survey, app, port, guess, "EXPOSE in the Dockerfile");
      if (!release.empty())
        app.lines.push_back("release: " + command_line(release) + "   # runs before the new version takes over");
    } else {
      app.lines.push_back("type: worker");
    }
    app.lines.push_back("command: " + command_line(command));
  }
  if (!processes.empty())
    survey.out.notes.push_back("a Procfile with " + std::to_string(processes.size()) +
                               (processes.size() == 1 ? " process" : " processes"));
}

std::string build_line(const std::string& folder, const std::string& dockerfile) {
  std::string context = folder.empty() ? "." : folder;
  return "build: {context: " + yaml_text(context) +
         (dockerfile == "Dockerfile" ? "" : ", dockerfile: " + yaml_text(dockerfile)) +
         "}   # or build: external, or image: …";
}

}  // namespace

DockerfileFacts read_dockerfile(std::string_view text) {
  DockerfileFacts out;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    size_t space = line.find_first_of(" \t");
    if (space == std::string_view::npos) continue;
    const std::string word = to_lower(line.substr(0, space));
    std::string_view rest = trim(line.substr(space));
    if (word == "from") {
      out = {};  // a new stage
    } else if (word == "expose" && out.port.empty()) {
      for (std::string_view port : split(rest, ' ')) {
        port = port.substr(0, port.find('/'));
        if (out.port.empty() && is_number(port)) out.port = port;
      }
    } else if (word == "user") {
      std::string_view user = rest.substr(0, rest.find(':'));
      out.root = user == "root" || user == "0";
    }
  }
  return out;
}

bool find_compose(Survey& survey) {
  for (const char* file : {"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}) {
    if (!survey.has(file)) continue;
    auto value = parse_yaml(survey.read(file), file);
    const Value* services = value ? value->find("services") : nullptr;
    if (services == nullptr || services->members.empty()) {
      survey.out.notes.push_back(std::string(file) + " could not be read, or has no services");
      continue;
    }
    survey.out.structure = Structure::kLanguage;
    survey.out.found = file;
    survey.out.notes.push_back(std::string(file) + " with " + std::to_string(services->members.size()) +
                               (services->members.size() == 1 ? " service" : " services"));
    std::map<std::string, std::string> names;
    for (const Member& service : services->members) names[service.key] = survey.add(service.key).name;
    for (size_t i = 0; i < services->members.size(); ++i) add_service(survey, i, services->members[i].value, names);
    return true;
  }
  return false;
}

bool find_dockerfiles(Survey& survey) {
  std::vector<std::string> found;
  for (const FileEntry& file : survey.files) {
    std::string name = file_name(file.path);
    if (name == "Dockerfile" || name == "Containerfile") found.push_back(file.path);
    if (found.size() == 50) break;
  }
  if (found.empty()) return false;
  // One in the root builds the whole repository: the others are for its parts, or for development.
  if (folder_name(found.front()).empty()) found.resize(1);
  survey.out.structure = Structure::kDockerfile;
  survey.out.found = found.front();
  for (const std::string& path : found) {
    const std::string folder = folder_name(path);
    const std::string build = build_line(folder, file_name(path));
    const DockerfileFacts facts = read_dockerfile(survey.read(path));
    survey.out.notes.push_back(path + (facts.port.empty() ? "" : ", which exposes " + facts.port));
    if (facts.root) survey.out.notes.push_back(path + " runs as root: add USER, or `security: {root: true}`");
    if (found.size() == 1 && survey.has("Procfile")) {
      add_procfile(survey, build, folder.empty() ? "." : folder, facts.port, "8080");
      if (!survey.apps.empty()) return true;
    }
    Draft& app = survey.add(folder.empty() ? survey.project : file_name(folder));
    app.lines.push_back(build);
    if (found.size() > 1) app.lines.push_back("paths: " + yaml_list({folder}) + "   # other changes don't concern it");
    if (facts.root) app.lines.push_back("# security: {root: true}   # where the image can't run as another user");
    who_builds(survey, app.name, folder.empty() ? "." : folder);
    add_port(survey, app, facts.port, "8080", "EXPOSE in the Dockerfile");
  }
  return true;
}

bool find_language(Survey& survey) {
  const Language* language = language_of(survey);
  if (language == nullptr && !survey.has("Procfile")) return false;
  survey.out.structure = Structure::kLanguage;
  survey.out.found = language != nullptr ? std::string(language->file) : "Procfile";
  if (language != nullptr)
    survey.out.notes.push_back(std::string(language->file) + ": " + std::string(language->name) +
                               ", without a Dockerfile");
  const std::string build =
      "build: external   # your CI builds the image and calls `autonomous deploy --image …`; or add a Dockerfile, or image: …";
  const std::string guess = language != nullptr ? std::string(language->port) : "8080";
  if (survey.has("Procfile")) add_procfile(survey, build, ".", "", guess);
  if (!survey.apps.empty()) return true;
  Draft& app = survey.add(survey.project);
  app.lines.push_back(build);
  survey.out.missing.push_back(
      "app '" + app.name +
      "' has no image: add a Dockerfile and `build: {context: .}`, or `image: …`, or let your CI build it (`build: external`)");
  add_port(survey, app, "", guess, "");
  return true;
}

}  // namespace autonomous::model
