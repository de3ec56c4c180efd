#include <stdexcept>
#include <utility>

#include "render/template/builtins.h"
#include "render/template/function.h"

namespace autonomous::render {

namespace {

constexpr size_t kFirstSlots = 512;  // for some 250 functions
constexpr Function kRemoved{};       // keeps its slot, or those behind it would not be found

}  // namespace

Library::Library() : rows_(kFirstSlots) {
  for (const Function& function : builtins()) put(function, true);
}

// That of the function `name`, or the empty one where it would go.
Library::Row& Library::slot(std::string_view name) {
  size_t at = Key::hash(name);
  for (;; ++at) {
    Row& row = rows_[at & (rows_.size() - 1)];
    if (row.function == nullptr || row.function->name == name) return row;
  }
}

void Library::put(const Function& function, bool builtin) {
  Row& row = slot(function.name);
  if (row.function == nullptr && ++used_ * 3 > rows_.size() * 2) {
    std::vector<Row> before = std::exchange(rows_, std::vector<Row>(rows_.size() * 2));
    for (const Row& old : before) {
      if (old.function != nullptr && old.function != &kRemoved) slot(old.function->name) = old;
    }
    slot(function.name) = {&function, builtin};
    return;
  }
  row = {&function, builtin};
}

void Library::add(Family family) {
  for (const Function& function : family) {
    // sprig and Helm replace builtins (`slice`), but not each other by accident.
    const Row* found = find(function.name);
    if (found != nullptr && !found->builtin) {
      throw std::logic_error("template function listed twice: " + std::string(function.name));
    }
    put(function, false);
  }
}

void Library::replace(Family family) {
  for (const Function& function : family) put(function, false);
}

void Library::remove(std::string_view name) {
  Row& row = slot(name);
  if (row.function != nullptr) row.function = &kRemoved;
}

void Library::add(const Methods& methods) {
  method_store_.push_back(methods);
  methods_[static_cast<size_t>(methods.type)] = &method_store_.back();
}

const Library::Row* Library::find(std::string_view name) const {
  size_t at = Key::hash(name);
  for (;; ++at) {
    const Row& row = rows_[at & (rows_.size() - 1)];
    if (row.function == nullptr) return nullptr;
    if (row.function->name == name && row.function != &kRemoved) return &row;
  }
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
