// Talks to the sandbox through the official client, and prints what it sees: a JSON object a line.
const [address, key] = process.argv.slice(2);
const Pusher = require("pusher-js");
const { hostname, port } = new URL(address);
const say = (step, more = {}) => console.log(JSON.stringify({ step, ...more }));
const end = (code) => { say(code ? "gave up" : "done"); process.exit(code); };
setTimeout(() => end(1), 35000);

let token;
const ask = async (method, path, body) => {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const answer = await fetch(`${address}/partner/${path}`, { method, headers, body: body && JSON.stringify(body) });
  return answer.json();
};
const register = (socket_id) =>
  ask("POST", "v4/mm/websocket", { socket_id, service: "pusher", subscriptions: [{ type: "event", ids: ["19458"] }] });
const payloadOf = (data) => JSON.parse(Buffer.from(data.payload, "base64").toString());
const place = (external_id, strike_id, price) =>
  ask("POST", "v4/mm/submit_order", { external_id, strike_id, price, quantity: 10 });

(async () => {
  const login = await ask("POST", "auth/login", { access_key: "node", secret_key: "secret" });
  token = login.data.access_token;
  const config = await ask("GET", "websocket/connection-config");
  const pusher = new Pusher(config.key, {
    cluster: config.cluster, wsHost: config.ws_host, wsPort: port, forceTLS: false, enabledTransports: ["ws"],
    disableStats: true,
    channelAuthorization: {
      customHandler: async ({ socketId, channelName }, done) => {
        const granted = (await register(socketId)).data.authorized_channel;
        const channel = granted.find((one) => one.channel_name === channelName);
        done(channel ? null : new Error("not granted"), channel && { auth: channel.auth });
      },
    },
    userAuthentication: {
      customHandler: async ({ socketId }, done) => done(null, (await register(socketId)).data.authenticated),
    },
  });
  let connections = 0;
  pusher.connection.bind("connected", async () => {
    connections += 1;
    say("connected", { connections });
    if (connections > 1) return;
    pusher.signin();
    const names = (await register(pusher.connection.socket_id)).data.authorized_channel.map((one) => one.channel_name);
    for (const name of names) {
      const channel = pusher.subscribe(name);
      channel.bind("pusher:subscription_succeeded", () => {
        say("subscribed", { kind: kindOf(name), connections });
        if (kindOf(name) === "private") {
          place(`n-${connections}`, "06b2a7ec50d863031e5093aa257873bd", -120 - connections);
        }
      });
      channel.bind("pusher:subscription_error", (error) => say("refused", { kind: kindOf(name), error }));
      channel.bind("orders", (data) => {
        const { info } = payloadOf(data);
        say("order", { ref: info.external_id, status: info.status });
        if (info.status === "open" && connections === 1) fault({ kind: "socket_reset" });
        if (info.status === "open" && connections === 2) fault({ kind: "socket_close", code: "4200" });
        if (info.status === "open" && connections === 3) end(0);
      });
      channel.bind("tournament_31", (data) => say("market", { kind: data.change_type }));
    }
  });
  pusher.bind("pusher:signin_success", () => say("signed in"));
  pusher.user.bind_global(() => {});
  const kindOf = (name) => (name.includes("-event=") ? "event" : name.includes("broadcast") ? "shared" : "private");
  const fault = (body) => fetch(`${address}/_sandbox/faults`, { method: "POST", body: JSON.stringify(body) });
})().catch((error) => { say("failed", { error: String(error) }); end(1); });
