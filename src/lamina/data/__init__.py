"""How rows arrive: tables in (`sources`), numbers out (`encoding`, `targets`), in which order (`batches`)."""
