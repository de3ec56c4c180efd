// semver and semverCompare, and the methods of what semver returns: Masterminds' *semver.Version.
#include "render/funcs/families.h"
#include "render/funcs/semver.h"

namespace autonomous::render {
namespace {

// A version whose texts live in the render's arena.
struct KeptVersion {
  uint64_t major, minor, patch;
  std::string_view pre, metadata, original, text;
};

const KeptVersion& kept(Value value) { return *static_cast<const KeptVersion*>(value.structure()->native); }

Version whole(Value value) {
  const KeptVersion& v = kept(value);
  return {v.major, v.minor, v.patch, std::string(v.pre), std::string(v.metadata), std::string(v.original)};
}

Value keep(Context& cx, const Version& version, Type type) {
  Arena& arena = cx.arena();
  auto* data =
      arena.make<KeptVersion>(version.major, version.minor, version.patch, arena.copy(version.pre),
                              arena.copy(version.metadata), arena.copy(version.original), arena.copy(version.str()));
  auto* structure = arena.make<Struct>();
  structure->native = data;
  return Value::of(structure, type);
}

Value func_semver(Context& cx, Args args) {
  auto version = Version::parse(args[0].string());
  return version ? keep(cx, *version, Type::kVersionPointer) : cx.fail(version.error().message());
}

Value func_semver_compare(Context& cx, Args args) {
  auto constraints = Constraints::parse(args[0].string());
  if (!constraints) return cx.fail(constraints.error().message());
  auto version = Version::parse(args[1].string());
  if (!version) return cx.fail(version.error().message());
  return Value::of(constraints->check(*version));
}

Value method_major(Context&, Args args) { return Value::of_uint(kept(args[0]).major); }
Value method_minor(Context&, Args args) { return Value::of_uint(kept(args[0]).minor); }
Value method_patch(Context&, Args args) { return Value::of_uint(kept(args[0]).patch); }
Value method_prerelease(Context&, Args args) { return Value::of(kept(args[0]).pre); }
Value method_metadata(Context&, Args args) { return Value::of(kept(args[0]).metadata); }
Value method_original(Context&, Args args) { return Value::of(kept(args[0]).original); }
Value method_string(Context&, Args args) { return Value::of(kept(args[0]).text); }

int order(Args args) { return compare(whole(args[0]), whole(args[1])); }

Value compared(Context& cx, Args args, bool (*holds)(int)) {
  if (args[1].is_nil()) return cx.fail("runtime error: invalid memory address or nil pointer dereference");
  return Value::of(holds(order(args)));
}
Value method_compare(Context&, Args args) { return Value::of_int(order(args)); }
Value method_equal(Context& cx, Args args) {
  return compared(cx, args, [](int o) { return o == 0; });
}
Value method_less(Context& cx, Args args) {
  return compared(cx, args, [](int o) { return o < 0; });
}
Value method_less_equal(Context& cx, Args args) {
  return compared(cx, args, [](int o) { return o <= 0; });
}
Value method_greater(Context& cx, Args args) {
  return compared(cx, args, [](int o) { return o > 0; });
}
Value method_greater_equal(Context& cx, Args args) {
  return compared(cx, args, [](int o) { return o >= 0; });
}

// The next version keeps the v in front of the original.
Value next(Context& cx, Value from, uint64_t major, uint64_t minor, uint64_t patch) {
  Version version{major, minor, patch, "", "", ""};
  version.original = (kept(from).original.starts_with('v') ? "v" : "") + version.str();
  return keep(cx, version, Type::kVersion);
}
Value method_inc_major(Context& cx, Args args) { return next(cx, args[0], kept(args[0]).major + 1, 0, 0); }
Value method_inc_minor(Context& cx, Args args) {
  return next(cx, args[0], kept(args[0]).major, kept(args[0]).minor + 1, 0);
}
Value method_inc_patch(Context& cx, Args args) {
  const KeptVersion& v = kept(args[0]);
  // A prerelease goes before its own release.
  return next(cx, args[0], v.major, v.minor, v.pre.empty() ? v.patch + 1 : v.patch);
}

std::string_view version_text(Arena&, Value value) { return kept(value).text; }
std::string_view version_json(Arena& arena, Value value) { return arena.concat("\"", kept(value).text, "\""); }

constexpr Function kVersions[] = {
    {"semver", params(Type::kString), func_semver},
    {"semverCompare", params(Type::kString, Type::kString), func_semver_compare},
};
constexpr Function kVersionMethods[] = {
    {"IncMajor", params(), method_inc_major}, {"IncMinor", params(), method_inc_minor},
    {"IncPatch", params(), method_inc_patch}, {"Major", params(), method_major},
    {"Metadata", params(), method_metadata},  {"Minor", params(), method_minor},
    {"Patch", params(), method_patch},        {"Prerelease", params(), method_prerelease},
    {"String", params(), method_string},
};
constexpr Function kPointerMethods[] = {
    {"Compare", params(Type::kVersionPointer), method_compare},
    {"Equal", params(Type::kVersionPointer), method_equal},
    {"GreaterThan", params(Type::kVersionPointer), method_greater},
    {"GreaterThanEqual", params(Type::kVersionPointer), method_greater_equal},
    {"LessThan", params(Type::kVersionPointer), method_less},
    {"LessThanEqual", params(Type::kVersionPointer), method_less_equal},
    {"Original", params(), method_original},
};

}  // namespace

Family version_functions() { return kVersions; }
void add_version_methods(Library& library) {
  library.add(
      {.type = Type::kVersion, .functions = kVersionMethods, .to_string = version_text, .to_json = version_json});
  library.add({.type = Type::kVersionPointer, .functions = kPointerMethods});
}

}  // namespace autonomous::render
