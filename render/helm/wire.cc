#include "render/helm/wire.h"

#include <cstring>

namespace autonomous::helm::wire {

namespace {

class Writer {
 public:
  explicit Writer(Kind kind) : out_(kHeader, '\0') { out_ += static_cast<char>(kind); }
  void number(uint64_t value) {
    for (int i = 0; i < 8; ++i) out_ += static_cast<char>(value >> (8 * i));
  }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  void texts(const std::vector<std::string>& values) {
    number(values.size());
    for (const std::string& value : values) text(value);
  }
  std::string finish() && {
    uint64_t size = out_.size() - kHeader;
    for (size_t i = 0; i < kHeader; ++i) out_[i] = static_cast<char>(size >> (8 * i));
    return std::move(out_);
  }

 private:
  std::string out_;
};

// Reads what a worker may have been made to say: every length is checked against what is there.
class Reader {
 public:
  Reader(std::string_view payload, Kind kind) : rest_(payload) {
    good_ = !rest_.empty() && rest_.front() == static_cast<char>(kind);
    if (good_) rest_.remove_prefix(1);
  }
  uint64_t number() {
    if (rest_.size() < 8) good_ = false;
    if (!good_) return 0;
    uint64_t value = 0;
    for (size_t i = 0; i < 8; ++i) value |= static_cast<uint64_t>(static_cast<uint8_t>(rest_[i])) << (8 * i);
    rest_.remove_prefix(8);
    return value;
  }
  std::string text() {
    uint64_t size = number();
    if (size > rest_.size()) good_ = false;
    if (!good_) return {};
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  // A count of things that take at least 8 bytes each.
  uint64_t count() {
    uint64_t value = number();
    if (value > rest_.size() / 8) good_ = false;
    return good_ ? value : 0;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> values;
    for (uint64_t i = count(); i > 0; --i) values.push_back(text());
    return values;
  }
  bool done() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = false;
};

Error broken() { return fail(Code::kCorrupt, "a frame between the daemon and its render worker is broken"); }

void put_limits(Writer& out, const yaml::Limits& limits) {
  out.number(limits.bytes);
  out.number(limits.depth);
  out.number(limits.nodes);
}
void take_limits(Reader& in, yaml::Limits& limits) {
  limits.bytes = in.number();
  limits.depth = static_cast<uint32_t>(in.number());
  limits.nodes = in.number();
}
void put_limits(Writer& out, const LoadLimits& limits) {
  for (uint64_t number :
       {limits.bytes, limits.files, limits.archive_bytes, limits.nested_bytes, uint64_t{limits.depth}, limits.memory}) {
    out.number(number);
  }
  put_limits(out, limits.yaml);
}
void take_limits(Reader& in, LoadLimits& limits) {
  for (uint64_t* number : {&limits.bytes, &limits.files, &limits.archive_bytes, &limits.nested_bytes}) {
    *number = in.number();
  }
  limits.depth = static_cast<uint32_t>(in.number());
  limits.memory = in.number();
  take_limits(in, limits.yaml);
}

void put_flags(Writer& out, const ChartInput& in) {
  uint64_t bits = 0;
  int at = 0;
  for (bool bit : {in.is_upgrade, in.include_crds, in.skip_tests, in.no_hooks, in.skip_schema, in.with_values,
                   in.determinism.has_value()}) {
    bits |= static_cast<uint64_t>(bit) << at++;
  }
  out.number(bits);
}

void take_flags(Reader& in, ChartInput& out) {
  uint64_t bits = in.number();
  int at = 0;
  for (bool* bit :
       {&out.is_upgrade, &out.include_crds, &out.skip_tests, &out.no_hooks, &out.skip_schema, &out.with_values}) {
    *bit = (bits >> at++ & 1) != 0;
  }
  if ((bits >> at & 1) != 0) out.determinism.emplace();
}

void put_files(Writer& out, const std::vector<TreeFile>& files) {
  out.number(files.size());
  for (const TreeFile& file : files) {
    out.text(file.path);
    out.number(static_cast<uint64_t>(file.kind));
    out.text(file.content);
  }
}
void take_files(Reader& in, std::vector<TreeFile>& files) {
  for (uint64_t i = in.count(); i > 0; --i) {
    TreeFile file;
    file.path = in.text();
    file.kind = static_cast<FileKind>(in.number());
    file.content = in.text();
    files.push_back(std::move(file));
  }
}

}  // namespace

std::string encode(const ChartFrame& frame) {
  Writer out(Kind::kChart);
  out.text(frame.digest);
  put_files(out, frame.files);
  return std::move(out).finish();
}

Result<ChartFrame> decode_chart(std::string_view payload) {
  Reader in(payload, Kind::kChart);
  ChartFrame frame;
  frame.digest = in.text();
  take_files(in, frame.files);
  if (!in.done()) return broken();
  return frame;
}

std::string encode(const FilesFrame& frame) {
  Writer out(Kind::kFiles);
  put_files(out, frame.files);
  return std::move(out).finish();
}

Result<FilesFrame> decode_files(std::string_view payload) {
  Reader in(payload, Kind::kFiles);
  FilesFrame frame;
  take_files(in, frame.files);
  if (!in.done()) return broken();
  return frame;
}

std::string encode(const UnpackFrame& frame) {
  Writer out(Kind::kUnpack);
  out.number(frame.cpu_seconds);
  put_limits(out, frame.load);
  out.text(frame.archive);
  return std::move(out).finish();
}

Result<UnpackFrame> decode_unpack(std::string_view payload) {
  Reader in(payload, Kind::kUnpack);
  UnpackFrame frame;
  frame.cpu_seconds = in.number();
  take_limits(in, frame.load);
  frame.archive = in.text();
  if (!in.done()) return broken();
  return frame;
}

std::string encode(const JobFrame& frame) {
  Writer out(Kind::kJob);
  const ChartInput& in = frame.input;
  out.text(frame.digest);
  out.number(frame.cpu_seconds);
  out.text(in.release_name);
  out.text(in.release_namespace);
  out.number(in.values.size());
  for (const ValuesText& values : in.values) {
    out.text(values.name);
    out.text(values.text);
  }
  out.number(in.sets.size());
  for (const SetFlag& set : in.sets) {
    out.number(static_cast<uint64_t>(set.kind));
    out.text(set.text);
  }
  out.number(static_cast<uint64_t>(in.helm));
  out.text(in.kube_version);
  out.texts(in.api_versions);
  put_flags(out, in);
  out.texts(in.show_only);
  out.text(in.determinism ? in.determinism->seed : "");
  out.number(in.determinism ? static_cast<uint64_t>(in.determinism->now.time_since_epoch().count()) : 0);
  out.number(in.limits.fuel);
  out.number(in.limits.memory);
  out.number(in.limits.output);
  out.number(in.limits.includes);
  out.number(in.limits.templates);
  put_limits(out, in.limits.yaml);
  put_limits(out, frame.load);
  return std::move(out).finish();
}

Result<JobFrame> decode_job(std::string_view payload) {
  Reader in(payload, Kind::kJob);
  JobFrame frame;
  ChartInput& out = frame.input;
  frame.digest = in.text();
  frame.cpu_seconds = in.number();
  out.release_name = in.text();
  out.release_namespace = in.text();
  for (uint64_t i = in.count(); i > 0; --i) {
    std::string name = in.text();
    out.values.push_back({std::move(name), in.text()});
  }
  for (uint64_t i = in.count(); i > 0; --i) {
    auto kind = static_cast<SetKind>(in.number());
    out.sets.push_back({kind, in.text()});
  }
  out.helm = in.number() == 3 ? HelmVersion::k3 : HelmVersion::k4;
  out.kube_version = in.text();
  out.api_versions = in.texts();
  take_flags(in, out);
  out.show_only = in.texts();
  std::string seed = in.text();
  auto now = static_cast<int64_t>(in.number());
  if (out.determinism) *out.determinism = {std::move(seed), Time(Millis(now))};
  out.limits.fuel = in.number();
  out.limits.memory = in.number();
  out.limits.output = in.number();
  out.limits.includes = static_cast<uint32_t>(in.number());
  out.limits.templates = static_cast<uint32_t>(in.number());
  take_limits(in, out.limits.yaml);
  take_limits(in, frame.load);
  if (!in.done()) return broken();
  return frame;
}

std::string encode(const DoneFrame& frame) {
  Writer out(Kind::kDone);
  out.text(frame.chart_name);
  out.text(frame.chart_version);
  out.text(frame.rendered.manifest);
  out.number(frame.rendered.pieces.size());
  for (const Piece& piece : frame.rendered.pieces) {
    out.number(static_cast<uint64_t>(piece.kind));
    out.text(piece.source);
    out.text(piece.text);
  }
  out.text(frame.rendered.values);
  out.text(frame.rendered.notes);
  out.texts(frame.warnings);
  return std::move(out).finish();
}

Result<DoneFrame> decode_done(std::string_view payload) {
  Reader in(payload, Kind::kDone);
  DoneFrame frame;
  frame.chart_name = in.text();
  frame.chart_version = in.text();
  frame.rendered.manifest = in.text();
  for (uint64_t i = in.count(); i > 0; --i) {
    Piece piece;
    uint64_t kind = in.number();
    piece.kind =
        kind <= static_cast<uint64_t>(Piece::Kind::kTestHook) ? static_cast<Piece::Kind>(kind) : Piece::Kind::kManifest;
    piece.source = in.text();
    piece.text = in.text();
    frame.rendered.pieces.push_back(std::move(piece));
  }
  frame.rendered.values = in.text();
  frame.rendered.notes = in.text();
  frame.warnings = in.texts();
  if (!in.done()) return broken();
  return frame;
}

std::string encode(const FailedFrame& frame) {
  Writer out(Kind::kFailed);
  out.number(static_cast<uint64_t>(frame.code));
  out.text(frame.message);
  out.text(frame.hint);
  out.texts(frame.warnings);
  return std::move(out).finish();
}

Result<FailedFrame> decode_failed(std::string_view payload) {
  Reader in(payload, Kind::kFailed);
  FailedFrame frame;
  uint64_t code = in.number();
  frame.code = code <= static_cast<uint64_t>(Code::kInternal) ? static_cast<Code>(code) : Code::kInternal;
  frame.message = in.text();
  frame.hint = in.text();
  frame.warnings = in.texts();
  if (!in.done()) return broken();
  return frame;
}

std::string encode_need_chart() { return Writer(Kind::kNeedChart).finish(); }

uint64_t payload_size(std::string_view header) {
  uint64_t size = 0;
  for (size_t i = 0; i < kHeader; ++i) size |= static_cast<uint64_t>(static_cast<uint8_t>(header[i])) << (8 * i);
  return size;
}

}  // namespace autonomous::helm::wire
