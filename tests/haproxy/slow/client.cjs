// Clients of the test, named on the command line after the portal's address. Each says how it went.
const { spawn } = require("node:child_process");
const { connect } = require("node:net");
const tls = require("node:tls");

const ALL = 24 * 2 ** 20;
const PAUSE_MS = 60_000;
const [, , portal, ...wanted] = process.argv;
const [TO_NODE_1, TO_NODE_2, BY_TLS, BY_SSH] = [5432, 5433, 5434, 2222];

/** The time too: what asks for this line may have to wait for its turn. */
const ended = (name) => console.log(`ended ${name} ${Date.now()}`);

function meet(name, port, word) {
  const dial = port === BY_TLS ? tls.connect : connect;
  const socket = dial({ host: portal, port, allowHalfOpen: true, rejectUnauthorized: false });
  socket.on("error", () => {});
  for (const end of ["end", "close"]) socket.once(end, () => ended(name));
  socket.write(`${word} ${name}`.padEnd(16));
  return socket;
}

function takeAllLater(name, socket) {
  let got = 0;
  setTimeout(() => {
    socket.on("data", (chunk) => {
      got += chunk.length;
      if (got === ALL) console.log(`whole ${name}`);
    });
  }, PAUSE_MS);
}

function readSlowly(name, socket, pace) {
  let got = 0;
  let times = 0;
  const timer = setInterval(() => {
    got += socket.read(pace / 10)?.length ?? 0;
    times += 1;
    if (times < 1_200) return;
    clearInterval(timer);
    if (got > pace * 100 && !socket.closed) console.log(`whole ${name}`);
  }, 100);
}

function sendAll(name, socket) {
  socket.write(Buffer.alloc(ALL));
  socket.on("data", () => console.log(`whole ${name}`));
}

/** OpenSSH's client, whose standard input and output are the tunnel. */
function tunnel(name, word) {
  const options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"];
  const given = ["-F", "none", "-i", "/keys/ann", "-p", BY_SSH, "-l", "tunnel"];
  const ssh = spawn("ssh", [
    ...given,
    ...options.flatMap((option) => ["-o", option]),
    ...["-W", `127.0.0.1:${TO_NODE_1}`, portal],
  ]);
  ssh.stderr.pipe(process.stdout);
  ssh.stdout.once("end", () => ended(name));
  ssh.stdin.on("error", () => {});
  ssh.stdin.write(`${word} ${name}`.padEnd(16));
  return ssh;
}

/** The whole client stands still, so that it answers nothing that sshd may ask either. */
function freeze(name, ssh) {
  let got = 0;
  ssh.stdout.once("data", () => {
    ssh.kill("SIGSTOP");
    setTimeout(() => ssh.kill("SIGCONT"), PAUSE_MS);
  });
  ssh.stdout.on("data", (chunk) => {
    got += chunk.length;
    if (got === ALL) console.log(`whole ${name}`);
  });
}

const does = {
  stopped: (name) => takeAllLater(name, meet(name, TO_NODE_1, "send")),
  halfdone: (name) => takeAllLater(name, meet(name, TO_NODE_1, "last")),
  slow: (name) => readSlowly(name, meet(name, TO_NODE_1, "send"), 50_000),
  slower: (name) => readSlowly(name, meet(name, TO_NODE_1, "send"), 15_000),
  towards: (name) => sendAll(name, meet(name, TO_NODE_1, "pause")),
  tlsstopped: (name) => takeAllLater(name, meet(name, BY_TLS, "send")),
  tlsslow: (name) => readSlowly(name, meet(name, BY_TLS, "send"), 50_000),
  tlstowards: (name) => sendAll(name, meet(name, BY_TLS, "pause")),
  sshstopped: (name) => freeze(name, tunnel(name, "send")),
  idle: (name) => meet(name, TO_NODE_1, "idle").resume(),
  reading: (name) => meet(name, TO_NODE_1, "drip").resume(),
  closed: (name) => meet(name, TO_NODE_1, "send"),
  tlsidle: (name) => meet(name, BY_TLS, "idle").resume(),
  tlsclosed: (name) => meet(name, BY_TLS, "send"),
  sshidle: (name) => tunnel(name, "idle"),
  nodeidle: (name) => meet(name, TO_NODE_2, "idle").resume(),
  writing: (name) => {
    const socket = meet(name, TO_NODE_2, "eat").resume();
    setInterval(() => socket.write(Buffer.alloc(2_000)), 50);
  },
  nodeshut: (name) => meet(name, TO_NODE_2, "never").resume().write(Buffer.alloc(ALL)),
};

for (const name of wanted) does[name](name);
