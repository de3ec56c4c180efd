// simulation [--seeds FROM:TO] [--steps N] [--tell]
//
// Plays the world once a seed. A seed that fails is printed with the command that plays it again; exit 1 then.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/fault/simulation/world.h"

int main(int argc, char** argv) {
  unsigned long from = 1, to = 1000, steps = 300;
  bool tell = false;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--tell") tell = true;
    else if (argument == "--steps" && i + 1 < argc) steps = std::stoul(argv[++i]);
    else if (argument == "--seeds" && i + 1 < argc) {
      std::string range = argv[++i];
      size_t colon = range.find(':');
      from = std::stoul(range);
      to = colon == std::string::npos ? from : std::stoul(range.substr(colon + 1));
    } else {
      std::fprintf(stderr, "usage: simulation [--seeds FROM:TO] [--steps N] [--tell]\n");
      return 2;
    }
  }
  size_t faults = 0, releases = 0, entries = 0, failed = 0;
  for (unsigned long seed = from; seed <= to; ++seed) {
    autonomous::fault::World world(static_cast<uint32_t>(seed), tell);
    try {
      world.run(steps);
    } catch (const autonomous::fault::Violation& violation) {
      std::printf("seed %lu: %s\n  again: %s --seeds %lu --steps %lu --tell\n", seed, violation.what(), argv[0], seed,
                  steps);
      if (++failed >= 20) break;
    }
    faults += world.faults;
    releases += world.checker.releases();
    entries += world.forge.ledger.size();
  }
  std::printf("%lu seeds of %lu steps: %zu faults, %zu releases, %zu ledger entries; %zu failed\n", to - from + 1,
              steps, faults, releases, entries, failed);
  return failed == 0 ? 0 : 1;
}
