"""Endpoints for tests: our own sandbox on this machine, and the one of real money."""

from dataclasses import replace

from live.prophetx.rest.endpoint import Endpoint

LOCAL = Endpoint(
    name="sandbox_local",
    root="http://127.0.0.1:8765",
    path_prefix="/partner",
    socket_secure=False,
    socket_port=8765,
    real_money=False,
    speed=60,
    requests_per_second=45,
    answer_seconds=5,
)
REAL = replace(LOCAL, root="https://cash.api.prophetx.co", real_money=True, speed=1)
