// autonomous.yaml: the example of the design, every short form, the layers, and what is said about mistakes.
#include "gitops/model/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "gitops/base/text.h"

namespace autonomous::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What `autonomous` prints for a wrong file.
std::string all_text(const std::vector<Error>& errors) {
  std::string out;
  for (const Error& error : errors) out += error.text() + "\n";
  return out;
}

Spec parsed_spec(std::string_view text) {
  auto spec = parse_spec(text, "autonomous.yaml");
  EXPECT_TRUE(spec) << all_text(spec.errors);
  return spec ? std::move(*spec) : Spec{};
}

App app_of(const Spec& spec, std::string_view environment, std::string_view app, const Layers& layers = {}) {
  auto out = effective(spec, "shop", environment, app, layers);
  EXPECT_TRUE(out) << all_text(out.errors);
  return out ? std::move(out->app) : App{};
}

App only_app(const std::string& lines) {
  std::string text = "version: 1\napps:\n  web:\n";
  for (std::string_view line : split(lines, '\n')) text += "    " + std::string(line) + "\n";
  return app_of(parsed_spec(text), "", "web");
}

std::string errors_of(std::string_view text) {
  auto spec = parse_spec(text, "autonomous.yaml");
  EXPECT_FALSE(spec);
  return all_text(spec.errors);
}

constexpr std::string_view kShop = R"(version: 1
project: shop
platform: https://autonomous.example.com
x-owner: somebody
defaults: {resources: {cpu: 250m, memory: 256Mi}}
apps:
  web:
    type: web
    paths: [services/web, libs/ui, "!**/*.md"]
    build: {context: services/web, dockerfile: Dockerfile, test: make test}
    port: 8080
    health: /healthz
    scale: {min: 2, max: 10, cpu: 70}
    command: [./serve]
    release: ./migrate --to 'the last'
    env: {LOG_LEVEL: info, ANSWER: yes, OCTAL: 0123, VERSION: 1.10, DATABASE_URL: {from: db.url}}
    secrets: [STRIPE_KEY]
    routes: {shop.example.com: /}
    egress: [api.stripe.com:443]
    needs: [db]
    alerts: {HighErrors: {expr: up == 0, for: 5m}}
    files: {/etc/app/app.toml: deploy/app.toml}
  db: {type: postgres, version: "16", size: 20Gi, instances: 3, backup: {schedule: daily, keep: 30d}}
environments:
  production: {apps: {web: {scale: {min: 4}, env: {LOG_LEVEL: null, EXTRA: "1"}}}}
)";

TEST(Spec, ReadsTheExampleOfTheDesign) {
  Spec spec = parsed_spec(kShop);
  EXPECT_EQ(spec.project, "shop");
  EXPECT_THAT(spec.apps(), ElementsAre("db", "web"));
  EXPECT_THAT(spec.environments(), ElementsAre("production"));
  App web = app_of(spec, "staging", "web");
  EXPECT_EQ(web.type, AppType::kWeb);
  EXPECT_EQ(web.build.kind, Build::Kind::kDockerfile);
  EXPECT_EQ(web.build.context, "services/web");
  EXPECT_EQ(web.ports.at(0).number, 8080);
  EXPECT_EQ(web.ports.at(0).name, "http");
  EXPECT_EQ(web.health.path, "/healthz");
  EXPECT_EQ(web.health.kind, "http");
  EXPECT_EQ(web.scale.min, 2u);
  EXPECT_EQ(web.scale.max, 10u);
  EXPECT_EQ(web.scale.cpu, 70u);
  EXPECT_THAT(web.command, ElementsAre("./serve"));
  EXPECT_THAT(web.release, ElementsAre("./migrate", "--to", "the last"));
  EXPECT_EQ(web.env.at("ANSWER").text, "yes");
  EXPECT_EQ(web.env.at("OCTAL").text, "0123");
  EXPECT_EQ(web.env.at("VERSION").text, "1.10");
  EXPECT_EQ(web.env.at("DATABASE_URL").from, "db.url");
  EXPECT_EQ(web.secrets.at("STRIPE_KEY"), "");
  EXPECT_EQ(web.routes.at(0).host, "shop.example.com");
  EXPECT_THAT(web.routes.at(0).paths, ElementsAre("/"));
  EXPECT_EQ(web.alerts.at("HighErrors").wait, "5m");
  EXPECT_EQ(web.files.at("/etc/app/app.toml"), "deploy/app.toml");
  EXPECT_EQ(web.resources.cpu, "250m");
  App db = app_of(spec, "staging", "db");
  EXPECT_EQ(db.type, AppType::kPostgres);
  EXPECT_EQ(db.version, "16");
  EXPECT_EQ(db.instances, 3u);
  EXPECT_EQ(db.backup.keep, "30d");
}

TEST(Spec, LaysTheEnvironmentOverTheApp) {
  Spec spec = parsed_spec(kShop);
  App web = app_of(spec, "production", "web");
  EXPECT_EQ(web.scale.min, 4u);   // said there
  EXPECT_EQ(web.scale.max, 10u);  // records merge
  EXPECT_EQ(web.env.count("LOG_LEVEL"), 0u);
  EXPECT_EQ(web.env.at("EXTRA").text, "1");
  EXPECT_EQ(web.env.at("ANSWER").text, "yes");
}

TEST(Spec, SaysWhereEachValueCameFrom) {
  Spec spec = parsed_spec(kShop);
  auto overlay = parse_overlay("scale:\n  min: 6\n", "config/production/shop/web.yaml");
  ASSERT_TRUE(overlay);
  Value defaults = Value::map();
  defaults.set("stop", Value::scalar("45s"));
  auto out = effective(spec, "shop", "production", "web", {&defaults, overlay.value.get()});
  ASSERT_TRUE(out) << all_text(out.errors);
  EXPECT_EQ(out->app.scale.min, 6u);
  EXPECT_EQ(out->app.stop, Millis(45'000));
  auto setting = [&](std::string_view path) -> const Setting& {
    auto found =
        std::find_if(out->settings.begin(), out->settings.end(), [&](const Setting& s) { return s.path == path; });
    EXPECT_NE(found, out->settings.end()) << path;
    return *found;
  };
  const Setting& min = setting("scale.min");
  EXPECT_EQ(min.value, "6");
  EXPECT_EQ(min.place.file, "config/production/shop/web.yaml");
  EXPECT_EQ(min.place.line, 2u);
  ASSERT_EQ(min.overridden.size(), 3u);
  EXPECT_EQ(min.overridden[0].second, "1");  // ours
  EXPECT_EQ(min.overridden[0].first.line, 0u);
  EXPECT_EQ(min.overridden[1].second, "2");
  EXPECT_EQ(min.overridden[1].first.line, 13u);
  EXPECT_EQ(min.overridden[2].second, "4");
  EXPECT_EQ(min.overridden[2].first.line, 25u);
  EXPECT_EQ(setting("scale.max").place.line, 13u);
  EXPECT_EQ(setting("resources.cpu").place.line, 5u);
  EXPECT_EQ(setting("egress").value, "[api.stripe.com:443]");
}

TEST(Spec, TellsAllMistakesAtOnce) {
  EXPECT_EQ(errors_of(R"(version: 1
project: Shop
apps:
  web:
    imgae: nginx
    port: eighty
    scale: {min: 2, maximum: 3}
    health: healthz
    env: {1X: y}
    type: webb
  Big: {image: nginx}
domain: x
)"),
            R"(autonomous.yaml:2:10: project: project name 'Shop': it must start with a letter a-z
  project: Shop
           ^
autonomous.yaml:5:5: apps.web: unknown key 'imgae'; did you mean 'image'?
      imgae: nginx
      ^
autonomous.yaml:6:11: apps.web.port: expected a number, not 'eighty'
      port: eighty
            ^
autonomous.yaml:7:21: apps.web.scale: unknown key 'maximum'
      scale: {min: 2, maximum: 3}
                      ^
  hint: known here: min, max, cpu, memory, metrics, up-after, down-after, behavior, triggers
autonomous.yaml:8:13: apps.web.health: expected a path of a URL that starts with '/', not 'healthz'
      health: healthz
              ^
autonomous.yaml:9:11: apps.web.env: '1X' is no name of a variable: letters, digits and '_'
      env: {1X: y}
            ^
autonomous.yaml:10:11: apps.web.type: 'webb' is none of web, worker, cron, job, stateful, postgres, redis; did you mean 'web'?
      type: webb
            ^
autonomous.yaml:11:3: apps: app name 'Big': it must start with a letter a-z
    Big: {image: nginx}
    ^
autonomous.yaml:12:1: 'domain' does not belong here
  domain: x
  ^
  hint: this is the platform's: platform.yaml on main of the GitOps repository, whose owners decide it
)");
}

TEST(Spec, TellsWhatOnlyTheWholeShows) {
  EXPECT_EQ(errors_of(R"(version: 1
apps:
  web: {port: 80}
  api: {image: nginx, port: 80, ports: {http: 90}, needs: [wbe]}
  job: {image: nginx, type: cron}
  own: {chart: deploy, manifests: k8s, health: /x}
environments:
  production:
    apps: {api: {scale: {min: 5, max: 2}}}
)"),
            R"(autonomous.yaml:3:8: apps.web: there is nothing to run: neither image, build, chart nor manifests
    web: {port: 80}
         ^
  hint: image: registry.example.com/web@sha256:…, or build: {context: .}, or chart: deploy/chart, or manifests: k8s/
autonomous.yaml:4:40: apps.api.ports: 'port' and 'ports' both give 'http'
    api: {image: nginx, port: 80, ports: {http: 90}, needs: [wbe]}
                                         ^
autonomous.yaml:4:60: apps.api.needs: there is no app 'wbe'; did you mean 'web'?
    api: {image: nginx, port: 80, ports: {http: 90}, needs: [wbe]}
                                                             ^
autonomous.yaml:5:8: apps.job: a cron app needs a schedule
    job: {image: nginx, type: cron}
         ^
  hint: schedule: daily
autonomous.yaml:6:35: apps.own.manifests: an app has a chart or manifests, not both
    own: {chart: deploy, manifests: k8s, health: /x}
                                    ^
autonomous.yaml:6:40: apps.own: 'health' is for the built-in chart; this app brings its own chart
    own: {chart: deploy, manifests: k8s, health: /x}
                                         ^
  hint: set it through `values:`
autonomous.yaml:9:25: apps.api.scale: min 5 is more than max 2
      apps: {api: {scale: {min: 5, max: 2}}}
                          ^
)");
}

TEST(Spec, FetchesChartsOfOneVersion) {
  EXPECT_EQ(
      errors_of(R"(version: 1
apps:
  a: {chart: oci://ghcr.io/acme/web}
  b: {chart: https://charts.example.com/web, version: ^1}
  c: {chart: deploy/chart, version: 1.0.0}
  d: {chart: oci://ghcr.io/acme/web, version: 1.0.0, port: 80}
)"),
      R"(autonomous.yaml:3:14: apps.a.chart: a chart that is fetched needs its version, so that a commit always means the same
    a: {chart: oci://ghcr.io/acme/web}
               ^
  hint: version: 1.2.3
autonomous.yaml:4:55: apps.b.version: '^1' is not an exact version: a range would mean another chart tomorrow
    b: {chart: https://charts.example.com/web, version: ^1}
                                                        ^
  hint: version: 1.2.3
autonomous.yaml:5:37: apps.c.version: 'version' is for a chart that is fetched; a folder has the version of its commit
    c: {chart: deploy/chart, version: 1.0.0}
                                      ^
autonomous.yaml:6:54: apps.d: 'port' is for the built-in chart; this app brings its own chart
    d: {chart: oci://ghcr.io/acme/web, version: 1.0.0, port: 80}
                                                       ^
  hint: set it through `values:`
)");
}

TEST(Spec, RefusesCirclesStrangersAndOtherVersions) {
  EXPECT_THAT(
      errors_of("version: 1\napps:\n  a: {image: x, port: 1, needs: [b]}\n  b: {image: x, port: 1, needs: [a]}\n"),
      HasSubstr("autonomous.yaml:4:34: apps.b.needs: the apps wait for each other: a → b → a"));
  EXPECT_THAT(
      errors_of("version: 1\napps:\n  web: {image: x, port: 1}\nenvironments: {prod: {apps: {wep: {port: 2}}}}\n"),
      HasSubstr("environments.prod.apps: there is no app 'wep'; did you mean 'web'?"));
  EXPECT_THAT(errors_of("version: 2\n"), HasSubstr("version: this daemon knows version 1, not '2'"));
  EXPECT_THAT(errors_of("project: x\n"), HasSubstr("'version' is missing"));
  EXPECT_THAT(errors_of("version: 1\napps: [web]\n"), HasSubstr("apps: expected a map, not a list"));
  EXPECT_THAT(errors_of("version: 1\napps: {web: {image: x, port: 1}}\nenvironments: {prod: {from: main}}\n"),
              HasSubstr("hint: this is the platform's"));
  EXPECT_THAT(errors_of("version: 1\napps: {web: {image: x, port: 1, port: 2}}\n"), HasSubstr("port"));
  EXPECT_THAT(errors_of("version: 1\napps: {web: {image: x, port: 1, files: {/etc/x: ../../etc/passwd}}}\n"),
              HasSubstr("leads out of the project"));
}

TEST(Spec, ExpandsShortForms) {
  App app = only_app(
      "image: nginx\nport: 80\nscale: 3\nhealth: {liveness: /live, kind: tcp}\nroutes: shop.example.com\ncalls: web\nmetrics: 9000");
  EXPECT_EQ(app.scale.min, 3u);
  EXPECT_EQ(app.scale.max, 3u);
  EXPECT_EQ(app.routes.at(0).paths.at(0), "/");
  EXPECT_EQ(app.metrics.number, 9000);
  EXPECT_THAT(app.calls, ElementsAre("web"));
  EXPECT_EQ(only_app("build: external\nport: 1").build.kind, Build::Kind::kExternal);
  EXPECT_EQ(only_app("build: {jenkins: a/b}\nport: 1").build.kind, Build::Kind::kJenkins);
}

TEST(Spec, AShortFormReplacesARecord) {
  Spec spec = parsed_spec(
      "version: 1\napps: {web: {image: x, port: 1, scale: {min: 2, max: 9, cpu: 50}, secrets: {A: kv/a, B: kv/b}}}\n"
      "environments: {prod: {apps: {web: {scale: 5, secrets: [C]}}}}\n");
  App app = app_of(spec, "prod", "web");
  EXPECT_EQ(app.scale.max, 5u);
  EXPECT_FALSE(app.scale.cpu);
  EXPECT_EQ(app.secrets.size(), 1u);
}

TEST(Spec, AnOverlayAddsRemovesAndChangesTheImage) {
  Spec spec = parsed_spec(
      "version: 1\napps:\n  web: {build: {}, port: 1}\n  api: {image: a, port: 1}\n"
      "environments:\n  prod: {apps: {api: null, extra: {image: e, type: worker}, web: {image: w}}}\n");
  EXPECT_THAT(spec.apps("prod"), ElementsAre("extra", "web"));
  EXPECT_EQ(app_of(spec, "prod", "web").image, "w");
  EXPECT_EQ(app_of(spec, "prod", "web").build.kind, Build::Kind::kNone);
  EXPECT_EQ(app_of(spec, "prod", "extra").type, AppType::kWorker);
  auto gone = effective(spec, "shop", "prod", "api");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.errors.at(0).code(), Code::kNotFound);
}

TEST(Spec, GivesAChartItsValuesFilesAndImages) {
  Spec spec = parsed_spec(R"(version: 1
defaults: {port: 80, scale: 2}
apps:
  web:
    chart: ./deploy/chart/
    image: ghcr.io/acme/web:1
    values: {replicas: 2, name: "5", deep: {on: true, list: [1, a b, 0x1F]}}
environments:
  prod: {apps: {web: {values: {replicas: 5, deep: {on: null}}, value-files: "deploy/{env}.yaml"}}}
)");
  App staging = app_of(spec, "staging", "web");
  EXPECT_EQ(staging.rendering, Rendering::kChart);
  EXPECT_EQ(staging.chart, "deploy/chart");
  EXPECT_EQ(staging.values, R"({"deep": {"list": [1,"a b",0x1F],"on": true},"name": "5","replicas": 2})");
  ASSERT_EQ(staging.value_files.size(), 1u);
  EXPECT_EQ(staging.value_files[0].path, "deploy/chart/values-staging.yaml");
  EXPECT_FALSE(staging.value_files[0].required);
  EXPECT_EQ(staging.images.at("web").values, "image");
  App prod = app_of(spec, "prod", "web");
  EXPECT_EQ(prod.values, R"({"deep": {"list": [1,"a b",0x1F]},"name": "5","replicas": 5})");
  EXPECT_EQ(prod.value_files.at(0).path, "deploy/prod.yaml");
  EXPECT_TRUE(prod.value_files.at(0).required);
}

TEST(Spec, GivesManifestsTheirOverlays) {
  App app =
      app_of(parsed_spec("version: 1\napps: {web: {manifests: k8s, images: {app: ghcr.io/a/b:1}}}\n"), "prod", "web");
  EXPECT_EQ(app.rendering, Rendering::kManifests);
  EXPECT_THAT(app.manifests, ElementsAre("k8s"));
  EXPECT_EQ(app.overlays.at(0).path, "k8s/overlays/prod");
  EXPECT_EQ(app.images.at("app").image, "ghcr.io/a/b:1");
  EXPECT_EQ(app.images.size(), 1u);
}

TEST(Spec, WarnsOfImagesWithoutADigest) {
  auto spec = parse_spec("version: 1\napps: {web: {image: nginx, port: 1}}\nenvironments: {prod: {}, dev: {}}\n",
                         "autonomous.yaml");
  ASSERT_TRUE(spec);
  ASSERT_EQ(spec.warnings.size(), 1u);  // once, not once an environment
  EXPECT_EQ(spec.warnings[0].line(),
            "autonomous.yaml:2:21: apps.web.image: 'nginx' has no digest: what the name stands for may change");
}

TEST(Spec, IncludesFilesOfAMonorepo) {
  MemoryTree tree;
  tree.put("autonomous.yaml", "version: 1\nproject: shop\ninclude: services/*/autonomous.yaml\ndefaults: {stop: 5s}\n");
  tree.put(
      "services/web/autonomous.yaml",
      "version: 1\ndefaults: {stop: 9s}\napps: {web: {build: {}, port: 1, files: {/etc/a: a, /etc/b: /b}, needs: api}}\n");
  tree.put("services/api/autonomous.yaml",
           "version: 1\napps: {api: {image: a, port: 1}}\nenvironments: {prod: {apps: {api: {port: 2}}}}\n");
  auto spec = load_spec(tree);
  ASSERT_TRUE(spec) << all_text(spec.errors);
  EXPECT_THAT(spec->apps(), ElementsAre("api", "web"));
  App web = app_of(*spec, "prod", "web");
  EXPECT_EQ(web.files.at("/etc/a"), "services/web/a");
  EXPECT_EQ(web.files.at("/etc/b"), "b");
  EXPECT_EQ(web.stop, Millis(9000));
  EXPECT_THAT(web.paths, ElementsAre("services/web"));
  EXPECT_THAT(web.spec_files, ElementsAre("autonomous.yaml", "services/web/autonomous.yaml"));
  EXPECT_EQ(app_of(*spec, "prod", "api").ports.at(0).number, 2);
  tree.put("services/other/autonomous.yaml", "version: 1\nproject: other\napps: {api: {image: a, port: 1}}\n");
  auto twice = load_spec(tree);
  ASSERT_FALSE(twice);
  EXPECT_THAT(all_text(twice.errors), HasSubstr("app 'api' is also in services/api/autonomous.yaml:2"));
  EXPECT_THAT(all_text(twice.errors),
              HasSubstr("services/other/autonomous.yaml:2:10: project: this file is included by project 'shop'"));
}

TEST(Spec, EqualMeaningGivesEqualBytes) {
  auto bytes = [](const std::string& lines) { return canonical(only_app(lines)); };
  EXPECT_EQ(bytes("image: x\nport: 80\nscale: 2"),
            bytes("ports: {http: {number: 80}}\ntype: web\nscale: {max: 2, min: 2}\nimage: x\nenv: {}"));
  EXPECT_EQ(bytes("image: x\nport: 80\ncalls: web"), bytes("image: x\nport: 80\ncalls: [web]\npaths: [a]"));
  EXPECT_NE(bytes("image: x\nport: 80"), bytes("image: x\nport: 81"));
  EXPECT_NE(bytes("image: x\nports: {a: 1, b: 2}"), bytes("image: x\nports: {b: 2, a: 1}"));
  EXPECT_NE(bytes("chart: c\nvalues: {a: 1}"), bytes("chart: c\nvalues: {a: \"1\"}"));
  EXPECT_EQ(bytes("image: x\nport: 80\nenv: {A: 1}"), bytes("image: x\nport: 80\nenv: {A: \"1\"}"));
}

TEST(Spec, MatchesPaths) {
  EXPECT_TRUE(matches({}, "a"));
  EXPECT_TRUE(matches({"services/web"}, "services/web/main.go"));
  EXPECT_FALSE(matches({"services/web"}, "services/webber/main.go"));
  EXPECT_FALSE(matches({"services/web", "!**/*.md"}, "services/web/a/README.md"));
  EXPECT_TRUE(matches({"services/web", "!**/*.md", "services/web/API.md"}, "services/web/API.md"));
  EXPECT_TRUE(matches({"!docs"}, "main.go"));
  EXPECT_FALSE(matches({"!docs"}, "docs/a"));
  EXPECT_TRUE(matches({"services/*"}, "services/web/x/y"));
  EXPECT_FALSE(glob_matches("services/*/autonomous.yaml", "services/a/b/autonomous.yaml"));
  EXPECT_TRUE(glob_matches("**/x", "x"));
  EXPECT_FALSE(glob_matches(std::string(60, '*') + "b", std::string(200, 'a')));  // ends
}

TEST(Spec, AnAppIsTouchedByItsOwnFilesWhateverPathsSay) {
  App app = only_app("chart: deploy\npaths: [src]");
  EXPECT_EQ(touches(app, {"README.md"}), std::nullopt);
  EXPECT_EQ(touches(app, {"README.md", "src/a"}), "src/a");
  EXPECT_EQ(touches(app, {"deploy/values.yaml"}), "deploy/values.yaml");
  EXPECT_EQ(touches(app, {"autonomous.yaml"}), "autonomous.yaml");
  EXPECT_TRUE(touches(app, {}));
}

TEST(Spec, ItsSchemaIsJsonAndKnowsEveryKey) {
  auto schema = nlohmann::json::parse(spec_schema());
  EXPECT_EQ(schema["required"], nlohmann::json::array({"version"}));
  EXPECT_FALSE(schema["additionalProperties"].get<bool>());
  const auto& app = schema["properties"]["apps"]["additionalProperties"];
  EXPECT_EQ(app["properties"]["port"]["maximum"], 65535);
  // A short form is another way to write it; in an overlay null is, too.
  EXPECT_EQ(app["properties"]["scale"]["anyOf"].size(), 2u);
  const auto& overlay = schema["properties"]["environments"]["additionalProperties"]["anyOf"][0]["properties"]["apps"]
                              ["anyOf"][0]["additionalProperties"]["anyOf"];
  EXPECT_EQ(overlay[1]["type"], "null");
  EXPECT_EQ(overlay[0]["properties"]["scale"]["anyOf"].size(), 3u);
  EXPECT_EQ(overlay[0]["properties"].size(), app["properties"].size());
}

// Whatever a repository holds, the answer is a spec or errors with places.
TEST(Spec, SurvivesAnyText) {
  std::mt19937 random(20261123);
  const std::string_view pieces[] = {"{",   "}",  "[",  "]",  ":", ": ", "\n", "  ", "null",
                                     "&a ", "*a", "- ", "\"", "!", "..", "\t", "0",  "\xff"};
  size_t good = 0;
  for (int round = 0; round < 400; ++round) {
    std::string text(kShop);
    for (unsigned edits = random() % 4 + 1; edits > 0; --edits) {
      size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text.erase(at, random() % 8);
      } else {
        text.insert(at, pieces[random() % std::size(pieces)]);
      }
    }
    auto spec = parse_spec(text, "autonomous.yaml");
    EXPECT_NE(spec.value == nullptr, spec.errors.empty()) << text;
    for (const Error& error : spec.errors) EXPECT_NE(error.place(), nullptr) << error.text();
    good += spec ? 1 : 0;
  }
  EXPECT_GT(good, 10u);
  EXPECT_LT(good, 390u);
}

TEST(Spec, TwoHundredAppsAreOneFile) {
  std::string text = "version: 1\napps:\n";
  for (int i = 0; i < 200; ++i)
    text += "  app-" + std::to_string(i) + ": {image: x, port: 80, needs: [app-" + std::to_string(std::max(0, i - 1)) +
            "]}\n";
  text.replace(text.find("needs: [app-0]"), 14, "calls: [app-0]");
  EXPECT_EQ(parsed_spec(text).apps().size(), 200u);
  EXPECT_THAT(errors_of("version: 1\napps: {" +
                        [] {
                          std::string apps;
                          for (int i = 0; i < 1001; ++i) apps += "a" + std::to_string(i) + ": {image: x, port: 1}, ";
                          return apps;
                        }() +
                        "}\n"),
              HasSubstr("at most 1000 apps"));
}

}  // namespace
}  // namespace autonomous::model
