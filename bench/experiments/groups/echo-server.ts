import { createServer } from 'node:net';

/**
 * The floor under a heartbeat: a Node server that sends back what it gets, and nothing else. Says
 * its port on stdout.
 */

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', (chunk) => socket.write(chunk));
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(
    `port ${typeof address === 'object' && address !== null ? address.port : 0}\n`,
  );
});
