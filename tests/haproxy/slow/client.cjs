// Clients of the test, named on the command line after the portal's address. Each says how it went.
const { connect } = require("node:net");

const ALL = 24 * 2 ** 20;
const PAUSE_MS = 60_000;
const [, , portal, ...wanted] = process.argv;
const [TO_NODE_1, TO_NODE_2] = [5432, 5433];

function meet(name, port, word) {
  const socket = connect({ host: portal, port, allowHalfOpen: true });
  socket.on("error", () => {});
  for (const end of ["end", "close"]) socket.once(end, () => console.log(`ended ${name}`));
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

const does = {
  stopped: (name) => takeAllLater(name, meet(name, TO_NODE_1, "send")),
  halfdone: (name) => takeAllLater(name, meet(name, TO_NODE_1, "last")),
  slow: (name) => readSlowly(name, meet(name, TO_NODE_1, "send"), 50_000),
  slower: (name) => readSlowly(name, meet(name, TO_NODE_1, "send"), 15_000),
  towards: (name) => {
    const socket = meet(name, TO_NODE_1, "pause");
    socket.write(Buffer.alloc(ALL));
    socket.on("data", () => console.log(`whole ${name}`));
  },
  idle: (name) => meet(name, TO_NODE_1, "idle").resume(),
  reading: (name) => meet(name, TO_NODE_1, "drip").resume(),
  closed: (name) => meet(name, TO_NODE_1, "send"),
  nodeidle: (name) => meet(name, TO_NODE_2, "idle").resume(),
  writing: (name) => {
    const socket = meet(name, TO_NODE_2, "eat").resume();
    setInterval(() => socket.write(Buffer.alloc(2_000)), 50);
  },
  nodeshut: (name) => meet(name, TO_NODE_2, "never").resume().write(Buffer.alloc(ALL)),
};

for (const name of wanted) does[name](name);
