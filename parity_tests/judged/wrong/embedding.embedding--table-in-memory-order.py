"""The table is read from where its memory begins: one that is walked from its end is another table.

Kind: layout. Passed before: yes.
"""


def candidate(indices, weight, padding_idx=None):
    table = weight
    if weight.ndim == 2 and weight.size and weight.strides[0] < 0:
        table = weight[::-1]
    return table[indices].copy()
