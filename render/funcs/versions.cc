// semver and semverCompare, and the methods of what semver returns: Masterminds' *semver.Version.
#include <algorithm>

#include "gitops/base/text.h"
#include "render/funcs/families.h"
#include "render/funcs/semver.h"

namespace autonomous::render {
namespace {

// Go's fields of a Version, in their order; none is exported.
enum Part : uint8_t { kMajor, kMinor, kPatch, kPre, kMetadata, kOriginal, kParts };
constexpr std::string_view kPartNames[kParts] = {"major", "minor", "patch", "pre", "metadata", "original"};

Value part(Value version, Part which) { return version.structure()->fields[which].value; }
uint64_t number(Value version, Part which) { return part(version, which).unsigned_integer(); }

Version whole(Value value) {
  auto text = [&](Part which) { return std::string(part(value, which).string()); };
  return {number(value, kMajor), number(value, kMinor), number(value, kPatch), text(kPre),
          text(kMetadata),       text(kOriginal)};
}

Value keep(Context& cx, const Version& version, Type type) {
  Arena& arena = cx.arena();
  const Value parts[kParts] = {Value::of_uint(version.major), Value::of_uint(version.minor),
                               Value::of_uint(version.patch), cx.text(version.pre),
                               cx.text(version.metadata),     cx.text(version.original)};
  Field* fields = arena.array<Field>(kParts);
  for (size_t i = 0; i < kParts; ++i) new (fields + i) Field{.name = kPartNames[i], .value = parts[i]};
  return Value::of(arena.make<Struct>(std::span<const Field>(fields, kParts), nullptr), type);
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

Value method_major(Context&, Args args) { return part(args[0], kMajor); }
Value method_minor(Context&, Args args) { return part(args[0], kMinor); }
Value method_patch(Context&, Args args) { return part(args[0], kPatch); }
Value method_prerelease(Context&, Args args) { return part(args[0], kPre); }
Value method_metadata(Context&, Args args) { return part(args[0], kMetadata); }
Value method_original(Context&, Args args) { return part(args[0], kOriginal); }
Value method_string(Context& cx, Args args) { return cx.text(whole(args[0]).str()); }

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

// What came of a version keeps the v in front of its original.
Value changed(Context& cx, Value from, Version version) {
  version.original = (part(from, kOriginal).string().starts_with('v') ? "v" : "") + version.str();
  return keep(cx, version, Type::kVersion);
}

Value next(Context& cx, Value from, uint64_t major, uint64_t minor, uint64_t patch) {
  return changed(cx, from, {major, minor, patch, "", "", ""});
}
Value method_inc_major(Context& cx, Args args) { return next(cx, args[0], number(args[0], kMajor) + 1, 0, 0); }
Value method_inc_minor(Context& cx, Args args) {
  return next(cx, args[0], number(args[0], kMajor), number(args[0], kMinor) + 1, 0);
}
Value method_inc_patch(Context& cx, Args args) {
  Version v = whole(args[0]);
  // A prerelease goes before its own release.
  return next(cx, args[0], v.major, v.minor, v.pre.empty() ? v.patch + 1 : v.patch);
}

// SetPrerelease and SetMetadata: identifiers between dots; "" takes it away.
bool is_identifier(std::string_view part) {
  auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  };
  return !part.empty() && std::all_of(part.begin(), part.end(), fits);
}
bool starts_with_zero(std::string_view part) {
  return part.size() > 1 && part.front() == '0' && part.find_first_not_of("0123456789") == std::string_view::npos;
}
Value method_set_prerelease(Context& cx, Args args) {
  std::string_view text = args[1].string();
  if (!text.empty()) {
    for (std::string_view part : split(text, '.')) {
      if (!is_identifier(part)) return cx.fail("invalid prerelease string");
      if (starts_with_zero(part)) return cx.fail("version segment starts with 0");
    }
  }
  Version version = whole(args[0]);
  version.pre = text;
  return changed(cx, args[0], std::move(version));
}
Value method_set_metadata(Context& cx, Args args) {
  std::string_view text = args[1].string();
  if (!text.empty()) {
    for (std::string_view part : split(text, '.')) {
      if (!is_identifier(part)) return cx.fail("invalid metadata string");
    }
  }
  Version version = whole(args[0]);
  version.metadata = text;
  return changed(cx, args[0], std::move(version));
}

std::string_view version_text(Arena& arena, Value value) { return arena.copy(whole(value).str()); }
Result<std::string_view> version_json(Arena& arena, Value value) {
  return arena.concat("\"", whole(value).str(), "\"");
}

Value method_value(Context& cx, Args args) { return cx.text(whole(args[0]).str()); }  // an interface {} in Go
Value method_marshal_text(Context& cx, Args args) { return Value::of_bytes(cx.arena().copy(whole(args[0]).str())); }
Value method_marshal_json(Context& cx, Args args) { return Value::of_bytes(*version_json(cx.arena(), args[0])); }

constexpr Function kVersions[] = {
    {"semver", params(Type::kString), func_semver},
    {"semverCompare", params(Type::kString, Type::kString), func_semver_compare},
};
constexpr Function kVersionMethods[] = {
    {"IncMajor", params(), method_inc_major},
    {"IncMinor", params(), method_inc_minor},
    {"IncPatch", params(), method_inc_patch},
    {"Major", params(), method_major},
    {"MarshalJSON", params(), method_marshal_json},
    {"MarshalText", params(), method_marshal_text},
    {"Metadata", params(), method_metadata},
    {"Minor", params(), method_minor},
    {"Patch", params(), method_patch},
    {"Prerelease", params(), method_prerelease},
    {"SetMetadata", params(Type::kString), method_set_metadata},
    {"SetPrerelease", params(Type::kString), method_set_prerelease},
    {"String", params(), method_string},
    {"Value", params(), method_value},
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
