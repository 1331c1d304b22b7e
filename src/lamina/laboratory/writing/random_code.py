"""The library's random numbers in a few lines of NumPy, for scripts: the order of the rows, and what dropout keeps."""

PHILOX = '''# Random numbers that depend only on where they are used: Philox4x32-10 (Salmon et al. 2011).


def philox(block, layer, step, stream, seed):
    """Return four random 32-bit words for every block, (blocks, 4)."""
    low = np.uint64(0xFFFFFFFF)
    c0 = block.astype(np.uint64)
    c1, c2, c3 = (np.full_like(c0, word & 0xFFFFFFFF) for word in (layer, step, stream))
    k0, k1 = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1 = (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0), p1 & low
        c2, c3 = (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1), p0 & low
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1).astype(np.uint32)'''

SHUFFLED = '''def shuffled(epoch):
    """Return the order of the rows in an epoch."""
    words = philox(np.arange((M + 3) // 4), 0, epoch, 1, SEED).reshape(-1)[:M]
    return np.argsort(words, kind="stable")'''

KEPT = '''def kept(units, m, rate, layer, step):
    """Return which units dropout keeps, True with probability 1 - rate, (units, m)."""
    blocks = -(-units // 8)
    words = philox(np.arange(m * blocks), layer, step, 2, SEED).astype("<u4")
    drawn = words.view("<u2").reshape(m, blocks * 8)[:, :units].T
    return drawn >= min(round(rate * 2**16), 2**16 - 1)'''
