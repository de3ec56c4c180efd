#include "gitops/store/secrets_in.h"

#include <algorithm>

#include "gitops/yaml/resolve.h"

namespace autonomous::store {

namespace {

class SecretSink : public yaml::DocumentSink {
 public:
  void begin_map() override { open(role_of_child(true)); }
  void begin_list() override { open(role_of_child(false)); }
  void end_map() override { close(); }
  void end_list() override { close(); }
  void key(std::string_view key) override {
    Frame& frame = frames_.back();
    frame.key = key;
    if (frame.role == Role::kData) frames_[frame.resource].carries = true;
  }
  void scalar(const yaml::Scalar& scalar) override {
    if (frames_.empty()) return;
    Frame& frame = frames_.back();
    bool null = scalar.kind == yaml::Scalar::Kind::kNull;
    if (frame.role == Role::kResource) {
      if (frame.key == "kind") frame.kind = scalar.text;
      else if (frame.key == "apiVersion") frame.api_version = scalar.text;
      else if (is_data(frame.key) && !null && !scalar.text.empty()) frame.carries = true;
    } else if (frame.role == Role::kMetadata) {
      if (frame.key == "name") frames_[frame.resource].secret.name = scalar.text;
      else if (frame.key == "namespace") frames_[frame.resource].secret.ns = scalar.text;
    } else if (frame.role == Role::kData && frame.key.empty()) {
      frames_[frame.resource].carries = true;  // of a list: no Secret that Kubernetes takes, but a value all the same
    }
  }
  void next_document() override { frames_.clear(); }
  std::vector<PlainSecret> take() { return std::move(found_); }

 private:
  enum class Role : uint8_t { kOther, kResource, kMetadata, kData, kItems };
  struct Frame {
    Role role = Role::kOther;
    size_t resource = 0;  // the frame of the resource that it is part of
    std::string key;      // that was read last
    std::string kind, api_version;
    PlainSecret secret;
    bool carries = false;  // values
  };
  static bool is_data(std::string_view key) { return key == "data" || key == "stringData"; }

  Role role_of_child(bool map) const {
    if (frames_.empty()) return map ? Role::kResource : Role::kOther;
    const Frame& parent = frames_.back();
    if (parent.role == Role::kItems) return map ? Role::kResource : Role::kOther;
    if (parent.role != Role::kResource) return Role::kOther;
    if (is_data(parent.key)) return Role::kData;
    if (map) return parent.key == "metadata" ? Role::kMetadata : Role::kOther;
    return parent.key == "items" ? Role::kItems : Role::kOther;
  }
  void open(Role role) {
    Frame frame;
    frame.role = role;
    if (role == Role::kResource || frames_.empty()) frame.resource = frames_.size();
    else frame.resource = frames_.back().role == Role::kResource ? frames_.size() - 1 : frames_.back().resource;
    frames_.push_back(std::move(frame));
  }
  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    // Secrets of other groups are others' kinds, and hold what those say.
    bool secret = frame.kind == "Secret" && frame.api_version.find('/') == std::string::npos;
    if (frame.role == Role::kResource && secret && frame.carries) found_.push_back(std::move(frame.secret));
  }

  std::vector<Frame> frames_;
  std::vector<PlainSecret> found_;
};

}  // namespace

Result<std::vector<PlainSecret>> secrets_in(std::string_view text) {
  // Escapes of double quotes, and `!!binary`, can write the word in another way.
  bool may = text.find("Secret") != std::string_view::npos || text.find('\\') != std::string_view::npos ||
             text.find("binary") != std::string_view::npos;
  if (!may) return std::vector<PlainSecret>();
  SecretSink sink;
  yaml::ReadOptions options;
  options.json = false;
  TRY_DO(yaml::read_all(text, sink, options));
  return sink.take();
}

bool is_allowed(const PlainSecret& secret, const std::vector<std::string>& allowed) {
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& name) {
    return name == secret.name || name == secret.ns + "/" + secret.name;
  });
}

}  // namespace autonomous::store
