//! The ids of memberships and sockets in this process.

/// One membership of a channel.
pub(crate) type MemberId = u64;

/// One socket.
pub(crate) type SocketId = u64;
