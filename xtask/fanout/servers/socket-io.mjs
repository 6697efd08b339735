// Relays each message of a member to all others in its room, with Socket.IO and its defaults.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'] });

io.on('connection', (socket) => {
  const { room } = socket.handshake.auth;
  socket.join(room);
  socket.on('m', (what) => socket.to(room).emit('m', what));
});
http.listen(0, '127.0.0.1', () => console.log(http.address().port));
