#include "daemon/config/config_yaml.h"

#include <yaml-cpp/yaml.h>

#include <set>

#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

constexpr size_t kMaxNodes = 100'000;  // aliases expand: a small file can mean a huge tree
constexpr size_t kMaxBytes = 1u << 20;

class Converter {
 public:
  Converter(std::shared_ptr<const model::SourceText> source, std::vector<Error>& errors)
      : source_(std::move(source)), errors_(errors) {}

  model::Value convert(const YAML::Node& node) {
    model::Value value;
    place(value, node.Mark());
    if (++nodes_ > kMaxNodes) {
      if (nodes_ == kMaxNodes + 1)
        errors_.push_back(fail(Code::kLimit, "the file has more than ", kMaxNodes, " values").at(value.place()));
      return value;
    }
    if (node.IsScalar()) {
      value.kind = model::Value::Kind::kScalar;
      value.text = node.Scalar();
      value.plain = node.Tag() != "!";
    } else if (node.IsSequence()) {
      value.kind = model::Value::Kind::kList;
      for (const YAML::Node& item : node) value.items.push_back(convert(item));
    } else if (node.IsMap()) {
      convert_map(node, value);
    }
    return value;
  }

 private:
  void place(model::Value& value, const YAML::Mark& mark) const {
    value.source = source_;
    value.line = mark.is_null() ? 1 : static_cast<uint32_t>(mark.line) + 1;
    value.column = mark.is_null() ? 1 : static_cast<uint32_t>(mark.column) + 1;
  }

  void convert_map(const YAML::Node& node, model::Value& value) {
    value.kind = model::Value::Kind::kMap;
    std::set<std::string> seen;
    for (const auto& pair : node) {
      model::Value key = convert(pair.first);
      if (!key.is_scalar()) {
        errors_.push_back(fail(Code::kInvalid, "a key must be a text").at(key.place()));
      } else if (!seen.insert(key.text).second) {
        errors_.push_back(
            fail(Code::kInvalid, "the key '", one_line(key.text, 60), "' is there twice").at(key.place()));
      } else {
        value.members.push_back({key.text, convert(pair.second), key.line, key.column});
      }
    }
  }

  std::shared_ptr<const model::SourceText> source_;
  std::vector<Error>& errors_;
  size_t nodes_ = 0;
};

Error syntax_error(const YAML::Exception& thrown, const std::shared_ptr<const model::SourceText>& source) {
  model::Value where;
  where.source = source;
  if (!thrown.mark.is_null()) {
    where.line = static_cast<uint32_t>(thrown.mark.line) + 1;
    where.column = static_cast<uint32_t>(thrown.mark.column) + 1;
  }
  return fail(Code::kInvalid, thrown.msg).at(where.place());
}

}  // namespace

model::Parsed<model::Value> parse_config_yaml(std::string_view text, std::string_view file) {
  model::Parsed<model::Value> out;
  auto source = std::make_shared<const model::SourceText>(std::string(file), std::string(text));
  Converter converter(source, out.errors);
  if (text.size() > kMaxBytes) {
    out.errors.push_back(
        fail(Code::kLimit, "the file is larger than ", kMaxBytes, " bytes").at(Place{std::string(file), 0, 0, ""}));
    return out;
  }
  try {
    // All documents, because Load stops after the first and says nothing of what follows it.
    std::vector<YAML::Node> documents = YAML::LoadAll(source->text);
    model::Value root = model::Value::map();
    root.source = source;
    root.line = root.column = 1;
    if (!documents.empty() && !documents.front().IsNull()) root = converter.convert(documents.front());
    if (documents.size() > 1) {
      model::Value second = converter.convert(documents[1]);
      out.errors.push_back(fail(Code::kInvalid, "one document is wanted; here a second one begins").at(second.place()));
    }
    if (out.errors.empty()) out.value = std::make_unique<model::Value>(std::move(root));
  } catch (const YAML::Exception& thrown) {
    out.errors.push_back(syntax_error(thrown, source));
  }
  return out;
}

}  // namespace autonomous::daemon
