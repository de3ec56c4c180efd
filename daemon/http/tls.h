// TLS of the HTTP listener. A connection is decrypted here and goes on as a plain stream, so that nothing behind it
// knows the difference: one end of a socket pair is served, the other is pumped to and from the client.
//
// A TlsIdentity may be used by any thread; everything of one connection runs on its socket's strand.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "gitops/base/clock.h"
#include "gitops/base/result.h"

namespace autonomous::daemon {

// Certificate (with its chain) and key, PEM, as they are now: they are asked for at each connection, because they
// rotate. What is wrong then is logged, and the pair before serves on.
class TlsIdentity {
 public:
  using Read = std::function<Result<std::string>()>;
  // kInvalid for what is no PEM, or for a key that does not belong to the certificate.
  static Result<std::shared_ptr<TlsIdentity>> make(Read certificate, Read key);
  std::shared_ptr<SSL_CTX> current();

 private:
  TlsIdentity(Read certificate, Read key) : read_certificate_(std::move(certificate)), read_key_(std::move(key)) {}
  Result<void> refresh();

  const Read read_certificate_, read_key_;
  std::mutex mutex_;  // guards all below
  std::string certificate_, key_;
  std::string trouble_;  // as it was last logged
  std::shared_ptr<SSL_CTX> context_;
};

struct TlsLimits {
  Millis handshake{10'000};
  Millis stall{60'000};  // for a client to take what is sent
};

// Shakes hands, then calls `serve` once with the plain end. Ends by itself when either side does.
void serve_tls(boost::asio::ip::tcp::socket socket, std::shared_ptr<TlsIdentity> identity, TlsLimits limits,
               std::function<void(boost::asio::local::stream_protocol::socket)> serve);

}  // namespace autonomous::daemon
