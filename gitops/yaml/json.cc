#include "gitops/yaml/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "gitops/yaml/emit.h"

namespace autonomous::yaml {
namespace {

template <typename Json>
class JsonSink final : public Sink {
 public:
  void begin_map() override { open(Json::object()); }
  void begin_list() override { open(Json::array()); }
  void key(std::string_view key) override { stack_.back().key = key; }
  void end_map() override { close(); }
  void end_list() override { close(); }
  void scalar(const Scalar& scalar) override {
    switch (scalar.kind) {
      case Scalar::Kind::kNull: return add(Json());
      case Scalar::Kind::kBool: return add(Json(scalar.boolean));
      case Scalar::Kind::kInt: return add(Json(scalar.integer));
      case Scalar::Kind::kUint: return add(Json(scalar.uinteger));
      case Scalar::Kind::kFloat: return add(Json(scalar.number));
      default: return add(Json(std::string(scalar.text)));
    }
  }
  Json take() { return std::move(root_); }

 private:
  struct Open {
    Json value;
    std::string key;
  };
  void open(Json value) { stack_.push_back({std::move(value), {}}); }
  void close() {
    Json value = std::move(stack_.back().value);
    stack_.pop_back();
    add(std::move(value));
  }
  void add(Json value) {
    if (stack_.empty()) {
      root_ = std::move(value);
    } else if (stack_.back().value.is_object()) {
      stack_.back().value[stack_.back().key] = std::move(value);
    } else {
      stack_.back().value.push_back(std::move(value));
    }
  }
  std::vector<Open> stack_;
  Json root_;
};

template <typename Json>
void print(const Json& value, bool keep_order, Emitter& out) {
  switch (value.type()) {
    case Json::value_t::object: {
      std::vector<std::pair<std::string_view, const Json*>> entries;
      for (auto it = value.begin(); it != value.end(); ++it) entries.emplace_back(it.key(), &it.value());
      auto less = [](const auto& a, const auto& b) { return key_less(a.first, b.first); };
      if (!keep_order) std::stable_sort(entries.begin(), entries.end(), less);
      out.begin_map();
      for (const auto& [key, item] : entries) {
        out.key(key);
        print(*item, keep_order, out);
      }
      return out.end_map();
    }
    case Json::value_t::array:
      out.begin_list();
      for (const Json& item : value) print(item, keep_order, out);
      return out.end_list();
    case Json::value_t::string: return out.string(value.template get_ref<const std::string&>());
    case Json::value_t::boolean: return out.boolean(value.template get<bool>());
    case Json::value_t::number_integer: return out.integer(value.template get<int64_t>());
    case Json::value_t::number_unsigned: return out.uinteger(value.template get<uint64_t>());
    case Json::value_t::number_float: return out.number(value.template get<double>());
    default: return out.null();
  }
}

template <typename Json>
Result<Json> read_as(std::string_view text, const ReadOptions& options) {
  JsonSink<Json> sink;
  TRY_DO(read(text, sink, options));
  return sink.take();
}

template <typename Json>
Result<std::string> print_document(const Json& value, bool keep_order) {
  std::string out;
  Emitter emitter(out);
  print(value, keep_order, emitter);
  TRY_DO(emitter.finish());
  return out;
}

}  // namespace

Result<nlohmann::json> to_json(std::string_view text, const ReadOptions& options) {
  return read_as<nlohmann::json>(text, options);
}
Result<nlohmann::ordered_json> to_ordered_json(std::string_view text, const ReadOptions& options) {
  return read_as<nlohmann::ordered_json>(text, options);
}
Result<std::string> from_json(const nlohmann::json& value) { return print_document(value, false); }
Result<std::string> from_json(const nlohmann::ordered_json& value, bool keep_order) {
  return print_document(value, keep_order);
}

}  // namespace autonomous::yaml
