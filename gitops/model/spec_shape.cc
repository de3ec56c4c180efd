// The table of a whole autonomous.yaml.
#include "gitops/model/spec_shape.h"

#include "gitops/base/text.h"
#include "gitops/model/app_text.h"
#include "gitops/model/ids.h"
#include "gitops/model/spec.h"

namespace autonomous::model {

namespace {

std::string check_environment_name(std::string_view name) {
  auto checked = check_name("environment", name, kMaxEnvironment);
  return checked ? "" : checked.error().message();
}

Shape make_spec_shape() {
  const Shape& app = app_shape();
  Shape apps = map_of(app, "an app", check_app_name);
  Shape version = integer(1, 1);
  version.check = [](std::string_view text) {
    return text == "1" ? std::string() : "this daemon knows version 1, not '" + one_line(text, 20) + "'";
  };
  Shape environment =
      record({{"defaults", app, "for every app here"}, {"apps", apps, "overlays by app: records merge, null removes"}});
  environment.elsewhere = platform_keys();
  environment.elsewhere["secrets"] = kPlatformOwns;
  Shape spec =
      record({{"version", version, "1", true},
              {"project", text("a name", check_project_name), "as platform.yaml binds it"},
              {"platform", url(), "where the CLI talks to"},
              {"include", texts_or_one(glob()), "further files of the same form: services/*/autonomous.yaml"},
              {"defaults", overlay_of(app), "for every app"},
              {"apps", apps, "what is deployed, by name"},
              {"environments", map_of(overlay_of(environment), "an environment", check_environment_name), "overlays"}});
  spec.elsewhere = platform_keys();
  spec.elsewhere["app"] = "apps: {web: {…}}";
  spec.elsewhere["name"] = "project: …";
  return spec;
}

}  // namespace

const Shape& spec_shape() {
  static const Shape shape = make_spec_shape();
  return shape;
}

std::string spec_schema() {
  return json_schema_document(spec_shape(), "autonomous.yaml", "The apps of a source repository, version 1");
}

}  // namespace autonomous::model
