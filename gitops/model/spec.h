// Spec: autonomous.yaml version 1, what a source repository says about its apps (design.md §8).
//
// parse and load check the whole file and give all errors at once; effective() lays the environment's overlay and the
// target's config file over an app and gives the App that is rendered, with the line that each value came from.
// Everything here is a pure value: no threads, no files, no time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/base/result.h"
#include "gitops/base/tree.h"
#include "gitops/model/value.h"

namespace autonomous::model {

enum class AppType : uint8_t { kWeb, kWorker, kCron, kJob, kStateful, kPostgres, kRedis };
std::string_view app_type_name(AppType type);

// Who writes the manifests: the built-in chart, the repository's chart, or the repository itself.
enum class Rendering : uint8_t { kBuiltIn, kChart, kManifests };

struct Build {
  enum class Kind : uint8_t { kNone, kExternal, kDockerfile, kCommand, kJenkins };
  Kind kind = Kind::kNone;
  std::string context;     // folder, "" = the project's root
  std::string dockerfile;  // below the context
  std::string target;
  std::string test;  // a command
  std::string command;
  std::string jenkins;  // folder/job
  std::map<std::string, std::string> args;
};

// An image of a chart's or of plain manifests. In what is rendered, each container whose image has the repository
// `replaces` gets `image`. With `values` set (chart apps), <values>.repository and <values>.tag are set before
// rendering.
struct AppImage {
  std::string image;     // as written; "" where a build gives it
  std::string replaces;  // a repository; default: the image's own
  std::string values;    // "image", "web.image"; "" = none
};

struct Port {
  std::string name;
  uint16_t number = 0;
  std::string protocol = "TCP";  // TCP | UDP | SCTP
};

struct Health {
  std::string path;      // http; "" = none
  std::string port;      // a port's name; "" = the first
  std::string liveness;  // a path, only when asked for
  std::vector<std::string> command;
  std::string kind;  // "" | http | tcp | grpc | command
  std::optional<Millis> startup, interval, timeout;
};

struct Metric {
  std::string kind;    // pods (an average over them) | external
  std::string target;  // a quantity, of each pod
  std::map<std::string, std::string> selector;
};

struct Scale {
  uint32_t min = 1;
  uint32_t max = 1;
  std::optional<uint32_t> cpu, memory;         // percent of the request
  std::map<std::string, Metric> metrics;       // custom ones by name
  std::optional<Millis> up_after, down_after;  // how long to wait before pods are added or taken away
  Value behavior;                              // HPA v2's, as it is
  std::map<std::string, Value> triggers;       // KEDA's by name: {type, metadata…}
};

// How a new version takes over.
struct Strategy {
  std::string type;             // "" | rolling | recreate | canary | blue-green
  std::vector<uint32_t> steps;  // canary: percent of the traffic
  std::optional<Millis> pause;  // after each step, or before the switch
};

struct Resources {
  std::string cpu, memory, storage;  // requests
  std::string cpu_limit, memory_limit, storage_limit;
};

struct EnvValue {
  std::string text;  // literal
  std::string from;  // "db.url": a binding to another app; then text is empty
};

// {{from: db.url}} in its parts.
struct Binding {
  std::string app;
  std::string output;  // url, host, port, user, password, name…
};
Result<Binding> parse_binding(std::string_view text);

struct Route {
  std::string host;
  std::vector<std::string> paths{"/"};
  std::string port;      // a port's name; "" = the first
  std::string redirect;  // a URL or host
  std::string timeout;
  std::map<std::string, std::string> headers;  // must match
};

struct Alert {
  bool off = false;                           // a default alert that isn't wanted
  std::string expr, wait, severity, summary;  // `for:` is wait
  std::map<std::string, std::string> labels;
};

struct Volume {
  std::string path, size, access;  // access: ReadWriteOnce…
};

struct Backup {
  std::string schedule, keep;
  std::vector<std::string> command;  // beside the volumes; empty: snapshots
  std::string image;                 // that it runs in; "" = the app's
};

// A further container: init: or sidecars:.
struct Container {
  std::string image;
  std::vector<std::string> command, args;
  std::map<std::string, EnvValue> env;
  std::vector<Port> ports;
  Resources resources;
};

struct Security {
  std::optional<uint32_t> user, group;
  bool root = false;  // asked for: the image runs as root
  bool read_only = true;
  std::vector<std::string> writable;  // folders beside /tmp
};

// A file or folder that is laid over what the chart or the manifests say.
struct ValueFile {
  std::string path;
  bool required =
      true;  // false: a default place, taken where it exists: values-<env>.yaml beside the chart's values.yaml
};

// One app in one environment, all layers merged, short forms expanded, defaults filled in.
struct App {
  std::string project, environment, name;
  AppType type = AppType::kWeb;
  Rendering rendering = Rendering::kBuiltIn;

  std::string image;  // as written, maybe without digest; "" where a build gives it
  Build build;
  std::map<std::string, AppImage> images;  // chart and manifests apps; `image:` is the one named like the app

  std::string chart;                   // folder in the project ("": its root), or where it is fetched from
  std::vector<ValueFile> value_files;  // lowest first; {env}, {app}, {project} filled in
  std::string values = "{}";           // `values:` merged over all layers, as YAML; wins over value_files
  std::vector<std::string> manifests;  // folders or globs
  std::vector<ValueFile> overlays;  // folders laid over `manifests`, lowest first: a resource of the same identity is
                                    // merged (records merge, null removes, else replaces), others are added. Default:
                                    // <manifests folder>/overlays/<env> where it exists; manifests leave overlays/ out

  std::vector<std::string> paths;  // globs with '!'; empty: everything
  std::vector<Port> ports;         // the first one is the main one, injected as PORT
  Health health;
  Scale scale;
  Resources resources;
  std::vector<std::string> command, args;
  std::vector<std::string> release;  // runs before the new version takes over
  std::map<std::string, EnvValue> env;
  std::map<std::string, std::string> secrets;  // name → "kv/shop/stripe#key", or "" = the environment's pattern
  std::vector<Route> routes;
  std::vector<std::string> egress, needs, calls;
  std::map<std::string, Alert> alerts;
  std::map<std::string, std::string> files;     // path in the container → path in the project
  std::string schedule, timezone, concurrency;  // cron
  std::map<std::string, Volume> volumes;
  std::string version, size;  // presets
  uint32_t instances = 1;
  Backup backup;
  std::map<std::string, Container> init, sidecars;
  Security security;
  Strategy strategy;
  bool spread = true;     // over zones and nodes
  bool parallel = false;  // the pods of a set start all at once
  bool retain = true;     // claims stay when the set goes
  bool dashboard = true;
  std::optional<Millis> stop, timeout;
  std::optional<Millis> drain;  // between being taken out of the Service and being told to stop
  std::optional<uint32_t> retries;
  Port metrics;  // number 0: none
  std::string metrics_path;
  std::map<std::string, std::string> labels, annotations;

  std::vector<std::string> extra;        // globs of further manifests
  std::map<std::string, Value> patches;  // each {target: {kind, name…}, patch: {…}}
  std::string renamed_from;              // "app" or "project/app"
  // Of one whose objects bear the name (and project) of another app: `name` and `project` are those, and this is what
  // the project's other apps call it. "" = its name.
  std::string known_as;

  std::vector<std::string> spec_files;  // a change of one of them touches the app
  Value merged;                         // what all of the above was read from
};

// A file of autonomous.yaml, checked. Overlays stay apart until effective().
struct Spec {
  std::string project;             // "" where the file doesn't say
  std::string platform;            // URL, for the CLI
  std::vector<std::string> files;  // the file and what it includes
  Value root;                      // normalised: defaults, apps, environments

  std::vector<std::string> apps() const;                              // of the base, by name
  std::vector<std::string> apps(std::string_view environment) const;  // with those that the overlay adds or removes
  std::vector<std::string> environments() const;                      // that have an overlay
};

// `file` is for messages. `include:` is kept but not followed: use load.
Parsed<Spec> parse_spec(std::string_view text, std::string_view file);
// Reads `file` from the tree and what it includes; paths in an included file are relative to its folder (a leading '/'
// means the project's root). kNotFound where there is no such file.
Parsed<Spec> load_spec(const FileTree& tree, std::string_view file = "autonomous.yaml");
// config/<env>/<project>/<app>.yaml on main: the shape of one app, everything optional.
Parsed<Value> parse_overlay(std::string_view text, std::string_view file);

// What lies over and under the spec, from the GitOps repository's main. Null: none.
struct Layers {
  const Value* defaults = nullptr;  // platform.yaml environments.<env>.defaults: lowest
  const Value* overlay = nullptr;   // parse_overlay: highest
};

// One line of `autonomous config`.
struct Setting {
  std::string path;                                       // "scale.min"
  std::string value;                                      // "4"; a list in one line
  Place place;                                            // of the winner; no line: a default of ours
  std::vector<std::pair<Place, std::string>> overridden;  // what lower layers said, lowest first
};

struct Effective {
  App app;
  std::vector<Setting> settings;  // by path
};

// kNotFound (with the nearest name) in `errors` for an app that isn't there in this environment.
Parsed<Effective> effective(const Spec& spec, std::string_view project, std::string_view environment,
                            std::string_view app, const Layers& layers = {});
// The same for a caller that asks for many: `known` is spec.apps(environment), found once.
Parsed<Effective> effective(const Spec& spec, std::string_view project, std::string_view environment,
                            std::string_view app, const Layers& layers, const std::vector<std::string>& known);

// What an App means to a render, as bytes for the input digest: equal meaning, equal bytes, whatever short forms, order
// or layers it was written with. Not in it: paths, build, places, the project's and app's name (the target has them).
std::string canonical(const App& app);

// The first of `changed` that the app cares about; nullopt when none. Empty `changed` = unknown: touches.
// The app's own chart, manifests, files and spec count always, even when `paths` leaves them out.
std::optional<std::string> touches(const App& app, const std::vector<std::string>& changed);

// A glob list as `paths` has it: the last pattern that matches decides, `!` excludes; a plain path means itself and all
// below it; `*` and `?` stay within a folder, `**` doesn't.
bool matches(const std::vector<std::string>& patterns, std::string_view path);

// A glob without '!', for one whole path.
bool glob_matches(std::string_view pattern, std::string_view path);

// The JSON Schema (2020-12) of autonomous.yaml, generated from the table that the parser uses.
std::string spec_schema();

}  // namespace autonomous::model
