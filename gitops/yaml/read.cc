// Documents → Sink, by the rules of yaml.v2's decoder and of sigs.k8s.io/yaml's step to JSON.
//
// Values are built while libyaml parses: nothing is kept but what anchors name. Go parses the whole document first,
// then decodes, then converts to JSON, so of several errors the earliest of those phases wins: a failed decode
// therefore still reads the document to its end, in case there is a syntax error in it.
#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <set>

#include "gitops/base/text.h"
#include "gitops/yaml/go_syntax.h"
#include "gitops/yaml/json_step.h"
#include "gitops/yaml/recording.h"
#include "gitops/yaml/resolve.h"

namespace autonomous::yaml {
namespace {

using Type = Event::Type;

constexpr std::string_view kBinaryTag = "tag:yaml.org,2002:binary";
constexpr std::string_view kMergeTag = "tag:yaml.org,2002:merge";
constexpr std::string_view kWantMap = "yaml: map merge requires map or sequence of maps as the value";

// base64.StdEncoding: line ends are skipped, padding is needed.
std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  int padding = 0;
  for (char c : text) {
    if (c == '\r' || c == '\n') continue;
    if (c == '=') {
      if (++padding > 2 || count < 2) return std::nullopt;
      bits <<= 6;
    } else {
      constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
      size_t digit = kDigits.find(c);
      if (digit == std::string_view::npos || padding > 0) return std::nullopt;
      bits = bits << 6 | static_cast<uint32_t>(digit);
    }
    if (++count < 4) continue;
    for (int i = 0; i < 3 - padding; ++i) out += static_cast<char>(bits >> (16 - 8 * i));
    count = 0;
    bits = 0;
  }
  if (count != 0) return std::nullopt;
  return out;
}

// yaml.v2's allowedAliasRatio (CVE-2019-11253): what share of all decoded nodes may come from aliases.
double allowed_alias_ratio(uint64_t decoded) {
  constexpr double kLow = 400'000;
  constexpr double kHigh = 4'000'000;
  if (decoded <= kLow) return 0.99;
  if (decoded >= kHigh) return 0.10;
  return 0.99 - 0.89 * (static_cast<double>(decoded) - kLow) / (kHigh - kLow);
}

class Reader {
 public:
  Reader(Parser* parser, Sink& sink, GoSyntax* go, bool json, uint64_t most_repeated, int depth = 0)
      : parser_(parser), sink_(sink), go_(go), json_(json), most_repeated_(most_repeated), depth_(depth) {}

  // The next document of the parser. False at the end of the stream.
  Result<bool> document() {
    Event event;
    if (!parser_->next(event)) return parser_->error();
    if (event.type == Type::kStreamEnd) return false;
    begin();
    count();  // yaml.v2 counts the document itself
    while (!done_ && !decode_error_ && !parse_error_) {
      if (Step step; next(step)) take(step);
    }
    TRY_DO(drain());
    if (decode_error_) return *std::move(decode_error_);
    if (late_error_) return *std::move(late_error_);
    return true;
  }

  // A node that was recorded before.
  Result<void> replay(const NodeRef& node) {
    begin();
    feeds_.push_back({node.recording, node.index, node.recording->items[node.index].end, nullptr, false});
    while (!done_ && !decode_error_) {
      if (Step step; next(step)) take(step);
    }
    if (decode_error_) return *std::move(decode_error_);
    return ok();
  }

 private:
  struct Feed {
    const Recording* recording;
    uint32_t at;
    uint32_t end;
    const Recording::Item* alias;  // the alias it stands for, or nullptr
    bool merge;                    // its first node is merged into the map around it
    NodeRef alias_target;
    bool is_alias() const { return alias_target.recording != nullptr; }
  };
  struct Frame {
    enum class Kind : uint8_t { kMap, kMergedMap, kList } kind;
    bool at_key = true;
    bool merge_next = false;  // the key was `<<`
  };

  void begin() {
    anchors_.clear();
    recordings_.clear();
    feeds_.clear();
    frames_.clear();
    decoded_ = aliased_ = alias_depth_ = repeated_ = 0;
    done_ = false;
  }

  // ---- where steps come from ----

  bool next(Step& step) {
    while (!feeds_.empty() && feeds_.back().at == feeds_.back().end) {
      if (feeds_.back().is_alias()) --alias_depth_;
      feeds_.pop_back();
    }
    if (feeds_.empty()) return parser_ != nullptr && next_live(step);
    Feed& feed = feeds_.back();
    const Recording::Item& item = feed.recording->items[feed.at++];
    step = {item.type, item.plain_implicit, feed.recording->text(item), feed.recording->tag(item), {}, item.target,
            &item};
    return true;
  }

  // A live node with an anchor is recorded whole and then replayed, so that aliases can have it again.
  bool next_live(Step& step) {
    Event event;
    if (!live(event, step)) return false;
    if (step.anchor.empty() || step.type == Type::kAlias) return true;
    NodeRef node;
    if (!record(event, step, node)) return false;
    feeds_.push_back({node.recording, node.index, node.recording->items[node.index].end, nullptr, false, {}});
    return next(step);
  }

  bool live(Event& event, Step& step) {
    if (!parser_->next(event)) {
      parse_error_ = parser_->error();
      return false;
    }
    step = {event.type, event.plain_implicit, event.text, event.tag, event.anchor, {}, nullptr};
    if (event.type != Type::kAlias) return true;
    step.text = event.anchor;
    auto found = anchors_.find(event.anchor);
    if (found == anchors_.end()) {
      parse_error_ = fail(Code::kInvalid, "yaml: unknown anchor '", event.anchor, "' referenced");
      return false;
    }
    step.target = found->second;
    return true;
  }

  static bool opens(Type type) { return type == Type::kMapStart || type == Type::kListStart; }
  static bool closes(Type type) { return type == Type::kMapEnd || type == Type::kListEnd; }

  // Records the live node that `step` starts.
  bool record(Event& event, Step& step, NodeRef& node) {
    Recording& into = recordings_.emplace_back();
    node = {&into, 0};
    std::vector<uint32_t> open;
    for (;;) {
      auto index = static_cast<uint32_t>(into.items.size());
      if (!step.anchor.empty() && step.type != Type::kAlias) anchors_[std::string(step.anchor)] = {&into, index};
      Recording::Item item{step.type, step.plain_implicit, index + 1};
      item.text = into.keep(step.text);
      item.text_size = static_cast<uint32_t>(step.text.size());
      item.tag = into.keep(step.tag);
      item.tag_size = static_cast<uint32_t>(step.tag.size());
      item.target = step.target;
      into.items.push_back(item);
      if (opens(step.type)) open.push_back(index);
      if (closes(step.type)) {
        into.items[open.back()].end = index + 1;
        open.pop_back();
      }
      if (open.empty()) return true;
      if (!live(event, step)) return false;
    }
  }

  // The node that `step` starts, as a recording: live ones are recorded now, replayed ones are skipped over.
  bool whole_node(Step& step, NodeRef& node) {
    if (step.item == nullptr) {
      Event event;
      return record(event, step, node);
    }
    Feed& feed = feeds_.back();
    node = {feed.recording, feed.at - 1};
    feed.at = step.item->end;
    return true;
  }

  Result<void> drain() {
    if (parse_error_) return *std::move(parse_error_);
    // After the last node comes the document's end; after a failed decode, whatever is left of the document.
    Event event;
    do {
      if (!parser_->next(event)) return parser_->error();
      bool known = anchors_.count(event.anchor) > 0 || drained_.count(event.anchor) > 0;
      if (event.type == Type::kAlias && decode_error_ && !known) {
        return fail(Code::kInvalid, "yaml: unknown anchor '", event.anchor, "' referenced");
      }
      if (event.type != Type::kAlias && !event.anchor.empty()) drained_.emplace(event.anchor);
    } while (event.type != Type::kDocumentEnd && event.type != Type::kStreamEnd);
    return ok();
  }

  // ---- what they do ----

  // A node, whose text has so many bytes.
  bool count(size_t size = 0) {
    ++decoded_;
    if (alias_depth_ > 0) {
      ++aliased_;
      repeated_ += size;
    }
    // Go shares the text of an anchor between its aliases; whoever reads here gets a copy of each.
    if (repeated_ > most_repeated_) {
      return refuse(fail(Code::kLimit, "yaml: aliases repeat more than ", most_repeated_, " bytes"));
    }
    if (aliased_ > 100 && decoded_ > 1000 &&
        static_cast<double>(aliased_) / static_cast<double>(decoded_) > allowed_alias_ratio(decoded_)) {
      return refuse(Error(Code::kLimit, "yaml: document contains excessive aliasing"));
    }
    return true;
  }

  bool refuse(Error error) {
    if (!decode_error_) decode_error_ = std::move(error);
    return false;
  }
  void note(Error error) {
    if (!late_error_) late_error_ = std::move(error);
  }

  void take(Step& step) {
    if (closes(step.type)) return close();
    bool merging = false;
    if (!feeds_.empty() && feeds_.back().merge) {
      feeds_.back().merge = false;
      merging = true;
    } else if (!frames_.empty() && frames_.back().merge_next) {
      frames_.back().merge_next = false;
      merging = true;
    }
    if (merging) return merge(step);
    if (at_key() && is_merge(step)) {
      frames_.back().at_key = false;
      frames_.back().merge_next = true;
      return;
    }
    if (!count(step.type == Type::kScalar ? step.text.size() : 0)) return;
    if (step.type == Type::kAlias) {
      enter_alias(step, false);
    } else if (at_key()) {
      key(step);
    } else if (step.type == Type::kScalar) {
      value(step);
    } else {
      bool map = step.type == Type::kMapStart;
      map ? sink_.begin_map() : sink_.begin_list();
      frames_.push_back({map ? Frame::Kind::kMap : Frame::Kind::kList});
    }
  }

  bool at_key() const { return !frames_.empty() && frames_.back().kind != Frame::Kind::kList && frames_.back().at_key; }

  static bool is_merge(const Step& step) {
    return step.type == Type::kScalar && step.text == "<<" && (step.plain_implicit || step.tag == kMergeTag);
  }

  bool enter_alias(const Step& step, bool merge) {
    for (const Feed& feed : feeds_) {
      if (feed.is_alias() && feed.alias != nullptr && feed.alias == step.item) {
        return refuse(fail(Code::kInvalid, "yaml: anchor '", step.text, "' value contains itself"));
      }
    }
    const Recording& recording = *step.target.recording;
    uint32_t index = step.target.index;
    feeds_.push_back({&recording, index, recording.items[index].end, step.item, merge, step.target});
    ++alias_depth_;
    return true;
  }

  void key(Step& step) {
    if (step.type != Type::kScalar) {
      NodeRef node;
      if (!whole_node(step, node)) return;
      if (auto text = go_syntax(node)) refuse(fail(Code::kInvalid, "yaml: invalid map key: ", *text));
      return;
    }
    std::string binary;
    auto scalar = resolved(step, binary);
    if (!scalar) return;
    frames_.back().at_key = false;
    if (go_ != nullptr) return go_->typed_key(*scalar);
    auto text = to_key(*scalar);
    if (text) {
      sink_.key(*text);
      return;
    }
    unsupported_key(text.error());
  }

  // sigs.k8s.io/yaml shows the value too; it is taken out of the document for that.
  void unsupported_key(const Error& error) {
    Step step;
    NodeRef node;
    if (!next(step) || !whole_node(step, node)) return;
    auto shown = go_syntax(node);
    if (!shown) return;
    note(fail(Code::kInvalid, error.message(), ", value: ", *shown));
    frames_.back().at_key = true;
  }

  void value(const Step& step) {
    std::string binary;
    auto scalar = resolved(step, binary);
    if (!scalar) return;
    if (scalar->kind == Scalar::Kind::kTimestamp) scalar->kind = Scalar::Kind::kString;
    if (json_ && scalar->kind == Scalar::Kind::kFloat && !std::isfinite(scalar->number)) {
      const char* name = std::isnan(scalar->number) ? "NaN" : scalar->number > 0 ? "+Inf" : "-Inf";
      note(fail(Code::kInvalid, "json: unsupported value: ", name));
      scalar->number = 0;
    }
    sink_.scalar(*scalar);
    finished();
  }

  std::optional<Scalar> resolved(const Step& step, std::string& binary) {
    auto scalar = resolve(step.tag, step.text, step.plain_implicit);
    if (!scalar) {
      refuse(std::move(scalar).error());
      return std::nullopt;
    }
    if (step.tag != kBinaryTag) return *scalar;
    auto decoded = decode_base64(step.text);
    if (!decoded) {
      refuse(Error(Code::kInvalid, "yaml: !!binary value contains invalid base64 data"));
      return std::nullopt;
    }
    binary = to_valid_utf8(*decoded);
    scalar->text = binary;
    return *scalar;
  }

  // yaml.v2 sets the merged keys there and then: they replace what stands above `<<` and yield to what stands below.
  void merge(Step& step) {
    if (step.type == Type::kMapStart) {
      if (count()) frames_.push_back({Frame::Kind::kMergedMap});
    } else if (step.type == Type::kAlias) {
      if (step.target.recording->items[step.target.index].type != Type::kMapStart) return want_map();
      if (count()) enter_alias(step, true);
    } else if (step.type == Type::kListStart) {
      merge_list(step);
    } else {
      want_map();
    }
  }

  void want_map() { refuse(Error(Code::kInvalid, std::string(kWantMap))); }

  // Later elements first, so that earlier ones win: each becomes a feed, the first one lowest.
  void merge_list(Step& step) {
    NodeRef list;
    if (!whole_node(step, list)) return;
    const auto& items = list.recording->items;
    std::vector<uint32_t> children;
    for (uint32_t at = list.index + 1; at + 1 < items[list.index].end; at = items[at].end) children.push_back(at);
    frames_.back().at_key = true;
    for (uint32_t child : children) {
      feeds_.push_back({list.recording, child, items[child].end, nullptr, true, {}});
    }
    if (children.empty() && !frames_.empty()) frames_.back().at_key = true;
  }

  void close() {
    Frame::Kind kind = frames_.back().kind;
    frames_.pop_back();
    if (kind == Frame::Kind::kMap) sink_.end_map();
    if (kind == Frame::Kind::kList) sink_.end_list();
    finished();
  }

  void finished() {
    if (frames_.empty()) {
      done_ = true;
    } else {
      frames_.back().at_key = true;
    }
  }

  std::optional<std::string> go_syntax(const NodeRef& node) {
    // A key that is a map with such a key again, and so on: nobody reads the hundredth.
    constexpr int kMaxKeysInKeys = 100;
    if (depth_ == kMaxKeysInKeys) {
      refuse(Error(Code::kLimit, "yaml: invalid map key"));
      return std::nullopt;
    }
    GoSyntax go;
    Reader reader(nullptr, go, &go, false, most_repeated_, depth_ + 1);
    if (auto done = reader.replay(node); !done) {
      refuse(std::move(done).error());
      return std::nullopt;
    }
    return go.take();
  }

  Parser* parser_;
  Sink& sink_;
  GoSyntax* go_;
  bool json_;
  uint64_t most_repeated_;
  int depth_;  // of readers inside readers
  Anchors anchors_;
  std::deque<Recording> recordings_;
  std::vector<Feed> feeds_;
  std::vector<Frame> frames_;
  std::set<std::string, std::less<>> drained_;
  uint64_t decoded_ = 0;
  uint64_t aliased_ = 0;
  uint64_t repeated_ = 0;  // bytes of scalars that came by aliases
  uint64_t alias_depth_ = 0;
  bool done_ = false;
  std::optional<Error> parse_error_;
  std::optional<Error> decode_error_;
  std::optional<Error> late_error_;
};

}  // namespace

Result<void> read(std::string_view text, Sink& sink, const ReadOptions& options) {
  Parser parser(text, options.limits, Marks::kUnwanted);
  TRY(bool found, Reader(&parser, sink, nullptr, options.json, options.limits.bytes).document());
  if (!found) sink.scalar(Scalar{});
  return ok();
}

Result<void> read_all(std::string_view text, DocumentSink& sink, const ReadOptions& options) {
  Parser parser(text, options.limits, Marks::kUnwanted);
  for (;;) {
    TRY(bool found, Reader(&parser, sink, nullptr, options.json, options.limits.bytes).document());
    if (!found) return ok();
    sink.next_document();
  }
}

}  // namespace autonomous::yaml
