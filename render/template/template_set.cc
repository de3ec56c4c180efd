#include <unordered_map>

#include "render/template/engine.h"
#include "render/template/tree.h"

namespace autonomous::render {

struct TemplateSet::Names {
  std::unordered_map<std::string_view, const Tree*> trees;  // the names live in the files
};

TemplateSet::TemplateSet(const Library& library, std::string root)
    : library_(library), root_(std::move(root)), names_(std::make_unique<Names>()) {}
TemplateSet::~TemplateSet() = default;
TemplateSet::TemplateSet(const TemplateSet& other)
    : library_(other.library_),
      root_(other.root_),
      files_(other.files_),
      names_(std::make_unique<Names>(*other.names_)) {}

void TemplateSet::add(std::shared_ptr<const ParsedFile> file) {
  for (const Tree* tree : file->trees) {
    auto [at, added] = names_->trees.emplace(tree->name, tree);
    if (added || tree->empty) continue;
    // The key must live as long as the entry, and the older file does too: only the value changes.
    at->second = tree;
  }
  files_.push_back(std::move(file));
}

Result<void> TemplateSet::parse(std::string_view name, std::string text) {
  TRY(auto file, parse_template(name, std::move(text), library_));
  add(std::move(file));
  return ok();
}

const Tree* TemplateSet::find(std::string_view name) const {
  auto found = names_->trees.find(name);
  return found == names_->trees.end() ? nullptr : found->second;
}

}  // namespace autonomous::render
