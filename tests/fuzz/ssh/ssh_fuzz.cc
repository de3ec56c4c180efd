// Signatures and keys from outside: an allowed-signers file, then "===", then an armoured signature (or a private key).
#include "gitops/git/signer.h"
#include "gitops/git/ssh_wire.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto [first, second] = fuzz::halves(fuzz::text_of(data, size));
  git::WireReader wire(second);
  while (wire.ok() && !wire.at_end()) (void)wire.string();
  auto signature = git::parse_signature(second);
  if (signature) {
    (void)git::signed_bytes(signature->name_space, signature->hash, "message");
    (void)git::fingerprint_of(signature->key_blob);
  }
  (void)git::key_blob_of_line(first);
  (void)git::Signer::parse(second);
  if (auto allowed = git::AllowedSigners::parse(first)) {
    git::Verdict verdict = allowed->verify("message", second);
    fuzz::require(!verdict.good || verdict.intact, "only a signature that is right counts");
    fuzz::require(verdict.good || !verdict.reason.empty(), "why it does not count is said");
    fuzz::require(!allowed->empty() || !verdict.good, "nobody is allowed by nothing");
  }
  return 0;
}
