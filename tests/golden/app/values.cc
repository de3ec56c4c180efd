// values OUT PLATFORM PROJECT: for each environment that PROJECT's autonomous.yaml has an overlay for, and each app
// there, writes OUT/<env>/<app>.values.yaml and OUT/<env>/<app>.namespace, as the daemon does before it renders. Errors
// in either file go to standard error; exit status 1.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "gitops/base/file.h"
#include "gitops/base/tree.h"
#include "gitops/model/platform.h"
#include "gitops/model/spec.h"
#include "render/app/context.h"

using namespace autonomous;

namespace {

bool complain(const std::vector<Error>& errors) {
  for (const Error& error : errors) std::cerr << error.text() << "\n";
  return !errors.empty();
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

int run(const std::string& out, const std::string& platform_file, const std::string& folder) {
  auto text = read_file(platform_file, 1 << 20);
  if (!text) return complain({text.error()});
  auto platform = model::parse_platform(*text, "platform.yaml");
  if (!platform) return complain(platform.errors);
  auto tree = disk_tree(folder);
  auto spec = model::load_spec(*tree);
  if (!spec) return complain(spec.errors);
  for (const std::string& name : spec->environments()) {
    const model::Environment* environment = model::find_environment(*platform, name);
    if (environment == nullptr) return complain({fail(Code::kNotFound, "platform.yaml has no environment ", name)});
    std::map<std::string, model::App> apps;
    for (const std::string& app : spec->apps(name)) {
      auto made = model::effective(*spec, spec->project, name, app, {&environment->defaults, nullptr});
      if (complain(made.errors)) return 1;
      apps[app] = made->app;
    }
    std::map<std::string, const model::App*> others;
    for (const auto& [app, each] : apps) others[app] = &each;
    for (const auto& [app, each] : apps) {
      if (each.rendering != model::Rendering::kBuiltIn) continue;
      auto context = app::chart_context(*environment, each, each.image, *tree, others);
      auto values = context ? app::built_in_values(each, *context) : Result<std::string>(context.error());
      std::filesystem::path base = std::filesystem::path(out) / name / app;
      if (!values) {
        write(base.string() + ".error", values.error().text() + "\n");
        continue;
      }
      write(base.string() + ".values.yaml", *values);
      write(base.string() + ".namespace", context->ns + "\n");
    }
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) {
    std::cerr << "usage: values OUT PLATFORM PROJECT\n";
    return 2;
  }
  return run(words[1], words[2], words[3]);
}
