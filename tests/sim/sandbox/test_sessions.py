"""Authentication: login, tokens, their expiry, and limits."""

from sim.sandbox.sandbox_settings import SandboxSettings
from tests.sim.sandbox.running_sandbox import Differences, Play, RunningSandbox, Sample

LOGIN = {"access_key": "maker", "secret_key": "secret"}


def test_a_login_returns_tokens_and_their_expiry(
    sandbox: Play, sample: Sample, differences: Differences
) -> None:
    """Tokens come with the seconds at which they expire: twenty minutes and three days ahead."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        status, response = await sandbox_run.request("POST", "auth/login", json=LOGIN)
        assert status == 200
        assert differences(response, sample("login_response")) == []
        now = sandbox_run.clock.now_ns() // 10**9
        assert response["data"]["access_expire_time"] == now + 1200
        assert response["data"]["refresh_expire_time"] == now + 3 * 86_400

    sandbox(scenario)


def test_a_login_is_read_as_json_without_a_content_type(sandbox: Play) -> None:
    """The exchange's example client sends the login as text without a type; it is accepted."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        text = b'{"access_key": "maker", "secret_key": "secret"}'
        headers = {"Content-Type": "application/octet-stream"}
        status, _ = await sandbox_run.request("POST", "auth/login", data=text, headers=headers)
        assert status == 200

    sandbox(scenario)


def test_an_access_token_ends_and_a_refresh_token_renews_it(
    sandbox: Play, sample: Sample, differences: Differences
) -> None:
    """An expired token is refused with 401; the refresh token returns a valid one."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        _, login = await sandbox_run.request("POST", "auth/login", json=LOGIN)
        old = login["data"]["access_token"]
        sandbox_run.advance(1199)
        assert (await sandbox_run.request("GET", "v4/mm/get_balance", token=old))[0] == 200
        sandbox_run.advance(1)
        status, refusal = await sandbox_run.request("GET", "v4/mm/get_balance", token=old)
        assert (status, refusal["error"]) == (401, "unauthorized")
        body = {"refresh_token": login["data"]["refresh_token"]}
        status, renewed = await sandbox_run.request("POST", "auth/refresh", json=body)
        assert differences(renewed, sample("refresh_response")) == []
        new = renewed["data"]["access_token"]
        assert (await sandbox_run.request("GET", "v4/mm/get_balance", token=new))[0] == 200

    sandbox(scenario)


def test_a_refresh_token_ends_after_three_days(sandbox: Play) -> None:
    """A refresh token that is too old is refused, and so is an access token in its place."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        _, login = await sandbox_run.request("POST", "auth/login", json=LOGIN)
        tokens = login["data"]
        body = {"refresh_token": tokens["access_token"]}
        assert (await sandbox_run.request("POST", "auth/refresh", json=body))[0] == 401
        sandbox_run.advance(3 * 86_400)
        body = {"refresh_token": tokens["refresh_token"]}
        assert (await sandbox_run.request("POST", "auth/refresh", json=body))[0] == 401

    sandbox(scenario)


def test_no_token_and_forged_tokens_are_refused(sandbox: Play) -> None:
    """Only a token that the sandbox signed is accepted."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        token = (await sandbox_run.log_in()).token
        forged = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
        for wrong in ("", "nonsense", "a.b.c", forged):
            status, refusal = await sandbox_run.request("GET", "v4/mm/get_balance", token=wrong)
            assert (status, refusal["error"]) == (401, "unauthorized")

    sandbox(scenario)


def test_a_wrong_secret_is_refused(sandbox: Play) -> None:
    """The first login with an access key sets its secret; another secret is refused."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        await sandbox_run.log_in("maker")
        body = {"access_key": "maker", "secret_key": "other"}
        status, refusal = await sandbox_run.request("POST", "auth/login", json=body)
        assert (status, refusal["error"]) == (401, "unauthorized")

    sandbox(scenario)


def test_a_key_pair_names_an_account(sandbox: Play) -> None:
    """Two sessions of one key pair see the same wagers; another key pair is another account."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        first, again = await sandbox_run.log_in("maker"), await sandbox_run.log_in("maker")
        other = await sandbox_run.log_in("taker")
        order = await first.place("q-1", "06b2a7ec50d863031e5093aa257873bd", -120, 10)
        assert (await again.order(order["order_id"]))["external_id"] == "q-1"
        status, refusal = await other.get(f"v4/mm/get_order/{order['order_id']}")
        assert (status, refusal["error"]) == (500, "order_not_belongs_to_user")

    sandbox(scenario)


def test_sessions_and_key_pairs_are_limited(sandbox: Play) -> None:
    """One session or key pair too many is refused with 403; a session counts while it lives."""
    settings = SandboxSettings(port=0, most_sessions=2, most_accounts=2)

    async def scenario(sandbox_run: RunningSandbox) -> None:
        await sandbox_run.log_in("maker")
        await sandbox_run.log_in("maker")
        status, refusal = await sandbox_run.request("POST", "auth/login", json=LOGIN)
        assert (status, refusal["error"]) == (403, "session_num_exceed")
        await sandbox_run.log_in("second")
        third = {"access_key": "third", "secret_key": "secret"}
        status, refusal = await sandbox_run.request("POST", "auth/login", json=third)
        assert (status, refusal["error"]) == (403, "keypair_num_exceed")
        sandbox_run.advance(1201)
        assert (await sandbox_run.request("POST", "auth/login", json=LOGIN))[0] == 200

    sandbox(scenario, settings=settings)


def test_a_refresh_opens_no_session(sandbox: Play) -> None:
    """Refreshing a token does not count against the limit of sessions."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        _, login = await sandbox_run.request("POST", "auth/login", json=LOGIN)
        body = {"refresh_token": login["data"]["refresh_token"]}
        for _ in range(3):
            assert (await sandbox_run.request("POST", "auth/refresh", json=body))[0] == 200
        assert (await sandbox_run.request("POST", "auth/login", json=LOGIN))[0] == 403

    sandbox(scenario, settings=SandboxSettings(port=0, most_sessions=1))


def test_a_token_of_an_earlier_sandbox_is_refused(sandbox: Play) -> None:
    """A client that kept its tokens over a restart of the sandbox gets 401, and logs in again."""
    tokens: list[dict[str, str]] = []

    async def first(sandbox_run: RunningSandbox) -> None:
        tokens.append((await sandbox_run.request("POST", "auth/login", json=LOGIN))[1]["data"])

    async def second(sandbox_run: RunningSandbox) -> None:
        old = tokens[0]
        path, body = "v4/mm/get_balance", {"refresh_token": old["refresh_token"]}
        assert (await sandbox_run.request("GET", path, token=old["access_token"]))[0] == 401
        assert (await sandbox_run.request("POST", "auth/refresh", json=body))[0] == 401

    sandbox(first)
    sandbox(second)
