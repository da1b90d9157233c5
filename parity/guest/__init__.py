"""The other side of the isolation: what runs in the candidate's own process, under whatever interpreter that is.

Needs NumPy and the standard library only, and imports nothing of the engine: neither the truth nor the references nor
the tolerances can be found in the process of a candidate.  `parity/isolation.py` starts it:

- `wire`: messages over two pipes; what comes back is data only, never a pickle;
- `loading`: finds the candidate that the user named;
- `calling`: one way to call functions, classes, modules, for NumPy, torch and JAX arrays (`backends`);
- `elements`: functions of one number, and schedulers that go step by step;
- `watching`: what a call changed that it should not have;
- `parent`: an end with the engine's own process;
- `serving`: the loop.
"""
