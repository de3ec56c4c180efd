#include "render/app/manifests.h"

#include <map>
#include <set>
#include <tuple>

#include "gitops/base/text.h"
#include "gitops/model/image.h"
#include "render/app/scan.h"

namespace autonomous::app {
namespace {

constexpr std::string_view kSource = "# Source: ";

// `---` at the start of a line, alone or before a blank: nothing inside a document can look like it.
bool is_separator(std::string_view line) {
  return starts_with(line, "---") && (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r');
}

// A document of a stream: its text, and the line (from 1) that it starts in.
struct Piece {
  std::string text;
  uint32_t line = 0;
  std::string source;
};

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {
    if (starts_with(text_, "\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  std::vector<Piece> run() {
    uint32_t number = 0;
    while (!text_.empty()) {
      ++number;
      size_t end = text_.find('\n');
      std::string_view line = text_.substr(0, end);
      text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
      if (is_separator(line)) {
        flush();
        std::string_view rest = trim(line.substr(3));
        if (rest.empty() || rest[0] == '#') continue;
        line = rest;
      }
      take(line, number);
    }
    flush();
    return std::move(pieces_);
  }

 private:
  void take(std::string_view line, uint32_t number) {
    if (piece_.text.empty()) {
      if (trim(line).empty()) return;
      if (starts_with(line, kSource) && piece_.source.empty()) {
        piece_.source = trim(line.substr(kSource.size()));
        return;
      }
      piece_.line = number;
    }
    piece_.text += line;
    piece_.text += '\n';
  }
  void flush() {
    if (!piece_.text.empty()) pieces_.push_back(std::move(piece_));
    piece_ = {};
  }

  std::string_view text_;
  Piece piece_;
  std::vector<Piece> pieces_;
};

// The first line with something in it: what errors about the whole document point at.
Place first_content(const Piece& piece, const std::string& file) {
  Place place{file, piece.line, 1, ""};
  std::string_view rest = piece.text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    std::string_view content = trim(line);
    if (!content.empty() && content[0] != '#') {
      place.text = line;
      return place;
    }
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    ++place.line;
  }
  return {file, piece.line, 1, ""};
}

using Identity = std::tuple<std::string, std::string, std::string, std::string>;

// ---- plaintext secrets ----

// The keys under data and stringData; what they hold is nobody's business.
std::vector<std::string> secret_keys(const Resource& resource) {
  std::vector<std::string> keys;
  auto value = parse_document(resource.text, resource.place);
  if (!value) return keys;
  for (const char* field : {"data", "stringData"}) {
    auto data = value->find(field);
    if (data == value->end() || !data->is_object()) continue;
    for (const auto& entry : data->items()) keys.push_back(entry.key());
  }
  return keys;
}

std::string external_secret(const Resource& secret, const std::vector<std::string>& keys) {
  std::string out =
      "keep the values in the secret store, and put this here instead:\n"
      "    apiVersion: external-secrets.io/v1\n"
      "    kind: ExternalSecret\n"
      "    metadata: {name: " +
      secret.name +
      "}\n"
      "    spec:\n"
      "      secretStoreRef: {kind: ClusterSecretStore, name: <store>}\n"
      "      target: {name: " +
      secret.name +
      "}\n"
      "      data:\n";
  constexpr size_t kShown = 5;
  for (size_t i = 0; i < keys.size() && i < kShown; ++i) {
    std::string key = one_line(keys[i], 60);
    out += "      - {secretKey: " + key + ", remoteRef: {key: <path>, property: " + key + "}}\n";
  }
  if (keys.size() > kShown) out += "      # … and " + std::to_string(keys.size() - kShown) + " more\n";
  return out + "  or let platform.yaml name it in policies.plaintext-secrets";
}

bool is_listed(const Resource& resource, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name == resource.name || name == resource.ns + "/" + resource.name) return true;
  }
  return false;
}

}  // namespace

Result<std::vector<Resource>> split_manifests(std::string_view text, std::string_view file) {
  std::vector<Resource> out;
  for (Piece& piece : Splitter(text).run()) {
    // Lines of rendered text aren't those of the template.
    std::string shown = piece.source.empty() ? std::string(file) : piece.source + " (rendered)";
    Place place = first_content(piece, shown);
    TRY(Json value, parse_document(piece.text, {shown, piece.line, 1, ""}));
    if (value.is_null()) continue;
    TRY(auto resources, to_resources(value, std::move(piece.text), place));
    for (Resource& resource : resources) {
      resource.source = piece.source.empty() ? std::string(file) : piece.source;
      out.push_back(std::move(resource));
    }
  }
  return out;
}

std::vector<Error> check_manifests(const std::vector<Resource>& resources, const ManifestRules& rules) {
  std::vector<Error> errors;
  std::map<Identity, const Resource*> seen;
  for (const Resource& resource : resources) {
    Identity identity{resource.group, resource.kind, resource.ns.empty() ? rules.own_namespace : resource.ns,
                      resource.name};
    auto [other, fresh] = seen.emplace(identity, &resource);
    if (!fresh) {
      const Place& first = other->second->place;
      Error error(Code::kInvalid, "two resources are called " + describe(resource) + ": the other one is in " +
                                      first.file + (first.line != 0 ? ", line " + std::to_string(first.line) : ""));
      errors.push_back(std::move(error).at(resource.place));
    }
    if (resource.kind != "Secret" || !resource.group.empty() || is_listed(resource, rules.plaintext_secrets)) continue;
    std::vector<std::string> keys = secret_keys(resource);
    if (keys.empty()) continue;
    Error error(Code::kDenied, describe(resource) + " has its values in plain text, and git would keep them for ever");
    errors.push_back(std::move(error).at(resource.place).hint(external_secret(resource, keys)));
  }
  return errors;
}

Result<void> put_images(std::vector<Resource>& resources, const std::vector<ImageChange>& changes) {
  std::map<std::string, const std::string*> by_name;
  for (const ImageChange& change : changes) {
    TRY(model::ImageRef replaced, model::ImageRef::parse(change.replaces));
    by_name.emplace(replaced.name(), &change.image);
  }
  if (by_name.empty()) return ok();
  for (Resource& resource : resources) {
    if (resource.images.empty()) continue;
    TRY(auto spots, find_images(resource.text, resource.place));
    // From the end, so that the places before stay right.
    for (size_t i = spots.size(); i-- > 0;) {
      auto reference = model::ImageRef::parse(spots[i].image);
      auto found = reference ? by_name.find(reference->name()) : by_name.end();
      if (found == by_name.end()) continue;
      // Quotes go with the old text: a reference never needs any. A block scalar ends with its line end.
      size_t size = spots[i].end - spots[i].begin;
      if (size > 0 && resource.text[spots[i].end - 1] == '\n') --size;
      resource.text.replace(spots[i].begin, size, *found->second);
      resource.images[i] = *found->second;
    }
  }
  return ok();
}

}  // namespace autonomous::app
