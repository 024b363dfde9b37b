"""The finished runs and studies of a folder: listed, filtered, compared, and queried."""
