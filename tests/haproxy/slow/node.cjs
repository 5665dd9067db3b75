// What a node of the test does for a client, by the client's first word. It says when a client's connection has ended.
const { createServer } = require("node:net");

const ALL = 24 * 2 ** 20;
const PAUSE_MS = 60_000;
/** One for all: hundreds of clients may ask for it at once. */
const ZEROS = Buffer.alloc(ALL);

/** The time too: what asks for this line may have to wait for its turn. */
const ended = (name) => console.log(`ended ${name} ${Date.now()}`);

const does = {
  // As a server does once its client has said goodbye.
  idle: (socket) => socket.resume().once("end", () => socket.end()),
  eat: (socket) => socket.resume(),
  drip: (socket) => setInterval(() => socket.write(Buffer.alloc(2_000)), 50),
  send: (socket) => socket.write(ZEROS),
  last: (socket) => socket.end(ZEROS),
  never: () => {},
  pause: (socket) =>
    setTimeout(() => {
      let got = 0;
      socket.on("data", (chunk) => {
        got += chunk.length;
        if (got >= ALL) socket.write("all");
      });
    }, PAUSE_MS),
};

createServer({ allowHalfOpen: true }, (socket) => {
  let name = "";
  socket.on("error", () => {});
  socket.on("close", () => ended(name));
  socket.once("readable", () => {
    const [word, who] = String(socket.read(16)).trim().split(" ");
    name = who;
    does[word](socket);
  });
}).listen(5432);
