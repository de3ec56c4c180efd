// What a schema itself has to look like: the rules of the drafts' metaschemas, from which the metaschemas are made that
// jsonschema/v6 holds schemas against before it compiles them. Its messages follow their nesting ('allOf' failed), so
// the nesting is theirs; titles, comments and defaults, which no message shows, are left out.
#include <initializer_list>
#include <span>

#include "render/helm/schema_node.h"

namespace autonomous::helm {
namespace {

// How the value of a keyword has to look.
enum class Shape {
  kSchema,
  kSchemaOrList,  // items
  kSchemas,       // a list
  kSchemasByName,
  kSchemasByPattern,
  kDependencies,
  kString,
  kUri,
  kReference,
  kRegex,
  kIdentity,  // no fragment but an empty one
  kAnchor,
  kBoolean,
  kBooleanOrSchema,  // draft 4
  kNumber,
  kPositive,
  kPositive4,
  kCount,
  kCount0,
  kStrings,
  kStringsByName,
  kChoices,
  kList,
  kTypes,
  kVocabulary,
};

struct Keyword {
  std::string_view name;
  Shape shape;
};
using Keywords = std::span<const Keyword>;

// How the drafts say the same.
struct Dialect {
  int draft;
  std::string self;         // the reference to a schema
  std::string definitions;  // the pointer to what the keywords share
};

std::string defined(const Dialect& dialect, std::string_view name) {
  return R"({"$ref":"#/)" + dialect.definitions + "/" + std::string(name) + R"("})";
}

std::string text_of(const Dialect& dialect, Shape shape) {
  const std::string& self = dialect.self;
  auto by_name = [](const std::string& value) { return R"({"type":"object","additionalProperties":)" + value + "}"; };
  switch (shape) {
    case Shape::kSchema: return self;
    case Shape::kSchemaOrList: return R"({"anyOf":[)" + self + "," + defined(dialect, "schemaArray") + "]}";
    case Shape::kSchemas: return defined(dialect, "schemaArray");
    case Shape::kSchemasByName: return by_name(self);
    case Shape::kSchemasByPattern:
      return R"({"type":"object","propertyNames":{"format":"regex"},"additionalProperties":)" + self + "}";
    case Shape::kDependencies: {
      bool apart = dialect.draft >= 2019;  // stringArray is the validation vocabulary's
      std::string strings =
          apart ? R"({"$ref":"meta/validation#/$defs/stringArray"})" : defined(dialect, "stringArray");
      return by_name(R"({"anyOf":[)" + self + "," + strings + "]}");
    }
    case Shape::kString: return R"({"type":"string"})";
    case Shape::kUri:
      return dialect.draft >= 2020 ? defined(dialect, "uriString") : R"({"type":"string","format":"uri"})";
    case Shape::kReference:
      return dialect.draft >= 2020 ? defined(dialect, "uriReferenceString")
                                   : R"({"type":"string","format":"uri-reference"})";
    case Shape::kRegex: return R"({"type":"string","format":"regex"})";
    case Shape::kIdentity:
      return dialect.draft >= 2020 ? R"({"$ref":"#/$defs/uriReferenceString","pattern":"^[^#]*#?$"})"
                                   : R"({"type":"string","format":"uri-reference","pattern":"^[^#]*#?$"})";
    case Shape::kAnchor:
      return dialect.draft >= 2020 ? defined(dialect, "anchorString")
                                   : R"({"type":"string","pattern":"^[A-Za-z][-A-Za-z0-9.:_]*$"})";
    case Shape::kBoolean: return R"({"type":"boolean"})";
    case Shape::kBooleanOrSchema: return R"({"anyOf":[{"type":"boolean"},)" + self + "]}";
    case Shape::kNumber: return R"({"type":"number"})";
    case Shape::kPositive: return R"({"type":"number","exclusiveMinimum":0})";
    case Shape::kPositive4: return R"({"type":"number","minimum":0,"exclusiveMinimum":true})";
    case Shape::kCount: return defined(dialect, "count");
    case Shape::kCount0: return defined(dialect, "count0");
    case Shape::kStrings: return defined(dialect, "stringArray");
    case Shape::kStringsByName: return by_name(defined(dialect, "stringArray"));
    case Shape::kChoices: return R"({"type":"array","minItems":1,"uniqueItems":true})";
    case Shape::kList: return R"({"type":"array"})";
    case Shape::kTypes: {
      std::string simple = defined(dialect, "simpleTypes");
      return R"({"anyOf":[)" + simple + R"(,{"type":"array","items":)" + simple +
             R"(,"minItems":1,"uniqueItems":true}]})";
    }
    case Shape::kVocabulary: {
      std::string uri = text_of(dialect, Shape::kUri);
      return R"({"type":"object","propertyNames":)" + uri + R"(,"additionalProperties":{"type":"boolean"}})";
    }
  }
  return "true";
}

std::string properties(const Dialect& dialect, std::initializer_list<Keywords> lists) {
  std::string out;
  for (Keywords list : lists) {
    for (const Keyword& keyword : list) {
      if (!out.empty()) out += ",";
      out += "\"" + std::string(keyword.name) + "\":" + text_of(dialect, keyword.shape);
    }
  }
  return R"("properties":{)" + out + "}";
}

std::string schema_array(const Dialect& dialect) {
  return R"("schemaArray":{"type":"array","minItems":1,"items":)" + dialect.self + "}";
}

std::string validation_definitions(const Dialect& dialect) {
  std::string count0 = dialect.draft < 2019 ? R"({"allOf":[)" + defined(dialect, "count") + R"(,{"default":0}]})"
                                            : R"({"$ref":"#/$defs/count","default":0})";
  return R"("count":{"type":"integer","minimum":0},"count0":)" + count0 +
         R"(,"simpleTypes":{"enum":["array","boolean","integer","null","number","object","string"]})"
         R"(,"stringArray":{"type":"array","items":{"type":"string"},)" +
         (dialect.draft == 4 ? R"("minItems":1,)" : "") + R"("uniqueItems":true})";
}

// ---- drafts of one document
// ------------------------------------------------------------------------------------------

constexpr Keyword kDraft4[] = {
    {"id", Shape::kString},
    {"multipleOf", Shape::kPositive4},
    {"exclusiveMaximum", Shape::kBoolean},
    {"exclusiveMinimum", Shape::kBoolean},
    {"additionalItems", Shape::kBooleanOrSchema},
    {"additionalProperties", Shape::kBooleanOrSchema},
    {"patternProperties", Shape::kSchemasByName},
    {"$ref", Shape::kString},
};
constexpr Keyword kSince6[] = {
    {"$id", Shape::kReference},           {"multipleOf", Shape::kPositive},    {"exclusiveMaximum", Shape::kNumber},
    {"exclusiveMinimum", Shape::kNumber}, {"additionalItems", Shape::kSchema}, {"additionalProperties", Shape::kSchema},
    {"$ref", Shape::kReference},          {"contains", Shape::kSchema},        {"propertyNames", Shape::kSchema},
};
constexpr Keyword kDraft6[] = {{"patternProperties", Shape::kSchemasByName}};
constexpr Keyword kDraft7[] = {
    {"patternProperties", Shape::kSchemasByPattern},
    {"$comment", Shape::kString},
    {"readOnly", Shape::kBoolean},
    {"writeOnly", Shape::kBoolean},
    {"examples", Shape::kList},
    {"contentMediaType", Shape::kString},
    {"contentEncoding", Shape::kString},
    {"if", Shape::kSchema},
    {"then", Shape::kSchema},
    {"else", Shape::kSchema},
};
constexpr Keyword kOfAll[] = {
    {"$schema", Shape::kUri},
    {"title", Shape::kString},
    {"description", Shape::kString},
    {"maximum", Shape::kNumber},
    {"minimum", Shape::kNumber},
    {"maxLength", Shape::kCount},
    {"minLength", Shape::kCount0},
    {"pattern", Shape::kRegex},
    {"items", Shape::kSchemaOrList},
    {"maxItems", Shape::kCount},
    {"minItems", Shape::kCount0},
    {"uniqueItems", Shape::kBoolean},
    {"maxProperties", Shape::kCount},
    {"minProperties", Shape::kCount0},
    {"required", Shape::kStrings},
    {"definitions", Shape::kSchemasByName},
    {"properties", Shape::kSchemasByName},
    {"dependencies", Shape::kDependencies},
    {"enum", Shape::kChoices},
    {"type", Shape::kTypes},
    {"format", Shape::kString},
    {"allOf", Shape::kSchemas},
    {"anyOf", Shape::kSchemas},
    {"oneOf", Shape::kSchemas},
    {"not", Shape::kSchema},
};

std::string of_one_document(int draft, std::initializer_list<Keywords> keywords) {
  Dialect dialect{draft, R"({"$ref":"#"})", "definitions"};
  std::string url = "http://json-schema.org/draft-0" + std::to_string(draft) + "/schema#";
  return R"({"$schema":")" + url + R"(","definitions":{)" + schema_array(dialect) + "," +
         validation_definitions(dialect) + R"(},"type":)" +
         (draft == 4 ? R"("object","dependencies":{"exclusiveMaximum":["maximum"],"exclusiveMinimum":["minimum"]})"
                     : R"(["object","boolean"])") +
         "," + properties(dialect, keywords) + "}";
}

// ---- drafts of vocabularies
// ------------------------------------------------------------------------------------------

class Vocabularies {
 public:
  Vocabularies(int draft, std::string base, std::string mark, std::string self)
      : dialect_{draft, std::move(self), "$defs"}, base_(std::move(base)), mark_(std::move(mark)) {}

  void add(std::string_view name, std::initializer_list<Keywords> keywords, const std::string& definitions = "") {
    std::string url = base_ + "meta/" + std::string(name);
    all_of_ += (all_of_.empty() ? "" : ",") + (R"({"$ref":"meta/)" + std::string(name) + R"("})");
    documents_ += (documents_.empty() ? "\"" : ",\"") + std::string(name) + R"(":{"$id":")" + url + R"(",)" + mark_ +
                  R"(,"type":["object","boolean"],)" + properties(dialect_, keywords) +
                  (definitions.empty() ? "" : R"(,"$defs":{)" + definitions + "}") + "}";
  }
  // The documents lie in the one that puts them together: each keeps its own $id, so references find them.
  std::string document(const std::string& more_properties) const {
    std::string kept = R"("definitions":)" + text_of(dialect_, Shape::kSchemasByName) + R"(,"dependencies":)" +
                       text_of(dialect_, Shape::kDependencies) + more_properties;
    return R"({"$schema":")" + base_ + R"(schema","$id":")" + base_ + R"(schema",)" + mark_ + R"(,"allOf":[)" +
           all_of_ + R"(],"type":["object","boolean"],"properties":{)" + kept + R"(},"$defs":{)" + documents_ + "}}";
  }
  const Dialect& dialect() const { return dialect_; }

 private:
  Dialect dialect_;
  std::string base_, mark_, all_of_, documents_;
};

constexpr Keyword kCore[] = {
    {"$id", Shape::kIdentity},           {"$schema", Shape::kUri},     {"$anchor", Shape::kAnchor},
    {"$ref", Shape::kReference},         {"$comment", Shape::kString}, {"$defs", Shape::kSchemasByName},
    {"$vocabulary", Shape::kVocabulary},
};
constexpr Keyword kCore2019[] = {{"$recursiveRef", Shape::kReference}, {"$recursiveAnchor", Shape::kBoolean}};
constexpr Keyword kCore2020[] = {{"$dynamicRef", Shape::kReference}, {"$dynamicAnchor", Shape::kAnchor}};
constexpr Keyword kApplicator[] = {
    {"contains", Shape::kSchema},
    {"additionalProperties", Shape::kSchema},
    {"properties", Shape::kSchemasByName},
    {"patternProperties", Shape::kSchemasByPattern},
    {"dependentSchemas", Shape::kSchemasByName},
    {"propertyNames", Shape::kSchema},
    {"if", Shape::kSchema},
    {"then", Shape::kSchema},
    {"else", Shape::kSchema},
    {"allOf", Shape::kSchemas},
    {"anyOf", Shape::kSchemas},
    {"oneOf", Shape::kSchemas},
    {"not", Shape::kSchema},
};
constexpr Keyword kApplicator2019[] = {{"additionalItems", Shape::kSchema}, {"items", Shape::kSchemaOrList}};
constexpr Keyword kApplicator2020[] = {{"prefixItems", Shape::kSchemas}, {"items", Shape::kSchema}};
constexpr Keyword kUnevaluated[] = {{"unevaluatedItems", Shape::kSchema}, {"unevaluatedProperties", Shape::kSchema}};
constexpr Keyword kValidation[] = {
    {"multipleOf", Shape::kPositive},
    {"maximum", Shape::kNumber},
    {"exclusiveMaximum", Shape::kNumber},
    {"minimum", Shape::kNumber},
    {"exclusiveMinimum", Shape::kNumber},
    {"maxLength", Shape::kCount},
    {"minLength", Shape::kCount0},
    {"pattern", Shape::kRegex},
    {"maxItems", Shape::kCount},
    {"minItems", Shape::kCount0},
    {"uniqueItems", Shape::kBoolean},
    {"maxContains", Shape::kCount},
    {"minContains", Shape::kCount},
    {"maxProperties", Shape::kCount},
    {"minProperties", Shape::kCount0},
    {"required", Shape::kStrings},
    {"dependentRequired", Shape::kStringsByName},
    {"enum", Shape::kList},
    {"type", Shape::kTypes},
};
constexpr Keyword kMetaData[] = {
    {"title", Shape::kString},     {"description", Shape::kString}, {"deprecated", Shape::kBoolean},
    {"readOnly", Shape::kBoolean}, {"writeOnly", Shape::kBoolean},  {"examples", Shape::kList},
};
constexpr Keyword kFormat[] = {{"format", Shape::kString}};
constexpr Keyword kContent[] = {
    {"contentMediaType", Shape::kString}, {"contentEncoding", Shape::kString}, {"contentSchema", Shape::kSchema}};

// The vocabularies that come last, in either draft.
void add_rest(Vocabularies& all, std::string_view format) {
  all.add("validation", {kValidation}, validation_definitions(all.dialect()));
  all.add("meta-data", {kMetaData});
  all.add(format, {kFormat});
  all.add("content", {kContent});
}

std::string of_2019() {
  Vocabularies all(2019, "https://json-schema.org/draft/2019-09/", R"("$recursiveAnchor":true)",
                   R"({"$recursiveRef":"#"})");
  all.add("core", {kCore, kCore2019});
  all.add("applicator", {kApplicator, kApplicator2019, kUnevaluated}, schema_array(all.dialect()));
  add_rest(all, "format");
  return all.document("");
}

std::string of_2020() {
  Vocabularies all(2020, "https://json-schema.org/draft/2020-12/", R"("$dynamicAnchor":"meta")",
                   R"({"$dynamicRef":"#meta"})");
  all.add("core", {kCore, kCore2020},
          R"("anchorString":{"type":"string","pattern":"^[A-Za-z_][-A-Za-z0-9._]*$"})"
          R"(,"uriString":{"type":"string","format":"uri"})"
          R"(,"uriReferenceString":{"type":"string","format":"uri-reference"})");
  all.add("applicator", {kApplicator, kApplicator2020}, schema_array(all.dialect()));
  all.add("unevaluated", {kUnevaluated});
  add_rest(all, "format-annotation");
  return all.document(R"(,"$recursiveAnchor":{"$ref":"meta/core#/$defs/anchorString"})"
                      R"(,"$recursiveRef":{"$ref":"meta/core#/$defs/uriReferenceString"})");
}

std::string text_of_draft(int draft) {
  switch (draft) {
    case 4: return of_one_document(4, {kDraft4, kOfAll});
    case 6: return of_one_document(6, {kSince6, kDraft6, kOfAll});
    case 7: return of_one_document(7, {kSince6, kDraft7, kOfAll});
    case 2019: return of_2019();
    default: return of_2020();
  }
}

}  // namespace

std::string metaschema_url(int draft) {
  if (draft < 2019) return "http://json-schema.org/draft-0" + std::to_string(draft) + "/schema#";
  return draft == 2019 ? "https://json-schema.org/draft/2019-09/schema#"
                       : "https://json-schema.org/draft/2020-12/schema#";
}

// One static each, so that a render makes only the one that it needs; never freed: as good as a constant.
template <int draft>
static const Schema& made() {
  static const Schema& schema = *std::move(*Schema::compile_meta(text_of_draft(draft))).release();
  return schema;
}

const Schema& metaschema(int draft) {
  switch (draft) {
    case 4: return made<4>();
    case 6: return made<6>();
    case 7: return made<7>();
    case 2019: return made<2019>();
    default: return made<2020>();
  }
}

}  // namespace autonomous::helm
