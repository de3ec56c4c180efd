// Values against the schemas of a chart and of all that it contains, as helm does before it renders. Pure.
#pragma once

#include "render/helm/schema.h"
#include "render/helm/work.h"

namespace autonomous::helm {

// A value as JSON sees it.
SchemaValue schema_value(const render::Value& value);

// helm's whole text, all charts at once: "values don't meet the specifications of the schema(s) in the following …".
Result<void> check_schemas(Work& work, const WorkChart& root, render::Map* values);

}  // namespace autonomous::helm
