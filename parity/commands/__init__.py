"""The commands of `parity`, one file each; `parity.cli` collects them."""
