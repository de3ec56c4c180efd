// Trailers: the facts that a release commit and its tag carry, one `Key: value` a line (design.md §4). A contract:
// auditors and other programs read these for years. Pure values.
//
// Reader and writer are strict, and inverse to each other. A value with a control character, a line end, invalid UTF-8,
// or white space at an end is refused by both: text from outside is cleaned before it becomes a fact (clean_value),
// never silently on the way. Trailers are not identity: a release is what the ledger names, with our signature.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/model/ids.h"

namespace autonomous::model {

// What caused an action.
enum class Trigger : uint8_t {
  kPush,
  kPromotion,
  kRollback,
  kRetry,
  kRotation,
  kConfiguration,
  kRequest,
  kRetire,
  kAdoption,
};
std::string_view trigger_name(Trigger trigger);
Result<Trigger> parse_trigger(std::string_view name);

// A person (or a machine) and how we know: `Jane Doe <jane@example.com> (socket uid 1000)`.
struct Who {
  std::string name;   // no '<' or '>'
  std::string email;  // no '<', '>' or white space; may be empty
  std::string how;  // "oidc <issuer> <sub>", "pusher <how>", "signature <key>", "socket uid 1000", "commit, unverified"

  auto operator<=>(const Who&) const = default;
  bool empty() const { return name.empty() && email.empty() && how.empty(); }
  std::string str() const;
  static Result<Who> parse(std::string_view text);
  // From hostile parts: control characters, brackets and the like are replaced, so that str() can be parsed again.
  static Who clean(std::string_view name, std::string_view email, std::string_view how);
};

struct SourceFact {
  std::string url;     // without credentials, without white space
  std::string commit;  // 40 hex digits
  std::string ref;     // "refs/heads/main"
  auto operator<=>(const SourceFact&) const = default;
};

struct BuildFact {
  std::string url;                 // "" is written as "-"
  std::string result;              // success | external | none
  std::optional<uint32_t> passed;  // tests; both or neither
  std::optional<uint32_t> failed;
  std::string log_sha256;  // 64 hex digits, or ""
  auto operator<=>(const BuildFact&) const = default;
};

struct ImageFact {
  std::string name;       // "web"
  std::string reference;  // "registry/repo@sha256:…"; without a registry to ask, the reference as it was given
  auto operator<=>(const ImageFact&) const = default;
};

struct SecretFact {
  std::string name;
  std::string path;     // in the store; no white space
  std::string version;  // "3", written v3
  auto operator<=>(const SecretFact&) const = default;
};

struct ChartFact {
  std::string name;
  std::string version;
  std::string digest;  // "sha256:<64 hex>"
  auto operator<=>(const ChartFact&) const = default;
};

struct RendererFact {
  std::string format;  // "render-format/1"
  std::string helm;    // "helm/4"
  std::string by;      // "autonomous 0.1.0": information, not input
  auto operator<=>(const RendererFact&) const = default;
};

struct PolicyFact {
  std::string commit;  // of main
  std::string blob;    // of platform.yaml
  auto operator<=>(const PolicyFact&) const = default;
};

struct PromotedFrom {
  ReleaseId release;
  std::string repository;  // only where it is another repository
  std::string commit;
  auto operator<=>(const PromotedFrom&) const = default;
};

struct Trailers {
  ReleaseId release;
  Trigger trigger = Trigger::kPush;
  std::string because;
  std::optional<SourceFact> source;
  std::optional<BuildFact> build;
  std::vector<ImageFact> images;
  std::vector<SecretFact> secrets;
  std::optional<ChartFact> chart;
  std::optional<RendererFact> renderer;
  std::string input_digest;  // "sha256:<64 hex>", or "" (an adoption of drift has none)
  std::string target_tree;   // 40 hex digits
  std::optional<PolicyFact> policy;
  std::optional<Who> requested_by;
  std::vector<Who> approved_by;
  std::optional<PromotedFrom> promoted_from;
  std::optional<ReleaseId> rollback_of;  // the release whose target tree this one restores
  std::optional<ReleaseId> retry_of;
  std::string adopts;                   // the foreign commit that this release takes over
  std::vector<std::string> supersedes;  // source commits that were never released
  std::string ticket;

  bool operator==(const Trailers&) const = default;
};

// The block, a line a fact, in the order of design.md §4, ending in a line end. kInvalid that names the trailer where
// a value cannot be written.
Result<std::string> format_trailers(const Trailers& trailers);

// The trailers of a whole commit or tag message: its last paragraph, every line of which must be one of ours, each key
// at most once (Image, Secret, Approved-By: any number). An SSH signature after it (tags) is left out before. kNotFound
// where the message has no `Release:` trailer; kInvalid, with the line, for everything else.
Result<Trailers> parse_trailers(std::string_view message);

// Text from outside as a trailer's value: one line, valid UTF-8, no control or direction characters, trimmed, at most
// `max` bytes.
std::string clean_value(std::string_view text, size_t max = 400);
// Text from outside as a paragraph of prose: each line indented by four spaces, without control characters, at most
// max_lines lines, without blank lines at its ends. "" stays "".
std::string indent_foreign(std::string_view text, size_t max_lines = 60);

}  // namespace autonomous::model
