// Counter-based random numbers: Philox4x32-10, the same bits as equations/random.py.
//
//     key      the seed (64 bits)
//     counter  (block, layer, step, stream)
#pragma once

#include "matrix.hpp"

namespace lamina::LAMINA_PATH {

inline constexpr uint32_t DROPOUT = 2; // the stream
inline constexpr uint32_t MULTIPLIERS[] = {0xD2511F53, 0xCD9E8D57}, WEYL[] = {0x9E3779B9, 0xBB67AE85};

// Four random words for each of N blocks in a row: words[4 b + w].
template <int N>
LAMINA_INLINE void philox(uint32_t block, uint32_t layer, uint32_t step, uint64_t seed, uint32_t* words) {
    uint32_t c[4][N], k0 = uint32_t(seed), k1 = uint32_t(seed >> 32);
    for (int b = 0; b < N; b++) c[0][b] = block + b, c[1][b] = layer, c[2][b] = step, c[3][b] = DROPOUT;
    for (int round = 0; round < 10; round++, k0 += WEYL[0], k1 += WEYL[1])
        for (int b = 0; b < N; b++) {
            uint64_t product0 = uint64_t(MULTIPLIERS[0]) * c[0][b], product1 = uint64_t(MULTIPLIERS[1]) * c[2][b];
            c[0][b] = uint32_t(product1 >> 32) ^ c[1][b] ^ k0;
            c[2][b] = uint32_t(product0 >> 32) ^ c[3][b] ^ k1;
            c[1][b] = uint32_t(product1);
            c[3][b] = uint32_t(product0);
        }
    for (int b = 0; b < N; b++)
        for (int w = 0; w < 4; w++) words[4 * b + w] = c[w][b];
}

// D[u] of one panel's row: 1 where dropout keeps unit u of example i, 0 elsewhere. Unit u reads word u % 4 of block
// i * ceil(units / 4) + u / 4 and is kept when its upper 24 bits are at least `threshold`.
template <class T>
LAMINA_INLINE void kept(int64_t units, int64_t example, int64_t panel, uint32_t threshold, uint32_t layer,
                        uint32_t step, uint64_t seed, T* D) {
    uint32_t words[P<T>];
    int64_t blocks = (units + 3) / 4;
    philox<P<T> / 4>(uint32_t(example * blocks + panel * (P<T> / 4)), layer, step, seed, words);
    for (int u = 0; u < P<T>; u++) D[u] = (words[u] >> 8) >= threshold ? T(1) : T(0);
}

} // namespace lamina::LAMINA_PATH
