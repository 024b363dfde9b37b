"""ProphetX: its REST interface, its sockets, and their mapping to the model."""
