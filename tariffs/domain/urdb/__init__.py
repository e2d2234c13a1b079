"""
US tariffs in the JSON of the Utility Rate Database (OpenEI URDB, v7 and v8), as tariff documents of ours.

    importing.documents(text=, choices=)   JSON -> Imported: a TOML text a version, notes, or findings by field
    reading.read(text=, choices=)          JSON -> Rates, exact
    writing.written(rate=, choices=)       Rate -> TOML text
    samples.vectors_of(rate=, choices=)    Rate -> test vectors, computed in fractions without our components

What a file asks for and cannot be billed is refused by the name of its field. What it does not say (how tiers and
periods meet, holidays, the window of demand) is decided by whoever imports: each decision is a note, and a line at the
head of the document. [source: OpenEI, Utility Rate Database, rate format; facts of it that the collected files show]
"""
