// The template engine: ParsedFile (what one text parses to), TemplateSet (templates that see each other) and
// Execution (one render over a set).
//
// A ParsedFile is immutable and may be cached and shared between threads and renders; it keeps its text alive and is
// bound to the Library it was parsed with. A TemplateSet is cheap: names and pointers. An Execution belongs to one
// render and one thread; it holds what is shared between the templates of a render: include counters, fuel, output
// buffer, texts parsed by `tpl`. Semantics, output and error texts are Go 1.27's text/template with missingkey=zero.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "render/template/function.h"
#include "render/template/value.h"

namespace autonomous::render {

class ParsedFile;
struct Tree;

// Go's template.New(name).Parse(text). The error's message is Go's: "template: NAME:LINE: …".
Result<std::shared_ptr<const ParsedFile>> parse_template(std::string_view name, std::string text,
                                                         const Library& library);

class TemplateSet {
 public:
  // `root` is the name of the set's first template in error texts (Helm's is "gotpl").
  explicit TemplateSet(const Library& library, std::string root = "gotpl");
  ~TemplateSet();
  TemplateSet(const TemplateSet&);
  TemplateSet& operator=(const TemplateSet&) = delete;

  // Adds the file's own template under its name and all templates that it defines. A later definition replaces an
  // earlier one, except that an empty one replaces nothing.
  void add(std::shared_ptr<const ParsedFile> file);
  // parse_template and add.
  Result<void> parse(std::string_view name, std::string text);

  const Tree* find(std::string_view name) const;
  const Library& library() const { return library_; }
  const std::string& root() const { return root_; }

 private:
  friend class Evaluator;
  struct Names;
  const Library& library_;
  std::string root_;
  std::vector<std::shared_ptr<const ParsedFile>> files_;
  std::unique_ptr<Names> names_;
};

struct Limits {
  uint64_t fuel = 2'000'000'000;      // nodes evaluated and steps spent by functions
  size_t output = size_t{512} << 20;  // bytes of one template's output, includes counted while they run
  uint32_t templates = 100'000;       // Go's limit on nested {{template}}
  uint32_t includes = 1000;           // Helm's limit on nested includes of one name
  size_t stack = size_t{200} << 20;   // bytes of machine stack; see on_large_stack
};

class Execution {
 public:
  // `arena` must outlive the execution and its values.
  Execution(const TemplateSet& set, Arena& arena, const Options& options, const Limits& limits = {});
  ~Execution();
  Execution(const Execution&) = delete;

  // Go's ExecuteTemplate. True: output() is what was written. False: failure() says why.
  // The limits count over all runs of one execution; maps changed by `set` stay changed.
  bool run(std::string_view name, Value data);
  std::string_view output() const;
  const Failure& failure() const;
  Context& context();

 private:
  std::unique_ptr<Evaluator> evaluator_;
};

// Runs `work` on a stack of `bytes` (mapped lazily, kept by the thread for its next call): nested templates take about
// 1 KB a level and Go allows 100,000. Everything that executes templates of strangers must run inside.
void on_large_stack(const std::function<void()>& work, size_t bytes = size_t{256} << 20);

}  // namespace autonomous::render
