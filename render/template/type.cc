#include "render/template/type.h"

#include <array>

namespace autonomous::render {
namespace {

constexpr std::array<TypeInfo, static_cast<size_t>(Type::kCount)> kTypes = {{
    {Type::kInvalid, "<invalid>", Kind::kInvalid, Type::kInvalid},
    {Type::kInterface, "interface {}", Kind::kInterface, Type::kInvalid},
    {Type::kBool, "bool", Kind::kBool, Type::kInvalid},
    {Type::kInt, "int", Kind::kInt, Type::kInvalid},
    {Type::kInt8, "int8", Kind::kInt8, Type::kInvalid},
    {Type::kInt16, "int16", Kind::kInt16, Type::kInvalid},
    {Type::kInt32, "int32", Kind::kInt32, Type::kInvalid},
    {Type::kInt64, "int64", Kind::kInt64, Type::kInvalid},
    {Type::kUint, "uint", Kind::kUint, Type::kInvalid},
    {Type::kUint8, "uint8", Kind::kUint8, Type::kInvalid},
    {Type::kUint16, "uint16", Kind::kUint16, Type::kInvalid},
    {Type::kUint32, "uint32", Kind::kUint32, Type::kInvalid},
    {Type::kUint64, "uint64", Kind::kUint64, Type::kInvalid},
    {Type::kUintptr, "uintptr", Kind::kUintptr, Type::kInvalid},
    {Type::kFloat32, "float32", Kind::kFloat32, Type::kInvalid},
    {Type::kFloat64, "float64", Kind::kFloat64, Type::kInvalid},
    {Type::kComplex128, "complex128", Kind::kComplex128, Type::kInvalid},
    {Type::kString, "string", Kind::kString, Type::kInvalid},
    {Type::kBytes, "[]uint8", Kind::kSlice, Type::kUint8},
    {Type::kList, "[]interface {}", Kind::kSlice, Type::kInterface},
    {Type::kStrings, "[]string", Kind::kSlice, Type::kString},
    {Type::kInts, "[]int", Kind::kSlice, Type::kInt},
    {Type::kLists, "[][]interface {}", Kind::kSlice, Type::kList},
    {Type::kMaps, "[]map[string]interface {}", Kind::kSlice, Type::kMap},
    {Type::kMap, "map[string]interface {}", Kind::kMap, Type::kInterface},
    {Type::kStringMap, "map[string]string", Kind::kMap, Type::kString},
    {Type::kStringListMap, "map[string][]string", Kind::kMap, Type::kStrings},
    {Type::kValues3, "chartutil.Values", Kind::kMap, Type::kInterface},
    {Type::kValues4, "common.Values", Kind::kMap, Type::kInterface},
    {Type::kFiles, "engine.files", Kind::kMap, Type::kBytes},
    {Type::kVersionSet3, "chartutil.VersionSet", Kind::kSlice, Type::kString},
    {Type::kVersionSet4, "common.VersionSet", Kind::kSlice, Type::kString},
    {Type::kCapabilities3, "chartutil.Capabilities", Kind::kStruct, Type::kInvalid},
    {Type::kCapabilities3Pointer, "*chartutil.Capabilities", Kind::kPointer, Type::kCapabilities3},
    {Type::kCapabilities4, "common.Capabilities", Kind::kStruct, Type::kInvalid},
    {Type::kCapabilities4Pointer, "*common.Capabilities", Kind::kPointer, Type::kCapabilities4},
    {Type::kKubeVersion3, "chartutil.KubeVersion", Kind::kStruct, Type::kInvalid},
    {Type::kKubeVersion3Pointer, "*chartutil.KubeVersion", Kind::kPointer, Type::kKubeVersion3},
    {Type::kKubeVersion4, "common.KubeVersion", Kind::kStruct, Type::kInvalid},
    {Type::kKubeVersion4Pointer, "*common.KubeVersion", Kind::kPointer, Type::kKubeVersion4},
    {Type::kBuildInfo3, "version.BuildInfo", Kind::kStruct, Type::kInvalid},
    {Type::kBuildInfo4, "version.BuildInfo", Kind::kStruct, Type::kInvalid},
    {Type::kChartMetadata, "chart.Metadata", Kind::kStruct, Type::kInvalid},
    {Type::kChartMetadataPointer, "*chart.Metadata", Kind::kPointer, Type::kChartMetadata},
    {Type::kMaintainer, "chart.Maintainer", Kind::kStruct, Type::kInvalid},
    {Type::kMaintainerPointer, "*chart.Maintainer", Kind::kPointer, Type::kMaintainer},
    {Type::kMaintainers, "[]*chart.Maintainer", Kind::kSlice, Type::kMaintainerPointer},
    {Type::kDependency, "chart.Dependency", Kind::kStruct, Type::kInvalid},
    {Type::kDependencyPointer, "*chart.Dependency", Kind::kPointer, Type::kDependency},
    {Type::kDependencies, "[]*chart.Dependency", Kind::kSlice, Type::kDependencyPointer},
    {Type::kHelm3Chart, "struct { chart.Metadata; IsRoot bool }", Kind::kStruct, Type::kInvalid},
    {Type::kTime, "time.Time", Kind::kStruct, Type::kInvalid},
    {Type::kTimePointer, "*time.Time", Kind::kPointer, Type::kTime},
    {Type::kDuration, "time.Duration", Kind::kInt64, Type::kInvalid},
    {Type::kMonth, "time.Month", Kind::kInt, Type::kInvalid},
    {Type::kWeekday, "time.Weekday", Kind::kInt, Type::kInvalid},
    {Type::kLocation, "time.Location", Kind::kStruct, Type::kInvalid},
    {Type::kLocationPointer, "*time.Location", Kind::kPointer, Type::kLocation},
    {Type::kVersion, "semver.Version", Kind::kStruct, Type::kInvalid},
    {Type::kVersionPointer, "*semver.Version", Kind::kPointer, Type::kVersion},
    {Type::kCertificate, "sprig.certificate", Kind::kStruct, Type::kInvalid},
    {Type::kError, "*errors.errorString", Kind::kPointer, Type::kInvalid},
    {Type::kReflect, "reflect.Value", Kind::kStruct, Type::kInvalid},
}};

constexpr bool in_order() {
  for (size_t i = 0; i < kTypes.size(); ++i) {
    if (static_cast<size_t>(kTypes[i].type) != i) return false;
  }
  return true;
}
static_assert(in_order(), "kTypes must list the types in the order of the enumeration");

// Types with a name of their own, whose underlying type is another one of the list.
Type underlying(Type type) {
  switch (type) {
    case Type::kValues3:
    case Type::kValues4: return Type::kMap;
    case Type::kVersionSet3:
    case Type::kVersionSet4: return Type::kStrings;
    default: return type;
  }
}

}  // namespace

std::string_view kind_name(Kind kind) {
  static constexpr std::string_view kNames[] = {"invalid", "bool",    "int",     "int8",       "int16",     "int32",
                                                "int64",   "uint",    "uint8",   "uint16",     "uint32",    "uint64",
                                                "uintptr", "float32", "float64", "complex128", "interface", "map",
                                                "ptr",     "slice",   "array",   "string",     "struct",    "func"};
  return kNames[static_cast<size_t>(kind)];
}

const TypeInfo& info(Type type) { return kTypes[static_cast<size_t>(type)]; }

Type pointer_to(Type type) {
  for (const TypeInfo& candidate : kTypes) {
    if (candidate.kind == Kind::kPointer && candidate.element == type) return candidate.type;
  }
  return type;
}

bool can_be_nil(Type type) {
  if (type == Type::kReflect) return true;
  switch (kind_of(type)) {
    case Kind::kInterface:
    case Kind::kMap:
    case Kind::kPointer:
    case Kind::kSlice:
    case Kind::kFunc: return true;
    default: return false;
  }
}

bool assignable(Type from, Type to) {
  if (from == to || to == Type::kInterface) return true;
  Type a = underlying(from);
  Type b = underlying(to);
  // Two named types are never assignable to each other.
  return a == b && (a == from || b == to) && a != Type::kInvalid;
}

}  // namespace autonomous::render
