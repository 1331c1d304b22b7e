// Counter-based random numbers: Philox4x32-10, the same bits as equations/random.py.
//
//     key      the seed (64 bits)
//     counter  (block, layer, step, stream)
#pragma once

#include "matrix.hpp"

namespace lamina::LAMINA_PATH {

inline constexpr uint32_t DROPOUT = 2; // the stream
inline constexpr uint32_t MULTIPLIERS[] = {0xD2511F53, 0xCD9E8D57}, WEYL[] = {0x9E3779B9, 0xBB67AE85};

// The upper and the lower half of every product a * b.
struct Halves {
    Words high, low;
};
LAMINA_INLINE Halves halves(Words a, uint32_t b) {
    const Pairs lower = Pairs{} + 0xFFFFFFFF;
    const Pairs even = lower_product(Pairs(a), Pairs{} + b), odd = lower_product(Pairs(a) >> 32, Pairs{} + b);
    return {Words((even >> 32) | (odd & ~lower)), Words((even & lower) | (odd << 32))};
}

// The four random words of eight blocks: a register holds one word of each.
struct Random {
    Words c[4];

    LAMINA_INLINE Random(Words block, uint32_t layer, uint32_t step, uint64_t seed)
        : c{block, Words{} + layer, Words{} + step, Words{} + DROPOUT} {
        uint32_t k0 = uint32_t(seed), k1 = uint32_t(seed >> 32);
        for (int round = 0; round < 10; round++, k0 += WEYL[0], k1 += WEYL[1]) {
            const Halves a = halves(c[0], MULTIPLIERS[0]), b = halves(c[2], MULTIPLIERS[1]);
            c[0] = b.high ^ c[1] ^ k0;
            c[2] = a.high ^ c[3] ^ k1;
            c[1] = b.low;
            c[3] = a.low;
        }
    }
    // Word after word of block b and of block b + 4.
    LAMINA_INLINE Words of(int b) const {
        const Words x =
            b < 2 ? picked<0, 8, 1, 9, 4, 12, 5, 13>(c[0], c[1]) : picked<2, 10, 3, 11, 6, 14, 7, 15>(c[0], c[1]);
        const Words y =
            b < 2 ? picked<0, 8, 1, 9, 4, 12, 5, 13>(c[2], c[3]) : picked<2, 10, 3, 11, 6, 14, 7, 15>(c[2], c[3]);
        return b % 2 ? picked<2, 3, 10, 11, 6, 7, 14, 15>(x, y) : picked<0, 1, 8, 9, 4, 5, 12, 13>(x, y);
    }
};

typedef uint16_t Shorts __attribute__((vector_size(32)));
typedef int16_t Signs __attribute__((vector_size(32)));

// D of one panel's row, up to four examples from `example` on, in D, D + P, ...: 1 where dropout keeps unit u, else 0.
// Unit u of example i reads 16 bits: half u % 8 of block i * ceil(units / 8) + u / 8, the lower half of a word first.
// It is kept when they are at least `threshold`.
template <class T>
LAMINA_INLINE void kept(int64_t units, int64_t example, int64_t examples, int64_t panel, uint16_t threshold,
                        uint32_t layer, uint32_t step, uint64_t seed, T* D) {
    constexpr int BLOCKS = P<T> / 8; // of a panel's row: 2 or 1
    const int64_t blocks = (units + 7) / 8;
    Words block;
    for (int lane = 0; lane < 8; lane++)
        block[lane] = uint32_t(uint64_t(example + lane % 4) * uint64_t(blocks) + uint64_t(panel * BLOCKS + lane / 4));
    const Random random(block, layer, step, seed);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        if (i < examples) {
            const Signs dropped = Signs(Shorts(random.of(i)) < threshold);
            for (int u = 0; u < P<T>; u++) D[i * P<T> + u] = T(1 + dropped[u]);
        }
}

} // namespace lamina::LAMINA_PATH
