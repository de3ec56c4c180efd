#include "render/app/scan.h"

#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/yaml/events.h"
#include "gitops/yaml/json.h"
#include "render/app/asks.h"

namespace autonomous::app {
namespace {

// Kubernetes' API server takes requests of 3 MiB; what is longer can't be applied.
constexpr yaml::Limits kLimits{.bytes = 3u << 20, .depth = 1000, .nodes = 1'000'000};

bool is_container_list(std::string_view key) {
  return key == "containers" || key == "initContainers" || key == "ephemeralContainers";
}

std::string_view line_of(std::string_view text, uint32_t number) {
  for (; number > 0; --number) {
    size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  std::string_view line = text.substr(0, text.find('\n'));
  return !line.empty() && line.back() == '\r' ? line.substr(0, line.size() - 1) : line;
}

Error syntax_error(const yaml::Parser& parser, std::string_view text, const Place& place) {
  std::string message = parser.error().message();
  // The place says the line.
  if (starts_with(message, "yaml: ")) message.erase(0, 6);
  if (starts_with(message, "line ")) message.erase(0, message.find(": ") + 2);
  yaml::Mark mark = parser.where();
  Place at{place.file, place.line + mark.line, mark.column + 1, std::string(line_of(text, mark.line))};
  return Error(parser.error().code(), "not valid YAML: " + message).at(std::move(at));
}

// Marks count characters, texts bytes; marks only grow, so one walk over the text serves them all.
class ByteOffsets {
 public:
  explicit ByteOffsets(std::string_view text) : text_(text) {}
  size_t at(uint64_t index) {
    for (; index_ < index && byte_ < text_.size(); ++index_) {
      ++byte_;
      while (byte_ < text_.size() && (static_cast<unsigned char>(text_[byte_]) & 0xC0) == 0x80) ++byte_;
    }
    return byte_;
  }

 private:
  std::string_view text_;
  uint64_t index_ = 0;
  size_t byte_ = 0;
};

// Follows the events and knows under which keys a scalar stands.
class ImageFinder {
 public:
  explicit ImageFinder(std::string_view text) : offsets_(text) {}

  void take(const yaml::Event& event) {
    using Type = yaml::Event::Type;
    switch (event.type) {
      case Type::kMapStart:
      case Type::kListStart: open_.push_back({event.type == Type::kMapStart, true, {}}); return;
      case Type::kMapEnd:
      case Type::kListEnd: open_.pop_back(); return value_done();
      case Type::kScalar: return scalar(event);
      case Type::kAlias: return value_done();
      default: return;
    }
  }
  std::vector<ImageSpot> take_spots() { return std::move(spots_); }

 private:
  struct Open {
    bool map;
    bool at_key;
    std::string key;
  };

  void scalar(const yaml::Event& event) {
    if (!open_.empty() && open_.back().map && open_.back().at_key) {
      open_.back().key = event.text;
      open_.back().at_key = false;
      return;
    }
    size_t depth = open_.size();
    bool image = depth >= 3 && open_[depth - 1].map && open_[depth - 1].key == "image" && !open_[depth - 2].map &&
                 open_[depth - 3].map && is_container_list(open_[depth - 3].key);
    if (image && !event.text.empty()) {
      size_t begin = offsets_.at(event.start.index);
      spots_.push_back({begin, offsets_.at(event.end.index), std::string(event.text)});
    }
    value_done();
  }

  void value_done() {
    if (!open_.empty()) open_.back().at_key = true;
  }

  ByteOffsets offsets_;
  std::vector<Open> open_;
  std::vector<ImageSpot> spots_;
};

Error missing(const std::string& what, const Place& place, const char* hint) {
  return Error(Code::kInvalid, what).at(place).hint(hint);
}

void read_metadata(const Json& metadata, Resource& out) {
  out.name = text_of(metadata, "name");
  out.ns = text_of(metadata, "namespace");
  if (auto labels = metadata.find("labels"); labels != metadata.end() && labels->is_object()) {
    for (const auto& entry : labels->items()) out.label_keys.push_back(entry.key());
  }
  auto annotations = metadata.find("annotations");
  out.hook = annotations != metadata.end() && annotations->is_object() &&
             (annotations->contains("helm.sh/hook") || annotations->contains("argocd.argoproj.io/hook"));
}

Result<Resource> one_resource(const Json& value, std::string text, const Place& place) {
  constexpr const char* kHint =
      "each manifest needs apiVersion, kind and metadata.name; keep files that aren't manifests elsewhere";
  if (!value.is_object()) return missing("this is not a manifest: a map is expected", place, kHint);
  Resource out;
  out.api_version = text_of(value, "apiVersion");
  out.kind = text_of(value, "kind");
  if (out.kind.empty()) return missing("this manifest has no `kind`", place, kHint);
  if (out.api_version.empty()) return missing("this " + one_line(out.kind, 60) + " has no `apiVersion`", place, kHint);
  size_t slash = out.api_version.find('/');
  if (slash != std::string::npos) out.group = out.api_version.substr(0, slash);
  if (out.group == "kustomize.config.k8s.io") {
    return missing("kustomize isn't run here: " + one_line(out.kind, 60) + " is no resource of a cluster", place,
                   "put what differs between environments into overlays/<environment>/, as partial manifests");
  }
  auto metadata = value.find("metadata");
  if (metadata != value.end() && metadata->is_object()) read_metadata(*metadata, out);
  if (out.name.empty()) {
    if (metadata != value.end() && metadata->is_object() && metadata->contains("name")) {
      std::string read = one_line(metadata->at("name").dump(), 60);
      return Error(Code::kInvalid, "the `metadata.name` of this " + one_line(out.kind, 60) + " isn't a text")
          .at(place)
          .hint("YAML reads it as " + read + ": write it in quotes");
    }
    bool generated = metadata != value.end() && metadata->is_object() && metadata->contains("generateName");
    return missing("this " + one_line(out.kind, 60) + " has no `metadata.name`", place,
                   generated ? "generateName has no meaning in git: give it a name" : kHint);
  }
  out.text = std::move(text);
  out.place = place;
  TRY(auto spots, find_images(out.text, place));
  for (ImageSpot& spot : spots) out.images.push_back(std::move(spot.image));
  // A database's image stands in no container until its operator makes one.
  if (out.kind == "Cluster" && out.group == "postgresql.cnpg.io") {
    auto spec = value.find("spec");
    std::string image = spec != value.end() && spec->is_object() ? text_of(*spec, "imageName") : "";
    if (!image.empty()) out.images.push_back(std::move(image));
  }
  out.asks = find_asks(value, out.kind);
  return out;
}

// `kubectl get -o yaml` prints a List; helm and kubectl take it apart too.
bool is_list(const Json& value) {
  if (!value.is_object() || !ends_with(text_of(value, "kind"), "List")) return false;
  auto items = value.find("items");
  auto metadata = value.find("metadata");
  bool named = metadata != value.end() && metadata->is_object() && metadata->contains("name");
  return items != value.end() && items->is_array() && !named;
}

}  // namespace

std::string text_of(const Json& map, const char* key) {
  auto found = map.find(key);
  return found != map.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json& value_at(const Json& from, std::initializer_list<const char*> keys) {
  static const Json kNone;
  const Json* now = &from;
  for (const char* key : keys) {
    if (!now->is_object() || !now->contains(key)) return kNone;
    now = &now->at(key);
  }
  return *now;
}

std::string describe(const Resource& resource) {
  return resource.kind + " " + (resource.ns.empty() ? "" : resource.ns + "/") + resource.name;
}

Result<std::vector<ImageSpot>> find_images(std::string_view text, const Place& place) {
  yaml::Parser parser(text, kLimits);
  ImageFinder finder(text);
  for (yaml::Event event;;) {
    if (!parser.next(event)) return syntax_error(parser, text, place);
    if (event.type == yaml::Event::Type::kStreamEnd) return finder.take_spots();
    finder.take(event);
  }
}

Result<Json> parse_document(std::string_view text, const Place& place) {
  TRY_DO(find_images(text, place));  // for the place of a syntax error, and what stands after the first document
  auto value = yaml::to_ordered_json(text, {.limits = kLimits});
  if (value) return *std::move(value);
  std::string message = value.error().message();
  if (starts_with(message, "yaml: ")) message.erase(0, 6);
  return Error(value.error().code(), "not valid YAML: " + message).at(place);
}

Result<std::string> print_resource(const Json& value) { return yaml::from_json(value, true); }

Result<std::vector<Resource>> to_resources(const Json& value, std::string text, const Place& place) {
  std::vector<Resource> out;
  if (!is_list(value)) {
    TRY(Resource resource, one_resource(value, std::move(text), place));
    out.push_back(std::move(resource));
    return out;
  }
  std::string kind = text_of(value, "kind");
  for (Json item : value.at("items")) {
    // The items of a DeploymentList may leave out what the list says.
    if (item.is_object() && kind != "List") {
      if (!item.contains("kind")) item["kind"] = kind.substr(0, kind.size() - 4);
      if (!item.contains("apiVersion")) item["apiVersion"] = text_of(value, "apiVersion");
    }
    TRY(std::string printed, print_resource(item));
    TRY(auto inner, to_resources(item, std::move(printed), place));
    std::move(inner.begin(), inner.end(), std::back_inserter(out));
  }
  return out;
}

}  // namespace autonomous::app
