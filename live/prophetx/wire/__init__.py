"""ProphetX's own shapes, v4, under its own names. Only this package uses them.

Of the many fields only those that are read are declared, and each may be missing or null where the
exchange has been seen to leave it so. Whatever cannot be read is a ProtocolError with its raw text.
"""
