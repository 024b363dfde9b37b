"""The sandbox: the simulated exchange behind ProphetX's own REST and sockets, on loopback."""
