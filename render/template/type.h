// Type: the Go types that a value of a Helm template can have.
//
// The set is closed: sprig and Helm make values of these types and of no others. A new one is a line here and a line in
// type.cc. Immutable, free to use from any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace autonomous::render {

// Go's reflect.Kind, as far as it occurs.
enum class Kind : uint8_t {
  kInvalid,
  kBool,
  kInt,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kUintptr,
  kFloat32,
  kFloat64,
  kComplex128,
  kInterface,
  kMap,
  kPointer,
  kSlice,
  kArray,
  kString,
  kStruct,
  kFunc,
};
std::string_view kind_name(Kind kind);  // "int", "map", "ptr", …

enum class Type : uint16_t {
  kInvalid,    // no type: a value that is not there
  kInterface,  // interface {}
  kBool,
  kInt,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kUintptr,
  kFloat32,
  kFloat64,
  kComplex128,
  kString,
  kBytes,          // []uint8
  kList,           // []interface {}
  kStrings,        // []string
  kInts,           // []int
  kLists,          // [][]interface {}
  kMaps,           // []map[string]interface {}
  kMap,            // map[string]interface {}
  kStringMap,      // map[string]string
  kStringListMap,  // map[string][]string
  kValues3,        // chartutil.Values
  kValues4,        // common.Values
  kFiles,          // engine.files
  kVersionSet3,    // chartutil.VersionSet
  kVersionSet4,    // common.VersionSet
  kCapabilities3,
  kCapabilities3Pointer,  // chartutil.Capabilities and *
  kCapabilities4,
  kCapabilities4Pointer,  // common.Capabilities and *
  kKubeVersion3,
  kKubeVersion3Pointer,  // chartutil.KubeVersion and *
  kKubeVersion4,
  kKubeVersion4Pointer,  // common.KubeVersion and *
  kBuildInfo3,           // version.BuildInfo
  kBuildInfo4,           // helm.sh/helm/v4's version.BuildInfo
  kChartMetadata,
  kChartMetadataPointer,  // chart.Metadata and *
  kMaintainer,
  kMaintainerPointer,
  kMaintainers,  // chart.Maintainer, *, []*
  kDependency,
  kDependencyPointer,
  kDependencies,  // chart.Dependency, *, []*
  kHelm3Chart,    // struct { chart.Metadata; IsRoot bool }
  kTime,          // time.Time
  kTimePointer,   // *time.Time
  kDuration,      // time.Duration
  kMonth,         // time.Month
  kWeekday,       // time.Weekday
  kLocation,
  kLocationPointer,  // time.Location and *
  kVersion,
  kVersionPointer,  // semver.Version and *
  kCertificate,     // sprig.certificate
  kError,           // *errors.errorString
  kReflect,         // reflect.Value: only as a parameter, takes anything as it is
  kCount,
};

struct TypeInfo {
  Type type;
  std::string_view name;  // as Go's %T prints it
  Kind kind;
  Type element;  // of a slice, of a map's values, of a pointer
};
const TypeInfo& info(Type type);
inline std::string_view type_name(Type type) { return info(type).name; }
inline Kind kind_of(Type type) { return info(type).kind; }
inline Type element_of(Type type) { return info(type).element; }
// *T for a T of the list; T itself when there is none.
Type pointer_to(Type type);
// Go's zero value of the type can be nil.
bool can_be_nil(Type type);
// reflect's AssignableTo: the same type, an empty interface, or the same underlying type with one of both unnamed.
bool assignable(Type from, Type to);

}  // namespace autonomous::render
