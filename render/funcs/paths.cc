// Go's path package; path/filepath is the same on the systems that Helm's answers are taken from.
#include <string>
#include <string_view>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"

namespace autonomous::render {
namespace {

// path.Clean, without touching the file system.
std::string clean_path(std::string_view path) {
  if (path.empty()) return ".";
  bool rooted = path[0] == '/';
  std::string out = rooted ? "/" : "";
  size_t fixed = out.size();  // what ".." can't take back
  for (size_t at = 0; at < path.size();) {
    size_t end = std::min(path.find('/', at), path.size());
    std::string_view part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && out.size() > fixed) {
      size_t slash = out.rfind('/');
      out.resize(slash == std::string::npos || slash < fixed ? fixed : slash);
      continue;
    }
    if (part == ".." && rooted) continue;
    if (!out.empty() && out.back() != '/') out += '/';
    out += part;
    if (part == "..") fixed = out.size();
  }
  return out.empty() ? "." : out;
}

Value func_clean(Context& cx, Args args) { return cx.text(clean_path(args[0].string())); }

Value func_dir(Context& cx, Args args) {
  std::string_view path = args[0].string();
  return cx.text(clean_path(path.substr(0, path.rfind('/') + 1)));
}

Value func_base(Context&, Args args) {
  std::string_view path = args[0].string();
  if (path.empty()) return Value::of(".");
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return Value::of("/");
  return Value::of(path.substr(path.rfind('/') + 1));
}

Value func_ext(Context&, Args args) {
  std::string_view path = args[0].string();
  size_t at = path.find_last_of("./");
  return Value::of(at == std::string_view::npos || path[at] == '/' ? std::string_view() : path.substr(at));
}

Value func_is_abs(Context&, Args args) { return Value::of(args[0].string().starts_with('/')); }

constexpr Function kPaths[] = {
    {"base", params(kText), func_base},     {"clean", params(kText), func_clean},
    {"dir", params(kText), func_dir},       {"ext", params(kText), func_ext},
    {"isAbs", params(kText), func_is_abs},  {"osBase", params(kText), func_base},
    {"osClean", params(kText), func_clean}, {"osDir", params(kText), func_dir},
    {"osExt", params(kText), func_ext},     {"osIsAbs", params(kText), func_is_abs},
};

}  // namespace

Family path_functions() { return kPaths; }

}  // namespace autonomous::render
