"""
Recomputes a bill from its proof, with the standard library alone and apart from the program that made it.

The meaning of each number stands in docs/guide/bill-proof.md, that of a tariff's text in cis/packs/README.md. Amounts
are fractions of the minor unit, energy is in Wh; what the rules round is rounded where they say so, and nowhere else.
"""
