// What an app that was found makes now, and how it is said here: as the files that it has, as its chart, or as what
// that renders to.
#pragma once

#include <string>
#include <vector>

#include "daemon/pipeline/import_find.h"
#include "daemon/pipeline/import_text.h"
#include "daemon/pipeline/renderer.h"
#include "gitops/base/ctx.h"
#include "render/app/manifests.h"

namespace autonomous::daemon {

// What its source says: what Argo CD applies now. ns: where it goes; kubernetes: "" = the renderer's default.
Result<std::vector<app::Resource>> as_it_is(const Ctx& ctx, const FileTree& tree, const Found& one,
                                            const std::string& ns, const std::string& kubernetes, Renderer& renderer);

Result<Said> said_files(const FileTree& tree, const Found& one);
// Where it lies there, with the values that it names.
Result<Said> said_chart(const FileTree& tree, const Found& one);
std::string text_of_objects(const std::vector<app::Resource>& resources);
Said said_text(const Found& one, const std::vector<app::Resource>& resources);

}  // namespace autonomous::daemon
