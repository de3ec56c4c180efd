// What a repository is taken for, and the spec that `autonomous init` would write.
#include "gitops/model/detect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gitops/base/text.h"

namespace autonomous::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Files = std::map<std::string, std::string>;

// Whatever is found: the text that would be written must be right, and be found again as it is.
Detected detected(Files files, std::string_view project = "shop") {
  MemoryTree tree(files);
  Detected out = detect(tree, project);
  for (const Error& error : out.errors) ADD_FAILURE() << error.text() << "\n" << out.text;
  EXPECT_EQ(out.spec == nullptr, out.structure == Structure::kNothing);
  files["autonomous.yaml"] = out.text;
  Detected again = detect(MemoryTree(files), project);
  EXPECT_EQ(again.structure, Structure::kSpec);
  EXPECT_NE(again.spec, nullptr) << out.text;
  return out;
}

App app_in(const Detected& found, std::string_view name) {
  auto out = effective(*found.spec, found.spec->project, "local", name);
  EXPECT_TRUE(out) << out.error().text();
  return out ? std::move(out->app) : App{};
}

constexpr const char* kDeployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n";

TEST(Detect, TakesAutonomousYamlFirst) {
  Detected found = detected(
      {{"autonomous.yaml", "version: 1\napps: {web: {image: nginx, port: 80}}\n"}, {"Chart.yaml", "name: x\n"}});
  EXPECT_EQ(found.structure, Structure::kSpec);
  EXPECT_TRUE(found.releasable());
  EXPECT_EQ(found.warnings.size(), 1u);
}

TEST(Detect, ShowsTheErrorsOfAutonomousYaml) {
  MemoryTree tree;
  tree.put("autonomous.yaml", "version: 1\napps: {web: {imag: nginx}}\n");
  Detected found = detect(tree, "shop");
  EXPECT_EQ(found.structure, Structure::kSpec);
  EXPECT_FALSE(found.releasable());
  ASSERT_EQ(found.errors.size(), 1u);
  EXPECT_EQ(found.errors[0].line(), "autonomous.yaml:2:14: apps.web: unknown key 'imag'; did you mean 'image'?");
}

TEST(Detect, FindsOneChart) {
  for (const std::string folder : {"", "deploy/", "chart/", "deploy/chart/", "helm/", "charts/web/"}) {
    Detected found = detected({{folder + "Chart.yaml", "apiVersion: v2\nname: web # the app\nversion: 1.0.0\n"},
                               {folder + "values.yaml", "a: 1\n"},
                               {folder + "charts/dep/Chart.yaml", "name: dep\n"},
                               {"Dockerfile", "FROM x\n"}});
    EXPECT_EQ(found.structure, Structure::kChart);
    EXPECT_EQ(found.found, folder + "Chart.yaml");
    EXPECT_TRUE(found.releasable());
    EXPECT_THAT(found.spec->apps(), ElementsAre("web"));
    App app = app_in(found, "web");
    EXPECT_EQ(app.chart, folder.substr(0, folder.empty() ? 0 : folder.size() - 1));
    EXPECT_EQ(app.value_files.at(0).path, folder + "values-local.yaml");
  }
}

TEST(Detect, MakesAnAppOfEachChartButLibraries) {
  Detected found = detected({{"charts/a/Chart.yaml", "name: a\n"},
                             {"charts/b/Chart.yaml", "name: \"B.x\"\ntype: application\n"},
                             {"charts/lib/Chart.yaml", "name: lib\ntype: library\n"},
                             {"testdata/c/Chart.yaml", "name: c\n"}});
  EXPECT_THAT(found.spec->apps(), ElementsAre("a", "b-x"));
  EXPECT_THAT(app_in(found, "a").paths, ElementsAre("charts/a"));
}

TEST(Detect, FindsPlainManifests) {
  Detected found = detected({{"k8s/web.yaml", kDeployment},
                             {"k8s/notes.yaml", "a: 1\n"},
                             {"k8s/kustomization.yaml", "resources: []\n"},
                             {"go.mod", "module x\n"}},
                            "My_Shop.git");
  EXPECT_EQ(found.structure, Structure::kManifests);
  EXPECT_EQ(found.found, "k8s/web.yaml");
  EXPECT_TRUE(found.releasable());
  EXPECT_THAT(app_in(found, "my-shop").manifests, ElementsAre("k8s"));
  EXPECT_THAT(found.notes,
              ElementsAre("1 manifest in k8s: app 'my-shop'", HasSubstr("kustomization.yaml is not followed")));
  found = detected({{"deployment.yml", kDeployment}, {"config.yaml", "a: 1\n"}});
  EXPECT_THAT(app_in(found, "shop").manifests, ElementsAre("deployment.yml"));
}

TEST(Detect, ReadsADockerfile) {
  Detected found =
      detected({{"Dockerfile",
                 "FROM golang AS build\nEXPOSE 1\nRUN go build\nFROM scratch\nEXPOSE 9000/tcp 9001\nUSER 1000:1000\n"},
                {"go.mod", "module x\n"}});
  EXPECT_EQ(found.structure, Structure::kDockerfile);
  EXPECT_FALSE(found.releasable());
  EXPECT_THAT(found.missing, ElementsAre(HasSubstr("app 'shop' has no image yet")));
  App app = app_in(found, "shop");
  EXPECT_EQ(app.ports.at(0).number, 9000);
  EXPECT_EQ(app.build.kind, Build::Kind::kDockerfile);
  EXPECT_THAT(found.notes, ElementsAre("Dockerfile, which exposes 9000"));
}

TEST(Detect, MakesAnAppOfEachDockerfile) {
  Detected found =
      detected({{"services/web/Dockerfile", "FROM x\nEXPOSE 80\n"}, {"services/api/Dockerfile", "FROM x\n"}});
  EXPECT_THAT(found.spec->apps(), ElementsAre("api", "web"));
  EXPECT_EQ(app_in(found, "web").build.context, "services/web");
  EXPECT_THAT(app_in(found, "api").paths, ElementsAre("services/api"));
  EXPECT_EQ(found.missing.size(), 2u);
}

TEST(Detect, ReadsAComposeFile) {
  Detected found = detected({{"compose.yaml", R"(services:
  web_app:
    build: {context: ./web, dockerfile: Dockerfile.prod}
    ports: ["127.0.0.1:8000:80"]
    environment: {LEVEL: info, ANSWER: "yes", DB_PASSWORD: x, FROM_SHELL: "${X}", OTHER: "${Y:-otherwise}"}
    depends_on: {db: {condition: service_healthy}}
    command: ./serve --flag "a b"
  queue: {image: "ghcr.io/acme/queue:1", command: "run | tee log", environment: [A=1, B]}
  db: {image: "postgres:16-alpine", volumes: ["x:/y"]}
  cache: {image: redis}
)"}});
  EXPECT_EQ(found.structure, Structure::kLanguage);
  EXPECT_THAT(found.spec->apps(), ElementsAre("cache", "db", "queue", "web-app"));
  App web = app_in(found, "web-app");
  EXPECT_EQ(web.build.context, "web");
  EXPECT_EQ(web.build.dockerfile, "Dockerfile.prod");
  EXPECT_EQ(web.ports.at(0).number, 80);
  EXPECT_EQ(web.env.at("ANSWER").text, "yes");
  EXPECT_EQ(web.env.at("OTHER").text, "otherwise");
  EXPECT_EQ(web.env.count("FROM_SHELL"), 0u);
  EXPECT_EQ(web.secrets.count("DB_PASSWORD"), 1u);
  EXPECT_THAT(web.needs, ElementsAre("db"));
  EXPECT_THAT(web.command, ElementsAre("./serve", "--flag", "a b"));
  App queue = app_in(found, "queue");
  EXPECT_EQ(queue.type, AppType::kWorker);
  EXPECT_THAT(queue.command, ElementsAre("sh", "-c", "run | tee log"));
  EXPECT_EQ(app_in(found, "db").type, AppType::kPostgres);
  EXPECT_EQ(app_in(found, "db").version, "16");
  EXPECT_EQ(app_in(found, "cache").type, AppType::kRedis);
}

TEST(Detect, KnowsLanguagesByTheirBuildFiles) {
  for (const auto& [file, port] : std::map<std::string, int>{{"package.json", 3000},
                                                             {"go.mod", 8080},
                                                             {"CMakeLists.txt", 8080},
                                                             {"pom.xml", 8080},
                                                             {"requirements.txt", 8000},
                                                             {"pyproject.toml", 8000},
                                                             {"Cargo.toml", 8080},
                                                             {"Gemfile", 3000}}) {
    Detected found = detected({{file, "x"}, {"src/main", "x"}});
    EXPECT_EQ(found.structure, Structure::kLanguage);
    EXPECT_EQ(found.found, file);
    EXPECT_FALSE(found.releasable());
    EXPECT_EQ(app_in(found, "shop").ports.at(0).number, port);
  }
}

TEST(Detect, ReadsAProcfile) {
  Detected found =
      detected({{"Procfile",
                 "# processes\nweb: gunicorn app:app --bind 0.0.0.0:$PORT\nworker: ./work --all\nrelease: ./migrate\n"},
                {"requirements.txt", ""}});
  EXPECT_THAT(found.spec->apps(), ElementsAre("web", "worker"));
  App web = app_in(found, "web");
  EXPECT_THAT(web.command, ElementsAre("sh", "-c", "gunicorn app:app --bind 0.0.0.0:$PORT"));
  EXPECT_THAT(web.release, ElementsAre("./migrate"));
  EXPECT_EQ(app_in(found, "worker").type, AppType::kWorker);
}

TEST(Detect, SaysWhenThereIsNothing) {
  Detected found = detected({{"README.md", "x"}});
  EXPECT_EQ(found.structure, Structure::kNothing);
  EXPECT_EQ(found.spec, nullptr);
  EXPECT_FALSE(found.missing.empty());
  EXPECT_THAT(detected({}).notes, ElementsAre("the repository is empty"));
}

TEST(Detect, NamesComeFromWhateverPeopleCallIt) {
  EXPECT_EQ(to_name("https://x/acme/My_Shop.git", 22), "my-shop");
  EXPECT_EQ(to_name("123-go", 22), "go");
  EXPECT_EQ(to_name("___", 22), "app");
  EXPECT_EQ(to_name("abc-defgh", 4), "abc");
}

// The text is the product here: people read it first.
TEST(Detect, WritesASpecThatTeaches) {
  EXPECT_EQ(detected({{"Dockerfile", "FROM x\nEXPOSE 8080\nUSER app\n"}}).text,
            R"(# autonomous.yaml: what is deployed from this repository. `autonomous schema` lists every key.
version: 1
project: shop
apps:
  shop:
    build: {context: "."}   # or build: external, or image: …
    port: 8080   # EXPOSE in the Dockerfile; the app gets it as PORT
    # health: /healthz   # asked before requests are sent to it
    # scale: {min: 2, max: 10, cpu: 70}

# What differs in an environment is laid over it: records merge, null removes.
# environments:
#   production:
#     apps: {shop: {…}}
)");
}

}  // namespace
}  // namespace autonomous::model
