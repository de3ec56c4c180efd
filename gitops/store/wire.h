// Wire: how a record reaches its branches: refs of a hosted repository, or those of a remote through a local mirror.
// Owned by the writer's thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gitops/base/ctx.h"
#include "gitops/git/remote.h"
#include "gitops/git/repository.h"
#include "gitops/store/journal.h"

namespace autonomous::store {

struct MoveResult {
  // kLanded: ours arrived, but others went on from it already, or only some of the refs moved. What is missing is still
  // to be moved, and what the others did to be taken in.
  enum class Kind { kMoved, kLanded, kRaced, kRefused };
  Kind kind = Kind::kMoved;
  std::string words;  // of a refusal: the server's
};

using Tag = std::pair<std::string, git::Oid>;  // its name without refs/tags/, the tag object

struct TagRefusal {
  std::string tag;
  std::string why;  // the server's reason and words
};

// Tags that are asked for with a look, by the same request: their names without refs/tags/, and those of them that are
// there.
struct TagQuestion {
  std::vector<std::string> names;
  std::map<std::string, git::Oid> there;
};

class Wire {
 public:
  virtual ~Wire() = default;
  // The tips as they are now; their objects are in the repository.
  Result<Tips> look(const Ctx& ctx) { return look(ctx, nullptr); }
  // tags: null: none.
  virtual Result<Tips> look(const Ctx& ctx, TagQuestion* tags) = 0;
  // All refs or none. An error, or a power cut: it is not known whether they moved, or some did. kLimit: nothing moved,
  // and less at once may go through: it was too much for the server or, where the error may be retried, pushes stay
  // without an answer again and again while the remote answers everything else. `tags`: so many will be made next.
  virtual Result<MoveResult> move(const Ctx& ctx, const std::vector<Move>& moves, size_t tags = 0) = 0;
  // Gives those that others made with another value, or that were refused.
  virtual Result<std::vector<TagRefusal>> make_tags(const Ctx& ctx, const std::vector<Tag>& tags) = 0;
  // Puts tags back where they belong, each from the value that it has now (zero: it is not there). Gives those that
  // were refused.
  virtual Result<std::vector<std::string>> move_tags(const Ctx& ctx, const std::vector<Move>& moves) = 0;
  // The tags that are there below `prefix`, with the oids of their objects.
  virtual Result<std::vector<Tag>> tags(const Ctx& ctx, std::string_view prefix) = 0;
};

std::unique_ptr<Wire> hosted_wire(git::Repository& repository, std::string branch);
std::unique_ptr<Wire> remote_wire(git::Repository& mirror, std::shared_ptr<git::Remote> remote, std::string branch);

}  // namespace autonomous::store
