"""One row per op: ours, theirs, and the kinds of arrays it is judged on."""
