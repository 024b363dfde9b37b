"""ProphetX's messages, v4, with its own field names. Only `live.prophetx` uses them.

Only the fields that are read are declared. A field may be missing or null if the exchange has been
seen to send it so. A message that cannot be decoded is a ProtocolError with its raw text.
"""
