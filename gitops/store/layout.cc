#include "gitops/store/layout.h"

#include <algorithm>

#include "gitops/base/digest.h"
#include "gitops/base/text.h"

namespace autonomous::store {

namespace {

constexpr std::string_view kApps = "apps/";
constexpr std::string_view kArgocd = "argocd/";
constexpr std::string_view kYaml = ".yaml";
constexpr std::string_view kSha256 = "sha256:";
constexpr size_t kMaxFileName = 200;
constexpr std::string_view kUpperHex = "0123456789ABCDEF";

void append_escaped(std::string& out, char c) {
  auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kUpperHex[byte >> 4];
  out += kUpperHex[byte & 15];
}

// Lower case; what is not plain becomes %XX. Kubernetes' names are lower case already, except some of RBAC
// ("system:node", "Admin"): two that differ by case must not share a file, so capitals are escaped there.
std::string file_part(std::string_view text, bool fold_case) {
  std::string out;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z' && fold_case) {
      out += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || (c == '.' && !out.empty())) {
      out += c;
    } else {
      append_escaped(out, c);
    }
  }
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string branch_ref(std::string_view branch) { return "refs/heads/" + std::string(branch); }
std::string ledger_branch(std::string_view branch) { return "autonomous/ledger/" + std::string(branch); }

std::string target_folder(const model::Target& target) { return std::string(kApps) + target.str(); }
std::string application_file(const model::Target& target) {
  return std::string(kArgocd) + target.str() + std::string(kYaml);
}
std::string root_file(std::string_view environment, std::string_view project) {
  return std::string(kArgocd).append(environment).append("/").append(project).append("/_root.yaml");
}
std::string application_name(const model::Target& target) {
  return target.environment + "." + target.project + "." + target.app;
}

std::string manifest_file(std::string_view kind, std::string_view group, std::string_view resource_namespace,
                          std::string_view name, std::string_view own_namespace) {
  std::string file = file_part(kind, true);
  if (!group.empty()) file += "." + file_part(group, true);
  file += '-';
  if (!resource_namespace.empty() && resource_namespace != own_namespace)
    file += file_part(resource_namespace, false) + "_";
  file += file_part(name, false);
  if (file.size() > kMaxFileName) {
    Sha256 hash;
    for (std::string_view part : {kind, group, resource_namespace, name}) hash.add_field(part);
    file.resize(kMaxFileName - 17);
    // No half of a %XX at the cut.
    if (size_t percent = file.rfind('%'); percent != std::string::npos && percent + 3 > file.size())
      file.resize(percent);
    file += "-" + hash.finish_hex().substr(0, 16);
  }
  return "manifests/" + file + std::string(kYaml);
}

std::optional<model::Target> target_of(std::string_view path) {
  bool application = path.starts_with(kArgocd);
  if (application) {
    path.remove_prefix(kArgocd.size());
    if (!path.ends_with(kYaml)) return std::nullopt;
    path.remove_suffix(kYaml.size());
  } else if (path.starts_with(kApps)) {
    path.remove_prefix(kApps.size());
    size_t end = 0;
    for (int part = 0; part < 3 && end != std::string_view::npos; ++part) end = path.find('/', part == 0 ? 0 : end + 1);
    path = path.substr(0, end);
  } else {
    return std::nullopt;
  }
  auto target = model::Target::parse(path);
  if (!target) return std::nullopt;
  return *std::move(target);
}

std::string overlay_file(const model::Target& target) { return "config/" + target.str() + ".yaml"; }

std::string ledger_file(const std::optional<model::Target>& target, uint32_t index) {
  std::string number = std::to_string(index / kSegmentEntries + 1);
  std::string folder = target ? target->str() : std::string(kPlatformFolder);
  return folder + "/" + std::string(number.size() < 6 ? 6 - number.size() : 0, '0') + number + ".jsonl";
}

Result<std::string> input_path(std::string_view digest) {
  if (!digest.starts_with(kSha256) || digest.size() != kSha256.size() + 64 || !is_hex(digest.substr(kSha256.size()))) {
    return fail(Code::kInvalid, "'", one_line(digest, 80), "' is no digest: sha256:<64 hex>");
  }
  std::string_view hex = digest.substr(kSha256.size());
  return "_inputs/sha256/" + std::string(hex.substr(0, 2)) + "/" + std::string(hex.substr(2));
}

std::string escape_input_path(std::string_view path) {
  std::string out;
  for (std::string_view part : split(path, '/')) {
    if (!out.empty()) out += '/';
    // git, HFS+ and NTFS take these for git's own files.
    std::string lower = to_lower(part);
    bool gits = lower.starts_with(".git") || lower.starts_with("git~") || lower.starts_with("gi7") ||
                part.ends_with('.') || part.ends_with(' ');
    for (size_t i = 0; i < part.size(); ++i) {
      auto byte = static_cast<unsigned char>(part[i]);
      bool odd = byte < 0x20 || byte >= 0x7F || part[i] == '%' || part[i] == '\\' || part[i] == ':' || part[i] == '~';
      if (odd || (gits && (i == 0 || i + 1 == part.size()))) {
        append_escaped(out, part[i]);
      } else {
        out += part[i];
      }
    }
  }
  return out;
}

std::string unescape_input_path(std::string_view path) {
  std::string out;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && i + 2 < path.size() && hex_value(path[i + 1]) >= 0 && hex_value(path[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(path[i + 1]) * 16 + hex_value(path[i + 2]));
      i += 2;
    } else {
      out += path[i];
    }
  }
  return out;
}

}  // namespace autonomous::store
