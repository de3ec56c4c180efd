// One app in one environment: the layers, laid over each other.
#include <algorithm>
#include <set>

#include "gitops/base/text.h"
#include "gitops/model/app_read.h"
#include "gitops/model/shape.h"
#include "gitops/model/spec_shape.h"

namespace autonomous::model {

namespace {

const Value* dig(const Value& root, std::initializer_list<std::string_view> keys) {
  const Value* value = &root;
  for (std::string_view key : keys) {
    value = value->find(key);
    if (value == nullptr) return nullptr;
  }
  return value;
}

// Of two that exclude each other the upper layer's wins: an overlay with `image:` needs no `build: null`.
void lay_over(Value& base, const Value& layer) {
  static constexpr std::pair<std::string_view, std::string_view> kEither[] = {{"image", "build"},
                                                                              {"chart", "manifests"}};
  auto sets = [&](std::string_view key) {
    const Value* value = layer.find(key);
    return value != nullptr && !value->is_null();
  };
  for (auto [one, other] : kEither) {
    if (sets(one) && !sets(other)) base.erase(other);
    if (sets(other) && !sets(one)) base.erase(one);
  }
  merge(base, layer);
}

// Defaults are for all apps: what this one can't use is left out instead of being an error.
Value usable_defaults(const Value& layer, Rendering rendering) {
  Value out = layer;
  std::erase_if(out.members, [&](const Member& member) {
    if (rendering == Rendering::kBuiltIn)
      return member.key == "values" || member.key == "value-files" || member.key == "overlays" ||
             member.key == "images";
    if (rendering == Rendering::kManifests && (member.key == "values" || member.key == "value-files")) return true;
    if (rendering == Rendering::kChart && member.key == "overlays") return true;
    return is_built_in_only(member.key);
  });
  return out;
}

std::string shown(const Value& value) {
  if (value.is_scalar()) return value.text;
  if (value.is_null()) return "null";
  std::string out;
  if (value.is_list()) {
    for (const Value& item : value.items) out += (out.empty() ? "" : ", ") + shown(item);
    return "[" + out + "]";
  }
  return to_json(value, true);
}

const Value* lookup(const Value& root, const std::vector<std::string>& keys) {
  const Value* value = &root;
  for (const std::string& key : keys) {
    value = value->find(key);
    if (value == nullptr) return nullptr;
  }
  return value;
}

bool same_spot(const Value& a, const Value& b) {
  return a.source == b.source && a.line == b.line && a.column == b.column;
}

class Settings {
 public:
  Settings(const std::vector<const Value*>& layers, std::vector<Setting>& out) : layers_(layers), out_(out) {}

  void walk(const Value& value) {
    if (value.is_map() && !value.members.empty()) {
      for (const Member& member : value.members) {
        keys_.push_back(member.key);
        walk(member.value);
        keys_.pop_back();
      }
      return;
    }
    if (keys_.empty()) return;
    Setting setting;
    setting.path = join(keys_, ".");
    setting.value = shown(value);
    setting.place = value.place();
    for (const Value* layer : layers_) {
      const Value* lower = lookup(*layer, keys_);
      if (lower != nullptr && !same_spot(*lower, value)) setting.overridden.emplace_back(lower->place(), shown(*lower));
    }
    out_.push_back(std::move(setting));
  }

 private:
  const std::vector<const Value*>& layers_;
  std::vector<Setting>& out_;
  std::vector<std::string> keys_;
};

void collect_files(const Value& value, std::set<std::string>& files) {
  if (value.source != nullptr) files.insert(value.source->file);
  for (const Member& member : value.members) collect_files(member.value, files);
}

Error no_such_app(std::string_view environment, std::string_view app, const std::vector<std::string>& known) {
  std::string near = nearest(app, known);
  return fail(Code::kNotFound, "there is no app '", one_line(app, 60), "'",
              environment.empty() ? std::string() : " in " + std::string(environment),
              near.empty() ? std::string() : "; did you mean '" + near + "'?");
}

// What only the names of all apps can tell.
void judge_neighbours(const App& app, const std::vector<std::string>& known, std::vector<Error>& errors) {
  auto check = [&](const std::string& key, const std::string& name, const Value* where) {
    if (name.find('/') != std::string::npos || std::binary_search(known.begin(), known.end(), name)) return;
    std::string near = nearest(name, known);
    errors.push_back(
        shape_error(where->place(), "apps." + app.name + "." + key,
                    "there is no app '" + name + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?")));
  };
  for (const char* key : {"needs", "calls"}) {
    if (const Value* list = app.merged.find(key)) {
      for (const Value& item : list->items) check(key, item.text, &item);
    }
  }
  const std::string& before = app.renamed_from;
  if (!before.empty()) {
    const Value* where = app.merged.find("renamed-from");
    if (before == app.name || before == app.project + "/" + app.name)
      errors.push_back(shape_error(where->place(), "apps." + app.name + ".renamed-from", "that is its name"));
    else if (std::binary_search(known.begin(), known.end(), before))
      errors.push_back(std::move(shape_error(where->place(), "apps." + app.name + ".renamed-from",
                                             "the app '" + before + "' is still here"))
                           .hint("an app goes on with what another one made: take '" + before + "' out"));
  }
  if (const Value* env = app.merged.find("env")) {
    for (const Member& member : env->members) {
      if (const Value* from = member.value.find("from")) {
        auto binding = parse_binding(from->text);
        if (binding) check("env." + member.key, binding->app, from);
      }
    }
  }
}

// The layers of an app in an environment, lowest first, each only when it is there.
struct Stack {
  std::vector<const Value*> defaults;
  std::vector<const Value*> own;
};

Stack stack_of(const Spec& spec, std::string_view environment, std::string_view app, const Layers& layers) {
  Stack out;
  auto add = [](std::vector<const Value*>& to, const Value* layer) {
    if (layer != nullptr && layer->is_map()) to.push_back(layer);
  };
  add(out.defaults, layers.defaults);
  add(out.defaults, dig(spec.root, {"defaults"}));
  add(out.defaults, dig(spec.root, {"environments", environment, "defaults"}));
  add(out.own, dig(spec.root, {"apps", app}));
  add(out.own, dig(spec.root, {"environments", environment, "apps", app}));
  add(out.own, layers.overlay);
  return out;
}

// What the layers amount to, and the layers themselves as `autonomous config` needs them.
struct Laid {
  Stack stack;
  std::vector<Value> usable;  // the defaults that this app can use
  Value merged;
};

Parsed<Effective> lay(const Spec& spec, std::string_view project, std::string_view environment, std::string_view app,
                      const Layers& layers, const std::vector<std::string>& known, Laid& laid) {
  Parsed<Effective> out;
  const Value* removed = dig(spec.root, {"environments", environment, "apps", app});
  laid.stack = stack_of(spec, environment, app, layers);
  const Stack& stack = laid.stack;
  const bool written = dig(spec.root, {"apps", app}) != nullptr || removed != nullptr;
  if (!written || (removed != nullptr && removed->is_null())) {
    out.errors.push_back(no_such_app(environment, app, known));
    return out;
  }
  Value own = Value::map();
  if (!stack.own.empty()) own.locate_like(*stack.own.front());
  for (const Value* layer : stack.own) lay_over(own, *layer);

  const Rendering rendering = rendering_of(own);
  for (const Value* layer : stack.defaults) laid.usable.push_back(usable_defaults(*layer, rendering));
  Value& merged = laid.merged;
  merged = Value::map();
  merged.locate_like(own);
  for (const Value& layer : laid.usable) lay_over(merged, layer);
  lay_over(merged, own);

  auto result = std::make_unique<Effective>();
  result->app.project = project;
  result->app.environment = environment;
  result->app.name = app;
  read_app(merged, result->app);
  judge_app(result->app, own, out.errors, out.warnings);
  judge_neighbours(result->app, known, out.errors);
  if (!out.errors.empty()) return out;

  std::set<std::string> files(spec.files.begin(), spec.files.begin() + (spec.files.empty() ? 0 : 1));
  for (size_t i = 0; i < stack.own.size(); ++i) {
    if (stack.own[i] != layers.overlay) collect_files(*stack.own[i], files);
  }
  result->app.spec_files.assign(files.begin(), files.end());

  out.value = std::move(result);
  return out;
}

std::vector<std::string> names_in(const Spec& spec, std::string_view environment) {
  return environment.empty() ? spec.apps() : spec.apps(environment);
}

}  // namespace

Parsed<Effective> judge_effective(const Spec& spec, std::string_view environment, std::string_view app,
                                  const std::vector<std::string>& known) {
  Laid laid;
  return lay(spec, spec.project, environment, app, {}, known, laid);
}

Parsed<Effective> effective(const Spec& spec, std::string_view project, std::string_view environment,
                            std::string_view app, const Layers& layers) {
  return effective(spec, project, environment, app, layers, names_in(spec, environment));
}

Parsed<Effective> effective(const Spec& spec, std::string_view project, std::string_view environment,
                            std::string_view app, const Layers& layers, const std::vector<std::string>& known) {
  Laid laid;
  Parsed<Effective> out = lay(spec, project, environment, app, layers, known, laid);
  if (!out) return out;
  Value base = built_in_defaults(laid.merged);
  std::vector<const Value*> all = {&base};
  for (const Value& layer : laid.usable) all.push_back(&layer);
  all.insert(all.end(), laid.stack.own.begin(), laid.stack.own.end());
  Value full = base;
  lay_over(full, laid.merged);
  std::vector<Setting>& settings = out->settings;
  Settings(all, settings).walk(full);
  std::sort(settings.begin(), settings.end(), [](const Setting& a, const Setting& b) { return a.path < b.path; });
  return out;
}

std::string canonical(const App& app) {
  Value value = app.merged;
  for (const char* key : {"paths", "build", "renamed-from"}) value.erase(key);
  if (text_of(value, "type") == "web") value.erase("type");
  // What is empty means the same as what isn't there.
  std::erase_if(value.members, [](const Member& member) {
    return (member.value.is_map() && member.value.members.empty()) ||
           (member.value.is_list() && member.value.items.empty());
  });
  // `port: 80` and `ports: {http: 80}`, in front or alone, are two ways to say the same.
  if (Value* ports = value.find("ports")) {
    std::string order;
    for (const Port& port : app.ports) order += (order.empty() ? "" : ",") + port.name;
    ports->set("(order)", Value::scalar(order));
  }
  if (const Value* port = value.find("port"); port != nullptr) {
    Value number = Value::map();
    number.set("number", *port);
    Value ports = value.find("ports") != nullptr ? *value.find("ports") : Value::map();
    if (ports.members.empty()) ports.set("(order)", Value::scalar("http"));
    ports.set("http", std::move(number));
    value.erase("port");
    value.set("ports", std::move(ports));
  }
  return "{\"app\":1}" + to_json(value, true);
}

}  // namespace autonomous::model
