"""What `parity.sweep` is made of: patterns and errors, the scan of a chunk, its judgement, the summary, the report."""
