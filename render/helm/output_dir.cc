#include "render/helm/output_dir.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>

#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "render/helm/match.h"

namespace autonomous::helm {

namespace {

void put(FILE* to, std::string_view text) { (void)fwrite(text.data(), 1, text.size(), to); }

// ensureDirectoryForFile, with Go's words.
Result<void> make_folder_of(const std::string& file) {
  std::string folder = file.substr(0, file.rfind('/'));
  struct stat info {};
  auto failed = [&](std::string_view what) {
    return fail(Code::kUnavailable, what, " ", folder, ": ", to_lower(std::strerror(errno)));
  };
  if (::stat(folder.c_str(), &info) != 0 && errno != ENOENT) return failed("stat");
  if (!make_folders(folder)) return failed("mkdir");
  return ok();
}

Result<void> write_piece(const Piece& piece, const std::string& path, bool append) {
  TRY_DO(make_folder_of(path));
  FILE* file = std::fopen(path.c_str(), append ? "ae" : "we");
  if (file == nullptr) return fail(Code::kUnavailable, "open ", path, ": ", to_lower(std::strerror(errno)));
  put(file, "---\n# Source: " + piece.source + "\n" + piece.text + "\n");
  if (std::fclose(file) != 0) return fail(Code::kUnavailable, "cannot write ", path, ": ", std::strerror(errno));
  put(stdout, "wrote " + path + "\n");
  return ok();
}

}  // namespace

Result<void> write_pieces(const Rendered& rendered, const std::string& output_dir, const std::string& below) {
  std::set<std::string> written;
  for (const Piece& piece : rendered.pieces) {
    bool is_hook = piece.kind == Piece::Kind::kHook || piece.kind == Piece::Kind::kTestHook;
    std::string folder = output_dir;
    if (!below.empty() && piece.kind != Piece::Kind::kCrd) folder = clean_path(folder + "/" + below);
    std::string path = folder + "/" + piece.source;
    auto done = write_piece(piece, path, is_hook ? exists(path) : written.contains(path));
    // helm writes manifests as a part of rendering them, and hooks afterwards.
    if (!done && !is_hook)
      return std::move(std::move(done).error()).hint("Use --debug flag to render out invalid YAML");
    TRY_DO(std::move(done));
    written.insert(path);
  }
  return ok();
}

}  // namespace autonomous::helm
