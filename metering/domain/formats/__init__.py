"""
Meter file formats: bytes in, batches of columns and rejected lines out.

``files`` is the door: it unpacks, recognises and reads. ``nem12``, ``nem13`` and ``csv_reads`` know one format each.
"""
