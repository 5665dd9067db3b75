// Clients of the test that ask for much and read nothing, as many as the command line says after the portal's address and port.
const { connect } = require("node:net");
const tls = require("node:tls");

const BY_TLS = 5434;
const [, , portal, port, count] = process.argv;

let left = Number(count);
// It goes on: sockets that read nothing keep no program alive.
setInterval(() => {
  for (let some = 0; some < 5 && left > 0; some++, left--) meet();
}, 100);

function meet() {
  const dial = Number(port) === BY_TLS ? tls.connect : connect;
  const socket = dial({ host: portal, port: Number(port), rejectUnauthorized: false });
  socket.on("error", () => {});
  socket.once("close", () => console.log("ended"));
  socket.write("send still".padEnd(16));
}
