#include <stdexcept>

#include "render/template/builtins.h"
#include "render/template/function.h"

namespace autonomous::render {

Library::Library() {
  for (const Function& function : builtins()) {
    store_.push_back({function, true});
    rows_.emplace(function.name, &store_.back());
  }
}

void Library::add(Family family) {
  for (const Function& function : family) {
    // sprig and Helm replace builtins (`slice`), but not each other by accident.
    auto found = rows_.find(function.name);
    if (found != rows_.end() && !found->second->builtin) {
      throw std::logic_error("template function listed twice: " + std::string(function.name));
    }
    store_.push_back({function, false});
    rows_.insert_or_assign(function.name, &store_.back());
  }
}

void Library::replace(Family family) {
  for (const Function& function : family) {
    store_.push_back({function, false});
    rows_.insert_or_assign(function.name, &store_.back());
  }
}

void Library::remove(std::string_view name) { rows_.erase(name); }

void Library::add(const Methods& methods) {
  method_store_.push_back(methods);
  methods_[static_cast<size_t>(methods.type)] = &method_store_.back();
}

const Library::Row* Library::find(std::string_view name) const {
  auto found = rows_.find(name);
  return found == rows_.end() ? nullptr : found->second;
}

const Function* Library::method(Type type, std::string_view name, bool addressable) const {
  // The method set of *T holds those of T, and an addressable T is as good as a *T.
  bool pointer = kind_of(type) == Kind::kPointer;
  Type other = pointer ? element_of(type) : addressable ? pointer_to(type) : type;
  for (Type at : {type, other}) {
    const Methods* methods = methods_[static_cast<size_t>(at)];
    if (methods == nullptr || (methods->on_pointer && at == type && !addressable)) continue;
    for (const Function& function : methods->functions) {
      if (function.name == name) return &function;
    }
  }
  return nullptr;
}

std::vector<std::string_view> Library::names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, row] : rows_) names.push_back(name);
  return names;
}

std::string Failure::text() const {
  std::string text;
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) text += *piece;
  return text;
}

std::vector<size_t> Failure::links() const {
  std::vector<size_t> starts;
  size_t at = 0;
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
    starts.push_back(at);
    at += piece->size();
  }
  return starts;
}

Value Context::fail(std::string_view text) {
  if (failure_ == nullptr) failure_ = std::make_unique<Failure>(std::string(text));
  return {};
}

Value Context::fail(Failure failure) {
  if (failure_ == nullptr) failure_ = std::make_unique<Failure>(std::move(failure));
  return {};
}

Value Context::fail_limit(std::string_view text) {
  if (failure_ == nullptr) failure_ = std::make_unique<Failure>(std::string(text), true);
  return {};
}

}  // namespace autonomous::render
