#include "gitops/yaml/located.h"

#include <map>

#include "gitops/base/text.h"
#include "gitops/yaml/events.h"
#include "gitops/yaml/resolve.h"

namespace autonomous::yaml {

struct Source {
  std::string file;
  std::string text;
  std::vector<size_t> lines;  // where each line starts

  std::string_view line(size_t number) const {  // from 0
    if (number >= lines.size()) return {};
    size_t end = number + 1 < lines.size() ? lines[number + 1] : text.size();
    std::string_view line(text.data() + lines[number], end - lines[number]);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    return line;
  }
};

namespace {

constexpr Limits kFileLimits{.bytes = 1u << 20, .depth = 100, .nodes = 100'000};
constexpr uint64_t kMaxExpanded = 1'000'000;  // nodes after aliases

std::shared_ptr<const Source> make_source(std::string_view text, std::string file) {
  auto source = std::make_shared<Source>();
  source->file = std::move(file);
  source->text = text;
  source->lines.push_back(0);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') source->lines.push_back(i + 1);
  }
  return source;
}

// libyaml counts columns in characters, editors' jumps and Place in bytes.
uint32_t byte_column(std::string_view line, uint32_t characters) {
  size_t at = 0;
  while (characters > 0 && at < line.size()) {
    ++at;
    while (at < line.size() && (static_cast<unsigned char>(line[at]) & 0xC0) == 0x80) ++at;
    --characters;
  }
  return static_cast<uint32_t>(at + characters) + 1;
}

Place place_at(const Source& source, const Mark& mark) {
  std::string_view line = source.line(mark.line);
  return {source.file, mark.line + 1, byte_column(line, mark.column), std::string(line)};
}

uint64_t count_nodes(const Node& node) {
  uint64_t count = 1;
  for (const Node& item : node.items()) count += count_nodes(item);
  for (const Node::Entry& entry : node.entries()) count += 1 + count_nodes(entry.value);
  return count;
}

}  // namespace

// Builds the tree from events by recursion: the depth limit of 100 bounds it.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, std::string file, std::vector<Error>& errors)
      : source_(make_source(text, std::move(file))), errors_(errors), parser_(text, kFileLimits) {}

  Node document() {
    Node root;
    if (!step()) return root;
    if (event_.type == Event::Type::kStreamEnd) return at(event_.start);
    if (!step() || !node(root) || !step()) return Node();  // start, node, end
    if (step() && event_.type == Event::Type::kDocumentStart) {
      report(event_.start, "only one document is expected here, and a second one starts");
    }
    return root;
  }

  static Node made(Node::Kind kind, const Node* like) {
    Node node;
    if (like != nullptr) {
      node.line_ = like->line_;
      node.column_ = like->column_;
      node.source_ = like->source_;
    }
    node.kind_ = kind;
    return node;
  }
  static Node made_scalar(std::string text, bool quoted, const Node* like) {
    Node node = made(Node::Kind::kScalar, like);
    node.text_ = std::make_shared<const std::string>(std::move(text));
    node.quoted_ = quoted;
    return node;
  }
  static Node made_list(std::vector<Node> items, const Node* like) {
    Node node = made(Node::Kind::kList, like);
    node.items_ = std::make_shared<const std::vector<Node>>(std::move(items));
    return node;
  }
  static Node made_map(std::vector<Node::Entry> entries, const Node* like) {
    Node node = made(Node::Kind::kMap, like);
    node.entries_ = std::make_shared<const std::vector<Node::Entry>>(std::move(entries));
    return node;
  }

 private:
  bool step() {
    if (parser_.next(event_)) return true;
    std::string message = parser_.error().message();
    // The place says the line: Go's "yaml: line 3: " in front would say another one.
    if (starts_with(message, "yaml: ")) message.erase(0, 6);
    if (starts_with(message, "line ")) message.erase(0, message.find(": ") + 2);
    errors_.push_back(
        std::move(Error(parser_.error().code(), "not valid YAML: " + message)).at(place_at(*source_, parser_.where())));
    return false;
  }

  void report(const Mark& mark, std::string message) {
    errors_.push_back(Error(Code::kInvalid, std::move(message)).at(place_at(*source_, mark)));
  }

  Node at(const Mark& mark) const {
    Node node;
    Place place = place_at(*source_, mark);
    node.line_ = place.line;
    node.column_ = place.column;
    node.source_ = source_;
    return node;
  }

  // Builds the node that the current event starts. False: a syntax error ended it all.
  bool node(Node& out) {
    std::string anchor(event_.anchor);
    switch (event_.type) {
      case Event::Type::kScalar: scalar(out); break;
      case Event::Type::kAlias: return alias(out, anchor);
      case Event::Type::kListStart:
        if (!list(out)) return false;
        break;
      default:
        if (!map(out)) return false;
        break;
    }
    if (!anchor.empty()) anchors_[anchor] = out;
    return true;
  }

  void scalar(Node& out) {
    Node place = at(event_.start);
    bool quoted = !event_.plain_implicit;
    if (!quoted && resolve_plain(event_.text).kind == Scalar::Kind::kNull) {
      out = place;
      return;
    }
    out = made_scalar(std::string(event_.text), quoted, &place);
  }

  bool alias(Node& out, const std::string& name) {
    auto found = anchors_.find(name);
    if (found == anchors_.end()) {
      report(event_.start, "no anchor `&" + name + "` comes before this");
      out = at(event_.start);
      return true;
    }
    expanded_ += count_nodes(found->second);
    if (expanded_ > kMaxExpanded) {
      report(event_.start, "aliases make this file grow beyond a million values");
      return false;
    }
    out = found->second;
    return true;
  }

  bool list(Node& out) {
    Node place = at(event_.start);
    std::vector<Node> items;
    for (;;) {
      if (!step()) return false;
      if (event_.type == Event::Type::kListEnd) break;
      if (!node(items.emplace_back())) return false;
    }
    out = made_list(std::move(items), &place);
    return true;
  }

  bool map(Node& out) {
    Node place = at(event_.start);
    std::vector<Node::Entry> entries;
    std::map<std::string, uint32_t, std::less<>> lines;  // of the keys that are there
    std::vector<Node> merged;
    for (;;) {
      if (!step()) return false;
      if (event_.type == Event::Type::kMapEnd) break;
      Mark mark = event_.start;
      bool merge = event_.type == Event::Type::kScalar && event_.plain_implicit && event_.text == "<<";
      bool plain_text = event_.type == Event::Type::kScalar;
      std::string text(plain_text ? event_.text : std::string_view());
      Node name;
      if (!node(name)) return false;
      if (plain_text) name = made_scalar(text, name.quoted(), &name);  // `~:` is the key "~", not nothing
      Node value;
      if (!step() || !node(value)) return false;
      if (merge) {
        collect(value, mark, merged);
      } else if (!plain_text) {
        report(mark, "a key has to be a text, not " + std::string(name.kind_name()));
      } else {
        auto [other, fresh] = lines.emplace(text, name.line());
        if (fresh) {
          entries.push_back({std::move(text), std::move(name), std::move(value)});
        } else {
          report(mark, "`" + one_line(text, 60) + "` is here twice: it is set in line " +
                           std::to_string(other->second) + " already");
        }
      }
    }
    for (const Node& from : merged) {
      for (const Node::Entry& entry : from.entries()) {
        if (lines.emplace(entry.key, entry.name.line()).second) entries.push_back(entry);
      }
    }
    out = made_map(std::move(entries), &place);
    return true;
  }

  void collect(const Node& value, const Mark& mark, std::vector<Node>& merged) {
    if (value.is_map()) {
      merged.push_back(value);
      return;
    }
    for (const Node& item : value.items()) {
      if (item.is_map()) merged.push_back(item);
    }
    if (!value.is_list()) report(mark, "`<<` takes a map or a list of maps, not " + std::string(value.kind_name()));
  }

  std::shared_ptr<const Source> source_;
  std::vector<Error>& errors_;
  Parser parser_;
  Event event_;
  std::map<std::string, Node, std::less<>> anchors_;
  uint64_t expanded_ = 0;
};

Node parse_located(std::string_view text, std::string file, std::vector<Error>& errors) {
  return TreeBuilder(text, std::move(file), errors).document();
}

std::string_view Node::kind_name() const {
  switch (kind_) {
    case Kind::kScalar: return "a text";
    case Kind::kList: return "a list";
    case Kind::kMap: return "a map";
    default: return "nothing";
  }
}

const std::string& Node::text() const {
  static const std::string kEmpty;
  return text_ ? *text_ : kEmpty;
}

const std::vector<Node>& Node::items() const {
  static const std::vector<Node> kEmpty;
  return items_ ? *items_ : kEmpty;
}

const std::vector<Node::Entry>& Node::entries() const {
  static const std::vector<Entry> kEmpty;
  return entries_ ? *entries_ : kEmpty;
}

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries()) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Place Node::place() const {
  if (!source_) return {};
  return {source_->file, line_, column_, line_ == 0 ? "" : std::string(source_->line(line_ - 1))};
}

const std::string& Node::file() const {
  static const std::string kEmpty;
  return source_ ? source_->file : kEmpty;
}

Node Node::scalar(std::string text, const Node* like) { return TreeBuilder::made_scalar(std::move(text), false, like); }
Node Node::list(std::vector<Node> items, const Node* like) { return TreeBuilder::made_list(std::move(items), like); }
Node Node::map(std::vector<Entry> entries, const Node* like) { return TreeBuilder::made_map(std::move(entries), like); }

Node overlay(const Node& base, const Node& over) {
  if (!over.is_map()) return over;
  std::vector<Node::Entry> merged;
  if (base.is_map()) {
    for (const Node::Entry& entry : base.entries()) {
      const Node* other = over.find(entry.key);
      if (other == nullptr) {
        merged.push_back(entry);
      } else if (!other->is_null()) {
        merged.push_back({entry.key, entry.name, overlay(entry.value, *other)});
      }
    }
  }
  for (const Node::Entry& entry : over.entries()) {
    if (entry.value.is_null() || (base.is_map() && base.find(entry.key) != nullptr)) continue;
    merged.push_back({entry.key, entry.name, overlay(Node(), entry.value)});
  }
  return Node::map(std::move(merged), base.is_map() ? &base : &over);
}

Error error_at(const Node& node, std::string message) {
  Error error(Code::kInvalid, std::move(message));
  if (node.line() == 0) return error;
  return std::move(error).at(node.place());
}

}  // namespace autonomous::yaml
