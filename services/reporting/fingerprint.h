// Linear fingerprints: what is added up has the sum of the fingerprints of its parts, modulo 2^64.
// So sets of cells are compared by one number each, whatever order their facts are read in.
#pragma once

#include <cstdint>

namespace sqm::reporting {

// The finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
// OOPSLA 2014): every bit of `x` changes about half of the result's.
inline uint64_t Mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// `seed` and one number more.
inline uint64_t Mixed(uint64_t seed, int64_t value) {
  return Mixed(seed + 0x9e3779b97f4a7c15u + Mixed(static_cast<uint64_t>(value)));
}

// What `count` of something weigh. The weight of one is odd, so that no difference below 2^64
// weighs nothing.
inline uint64_t Weighed(uint64_t something, int64_t count) {
  return static_cast<uint64_t>(count) * (something | 1);
}

}  // namespace sqm::reporting
