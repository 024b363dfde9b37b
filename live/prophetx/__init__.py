"""ProphetX: its REST interface, its sockets, and what they mean."""
